"""The lines that announce an older letter: dividers, blocks of header lines, "on Monday somebody wrote:".

The words are those of mail programs in our languages and their neighbours'. What only looks like an announcement is the
writer's own: hiding it would be the worse error.
"""

from __future__ import annotations

import re

_LABELS = {
    "from": "from|від|від кого|от|от кого|von|de|od|từ|người gửi|van|fra|från|da|gönderen|kimden|lähettäjä|feladó|"
    "差出人|发件人|寄件者|보낸 사람",
    "date": "sent|date|sent at|надіслано|дата|отправлено|изпратено|изпратено на|gesendet|datum|envoyé|envoyée|enviado|"
    "enviado el|enviada|fecha|wysłano|wysłane|data|đã gửi|ngày|ngày gửi|verzonden|sendt|skickat|inviato|dato|lähetetty|"
    "tarih|发送时间|日期",
    "to": "to|кому|до|an|à|para|do|tới|đến|gửi đến|người nhận|aan|til|till|vastaanottaja|kime|a|收件人",
    "cc": "cc|копія|копия|копие|kopie|copie|dw|đồng gửi|bcc|抄送",
    "subject": "subject|тема|относно|betreff|objet|asunto|temat|chủ đề|tiêu đề|onderwerp|emne|ämne|oggetto|assunto|"
    "aihe|konu|主题|件名",
    "reply_to": "reply-to|replyto|відповісти|ответить",
}
_LABEL_KIND = {word: kind for kind, words in _LABELS.items() for word in words.split("|")}
_LABEL = re.compile(r"^[ \t*_]{0,6}([^\W\d_][\w -]{0,14}?)[ \t*_]{0,3}[:：][*_]{0,2}(?:[ \t]|\Z)")
_OLDER = (
    "original|forward|fwd|reply|оригінал|початков|пересл|переадрес|оригинал|исходн|препра|первоначал|ursprünglich|"
    "weitergeleit|orygina|oryginaln|przekazan|przesłan|reenviad|transféré|réexpédié|d'origine|gốc|ban đầu|chuyển tiếp|"
    "originale|inoltrat|oorspronkelijk|doorgestuurd|oprindelig|videresendt|opprinnelig|ursprungligt|vidarebefordra|"
    "encaminhad|начало|початок|原始|转发|元の|転送"
)
_NOUN = (
    "message|mail|повідомлення|лист|сообщение|письмо|съобщение|писмо|nachricht|wiadomość|mensaje|mensagem|courriel|"
    "correo|thư|tin nhắn|messaggio|bericht|meddelelse|melding|meddelande|by |von |邮件|メッセージ"
)
#: Lines of dashes around words; whether they announce an older letter the words decide.
_DIVIDER = re.compile(r"^[ \t>*]*[-–—_=]{2,}[ \t]*([^\n]{3,120}?)[ \t]*[-–—_=]{2,}")
_OLDER_WORD, _NOUN_WORD = re.compile(_OLDER, re.IGNORECASE), re.compile(_NOUN, re.IGNORECASE)
_BARE_DIVIDER = re.compile(
    r"^(?:begin forwarded message|початок переадресованого повідомлення|начало переадресованного сообщения|"
    r"начало на препратеното писмо|anfang der weitergeleiteten nachricht|"
    r"début du message (?:transféré|réexpédié))\s*:?$",
    re.IGNORECASE,
)
_VERBS = re.compile(
    r"\b(?:wrote|writes|said|пише|писав|писала|писали|написав|написала|написа|пишет|писали?|писала|написал|сообщил|viết|schrieb|écrit|"
    r"escribió|escribe|napisał|pisze|schreef|skrev|scritto|escreveu|yazdı|kirjoitti|írta|napsal|scris|a ecrit)"
    r"(?:\([^)]{1,3}\))?\b|写道|書きました|작성",
    re.IGNORECASE,
)
#: A line without an address that announces an unquoted letter begins with its date: "He said on Monday:" does not.
_OPENING = re.compile(
    r"^(?:(?:on|am|le|el|il|em|op|den|på|w dniu|на|в|у|vào|ngày|lúc)\b)?\W*(?:[^\W\d]+\W+)?\d", re.IGNORECASE
)
_MAIL = re.compile(r"[^\s<>@\"]{1,64}@[^\s<>@\"]{1,253}")
_WHEN = re.compile(
    r"\d{1,2}[:.h]\d{2}(?!\d*\.\d)|\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b(?:19|20)\d\d\b|\d{4}年", re.IGNORECASE
)
#: A date as no person writes it: of sending, with the hour, or with seconds and the distance from UTC.
_SENT_AT = re.compile(
    r"\W*(?:(?:sent|надіслано|отправлено|изпратено|gesendet|envoyé|enviad|wysłan|đã gửi)[^\n]*?\b\d{1,2}:\d{2}\b|"
    r"[^\n]*?\d{1,2}:\d{2}:\d{2} [+-]\d{4}\b)",
    re.IGNORECASE,
)
#: Where "On Monday …" begins behind words of the writer's own that share its line.
_BEHIND_WORDS = re.compile(r"\S[ \t]*-*[ \t]+(?=on (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? [^\n]+:$)", re.IGNORECASE)
_TORN_OPENING = re.compile(r"^on [^\d\n]{3,25}\d", re.IGNORECASE)
RULE = re.compile(r"^[ \t]*(?:[-_=*—–]{5,}|\* \* \*)[ \t]*$")
_BROKEN_LINES = 7
#: The end of an attribution that was torn apart.
_ENDING = re.compile(rf"^[>\s]*(?:{_VERBS.pattern})?\s*[:：]$", re.IGNORECASE)


def is_quoted(line: str) -> bool:
    """Whether a line begins with the sign of a quote, at most three blanks before it; ``>>> so <<<`` is an ornament."""
    return (
        line.startswith(">") or (line.startswith((" ", "\t")) and line[:4].lstrip().startswith(">"))
    ) and not line.endswith("<<")


def starts_older_letter(lines: list[str], at: int) -> bool:
    """A divider, or a block of header lines as Outlook writes them."""
    line = lines[at]
    if line[0] in "-–—_=* \t" and _is_divider(lines, at):
        return True
    if ":" not in line and "：" not in line:
        return False
    if _BARE_DIVIDER.match(line):
        return True
    return _is_header_block(lines, at)


def _is_divider(lines: list[str], at: int) -> bool:
    """Dashes around "original message" in any language, around half of it above header lines, or around who wrote."""
    match = _DIVIDER.match(lines[at])
    if match is None:
        return False
    words = match[1]
    older, noun = _OLDER_WORD.search(words) is not None, _NOUN_WORD.search(words) is not None
    if older and noun:
        return True
    if (older or noun) and any(_label_kind(line) for line in lines[at + 1 : at + 4]):
        return True
    return _VERBS.search(words) is not None and (_dated(words) or quote_follows(lines, at + 1))


def _label_kind(line: str) -> str | None:
    """Which header a line shows as mail programs write it, or None."""
    match = _LABEL.match(line)
    kind = _LABEL_KIND.get(match[1].strip().lower()) if match else None
    if kind is None and "：" in line[:8]:
        kind = _LABEL_KIND.get(line.partition("：")[0].strip())
    return kind


def _is_header_block(lines: list[str], at: int) -> bool:
    kinds: set[str] = set()
    has_mail = has_hour = False
    for place in range(at, min(at + 8, len(lines))):
        line = lines[place]
        if "\u200e" in line:  # Outlook sets marks about each piece of a date
            line = line.replace("\u200e", "")
        kind = _label_kind(line)
        if place == at and kind is None:
            return False
        if kind is not None:
            kinds.add(kind)
            has_mail = has_mail or _MAIL.search(line) is not None
            has_hour = has_hour or (kind == "date" and _SENT_AT.match(line) is not None)
        elif line and len(kinds) >= 2:
            break
    # "From: Odesa, to: Kyiv, date: Monday" is a person's; programs write the subject, an address or when it was sent.
    if len(kinds) >= 3 and ("subject" in kinds or has_mail or has_hour):
        return True
    if len(kinds) != 2:
        return False
    after_rule = at > 0 and RULE.match(lines[at - 1]) is not None
    return (has_mail and has_hour) or ("from" in kinds and (after_rule or _MAIL.search(lines[at]) is not None))


def find_likely(lines: list[str]) -> set[int]:
    """The lines at which an attribution may begin: it ends with a colon soon, or names an address. To ask
    ``find_attribution`` of these alone takes a fifth of the time."""
    ends = [at for at, line in enumerate(lines) if line.endswith((":", "："))]
    likely = {at - above for at in ends for above in range(_BROKEN_LINES)}
    likely.update(at for at, line in enumerate(lines) if "@" in line)
    return likely


def find_attribution(lines: list[str], at: int) -> int:
    """How many lines from ``at`` say who wrote when what follows; 0 when none do."""
    if _piped_letter_follows(lines, at) or _bare_attribution(lines, at):
        return 1
    for count, line in enumerate(lines[at : at + 3], 1):
        if not line or len(line) > 400 or is_quoted(line):
            break
        if count == 2 and not _WHEN.search(lines[at]) and "@" not in lines[at]:
            break
        if line[-1] in ":：":
            joined = " ".join(part.strip() for part in lines[at : at + count])
            if _is_attribution(joined, quote_follows(lines, at + count)):
                return count
            break
    return _broken_attribution(lines, at)


def _broken_attribution(lines: list[str], at: int) -> int:
    """One whose address a program has torn over several lines: dated in the first, nothing but its end in the last."""
    if not (_OPENING.match(lines[at]) or _TORN_OPENING.match(lines[at])) or not _dated(lines[at]):
        return 0
    for count, line in enumerate(lines[at + 1 : at + _BROKEN_LINES], 2):
        if len(line) > 400 or (line[-1:] in (":", "：") and not _ENDING.match(line)):
            return 0
        if _ENDING.match(line):
            return count
    return 0


def own_words(line: str) -> str:
    """What stands before the attribution in its own first line."""
    found = _BEHIND_WORDS.search(line)
    return line[: found.start() + 1].rstrip("-") if found else ""


def _bare_attribution(lines: list[str], at: int) -> bool:
    """A date, a name and an address in brackets, without a verb, directly above a quote."""
    line = lines[at]
    return (
        line.endswith(">")
        and len(line) < 200
        and _OPENING.match(line) is not None
        and _WHEN.search(line) is not None
        and _MAIL.search(line) is not None
        and quote_follows(lines, at + 1)
    )


def _piped_letter_follows(lines: list[str], at: int) -> bool:
    """A date and an address above lines that all begin with a bar and end with none, as a table would."""
    line = lines[at]
    if "@" not in line or not _WHEN.search(line) or not _MAIL.search(line):
        return False
    below = [line for line in lines[at + 1 : at + 12] if line]
    return len(below) > 2 and all((line.startswith("|") and not line.endswith("|")) or line == "|" for line in below)


def _is_attribution(line: str, quote_follows: bool) -> bool:
    has_verb = _VERBS.search(line) is not None
    has_mail = "@" in line and _MAIL.search(line) is not None
    has_when = _WHEN.search(line) is not None
    if quote_follows:
        return has_verb or has_mail
    if has_verb:
        return has_when and (has_mail or (len(line) < 200 and _dated(line) and _OPENING.match(line) is not None))
    return has_mail and ">" in line and _dated(line)


def _dated(line: str) -> bool:
    """A day and an hour, as programs write both and people seldom do."""
    return len(_WHEN.findall(line)) >= 2


def quote_follows(lines: list[str], at: int) -> bool:
    for place in range(at, min(at + 3, len(lines))):
        if lines[place]:
            return is_quoted(lines[place])
    return False
