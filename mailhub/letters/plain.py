"""HTML to the text that a reader sees, with quotes as ``> `` lines. For search, quotes and excerpts; never shown as
HTML.

The document is cut at its tags by one pattern, and no tree is built: that is quadratic for 100,000 open elements or
attributes. Each tag becomes a sign, a byte that no UTF-8 holds; the signs between two words then say how many lines
end there. So nearly all is done by a few calls over the whole document, and little is done for each tag.
"""

from __future__ import annotations

import html as entities
import re
from functools import lru_cache

from mailhub.letters import limits
from mailhub.letters.clean import fold_lines

# The tag or its name is the one group. Each branch ends where it must, because a ">" is put at the end of the document.
# No flag for small and capital letters: with one the engine would not see that every branch begins with "<". The first
# two letters are looked at before the names of the second branch are: that branch fails at nearly every tag.
_RAW = "|".join(
    rf"(?i:{name})\b[^>]*>(?:[^<]+|<(?!/(?i:{name})))*+"
    for name in ("script", "style", "title", "textarea", "noframes", "xmp")
)
_COMMENT_OR_RAW = rf"<!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|<(?=[sStTnNxX][cCtTiIeEoOmM])(?:{_RAW})(?:</[a-zA-Z]+[^>]*>|\Z)"
# Quotes count only behind an equals sign; one that is never closed is a sign like others.
_ATTRIBUTES = r"[^>=]*+(?:=[ \t\n\r\f]*+(?:\"[^\"]*+\"|'[^']*+')?+[^>=]*+)*+"
_NAME = r"/?[a-zA-Z][^ \t\n\r\f/>]*+"
_CUT = re.compile(rf"{_COMMENT_OR_RAW}|<({_NAME}){_ATTRIBUTES}>|<[!?/][^>]*>".encode())
_CUT_WITH_ATTRIBUTES = re.compile(rf"{_COMMENT_OR_RAW}|<({_NAME})({_ATTRIBUTES})>|<[!?/][^>]*>".encode())

# The first byte is the same in all signs that end lines: to look for one byte takes a quarter of the time.
_SIGN = b"\xf8"
_LINE = _SIGN + b"\xf9"
_PARAGRAPH = _SIGN + b"\xfa"
_BREAK = _SIGN + b"\xfb"
_QUOTE = _SIGN + b"\xfc"
_END_QUOTE = _SIGN + b"\xfd"
_PRE = b"\xfe"
_END_PRE = b"\xff"
_NOTHING = b"\xc0"
# What is kept of <pre>: its line ends and its blanks.
_KEPT_END = _SIGN + b"\xf5"
_KEPT_BLANKS = b"\xf6\xf7"
_KEEP = bytes.maketrans(b" \t", _KEPT_BLANKS)
_GIVE_BACK = bytes.maketrans(_KEPT_BLANKS, b" \t")

_SPACES = bytes.maketrans(b"\t\n\r\f", b"    ")
_RUN = re.compile(b"(\xf8[\xf5\xf8-\xfd ]*+)")
_PRE_SIGN = re.compile(b"([\xfe\xff])")
_LONGEST_KNOWN_RUN = 32
_DEEPEST_QUOTE = 20
_REFERENCE = re.compile(rb"&(?:#[0-9]{1,20};?|#[xX][0-9a-fA-F]{1,20};?|[a-zA-Z][a-zA-Z0-9]{1,31};?)")

_LINE_NAMES = (
    "div tr li dt dd section article header footer address center form body html table tbody thead caption legend "
    "option figure figcaption main nav"
)
_PARAGRAPH_NAMES = "p h1 h2 h3 h4 h5 h6 ul ol dl fieldset"
_PARAGRAPHS = frozenset(f"{_PARAGRAPH_NAMES} pre".encode().split())
_HIDEABLE = frozenset((b"div", b"span", b"td", b"p", b"tr", b"table"))
_HIDDEN_STYLE = re.compile(rb"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
#: Outlook writes each line as a paragraph without space around it.
_TIGHT = b"MsoNormal"
_ATTRIBUTES_THAT_COUNT = (b"display", b"mso-hide", _TIGHT.lower())


class _Signs(dict[bytes | None, bytes]):
    """What each tag becomes, by its name with the dash of an end; comments have none."""

    def __missing__(self, name: bytes | None) -> bytes:
        return self.get((name or b"").lower(), _NOTHING)


def _signs() -> _Signs:
    signs = {
        "td": b" ", "th": b" ", "br": _BREAK, "/br": _BREAK, "hr": _LINE + b"_" * 32 + _LINE,
        "blockquote": _QUOTE, "/blockquote": _END_QUOTE, "pre": _PARAGRAPH + _PRE, "/pre": _END_PRE + _PARAGRAPH,
    }  # fmt: skip
    for names, sign in ((_LINE_NAMES, _LINE), (_PARAGRAPH_NAMES, _PARAGRAPH)):
        signs |= {dash + name: sign for name in names.split() for dash in ("", "/")}
    usual = "a b i u em strong span font img small big sub sup code o:p wbr meta link /td /th"
    signs |= {dash + name: _NOTHING for name in usual.split() for dash in ("", "/")}
    return _Signs({None: _NOTHING} | {name.encode(): sign for name, sign in signs.items()})


_SIGNS = _signs()


def html_to_text(html: str) -> str:
    """The visible text of an HTML document: lines as they are seen, a blank line between paragraphs. Never raises."""
    # No letter holds a lone surrogate; whoever else asks gets it back.
    document = html.encode("utf-8", "surrogatepass").replace(b"\0", b"") + b">"
    lowered = document.lower()
    if any(word in lowered for word in _ATTRIBUTES_THAT_COUNT):
        pieces = _obey_attributes(_CUT_WITH_ATTRIBUTES.split(document))
    else:
        pieces = _CUT.split(document)
    pieces[-1] = pieces[-1].removesuffix(b">")
    pieces[1::2] = map(_SIGNS.__getitem__, pieces[1::2])
    text = _lay_out(_fold_blanks(_unescape(b"".join(pieces)))).decode("utf-8", "surrogatepass")
    lines = text[: limits.TEXT_BYTES].replace("\xa0", " ").split("\n")
    return fold_lines("\n".join(map(str.rstrip, lines))).strip()


def _obey_attributes(pieces: list[bytes]) -> list[bytes]:
    """Texts and names of tags by turns, out of texts, names and attributes: what is hidden is left out, and a tight
    paragraph is a line."""
    kept = pieces[:1]
    hidden, depth, is_tight = b"", 0, False
    for tag, attributes, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        shown = (tag or b"").lower()
        name = shown.removeprefix(b"/")
        is_end = name is not shown
        if hidden:
            if name == hidden:
                depth += -1 if is_end else 1
                hidden = hidden if depth else b""
            shown = b""
        elif name in _PARAGRAPHS:
            is_tight = _TIGHT in attributes or (is_end and is_tight)
            shown = b"div" if is_tight and name != b"pre" else shown
        if not (hidden or is_end) and name in _HIDEABLE and _HIDDEN_STYLE.search(attributes, 0, 2_000):
            hidden, depth = name, 1
        kept += shown, b"" if hidden else text
    return kept


def _unescape(text: bytes) -> bytes:
    return _REFERENCE.sub(lambda match: _character(match[0]), text) if b"&" in text else text


@lru_cache(maxsize=512)
def _character(reference: bytes) -> bytes:
    return entities.unescape(reference.decode("ascii")).encode("utf-8", "surrogatepass")


def _fold_blanks(text: bytes) -> bytes:
    """One space for each run of the blanks of HTML, those in <pre> apart."""
    if _PRE in text:
        text = _keep_blanks(text)
    text = text.translate(_SPACES, _NOTHING + _PRE + _END_PRE)
    while b"  " in text:  # each turn halves the runs: a pattern takes six times as long
        text = text.replace(b"  ", b" ")
    return text


def _keep_blanks(text: bytes) -> bytes:
    pieces = _PRE_SIGN.split(text)
    depth = 0
    for place, piece in enumerate(pieces):
        if piece == _PRE:
            depth += 1
        elif piece == _END_PRE:
            depth = max(depth - 1, 0)
        elif depth:
            pieces[place] = piece.replace(b"\r\n", b"\n").replace(b"\n", _KEPT_END).translate(_KEEP)
    return b"".join(pieces)


def _lay_out(text: bytes) -> bytes:
    """Line ends and the marks of quotes in the place of signs."""
    pieces = _RUN.split(text)
    depth = 0
    for place in range(1, len(pieces), 2):
        run = pieces[place]
        if len(run) > _LONGEST_KNOWN_RUN:
            pieces[place], depth = _end_lines(run, depth)
        else:
            pieces[place], depth = _known_end_lines(run, depth)
    # Nothing ends before the first word or behind the last.
    if len(pieces) > 1 and not pieces[0].strip():
        pieces[1] = pieces[1].rpartition(b"\n")[2]
    if not pieces[-1].strip():
        del pieces[-2:]
    return b"".join(pieces).translate(_GIVE_BACK)


def _end_lines(run: bytes, depth: int) -> tuple[bytes, int]:
    """What stands between two words, and how many quotes are open behind it."""
    kept = breaks = 0
    for sign in run.replace(b" ", b"")[1::2]:
        if sign == _LINE[1]:
            breaks = breaks or 1
        elif sign == _PARAGRAPH[1]:
            breaks = 2
        elif sign == _BREAK[1]:
            breaks = min(breaks + 1, 2)
        elif sign == _QUOTE[1]:
            breaks, depth = 2, min(depth + 1, _DEEPEST_QUOTE)
        elif sign == _END_QUOTE[1]:
            breaks, depth = 2, max(depth - 1, 0)
        elif sign == _KEPT_END[1]:
            kept += 1
    return b"".join([b"\n", b"> " * depth]) * (kept + breaks), depth


_known_end_lines = lru_cache(maxsize=1024)(_end_lines)
