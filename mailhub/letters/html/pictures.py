"""Which pictures of a letter are shown, and from where."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

_RASTER = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_TINY = re.compile(r"\s*[01](?:\.\d*)?(?:px)?\s*", re.IGNORECASE)
_TINY_STYLE = re.compile(
    r"(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*[01](?:px)?\s*(?:!important\s*)?(?:;|$)", re.IGNORECASE
)
_UNSEEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_WAITING = re.compile(r"remote:(\d+)")


@dataclass
class Pictures:
    """Decides over each picture's address; remote ones get a number first, since only the whole tag tells
    a picture from a tracking pixel."""

    cid_links: Mapping[str, str]
    proxy_link: Callable[[str], str] | None
    remote: list[str] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)

    def source(self, address: str) -> str | None:
        """What may stand in src: a part of this letter, raster data, or a number that loads nothing."""
        address = address.strip()
        scheme, _, rest = address.partition(":")
        if scheme.lower() == "cid":
            return self.cid_links.get(rest) or self.cid_links.get(unquote(rest))
        if scheme.lower() == "data":
            return address if _RASTER.fullmatch(address) else None
        if address.startswith("//"):
            address = f"https:{address}"
        elif scheme.lower() not in {"http", "https"}:
            return None
        self.remote.append(address)
        return f"remote:{len(self.remote) - 1}"

    def is_beacon(self, attributes: Mapping[str, str]) -> bool:
        """A remote picture that nobody is meant to see."""
        style = attributes.get("style", "")
        tiny = any(_TINY.fullmatch(attributes.get(side, "")) for side in ("width", "height"))
        return self.number(attributes) is not None and bool(
            tiny or _TINY_STYLE.search(style) or _UNSEEN_STYLE.search(style)
        )

    def number(self, attributes: Mapping[str, str]) -> int | None:
        """Which remote picture this tag waits for."""
        waiting = _WAITING.fullmatch(attributes.get("src", ""))
        return int(waiting[1]) if waiting else None

    def final(self, number: int) -> str | None:
        """The address through our proxy, or None while the reader has not asked for pictures."""
        self.shown.add(number)
        return self.proxy_link(self.remote[number]) if self.proxy_link else None
