"""Where the older letters begin in a letter's harmless HTML, so that a page can fold them.

The markup is read as lines, those in a ``blockquote`` marked as quoted ones are in plain text; then the lines say it,
by the same signs as in plain text.
"""

import re
from html import unescape

from mailhub.letters.html.policy import BLOCK_TAGS, CELL_TAGS, LOOSE_TAGS, VOID_TAGS
from mailhub.letters.limits import LOOK_CHARS
from mailhub.letters.quotes import find_older

_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>|([^<]+)')
_BREAKS = BLOCK_TAGS | LOOSE_TAGS | frozenset({"br", "hr", "tr", "table", "blockquote"})
_SHOWN = frozenset({"img", "hr"})


class _Lines:
    """The lines of the markup, and where each of them may be cut off: before the tags that open just above it."""

    def __init__(self, html: str) -> None:
        self.texts: list[str] = [""]
        self.cuts: list[tuple[int, tuple[str, ...]]] = [(0, ())]
        self._open: list[tuple[str, str]] = []
        self._depth = 0
        self._pause: tuple[int, tuple[str, ...]] = (0, ())
        for token in _TOKEN.finditer(html, 0, LOOK_CHARS):
            self._read(token)

    def _read(self, token: re.Match[str]) -> None:
        closing, tag, _, text = token.groups()
        if text is not None:
            self._say(" ".join(unescape(text).split()), token)
            return
        if tag in _BREAKS:
            self._end_line()
        elif tag in CELL_TAGS:
            self._say(" ", token)
        if closing:
            self._close(tag)
            self._pause = (token.end(), self._stack())
        elif tag in VOID_TAGS:
            if tag in _SHOWN:
                self._pause = (token.end(), self._stack())
        else:
            self._open.append((tag, token[0]))
            self._depth += tag == "blockquote"

    def _say(self, words: str, token: re.Match[str]) -> None:
        if not words:
            return
        if not self.texts[-1]:
            self.cuts[-1] = self._pause
            if words.strip():
                self.texts[-1] = "> " * self._depth
        self.texts[-1] += words if words == " " else f"{' ' if token[0][:1].isspace() else ''}{words}"
        self._pause = (token.end(), self._stack())

    def _end_line(self) -> None:
        self.texts[-1] = self.texts[-1].strip()
        self.texts.append("")
        self.cuts.append(self._pause)

    def _close(self, tag: str) -> None:
        while self._open:
            name, _ = self._open.pop()
            self._depth -= name == "blockquote"
            if name == tag:
                return

    def _stack(self) -> tuple[str, ...]:
        return tuple(opened for _, opened in self._open)


def split_older(html: str) -> tuple[str, str] | None:
    """The writer's own part and the older letters below it, each whole markup; None where no older letter ends it.

    ``html`` is what ``make_harmless`` gives. Linear in its length; what lies beyond LOOK_CHARS is not looked at.
    """
    lines = _Lines(html)
    at = find_older([line.strip() for line in lines.texts])
    if at is None:
        return None
    place, opened = lines.cuts[at]
    closing = "".join(f"</{tag[1:].partition(' ')[0].rstrip('>')}>" for tag in reversed(opened))
    return html[:place] + closing, "".join(opened) + html[place:]
