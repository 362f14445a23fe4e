"""Where a link really goes, and whether its words say otherwise."""

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from core.suffixes import find_registered
from mailhub.letters.html.policy import LINK_SCHEMES

_HOST_IN_WORDS = re.compile(
    r"\s*(?:https?://)?(?:[^\s/@]{0,64}@)?((?:[\w-]{1,63}\.)+[^\W\d_]{2,63})(?=[\s/:?#]|$)", re.IGNORECASE
)
_HIDDEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NUMERIC = re.compile(r"[\d.]+|0x[\da-f.x]+|\[.*\]", re.IGNORECASE)


def harmless_target(href: str) -> str | None:
    """The address a link may keep: http, https, mailto or tel, and something behind it. None for the rest,
    places inside the letter too: their names are dropped."""
    target = "".join(sign for sign in href.strip() if sign >= " ")
    if target.startswith("//"):
        target = f"https:{target}"
    parts = _split(target)
    if parts is None or parts.scheme not in LINK_SCHEMES:
        return None
    return target if parts.hostname or (parts.scheme in {"mailto", "tel"} and parts.path) else None


def real_host(target: str) -> str:
    """The host behind a harmless target in the letters that a network sees, "" for mail and telephone."""
    parts = _split(target)
    return _ascii(parts.hostname) if parts and parts.hostname else ""


def find_deceit(target: str, words: str) -> str | None:
    """Why a link may mislead: "other-host" its words name another site, "user" something before an @ poses as
    the host, "script" letters of several scripts or punycode, "number" no name at all, "hidden" its words
    hold invisible or direction marks. None when nothing speaks against it."""
    parts = _split(target)
    if parts is None or not parts.hostname:
        return None
    if "@" in parts.netloc or "\\" in target:
        return "user"
    host = parts.hostname
    if _NUMERIC.fullmatch(host):
        return "number"
    if is_mixed(host) or "xn--" in host:
        return "script"
    if _HIDDEN.search(words.strip()):
        return "hidden"
    named = _HOST_IN_WORDS.match(words)
    if named and _site(named[1]) != _site(host):
        return "other-host"
    return None


def is_mixed(host: str) -> bool:
    """Whether one label of a host mixes scripts, as "bаnk" with a Cyrillic а does."""
    return not host.isascii() and any(
        len({unicodedata.name(sign, "?").split()[0] for sign in label if sign.isalpha()}) > 1
        for label in host.split(".")
    )


def _site(host: str) -> str:
    return find_registered(_ascii(host)) or _ascii(host)


def _ascii(host: str) -> str:
    host = host.lower().rstrip(".")
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _split(target: str) -> SplitResult | None:
    try:
        return urlsplit(target)
    except ValueError:  # a broken [address]
        return None
