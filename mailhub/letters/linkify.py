"""Plain text as HTML: escaped first, then links and quoted levels and nothing else.

The reader sees every character of the text (textContent is equal, line ends and `>` marks too); shown with
`white-space: pre-wrap`. A link goes where its words say: no user part, no mixed scripts, no other scheme.
"""

import re
from html import escape
from itertools import groupby
from urllib.parse import urlsplit

from mailhub.letters.html.links import is_mixed

DEEPEST_QUOTE = 8

# Each alternative starts at a mark of its own and is bounded or takes all it looked at: linear in the text.
_ADDRESS = r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}(?![\w@-])"
_CANDIDATE = re.compile(
    rf"""
    (?<![\w.=-]) (?<!=["']) (?P<url> [a-z][a-z\d+.-]{{0,30}}:// [^\s<>"\\\x00-\x1f\x7f]+ )
    | (?<![\w.@/=-]) (?<!=["']) (?P<www> www\. [^\s<>"\\\x00-\x1f\x7f]+ )
    | (?<!\w) mailto: (?P<mailto> [^\s<>"]+ )
    | (?<![\w.+@/-]) (?P<mail> {_ADDRESS} )
    | (?<![\w+]) (?P<tel> \+\d (?: [\u0020\u00a0().-]{{0,2}} \d ){{6,14}} ) (?![\w])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MAIL = re.compile(_ADDRESS)
_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,20}[^\W\d_][\w-]{1,62}\.?|\d{1,3}(?:\.\d{1,3}){3}")
_QUOTED = re.compile(r"(?:[ \t]?>)+")
_CLOSING = {")": "(", "]": "[", "}": "{"}
_TRAILING = ".,;:!?'*_~|>»”“’…" + "".join(_CLOSING)


def text_to_html(text: str) -> str:
    """The text as safe HTML of <a>, <blockquote> (one per quoted level, DEEPEST_QUOTE at most) and <span
    class="mark"> for the quote marks."""
    out, depth = [], 0
    for level, lines in groupby(text.splitlines(keepends=True), key=_level):
        out.append("<blockquote>" * (level - depth) + "</blockquote>" * (depth - level))
        depth = level
        out += [_line(line) for line in lines]
    return "".join(out) + "</blockquote>" * depth


def _level(line: str) -> int:
    marks = _QUOTED.match(line)
    return min(marks.group().count(">"), DEEPEST_QUOTE) if marks else 0


def _line(line: str) -> str:
    marks = _QUOTED.match(line)
    start = marks.end() if marks else 0
    return (f'<span class="mark">{escape(line[:start])}</span>' if marks else "") + _linked(line[start:])


def _linked(text: str) -> str:
    out, at = [], 0
    for found in _CANDIDATE.finditer(text):
        words, target = _target(found)
        if target:
            out.append(escape(text[at : found.start()]))
            out.append(f'<a href="{escape(target)}" rel="noopener noreferrer nofollow" target="_blank">')
            out.append(f"{escape(words)}</a>")
            at = found.start() + len(words)
    return "".join(out) + escape(text[at:])


def _target(found: re.Match[str]) -> tuple[str, str | None]:
    """The words of a link and where it goes; None for what only looks like one."""
    words = found.group()
    if found["mail"]:
        return words, f"mailto:{words}"
    if found["mailto"]:
        address = _MAIL.match(found["mailto"])
        return _trimmed(words), f"mailto:{address.group()}" if address else None
    if found["tel"]:
        return words, "tel:" + re.sub(r"[^+\d]", "", words)
    words = _trimmed(words)
    target = f"http://{words}" if found["www"] else words
    return words, target if _is_plain(target) else None


def _is_plain(target: str) -> bool:
    """An http or https address whose host is what it seems."""
    try:
        parts = urlsplit(target)
        host, port = parts.netloc, parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or len(host) > 253:
        return False
    host = host.removesuffix(f":{port}") if port is not None else host
    return bool(_HOST.fullmatch(host)) and not is_mixed(host)


def _trimmed(words: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays when it was opened inside."""
    open_by = {close: words.count(opened) - words.count(close) for close, opened in _CLOSING.items()}
    end = len(words)
    while end and words[end - 1] in _TRAILING:
        last = words[end - 1]
        if last in open_by:
            if open_by[last] >= 0:
                break
            open_by[last] += 1
        end -= 1
    return words[:end]
