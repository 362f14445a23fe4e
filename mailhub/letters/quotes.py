"""What the writer wrote now: the text without quotes, the lines that announce them, the signature and a phone's footer.

Read line by line; the words are those of mail programs in our languages and their neighbours'.
"""

from __future__ import annotations

import re

from mailhub.letters import limits

_LABELS = {
    "from": "from|від|від кого|от|от кого|von|de|od|từ|van|fra|från|da|gönderen|kimden|lähettäjä|feladó|"
    "差出人|发件人|寄件者|보낸 사람",
    "date": "sent|date|sent at|надіслано|дата|отправлено|изпратено|изпратено на|gesendet|datum|envoyé|envoyée|enviado|"
    "enviada|fecha|wysłano|wysłane|data|đã gửi|ngày|ngày gửi|verzonden|sendt|skickat|inviato|dato|lähetetty|tarih|"
    "发送时间|日期",
    "to": "to|кому|до|an|à|para|do|tới|đến|gửi đến|aan|til|till|vastaanottaja|kime|a|收件人",
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
_RULE = re.compile(r"^[ \t]*(?:[-_=*—–]{5,}|\* \* \*)[ \t]*$")
_SIGNATURE = re.compile(r"^(?:-- ?|—|--\xa0|__ ?|--[ \t]*--)$")
_FOOTER = re.compile(
    r"^[ \t(\[]*(?:sent (?:from|via|with|using) (?!the )|get outlook|"
    r"(?:надіслано|відправлено) (?:з |із |зі |від |через )|"
    r"завантаж\w+ outlook|"
    r"отримати outlook|отправлено (?:из |с |со |от |через )|получить outlook|скачать outlook|(?:пошта|почта) mail\.ru|"
    r"изпратено (?:от |чрез |с )|(?:изтегл\w+|вземете) (?:на )?outlook|đã gửi từ|được gửi từ|gửi từ|tải outlook|"
    r"von meinem \w+ gesendet|gesendet (?:von|mit)|envoyé (?:de|depuis|à partir)|enviado (?:desde|do|de|a partir)|"
    r"wysłan[eoy] (?:z|za)|inviato da|verzonden (?:vanaf|met)|verstuurd vanaf|sendt fra|skickat från|"
    r"download outlook|outlook für|obtenir outlook|obtener outlook|pobierz outlook)[^\n]{0,120}$",
    re.IGNORECASE,
)
_LINES = 5_000


def reply_text(text: str) -> str:
    """What stands in ``text`` (``\\n`` line ends) of the writer's own. Empty when all of it is quoted."""
    lines = [line.rstrip() for line in text[: limits.LOOK_CHARS].split("\n", _LINES)[:_LINES]]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if is_quoted(line):
            at += 1
            continue
        if line:
            if _starts_older_letter(lines, at):
                break
            span = _attribution(lines, at)
            if span:
                if not _quote_follows(lines, at + span):
                    break
                at += span
                continue
        kept.append(line)
        at += 1
    return _without_signature(kept)


def is_quoted(line: str) -> bool:
    """Whether a line begins with the sign of a quote, at most three blanks before it."""
    return line.startswith(">") or (line.startswith((" ", "\t")) and line[:4].lstrip().startswith(">"))


def _starts_older_letter(lines: list[str], at: int) -> bool:
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
    return _VERBS.search(words) is not None and _dated(words)


def _label_kind(line: str) -> str | None:
    """Which header a line shows as mail programs write it, or None."""
    match = _LABEL.match(line)
    kind = _LABEL_KIND.get(match[1].strip().lower()) if match else None
    if kind is None and "：" in line[:8]:
        kind = _LABEL_KIND.get(line.partition("：")[0].strip())
    return kind


def _is_header_block(lines: list[str], at: int) -> bool:
    kinds: set[str] = set()
    has_mail = False
    for place in range(at, min(at + 8, len(lines))):
        line = lines[place]
        kind = _label_kind(line)
        if place == at and kind is None:
            return False
        if kind is not None:
            kinds.add(kind)
            has_mail = has_mail or _MAIL.search(line) is not None
        elif line and len(kinds) >= 2:
            break
    # "From: Odesa, to: Kyiv, date: Monday" is a person's; programs write the subject or an address as well.
    if len(kinds) >= 3 and ("subject" in kinds or has_mail):
        return True
    after_rule = at > 0 and _RULE.match(lines[at - 1]) is not None
    return len(kinds) == 2 and "from" in kinds and (after_rule or _MAIL.search(lines[at]) is not None)


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from ``at`` (at most three) say who wrote when what follows; 0 when none do."""
    for count, line in enumerate(lines[at : at + 3], 1):
        if not line or len(line) > 400 or is_quoted(line):
            break
        if count == 2 and not _WHEN.search(lines[at]) and "@" not in lines[at]:
            break
        if line[-1] in ":：":
            joined = " ".join(part.strip() for part in lines[at : at + count])
            return count if _is_attribution(joined, _quote_follows(lines, at + count)) else 0
    return 0


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


def _quote_follows(lines: list[str], at: int) -> bool:
    for place in range(at, min(at + 3, len(lines))):
        if lines[place]:
            return is_quoted(lines[place])
    return False


def _without_signature(lines: list[str]) -> str:
    for at, line in enumerate(lines):
        if at and _SIGNATURE.match(line) and (line != "--" or not lines[at - 1]):
            lines = lines[:at]
            break
    while lines and (not lines[-1] or _RULE.match(lines[-1]) or _FOOTER.match(lines[-1])):
        lines = lines[:-1] if len(lines) < 50 else _pop(lines)
    start = 0
    while start < len(lines) and (not lines[start] or _RULE.match(lines[start])):
        start += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines[start:]))


def _pop(lines: list[str]) -> list[str]:
    lines.pop()
    return lines
