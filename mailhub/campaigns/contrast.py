"""Words of a letter that can hardly be read: their colour beside what they stand on (WCAG 2.2, 1.4.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from mailhub.letters.html.policy import VOID_TAGS
from mailhub.letters.html.shape import TOKEN

LEAST = 4.5
LONGEST_TOLD = 60
Colour = tuple[int, int, int]
_NAMES: dict[str, Colour] = {
    "black": (0, 0, 0), "white": (255, 255, 255), "gray": (128, 128, 128), "grey": (128, 128, 128),
    "silver": (192, 192, 192), "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211), "yellow": (255, 255, 0),
    "red": (255, 0, 0), "orange": (255, 165, 0), "green": (0, 128, 0), "lime": (0, 255, 0), "blue": (0, 0, 255),
    "navy": (0, 0, 128),
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
_ATTRIBUTE = re.compile(r"""(?<![\w-])(style|bgcolor|color)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_WORDS = re.compile(r"\w")


def list_faint(html: str) -> list[tuple[str, str, str]]:
    """Each pair of colours with too little between them, once: the colour of the words, what they stand on, and how
    the first such words begin."""
    found: dict[tuple[Colour, Colour], str] = {}
    for words, ink, ground in _texts(html):
        if ink is not None and ground is not None and ratio(ink, ground) < LEAST:
            found.setdefault((ink, ground), words)
    return [(_told(ink), _told(ground), words) for (ink, ground), words in found.items()]


def ratio(one: Colour, other: Colour) -> float:
    """How much is between two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _texts(html: str) -> Iterator[tuple[str, Colour | None, Colour | None]]:
    """The texts of a letter with their colours, None where nobody can tell."""
    begin: tuple[str, Colour | None, Colour | None, bool] = ("", (0, 0, 0), (255, 255, 255), True)
    opened, at = [begin], 0
    body = html.partition("<body")[2] or html
    while token := TOKEN.search(body, at):
        words = " ".join(unescape(body[at : token.start()]).split())
        _, ink, ground, shown = opened[-1]
        if shown and _WORDS.search(words):
            yield words[:LONGEST_TOLD], ink, ground
        at, name = token.end(), (token["name"] or "").lower()
        if token["close"]:
            place = next((one for one in range(len(opened) - 1, 0, -1) if opened[one][0] == name), 0)
            if place:
                del opened[place:]
        elif name and name not in VOID_TAGS:
            opened.append(_inside(name, token["attributes"], opened[-1]))


def _inside(
    name: str, attributes: str, around: tuple[str, Colour | None, Colour | None, bool]
) -> tuple[str, Colour | None, Colour | None, bool]:
    _, ink, ground, shown = around
    for key, *values in _ATTRIBUTE.findall(attributes):
        value = "".join(values).lower()
        if key.lower() == "bgcolor":
            ground = _read(value)
        elif key.lower() == "color":
            ink = _read(value)
        else:
            for declaration in value.split(";"):
                what, _, said = (part.strip() for part in declaration.partition(":"))
                if what == "color":
                    ink = _read(said)
                elif what in ("background", "background-color") and said not in ("none", "transparent", "inherit"):
                    ground = _read(said)
                elif (what, said) in (("display", "none"), ("visibility", "hidden")):
                    shown = False
    return name, ink, ground, shown and name not in ("style", "title")


def _read(said: str) -> Colour | None:
    if "url(" in said or "gradient" in said:
        return None
    if found := _HEX.search(said):
        digits = found[1] if len(found[1]) == 6 else "".join(one * 2 for one in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.search(said):
        return min(int(found[1]), 255), min(int(found[2]), 255), min(int(found[3]), 255)
    return _NAMES.get(said.replace("!important", "").strip())


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if (part := one / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for one in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _told(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
