"""The links of a letter that lead through this house, so that following one is seen. Pure.

Where a link leads stays here: the address in the letter names its reader and the link's place, signed, and nobody can
make one that leads elsewhere. Only links whose host stands in the letter as it was written go this way; what a field
says never decides where a reader is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from string import punctuation
from typing import Any
from urllib.parse import quote, urlsplit

import idna
from jinja2 import nodes

from core.errors import HouseError
from mailhub.campaigns.compiled import Source, Texts
from mailhub.campaigns.making import LEAVE, LONGEST_MADE
from mailhub.templating import Template, parse_template

LINK, PICTURE = "visit_link", "visit_picture"
"""The fields that hold how the addresses of links begin, and the address of the picture."""
HONEY = 0
"""The place of the link that no person sees."""
_HREF = re.compile(r"(<a\s[^>]*?href=\")([^\"]*)(\")", re.IGNORECASE)
_FIXED_HOST = re.compile(r"https?://[^/?#{}\s]+(?:[/?#]|$)", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_TAIL = (
    '<a href="{link}.0" style="display:none" aria-hidden="true" tabindex="-1"></a>'
    '<img src="{picture}" width="1" height="1" alt="" style="display:block;border:0">'
)


def track(html: str, links: Sequence[str], link: str = "", picture: str = "") -> str:
    """The HTML of a letter with its links led through this house, a picture that is fetched when it is opened, and a
    link that only machines follow. ``links`` are its addresses by their place. ``link`` and ``picture`` are the same
    for all readers where they are given: then links that say something of their reader stay as they are."""
    if not html:
        return ""
    shared = bool(link)
    begins = link or f"{{{{ {LINK} }}}}"
    inner = _loops(html)

    def lead(found: re.Match[str]) -> str:
        address = unescape(found[2])
        if address not in links or not _can_follow(address, inner) or (shared and "{" in address):
            return found[0]
        return f"{found[1]}{begins}.{links.index(address) + 1}{found[3]}"

    led = _HREF.sub(lead, html)
    tail = _TAIL.format(link=begins, picture=picture or f"{{{{ {PICTURE} }}}}")
    at = max((found.start() for found in _END.finditer(led)), default=len(led))
    return led[:at] + tail + led[at:]


def destination(link: str, fields: Mapping[str, Any]) -> str:
    """Where a link leads for the reader with these fields, as a header holds it: in ASCII. '' for nowhere, and for a
    link whose host a field would say."""
    if not _FIXED_HOST.match(link):
        return ""
    if "{" in link:
        head, tail = '<a href="', '">'
        try:
            said = Texts(Source("x", "x", f"{head}{link}{tail}")).fill(fields)
        except HouseError:
            return ""
        if said.missing:
            return ""  # a letter with this hole was never sent
        link = unescape(said.html.rstrip("\n")[len(head) : -len(tail)])
    link = "".join(link.split())
    try:
        parts = urlsplit(link)
        leads = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        return _in_ascii(link, parts.netloc) if leads and link.isprintable() else ""
    except ValueError:  # what idna raises is one too
        return ""


def _in_ascii(link: str, place: str) -> str:
    """An address in the letters of a header: its host in Punycode (RFC 5891), the rest in per cent (RFC 3986, 2.1).
    Raises ValueError for a host that there cannot be."""
    if not place.isascii():
        before, at, name = place.rpartition("@")
        host, colon, port = name.partition(":")
        named = f"{before}{at}{idna.encode(host, uts46=True).decode()}{colon}{port}"
        link = link.replace(place, named, 1)
    return quote(link, safe=punctuation)


def _can_follow(link: str, inner: frozenset[str]) -> bool:
    """Whether it is known here, without the rest of the letter, where a link leads."""
    if not _FIXED_HOST.match(link) or "{%" in link:
        return False
    if "{" not in link:
        return True
    try:
        fields = Template(link, escapes=False, longest=LONGEST_MADE).fields
    except HouseError:
        return False
    return not any(name.partition(".")[0] in {LEAVE, *inner} for name in fields)


def _loops(html: str) -> frozenset[str]:
    """The names that stand for something only inside of a loop."""
    tree = parse_template(html, longest=LONGEST_MADE * 2)
    targets = [one.target for one in tree.find_all(nodes.For)]
    inside = {name.name for target in targets for name in target.find_all(nodes.Name)}
    return frozenset(inside | {target.name for target in targets if isinstance(target, nodes.Name)})
