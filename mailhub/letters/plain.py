"""HTML to the text that a reader sees, with quotes as ``> `` lines. For search, quotes and excerpts; never shown as
HTML.

The document is cut at its tags by one pattern, and no tree is built: that is quadratic for 100,000 open elements or
attributes. Each branch of the pattern ends where it must, because a ``>`` is put at the end of the document.
"""

from __future__ import annotations

import html as entities
import re

from mailhub.letters import limits
from mailhub.letters.clean import fold_lines

# No flag for small and capital letters: with one the engine would not see that every branch begins with "<". The first
# two letters are looked at before the names of the second branch are: that branch fails at nearly every tag, and this
# halves the time of the whole pattern.
_CUT = re.compile(
    r"<!--(?s:.*?)(?:-->|\Z)"
    r"|<(?=[sStTnNxX][cCtTiIeEoOmM])(?P<raw>(?i:script|style|title|textarea|noframes|xmp))\b[^>]*>"
    r"(?:[^<]+|<(?!/(?i:(?P=raw))))*+(?:</[a-zA-Z]+[^>]*>|\Z)"
    # Quotes count only behind an equals sign; one that is never closed is a sign like others.
    r"|<(/?[a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+)>"
    r"|<[!?/][^>]*>"
)
_STEP = 4  # a text, then the three groups of the pattern
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_HIDEABLE = frozenset(("div", "span", "td", "p", "tr", "table"))
_LINE = frozenset([
    "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "address", "center", "form", "body",
    "html", "table", "tbody", "thead", "caption", "legend", "option", "figure", "figcaption", "main", "nav",
])  # fmt: skip
_PARAGRAPH = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "fieldset"])
_CELL = frozenset(("td", "th"))
_INLINE = frozenset([
    "a", "b", "i", "u", "em", "strong", "span", "font", "img", "small", "big", "sub", "sup", "code", "o:p", "wbr",
    "meta", "link",
])  # fmt: skip
_LINE_TAGS = _LINE | {"/" + name for name in _LINE}
_PASSED = _INLINE | {"/" + name for name in (*_INLINE, *_CELL)}
_RULE = "_" * 32
_DEEPEST_QUOTE = 20
# While a text is gathered: the end of a line, and the blanks of <pre>, which stay. No letter holds these signs.
_END, _SPACE, _TAB = "\0", "\1", "\2"


def html_to_text(html: str) -> str:
    """The visible text of an HTML document: lines as they are seen, a blank line between paragraphs. Never raises."""
    pieces = _CUT.split(html.replace(_END, "") + ">")
    may_hide = "isplay" in html or "so-hide" in html or "ISPLAY" in html or "SO-HIDE" in html
    writer = _Writer()
    write, obey = writer.text, writer.tag
    for text, tag, attributes in zip(pieces[::_STEP], pieces[2::_STEP], pieces[3::_STEP], strict=False):
        if text:
            write(text)
        if not tag:
            continue
        if tag in _LINE_TAGS and not may_hide:  # half of all tags, and a call costs more than what they do
            writer.breaks = writer.breaks or 1
        elif may_hide or tag not in _PASSED:
            obey(tag.lower(), attributes, may_hide)
    write(pieces[-1].removesuffix(">"))
    return writer.result()


class _Writer:
    """Lines under way: ``breaks`` line ends are owed before the next word, ``depth`` quotes are open."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.breaks = 0
        self.depth = 0
        self.pre = 0
        self.is_tight = False
        self.hidden = ""
        self.hidden_depth = 0

    def text(self, text: str) -> None:
        if self.hidden:
            return
        if "&" in text:
            text = entities.unescape(text)
        is_new = self.breaks or not self.out
        if self.pre:
            text = text.replace("\r\n", "\n").replace("\n", _END + "> " * self.depth)
            text = text.replace(" ", _SPACE).replace("\t", _TAB)
        elif is_new:
            text = text.lstrip(" \t\n\r\f")
        if not text:
            return
        if is_new:
            self.begin_line()
        self.out.append(text)

    def begin_line(self) -> None:
        lead = "> " * self.depth
        if not self.out:
            self.out.append(lead)
        elif self.breaks:
            self.out.append(_END + (lead + _END) * (self.breaks - 1) + lead)
        self.breaks = 0

    def tag(self, tag: str, attributes: str, may_hide: bool) -> None:
        is_end = tag[0] == "/"
        name = tag[1:] if is_end else tag
        if self.hidden:
            if name == self.hidden:
                self.hidden_depth += -1 if is_end else 1
                if not self.hidden_depth:
                    self.hidden = ""
            return
        if name in _LINE:
            self.breaks = self.breaks or 1
        elif name in _CELL:
            if self.out and not self.breaks and not is_end:
                self.out.append(" ")
        elif name in _PARAGRAPH:
            # Outlook writes each line as a paragraph without space around it.
            self.is_tight = "MsoNormal" in attributes or (is_end and self.is_tight)
            self.breaks = max(self.breaks, 1 if self.is_tight else 2)
            if name == "pre":
                self.pre = max(self.pre + (-1 if is_end else 1), 0)
        elif name == "br":
            self.breaks = min(self.breaks + 1, 2) if self.out else 0
        elif name == "blockquote":
            self.breaks = 2
            self.depth = max(self.depth - 1, 0) if is_end else min(self.depth + 1, _DEEPEST_QUOTE)
        elif name == "hr":
            self.breaks = self.breaks or 1
            self.text(_RULE)
            self.breaks = 1
        if may_hide and attributes and not is_end and name in _HIDEABLE and _HIDDEN_STYLE.search(attributes, 0, 2_000):
            self.hidden, self.hidden_depth = name, 1

    def result(self) -> str:
        text = _fold_blanks("".join(self.out)[: limits.TEXT_BYTES])
        text = text.replace(_END, "\n").replace("\xa0", " ")
        text = text.replace(_SPACE, " ").replace(_TAB, "\t")
        return fold_lines("\n".join(map(str.rstrip, text.split("\n")))).strip()


def _fold_blanks(text: str) -> str:
    """One space for each run of the blanks of HTML. A pattern that looks at each sign takes six times as long."""
    for blank in "\t\n\r\f":
        text = text.replace(blank, " ")
    while "  " in text:  # each turn halves the runs
        text = text.replace("  ", " ")
    return text
