"""What the writer wrote now: the text without quotes, the lines that announce them, the signature and a phone's footer.

Read line by line; where nothing would be left, everything is shown.
"""

from __future__ import annotations

import re

from mailhub.letters import limits
from mailhub.letters.announcing import (
    RULE,
    find_attribution,
    find_likely,
    is_quoted,
    own_words,
    quote_follows,
    starts_older_letter,
)
from mailhub.letters.clean import fold_lines

_SIGNATURE = re.compile(r"^(?:-- ?|—|--\xa0|__ ?|--[ \t]*--)$")
_FOOTER = re.compile(
    r"^[ \t(\[<]*(?:sent (?:(?:from|via|with|using) (?!the )|by (?:my )?(?:galaxy|iphone|android|mobile))|"
    r"get \[?outlook|"
    r"(?:[^\W\d_]+ )?from (?:my )?(?:i(?:phone|pad|pod)|galaxy|android|samsung|mobile|blackberry)(?! [a-z])|"
    r"(?:надіслано|відправлено) (?:з |із |зі |від |через )|"
    r"завантаж\w+ outlook|отримати outlook|"
    r"отправлено (?:из |с |со |от |через )|получит[ье] outlook|скачать outlook|(?:пошта|почта) mail\.ru|"
    r"изпратено (?:от |чрез |с )|(?:изтегл\w+|вземете) (?:на )?outlook|đã gửi từ|được gửi từ|gửi từ|tải outlook|"
    r"(?:diese nachricht wurde )?von (?:meinem|outlook) [^\n]{1,60} gesendet|mit mail gesendet|holen sie sich outlook|"
    r"télécharger outlook|[從从]我的[^\n]{1,30}(?:傳送|发送|發送|寄出)|"
    r"gesendet (?:von|mit)|envoyé (?:de|depuis|à partir)|enviado (?:desde|do|de|a partir)|"
    r"wysłan[eoy] (?:z|za)|inviato da|verzonden (?:vanaf|met)|verstuurd vanaf|sendt fra|skickat från|"
    r"download outlook|outlook für|obtenir outlook|obtener outlook|pobierz outlook)[^\n]{0,120}$",
    re.IGNORECASE,
)
_LINES = 5_000


def reply_text(text: str) -> str:
    """What stands in ``text`` (``\\n`` line ends) of the writer's own; all of it when all of it is quoted."""
    # The one blank that means something: RFC 3676 section 4.3 separates a signature by "-- ".
    lines = [
        line if line == "-- " else line.rstrip() for line in text[: limits.LOOK_CHARS].split("\n", _LINES)[:_LINES]
    ]
    likely = find_likely(lines)
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if is_quoted(line):
            at += 1
            continue
        if line:
            if starts_older_letter(lines, at):
                break
            span = find_attribution(lines, at) if at in likely else 0
            if span and (own := own_words(line)):
                kept.append(own)
            # Above everything else it announces an answer that stands between or below unmarked lines: those are shown.
            if span and any(kept) and not quote_follows(lines, at + span):
                break
            if span:
                at += span
                continue
        kept.append(line)
        at += 1
    return _without_signature(kept) or _trimmed(lines)


def find_older(lines: list[str]) -> int | None:
    """The line at which the older letters begin that end a letter, with the line that announces them; None where the
    writer's own words follow them, or stand nowhere above. ``lines`` are without blanks at their ends."""
    lines = lines[:_LINES]
    likely, own, below = find_likely(lines), False, 0
    last = max((at for at, line in enumerate(lines) if line and not is_quoted(line)), default=-1)
    for at, line in enumerate(lines):
        if not line or at < below:
            continue
        if is_quoted(line):
            if own and at > last:
                return at
            continue
        if starts_older_letter(lines, at):
            return at if own else None
        span = find_attribution(lines, at) if at in likely and not own_words(line) else 0
        below = at + span
        if span and own and (below > last or not quote_follows(lines, below)):
            return at
        own = own or not (span or RULE.match(line))
    return None


def _without_signature(lines: list[str]) -> str:
    for at, line in enumerate(lines):
        if at and line.startswith(("-", "—", "_")) and _SIGNATURE.match(line) and (line != "--" or not lines[at - 1]):
            lines = lines[:at]
            break
    while lines and (not lines[-1] or RULE.match(lines[-1]) or _FOOTER.match(lines[-1])):
        lines = lines[:-1] if len(lines) < 50 else _pop(lines)
    return _trimmed(lines)


def _trimmed(lines: list[str]) -> str:
    start = 0
    while start < len(lines) and (not lines[start] or RULE.match(lines[start])):
        start += 1
    return fold_lines("\n".join(lines[start:])).rstrip("\n")


def _pop(lines: list[str]) -> list[str]:
    lines.pop()
    return lines
