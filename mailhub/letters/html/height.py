"""How tall a letter will be, so that its frame has the right height from the first paint.

Nobody can measure a frame without an origin from outside (docs/decisions/0003-letter-frame.md), so this reads the
harmless markup as a coarse typesetter: words fill lines, blocks stack, cells of a row stand side by side.
"""

import re
from dataclasses import dataclass
from html import unescape

from mailhub.letters.html.policy import BLOCK_TAGS, CELL_TAGS, LOOSE_TAGS, VOID_TAGS

LEAST, MOST = 48, 6000

_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>|([^<]+)')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_BLANKS = re.compile(r"[ \t\n\f\r]+")  # a hard blank holds its line open
_LENGTH = re.compile(r"([\d.]+)(px|pt|em|%|)")
_UNITS = {"px": 1.0, "pt": 4 / 3, "em": 14.0, "": 1.0}
_LETTER = 0.52  # mean advance of Inter's letters in em, Latin, Cyrillic and Vietnamese words with their blanks
_FONTS = {
    "h1": 28.0, "h2": 21.0, "h3": 16.4, "h4": 14.0, "h5": 11.6, "h6": 9.4, "small": 11.6, "sub": 11.6, "sup": 11.6,
}  # fmt: skip
_MARGINS = {
    "p": 1.0, "ul": 1.0, "ol": 1.0, "dl": 1.0, "pre": 1.0, "figure": 1.0,
    "h1": 0.67, "h2": 0.83, "h3": 1.0, "h4": 1.33, "h5": 1.67, "h6": 2.33,
}  # fmt: skip
_STACKING = BLOCK_TAGS | LOOSE_TAGS | CELL_TAGS


@dataclass
class _Box:
    tag: str
    width: float
    font: float
    leading: float
    hidden: bool
    below: float = 0.0
    least: float = 0.0
    height: float = 0.0
    filled: float = 0.0
    tall: float = 0.0
    ended: float = 0.0
    """The margin already given below the last block: margins of neighbours are one."""

    def end_line(self) -> None:
        if self.filled or self.tall:
            self.height += max(self.leading, self.tall)
            self.filled = self.tall = self.ended = 0.0

    def set(self, advance: float, tall: float = 0.0) -> None:
        """Put words or a picture after what the line holds; what does not fit goes to new lines."""
        width = max(self.width, 40.0)
        if tall and self.filled + advance > width:
            self.end_line()
        self.filled += advance
        self.tall = max(self.tall, tall)
        while self.filled > width and not tall:
            lines = self.filled // width
            self.height += lines * self.leading
            self.filled -= lines * width


def estimate_height(html: str, width: int = 526) -> int:
    """CSS pixels for `HarmlessHtml.html` in a frame `width` wide, between LEAST and MOST: what is taller scrolls
    inside its frame. Good to about a quarter; pictures without a size are the usual reason for more."""
    boxes = [_Box("body", width - 4.0, 14.0, 21.0, hidden=False)]
    for close, tag, attributes, text in _TOKEN.findall(html):
        box = boxes[-1]
        if text:
            words = _BLANKS.sub(" ", unescape(text)).strip(" ")
            if words and not box.hidden:
                box.set((len(words) + 1) * box.font * _LETTER)
        elif tag == "br":
            box.height += 0 if box.filled or box.tall or box.hidden else box.leading
            box.end_line()
        elif tag == "img":
            _set_picture(box, dict(_ATTRIBUTE.findall(attributes)))
        elif tag in VOID_TAGS:
            box.height += 17.0 if tag == "hr" else 0
        elif close:
            _close(boxes, tag)
        else:
            boxes.append(_open(box, tag, dict(_ATTRIBUTE.findall(attributes))))
    while len(boxes) > 1:
        _close(boxes, boxes[-1].tag)
    boxes[0].end_line()
    return round(min(MOST, max(LEAST, boxes[0].height + 8)))


def _open(parent: _Box, tag: str, attributes: dict[str, str]) -> _Box:
    style = dict(part.partition(":")[::2] for part in unescape(attributes.get("style", "")).split(";"))
    font = _length(style.get("font-size", ""), parent.font) or _FONTS.get(tag, parent.font)
    hidden = parent.hidden or style.get("display", "").startswith("none")
    box = _Box(tag, parent.width, font, _leading(style, parent, font), hidden)
    if tag not in _STACKING:
        box.filled, box.tall = parent.filled, parent.tall
        return box
    parent.end_line()
    declared = _length(style.get("width", "") or attributes.get("width", ""), parent.width)
    box.width = declared or parent.width  # wider than the frame is fine: it scrolls sideways
    box.least = _length(style.get("height", "") or attributes.get("height", ""), 0.0)
    above, below = _sides(style, "margin", _MARGINS.get(tag, 0) * font)
    inner_top, inner_bottom = _sides(style, "padding", 1.0 if tag in {"td", "th"} else 0.0)
    if not hidden and tag != "tr":
        parent.height += max(0.0, above - parent.ended)
    box.height, box.below = inner_top + inner_bottom, below
    box.width -= 2 * min(inner_top, 24.0) + (40.0 if tag in {"ul", "ol", "dd"} else 14.0 if tag == "blockquote" else 0)
    return box


def _close(boxes: list[_Box], tag: str) -> None:
    box = boxes[-1]
    if box.tag != tag or len(boxes) == 1:
        return
    boxes.pop()
    parent = boxes[-1]
    if tag not in _STACKING:
        parent.height += box.height
        parent.filled, parent.tall = box.filled, max(parent.tall, box.tall)
        return
    box.end_line()
    height = 0.0 if box.hidden else max(box.height, box.least)
    if parent.tag == "tr":
        parent.height = max(parent.height, height)
    else:
        parent.height += height + (0.0 if box.hidden else box.below)
        parent.ended = box.below


def _set_picture(box: _Box, attributes: dict[str, str]) -> None:
    style = dict(part.partition(":")[::2] for part in unescape(attributes.get("style", "")).split(";"))
    if box.hidden or style.get("display", "").startswith("none"):
        return
    width = _length(style.get("width", "") or attributes.get("width", ""), box.width)
    height = _length(style.get("height", "") or attributes.get("height", ""), 0.0)
    if "src" not in attributes:
        said = len(attributes.get("alt", "")) * box.font * _LETTER
        # A picture that waits keeps its place, as wide and tall as the letter says.
        box.set(min(max(24.0, width, said), box.width), min(height, 900.0))
    else:
        box.set(min(width or 200.0, box.width), min(height or 0.6 * width or 150.0, 900.0))


def _leading(style: dict[str, str], parent: _Box, font: float) -> float:
    said = style.get("line-height", "").strip()
    if said and said.replace(".", "", 1).isdigit():
        return float(said) * font
    return _length(said, font) or parent.leading * font / parent.font


def _sides(style: dict[str, str], what: str, default: float) -> tuple[float, float]:
    """Top and bottom of a margin or padding."""
    said = style.get(what, "").replace("!important", "").split()
    top = _length(said[0], 0.0) if said else default
    bottom = _length(said[2] if len(said) > 2 else said[0], 0.0) if said else default
    top = _length(style[f"{what}-top"], 0.0) if f"{what}-top" in style else top
    return top, _length(style[f"{what}-bottom"], 0.0) if f"{what}-bottom" in style else bottom


def _length(said: str, whole: float) -> float:
    """Pixels, 0 for what is no length."""
    found = _LENGTH.match(said.strip())
    if found is None or found[1].count(".") > 1 or found[1] == ".":
        return 0.0
    return float(found[1]) * (whole / 100 if found[2] == "%" else _UNITS[found[2]])
