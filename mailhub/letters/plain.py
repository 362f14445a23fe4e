"""HTML to the text that a reader sees, with quotes as ``> `` lines. For search, quotes and excerpts; never shown as HTML.

One pass of a tokeniser over the characters, no tree: building one is quadratic for 100,000 open elements or attributes.
"""

from __future__ import annotations

import html as entities
import re

# A tag with its attributes; a possessive loop, so that a quote without end costs one look.
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)((?:[^>\"']+|\"[^\"]*\"|'[^']*')*+)>")
_BARE_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)([^>]*)>")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_LINE_BLANKS = re.compile(r"[ \t\xa0]*\n[ \t]*")
_MANY_LINES = re.compile(r"\n{3,}")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_PRE_STYLE = re.compile(r"white-space\s*:\s*pre", re.IGNORECASE)
_SKIPPED = {"script", "style", "head", "title", "template", "noframes", "svg", "object", "select", "textarea"}
_RAW_END = {name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE) for name in _SKIPPED}
_LINE = {"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "address", "center", "form", "body",
         "html", "table", "tbody", "thead", "caption", "legend", "option", "figure", "figcaption", "main", "nav"}  # fmt: skip
_PARAGRAPH = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "fieldset"}
_RULE = "_" * 32


def html_to_text(html: str) -> str:
    """The visible text of an HTML document, lines as they are seen, blank lines between paragraphs. Never raises."""
    return _Writer(html).write()


class _Writer:
    def __init__(self, html: str) -> None:
        self.html = html
        self.out: list[str] = []
        self.breaks = 0
        self.depth = 0
        self.pre = 0
        self.hidden: tuple[str, int] | None = None
        self.tag = _TAG
        self.is_started = False
        self.comments_end = True

    def write(self) -> str:
        html, position, size = self.html, 0, len(self.html)
        while position < size:
            angle = html.find("<", position)
            if angle < 0:
                angle = size
            if angle > position:
                self.text(html[position:angle])
            position = self.markup(angle) if angle < size else size
        text = "".join(self.out).replace("\xa0", " ")
        return _MANY_LINES.sub("\n\n", _LINE_BLANKS.sub("\n", text)).strip()

    def markup(self, at: int) -> int:
        """Read the tag or comment at ``at`` and return the offset behind it."""
        html = self.html
        match = self.tag.match(html, at)
        if match is not None:
            name = match[2].lower()
            if match[1]:
                self.close(name)
            elif name in _SKIPPED and not match[3].endswith("/"):
                end = _RAW_END[name].search(html, match.end())
                return match.end() if end is None else end.start()
            else:
                self.open(name, match[3])
            return match.end()
        if html.startswith("<!--", at):
            end_at = html.find("-->", at + 4) if self.comments_end else -1
            if end_at < 0:
                self.comments_end = False
                return at + 4
            return end_at + 3
        if html.startswith(("<!", "<?", "</"), at):
            end_at = html.find(">", at)
            return len(html) if end_at < 0 else end_at + 1
        if self.tag is _TAG and _BARE_TAG.match(html, at):
            self.tag = _BARE_TAG
            return at
        self.text("<")
        return at + 1

    def text(self, text: str) -> None:
        if self.hidden is not None:
            return
        if "&" in text:
            text = entities.unescape(text)
        if not self.pre:
            text = _BLANKS.sub(" ", text)
            if self.breaks or not self.is_started:
                text = text.lstrip(" ")
        if not text:
            return
        self.flush()
        if self.depth and "\n" in text:
            text = text.replace("\n", "\n" + "> " * self.depth)
        self.out.append(text)

    def flush(self) -> None:
        if self.is_started:
            if self.breaks:
                lead = "> " * self.depth
                self.out.append("\n" + (lead + "\n") * (self.breaks - 1) + lead)
        elif self.depth:
            self.out.append("> " * self.depth)
        self.breaks = 0
        self.is_started = True

    def line(self, breaks: int) -> None:
        self.breaks = max(self.breaks, breaks)

    def open(self, name: str, attributes: str) -> None:
        if self.hidden is not None:
            if name == self.hidden[0] and not attributes.endswith("/"):
                self.hidden = (name, self.hidden[1] + 1)
            return
        if name == "br":
            self.breaks = min(self.breaks + 1, 2) if self.is_started else 0
        elif name in _LINE:
            self.line(1)
        elif name in _PARAGRAPH:
            self.line(1 if "MsoNormal" in attributes else 2)
            self.pre += name == "pre"
        elif name == "blockquote":
            self.line(2)
            self.depth = min(self.depth + 1, 20)
        elif name in {"td", "th"}:
            if not self.breaks and self.is_started:
                self.out.append(" ")
        elif name == "hr":
            self.line(1)
            self.text(_RULE)
            self.line(1)
        if name in {"div", "span", "td", "p"} and attributes and _HIDDEN_STYLE.search(attributes[:2000]):
            self.hidden = (name, 1)

    def close(self, name: str) -> None:
        if self.hidden is not None:
            if name == self.hidden[0]:
                depth = self.hidden[1] - 1
                self.hidden = (name, depth) if depth else None
            return
        if name in _LINE:
            self.line(1)
        elif name in _PARAGRAPH:
            self.line(2)
            self.pre -= name == "pre" and self.pre > 0
        elif name == "blockquote":
            self.line(2)
            self.depth = max(self.depth - 1, 0)
