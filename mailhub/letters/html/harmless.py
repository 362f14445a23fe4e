"""A letter's HTML made harmless: the first of two layers, each of which is enough alone (frame.py is the other).

shape → styles written into the tags → nh3 with an allow-list → links and pictures marked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape, unescape

import nh3

from mailhub.letters.html.links import find_deceit, harmless_target, real_host
from mailhub.letters.html.pictures import Pictures
from mailhub.letters.html.policy import ATTRIBUTES, LINK_SCHEMES, PICTURE_SCHEMES, POLICY_VERSION, ROLES, TAGS
from mailhub.letters.html.shape import shape
from mailhub.letters.html.styles import harmless_style, inline_styles, says_colours

# nh3 writes attributes in double quotes with inner ones escaped, so these read its output exactly.
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_PICTURE = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_LINK = re.compile(r'<a((?: [a-z-]+="[^"]*")*)>(.*?)</a>', re.DOTALL)
_ANY_TAG = re.compile(r'<(?:[^">]|"[^"]*")*>')
_BODY_STYLE = re.compile(r' style="([^"]*)"')
_BODY_GROUND = re.compile(r' bgcolor="([^"]*)"')
_BODY_MAY = ("background", "color", "font", "line-height", "text-align", "padding", "direction")


@dataclass(frozen=True)
class HarmlessHtml:
    """What may be put into the letter's frame, and what a reader is told about it.

    `remote_picture_count`: pictures that wait for "Show pictures" (or are shown through the proxy); beacons
    are not counted, they are gone. `links_warned`: links whose words mislead. `coloured`: the letter sets
    colours, so it needs white paper. `cut`: the letter was too large and its end is left out or unformatted.
    """

    html: str
    remote_picture_count: int = 0
    links_warned: int = 0
    coloured: bool = True
    cut: bool = False
    policy_version: str = POLICY_VERSION


def make_harmless(
    html: str, *, cid_links: Mapping[str, str], proxy_link: Callable[[str], str] | None = None
) -> HarmlessHtml:
    """Everything a reader may see of `html`, and nothing that runs, loads, navigates or leaves its place.

    `cid_links` gives the address of each part of this letter by its Content-ID (without angle brackets);
    pictures of other letters stay empty. Remote pictures are shown only when `proxy_link` turns their
    address into one of ours. Never fails on what was sent; time is linear in its length.
    """
    letter = shape(html)
    markup, body = inline_styles(letter)
    filtering = _Filter(Pictures(cid_links, proxy_link))
    clean = nh3.clean(
        markup,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        tag_attribute_values=ROLES,
        attribute_filter=filtering,
        url_schemes=set(LINK_SCHEMES | PICTURE_SCHEMES),
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
    )
    paper = filtering("div", "style", _paper(body))
    marked = _PICTURE.sub(filtering.mark_picture, clean)
    marked = _LINK.sub(filtering.mark_link, marked)
    return HarmlessHtml(
        html=f'<div style="{escape(paper)}">{marked}</div>' if paper else marked,
        remote_picture_count=len({filtering.pictures.remote[number] for number in filtering.pictures.shown}),
        links_warned=filtering.warned,
        coloured=filtering.coloured,
        cut=letter.cut,
    )


def _paper(body: str) -> str:
    """The looks that a <body> tag gives to all of its letter; it may not hide or move it."""
    style, ground = _BODY_STYLE.search(body), _BODY_GROUND.search(body)
    said = f"background-color:{unescape(ground[1])};" if ground else ""
    kept = harmless_style(said + unescape(style[1] if style else ""))
    return ";".join(part for part in kept.split(";") if part.startswith(_BODY_MAY))


@dataclass
class _Filter:
    """Called by nh3 for every attribute of the list; afterwards marks what needs the whole tag."""

    pictures: Pictures
    warned: int = 0
    coloured: bool = False
    _seen_styles: dict[str, str] = field(default_factory=dict)

    def __call__(self, _tag: str, attribute: str, value: str) -> str | None:
        if attribute == "style":
            style = self._seen_styles.get(value)
            if style is None:
                style = self._seen_styles[value] = harmless_style(value)
            self.coloured = self.coloured or says_colours(style)
            return style or None
        if attribute == "href":
            return harmless_target(value)
        if attribute == "src":
            return self.pictures.source(value)
        self.coloured = self.coloured or attribute in {"bgcolor", "color"}
        return value

    def mark_picture(self, tag: re.Match[str]) -> str:
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[1])}
        if self.pictures.is_beacon(attributes):
            return ""
        number = self.pictures.number(attributes)
        if number is not None:
            address = self.pictures.final(number)
            attributes["src"] = address or ""
            if not address:
                del attributes["src"]
                attributes["data-remote"] = "waiting"
        return f"<img{_written(attributes)}>" if attributes.keys() & {"src", "alt", "data-remote"} else ""

    def mark_link(self, link: re.Match[str]) -> str:
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(link[1])}
        target = attributes.get("href")
        if target is None:
            return f"<span>{link[2]}</span>"
        attributes["title"] = real_host(target) or target
        if deceit := find_deceit(target, unescape(_ANY_TAG.sub("", link[2]))):
            self.warned += 1
            attributes["data-warn"] = deceit
        return f"<a{_written(attributes)}>{link[2]}</a>"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
