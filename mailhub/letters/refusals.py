"""Why a letter came back, from status codes (RFC 3463) and from the words of servers in our languages.

``hard``: the address is gone. ``soft``: it may work later. ``policy``: refused as spam or by a rule, which says nothing
against the address. ``unknown``: cannot be said.
"""

from __future__ import annotations

import re

from mailhub.letters.values import BounceClass

_SENTENCES: tuple[tuple[BounceClass, str, str], ...] = (
    # Exchange Online says this of addresses that it does not have.
    ("hard", "unknown_user", r"recipient address rejected: access denied"),
    # The filter of KDDI says this after it has seen the letter, of addresses that exist.
    ("policy", "filtered", r"\b550 : user unknown|recipient preferences|unavailable to take delivery"),
    ("policy", "rate",
     (r"(?<!has )too many (?:messages|connections|recipients)|rate limit|sent (?:to )?too (?:many|fast)|"
      r"exceeded [^.]{0,30}(?:sending|messages per|recipients per)|(?:sending|daily|hourly|outgoing) (?:quota|limit)")),
    ("policy", "refused",
     (r"(?:no|not have|without) (?:the )?permission to (?:post|send)|не маєте дозволу|нет (?:прав|разрешения) на|"
      r"(?:is|are) not (?:a )?member|sender (?:address )?rejected")),
    ("hard", "unknown_user", r"\b542 \S{3,320} rejected"),
    ("soft", "delayed", r"host not found, try again"),
    ("hard", "unknown_user", r"(?:account|address) or (?:the )?domain (?:may|might|does) not exist"),
    ("soft", "mailbox_full",
     (r"(?:mail ?(?:box|folder|file)|inbox|quota|maildir|storage|disk|user|account)(?:[^.\n]|\.(?=\S)){0,60}\b(?:full|"
      r"exceeded|exhausted|too large|out of (?:storage|disk|space)|over (?:the |its |his |her |their )?"
      r"(?:allowed |disk |storage |mail )?quota)\b|over ?quota|quota (?:exceed|violation|used)|"
      r"exceeded (?:his|her|its|the|your|their)? ?(?:storage|quota|mailbox)|exhausted (?:his |her |its |the )?allowed|"
      r"mailbox size limit|"
      r"(?:mail ?box|mail database|account|storage)[^.\n]{0,30} limit (?:is |was )?(?:exceeded|reached)|"
      r"insufficient (?:system )?(?:storage|disk|space)|out of (?:disk |storage )?(?:space|quota)|"
      r"not enough (?:storage |disk )?space|no (?:more )?(?:room|space)(?: left)? (?:in|on)\b|"
      r"user \S{1,100} has too many messages on this server|"
      r"переповнен|квот|переполнен|препълнен|"
      r"(?:скриньк|ящик|кутия|сховищ|хранилищ)[^.\n]{0,60}(?:заповнен|заполнен|пълна|полон\b)|"
      r"hộp thư.{0,40}đầy|vượt quá (?:hạn mức|dung lượng)|"
      r"(?:postfach|mailbox|posteingang|speicher|kontingent)[^.\n]{0,50}(?:voll\b|überschritten|überfüllt|ausgeschöpft)|"
      r"(?:bo[îi]te|messagerie)[^.\n]{0,50}(?:pleine|satur)|quota[^.\n]{0,40}dépass|"
      r"(?:buz[oó]n|casilla|bandeja|cuota)[^.\n]{0,50}(?:llen[oa]|excedid|superad|agotad)|"
      r"skrzynk[^.\n]{0,50}pełn|przekrocz\w{1,6}[^.\n]{0,30}(?:limit|pojemno)|"
      r"casella[^.\n]{0,40}piena|caixa[^.\n]{0,40}cheia|postvak[^.\n]{0,40}\bvol\b|"
      r"容量[^\n]{0,6}(?:一杯|いっぱい|超)|(?:邮箱|郵箱|信箱)[^\n]{0,10}(?:满|滿|空间不足)")),
    ("soft", "disabled",
     (r"(?:account|mailbox|user\(?s?\)?|recipient)[^.]{0,60}\b(?:is|has been|was|been|temporarily|currently) ?"
      r"(?:temporarily |currently )?(?:disabled|suspended|deactivated|inactive|locked|discontinued|blocked)|"
      r"(?:account|mailbox|user) (?:disabled|suspended|inactive|deactivated)|inactive (?:user|mailbox|account)|"
      r"обліковий запис[^.]{0,30}(?:вимкнен|призупинен)|уч[её]тная запись[^.]{0,30}(?:отключен|приостановлен)")),
    ("policy", "too_big",
     (r"message (?:size|is|was)?[^.\n]{0,30}(?:exceeds|too (?:big|large|long))|size exceeds|"
      r"exceeds? (?:the )?(?:maximum|fixed|administrative|size)|"
      r"message too (?:big|large)|message file too big|over the maximum|larger than the current system limit")),
    ("policy", "spam",
     (r"\bspam|\bdns[br]l\b|black ?list|block ?list|\brbl\b|spamhaus|barracuda|reputation|unsolicited|junk mail|"
      r"virus|malware|"
      r"content (?:reject|filter)|banned|looks like|спам|ч[её]рн\w+ спис|чорн\w+ спис|черен списък|thư rác")),
    ("policy", "refused",
     (r"\bpolicy|policies|not authenticated|authentication (?:required|failed)|unauthenticated|\bspf\b|\bdkim\b|"
      r"\bdmarc\b|"
      r"access denied|not authori[sz]ed|relay(?:ing)? (?:access )?(?:denied|not permitted|not allowed)|"
      r"unable to relay|blocked|"
      r"sender (?:address )?(?:rejected|denied|verify failed)|reverse dns|no ptr|\bptr\b|does not accept mail from|"
      r"(?:restricted|prohibited) (?:recipient|by)|"
      r"richtlinien|abgelehnt|відхилен|отклонен|отхвърлен|bị từ chối")),
    ("hard", "unknown_user",
     (r"(?:user|recipient|mailbox|address|account|addressee|local part|alias)[^.\n]{0,40}(?:unknown|not (?:found|"
      r"exist|known|valid|listed)|"
      r"does ?n[o']t exist|doesn't|does not have|invalid|no longer|rejected|not a known|"
      r"is not available|"
      r"unavailable|undeliverable|not recogni[sz]ed|has been deleted)|(?:unknown|invalid|no such|non-?existent|"
      r"bad|undefined|not a valid)"
      r" ?(?:local|virtual)? ?(?:user|recipient|mailbox|address|addressee|account|local[- ]part|person)|"
      r"no mailbox here|"
      r"doesn't have an? [^.\n]{0,30}account|not (?:our|a valid) (?:customer|mailbox|user|recipient)|"
      r"no such (?:person|address|user|mailbox)|"
      r"unrouteable address|recipientnotfound|couldn'?t be found|wasn'?t found|not listed in|"
      r"не існу|не знайдено|немає так|такого користувача|не найден|не существует|нет тако|няма такъв|няма такава|"
      r"не съществува|"
      r"không tồn tại|không tìm thấy|wurde nicht gefunden|existiert nicht|unbekannt|n'existe pas|no existe|"
      r"inconnu|desconocid|nieznan|sconosciut|"
      r"nie istnieje|"
      r"заблок|закрыт|видален|удал[её]н|звільнен|уволен|закрит")),
    ("hard", "unknown_host",
     (r"host (?:or domain name )?(?:unknown|not found)|no such (?:domain|host)|domain (?:name )?(?:does not exist|"
      r"not found)|"
      r"unknown (?:host|domain)|non-?existent (?:host|domain)|nxdomain|no mx|all relevant mx records|"
      r"host or domain name not found|"
      r"dns lookup failure|the domain is not reachable|"
      r"\b55\d [\w.-]{1,200}\.[a-z]{2,} does not exist|invalid domain|couldn't find any host|"
      r"bad destination (?:host|system)|домен[^.\n]{0,20}не (?:існу|сущест|найден)")),
    ("soft", "delayed",
     (r"delay|deferred|try(?:ing)? again|temporar|timed? ?out|timeout|connection (?:refused|lost|reset|closed)|"
      r"greylist|"
      r"will (?:keep|continue)|still (?:un|being)|not responding|too busy|retry time|too old|expired|"
      r"could not be delivered (?:for|within)|"
      r"пробувати|тимчасов|временн|пытаться|отложен|затримк|задержк|забавен|tạm thời|vorübergehend|verzögert|"
      r"temporaire")),
)  # fmt: skip
_PATTERNS = tuple((kind, reason, re.compile(pattern, re.IGNORECASE)) for kind, reason, pattern in _SENTENCES)
_FULL = next(pattern for _kind, reason, pattern in _PATTERNS if reason == "mailbox_full")
_BY_STATUS: dict[str, tuple[BounceClass, str]] = {
    "1.0": ("unknown", "address"), "1.1": ("hard", "unknown_user"), "1.2": ("hard", "unknown_host"),
    "1.3": ("hard", "unknown_user"), "1.6": ("hard", "moved"), "1.10": ("hard", "unknown_user"),
    "2.0": ("unknown", "mailbox"), "2.1": ("soft", "disabled"), "2.2": ("soft", "mailbox_full"),
    "2.3": ("policy", "too_big"), "3.1": ("soft", "system_full"), "3.4": ("policy", "too_big"),
    "4.1": ("soft", "delayed"), "4.4": ("hard", "unknown_host"), "4.7": ("soft", "expired"), "4.6": ("unknown", "loop"),
}  # fmt: skip
#: "Other" of a subject, or of everything: says nothing yet.
_VAGUE = frozenset({"0.0", "1.0", "5.0"})
_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_IN_REPLY = re.compile(
    r"(?:in reply to|in response to|after) (?:the )?(end of data|data|mail from|rcpt to)\b|\[(rcpt)_to\]", re.IGNORECASE
)
_COMMANDS = {"end of": "data", "data": "data", "mail f": "mail", "rcpt t": "rcpt", "rcpt": "rcpt"}
#: Yahoo looks for the account only after it has the letter.
_NEVER_AT_RCPT = re.compile(r"user doesn't have an? \S{1,100} account", re.IGNORECASE)
_FOLDED_LINE = re.compile(r"\n[ \t]+|(?<=[a-z,])\n(?=[A-Za-z])")
_TALK = re.compile(r"^[ \t]*(?:>>> (mail|rcpt|data)\b|<<< ([45]\d\d))", re.IGNORECASE | re.MULTILINE)
_REPLY = re.compile(r"(?<![\d.-])([45]\d\d)(?=[\s#-])")


def find_status(text: str) -> str | None:
    """The first enhanced status code of a failure in a text that says more than "other", else the first of all."""
    codes = [match[0] for match in _CODE.finditer(text) if match[1] != "2"]
    return next((code for code in codes if code[2:] not in _VAGUE), codes[0] if codes else None)


def says_full(text: str) -> bool:
    """Whether a text says that a mailbox or its disk is full."""
    return _FULL.search(text) is not None


def find_command(text: str) -> str | None:
    """The SMTP command that was refused, as far as a report tells it: ``mail``, ``rcpt``, ``data`` or None."""
    match = _IN_REPLY.search(text)
    return _COMMANDS[(match[1] or match[2]).lower()[:6]] if match else _in_transcript(text)


def _in_transcript(text: str) -> str | None:
    """The command above the first refusal of a transcript. Sendmail sends RCPT and DATA at once: where two refusals
    stand below DATA, the first is that of RCPT."""
    said: str | None = None
    refusals = 0
    for found in _TALK.finditer(text):
        if found[1] and not refusals:
            said = found[1].lower()
        elif found[1]:
            break
        elif said:
            refusals += 1
    if not refusals:
        return None
    return "rcpt" if said == "data" and refusals > 1 else said


def classify(action: str | None, status: str | None, text: str, command: str | None = None) -> tuple[BounceClass, str]:
    """Class and reason of one failed recipient. Words tell more than codes: many servers say 5.0.0 or 5.1.1 to all.

    ``command`` is what was refused: who took the recipient and refused the letter has not said that nobody is there,
    and who refused the sender has said nothing of the recipient at all.
    """
    kind, reason = _classify(action, status, _FOLDED_LINE.sub(" ", text), command)
    if reason == "unknown_user" and command == "data" and not _NEVER_AT_RCPT.search(text):
        return "policy", "filtered"
    if kind in {"hard", "unknown"} and command == "mail":
        return "policy", "refused"
    return kind, reason


def _classify(action: str | None, status: str | None, text: str, command: str | None) -> tuple[BounceClass, str]:
    if action in {"delayed", "delay"}:
        return "soft", "delayed"
    by_code = _by_status(status)
    by_words = next(((kind, reason) for kind, reason, pattern in _PATTERNS if pattern.search(text)), None)
    says_nobody = by_words is not None and by_words[1] == "unknown_user"
    if by_code is not None and by_code[1] in {"mailbox_full", "disabled"}:
        return by_words if by_words and says_nobody and by_code[1] == "disabled" and command == "rcpt" else by_code
    if status and status.startswith("4.") and not (status.startswith("4.1.") and by_words and by_words[0] == "hard"):
        return ("soft", by_words[1] if by_words and by_words[0] == "soft" else "delayed")
    if status and status.startswith("5.7."):
        if by_words and says_nobody and "address rejected" not in text.lower():
            return by_words
        told = by_words is not None and by_words[1] in {"spam", "refused", "disabled", "filtered", "mailbox_full"}
        return by_words if by_words and told else ("policy", "refused")
    if by_code is not None and by_code[0] != "unknown":
        specific = by_words is not None and (
            by_words[1] in {"mailbox_full", "spam", "too_big", "rate", "filtered", "disabled"} or by_words[0] == "hard"
        )
        return by_words if specific and by_words is not None else by_code
    if by_words is not None:
        return by_words
    if by_code is not None:
        return by_code
    reply = _REPLY.search(text)
    return ("soft", "delayed") if reply and reply[1].startswith("4") else ("unknown", "unknown")


def _by_status(status: str | None) -> tuple[BounceClass, str] | None:
    match = _CODE.fullmatch(status or "")
    return _BY_STATUS.get(f"{match[2]}.{match[3]}") if match else None
