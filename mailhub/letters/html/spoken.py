"""Our own HTML as the plain text that stands beside it: lists with their marks, links with their addresses, quotes with
``> ``."""

from html.parser import HTMLParser

_BLOCKS = frozenset({"blockquote", "div", "h1", "h2", "h3", "hr", "li", "ol", "p", "pre", "ul"})
_APART = frozenset({"h1", "h2", "h3", "ol", "p", "pre", "ul"})
_BULLET = "• "


def spoken(html: str) -> str:
    """The text of what ``clean_outgoing`` returned. Linear in its length."""
    writer = _Speaker()
    writer.feed(html)
    writer.close()
    return writer.result()


class _Speaker(HTMLParser):
    """Lines under way. ``lists`` holds for each open list the number of its last item, None for one of bullets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line = ""
        self.quotes = 0
        self.lists: list[int | None] = []
        self.mark = ""
        self.pre = 0
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._block(tag, inner=bool(self.lists))
        if tag == "blockquote":
            self.quotes += 1
        elif tag in ("ol", "ul"):
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag == "pre":
            self.pre += 1
        elif tag == "br":
            self._end_line(always=True)
        elif tag == "hr":
            self.line = "-" * 32
            self._end_line()
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.line)))
        elif tag == "img":
            self.line += f"[{dict(attrs).get('alt') or '…'}]"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.links:
            href, begun = self.links.pop()
            words = self.line[begun:].strip()
            if href and href.removeprefix("mailto:") != words and href.rstrip("/") != words.rstrip("/"):
                self.line += f" <{href.removeprefix('mailto:')}>"
        if tag in _BLOCKS:
            self._block(tag, inner=len(self.lists) > 1)
        if tag == "blockquote":
            self._end_quote()
        elif tag in ("ol", "ul") and self.lists:
            self.lists.pop()
        elif tag == "pre":
            self.pre = max(self.pre - 1, 0)

    def handle_data(self, data: str) -> None:
        if self.pre:
            first, *rest = data.split("\n")
            self.line += first
            for line in rest:
                self._end_line(always=True)
                self.line = line
            return
        text = " ".join(data.replace("\xa0", " ").split(" ")).replace("\n", " ")
        self.line += text if self.line else text.lstrip(" ")

    def result(self) -> str:
        """What was said."""
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _item(self) -> None:
        depth = max(len(self.lists) - 1, 0)
        if self.lists and self.lists[-1] is not None:
            self.lists[-1] += 1
            self.mark = f"{'  ' * depth}{self.lists[-1]}. "
        else:
            self.mark = "  " * depth + _BULLET

    def _block(self, tag: str, *, inner: bool) -> None:
        """A new line, behind an empty one for what stands apart; lists in lists do not."""
        self._end_line()
        lead = self._lead()
        if tag in _APART and not (inner and tag in ("ol", "ul")) and self.lines and self.lines[-1] != lead:
            self.lines.append(lead)

    def _end_quote(self) -> None:
        if self.lines and self.lines[-1] == self._lead():
            self.lines.pop()
        self.quotes = max(self.quotes - 1, 0)
        self.lines.append(self._lead())

    def _lead(self) -> str:
        return ("> " * self.quotes).rstrip()

    def _end_line(self, *, always: bool = False) -> None:
        text = self.line.rstrip()
        if text or always:
            self.lines.append(("> " * self.quotes + self.mark + text).rstrip())
            self.mark = ""
        self.line = ""
