"""Addresses in headers, read twice: strictly for deciding who wrote (RFC 5322 §3.4), tolerantly for showing.

Both work on the undecoded bytes: what an encoded word hides is a name and never an address. Linear in the input.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from mailhub.letters import limits
from mailhub.letters.encoded_words import decode_header
from mailhub.letters.values import Address

_ATEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~\xa1-\U0010ffff-"
_DOT_ATOM = rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e\t])*"'
_ADDR_SPEC = re.compile(rf"({_DOT_ATOM}|{_QUOTED})@(\[[^\[\]\\\s]{{1,80}}\]|[^\s@<>()\[\]\\,;:\"]{{1,253}})")
_NAME_ADDR = re.compile(rf"(?:[. \t{_ATEXT}]++|{_QUOTED})*+<[ \t]*([^<>]*?)[ \t]*>")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*+")
# A quoted string, or one of the signs that matter, or a stretch without any.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[<>(),:;"]|[^<>(),:;"]+', re.DOTALL)
_COMMENT_SIGN = re.compile(r"\\.|[()]", re.DOTALL)
_LOOSE = re.compile(r"[^\s<>()\[\]\\,;:\"@]+@[^\s<>()\[\]\\,;:\"@]+")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BLANKS = re.compile(r"\s+")


def parse_addr_spec(text: str) -> str | None:
    """The address in the form in which addresses are compared, or None when it is none by RFC 5321 and 5322.

    The domain comes out in lower case and ASCII (IDNA); the local part stays as it is.
    """
    match = _ADDR_SPEC.fullmatch(text)
    if match is None:
        return None
    local, domain = match[1], match[2]
    if len(local.encode("utf-8", "replace")) > 64:
        return None
    if domain.startswith("["):
        return f"{local}@{domain.lower()}" if _is_literal(domain[1:-1]) else None
    ascii_domain = _ascii_domain(domain)
    return None if ascii_domain is None else f"{local}@{ascii_domain}"


def parse_single_address(value: bytes) -> str | None:
    """The address in its form for comparing, when an unfolded header value is exactly one mailbox by the strict
    grammar; else None.

    Lists, groups, routes, unbalanced comments and bytes that are no UTF-8 are refused (CVE-2023-27043).
    """
    if len(value) > 2000:
        return None
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    bare = _without_comments(text)
    if bare is None:
        return None
    bare = bare.strip(" \t")
    named = _NAME_ADDR.fullmatch(bare)
    return parse_addr_spec(named[1] if named else bare)


def parse_addresses(value: bytes, defects: list[str] | None = None) -> list[Address]:
    """Every address that a person would see in an unfolded header value, at most ``limits.ADDRESSES``.

    Members of groups stand as if there were no group. Without a real address a name alone is kept with address ''.
    """
    usual = _usual_addresses(value)
    if usual is not None:
        return usual
    reader = _Reader(value.decode("latin-1"))
    found = reader.read()
    if reader.is_cut and defects is not None:
        defects.append(f"more than {limits.ADDRESSES} addresses; the rest was left out")
    return found


# Nearly all headers are lists of this form, which needs no reader: "name" <address> or name <address>.
_WORD_OF_ADDRESS = rb"[^\0- <>()@,:;\"\\?\x7f]++"
_USUAL = re.compile(
    rb"[ \t]*+(?:\"([^\"\\]*+)\"|([^<>()@,:;\"\\]*+))[ \t]*+<(%b@%b)>[ \t]*+(,|\Z)"
    % (_WORD_OF_ADDRESS, _WORD_OF_ADDRESS)
)


def _usual_addresses(value: bytes) -> list[Address] | None:
    """What a list holds that consists of these alone; None for any other and for one over the limit."""
    if not value.isascii():
        return None
    found: list[Address] = []
    at, more = 0, b","
    while more and len(found) <= limits.ADDRESSES:
        match = _USUAL.match(value, at)
        if match is None:
            return None
        quoted, bare, address, more = match.groups()
        phrase = quoted or bare or b""
        name = _known_name(phrase) if len(phrase) <= _USUAL_NAME else _name_of(phrase)
        found.append(Address(name, address.decode("ascii")))
        at = match.end()
    return found if len(found) <= limits.ADDRESSES else None


def _name_of(phrase: bytes) -> str:
    return _folded(decode_header(phrase.strip()))


_USUAL_NAME = 200
#: The owner of a mailbox stands in every letter of it, and many letters come from the same few people.
_known_name = lru_cache(maxsize=64)(_name_of)


class _Reader:
    """A tolerant reader of one address list. The text is Latin-1 of the bytes, so that names keep theirs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Address] = []
        self.is_cut = False
        self.clear()

    def clear(self) -> None:
        self.phrase: list[str] = []
        self.comment = ""
        self.angle: list[str] | None = None
        self.address = ""

    def read(self) -> list[Address]:
        text, position, size = self.text, 0, len(self.text)
        comments_end_well = True
        while position < size and not self.is_cut:
            match = _TOKEN.match(text, position)
            if match is None:
                break
            sign = match[0]
            position = match.end()
            if sign == '"':
                # A quote without its end: read on as if it were not there, and no other quote is looked for.
                text = text[:position] + text[position:].replace('"', " ")
                continue
            if sign == "(" and comments_end_well:
                end = _comment_end(text, position)
                if end is None:
                    comments_end_well = False
                else:
                    self.comment = text[position : end - 1]
                    position = end
                continue
            self.take(sign)
        self.finish()
        return self.found

    def take(self, sign: str) -> None:
        if sign in {",", ";"}:
            self.finish()
        elif sign == "<":
            self.angle = []
        elif sign == ">":
            if self.angle is not None:
                self.address = "".join(self.angle).strip()
                self.angle = None
        elif sign == ":" and self.angle is None:
            self.clear()
        elif self.angle is not None:
            self.angle.append(sign)
        elif sign not in {"(", ")"}:
            self.phrase.append(sign)

    def finish(self) -> None:
        """Add what was gathered since the last comma."""
        phrase = "".join(self.phrase).strip()
        address = self.address or ("".join(self.angle).strip() if self.angle else "")
        if ":" in address:
            address = address.rpartition(":")[2]
        if not address and "@" in phrase:
            address, phrase = _split_loose(phrase)
        comment = self.comment
        self.clear()
        if not address and not phrase:
            return
        if len(self.found) >= limits.ADDRESSES:
            self.is_cut = True
            return
        name = _name(phrase) or _name(comment)
        self.found.append(Address(name, _shown_address(address)))


def _split_loose(phrase: str) -> tuple[str, str]:
    """An address without brackets, and the words about it."""
    if " " not in phrase and "\t" not in phrase:
        return phrase, ""
    words = " ".join(phrase.split()).replace(" @", "@").replace("@ ", "@").split(" ")
    for place, word in enumerate(words):
        if _LOOSE.fullmatch(word):
            return word, " ".join(words[:place] + words[place + 1 :])
    return "", phrase


def _shown_address(address: str) -> str:
    return _BLANKS.sub("", decode_header(address.encode("latin-1"))) if address else ""


def _name(phrase: str) -> str:
    """A display name: quotes undone, encoded words decoded, blanks folded."""
    phrase = phrase.strip()
    if not phrase:
        return ""
    if '"' in phrase:
        phrase = _QUOTED_ANY.sub(lambda match: _ESCAPE.sub(r"\1", match[1]), phrase)
    elif "\\" in phrase:
        phrase = _ESCAPE.sub(r"\1", phrase)
    raw = phrase.encode("latin-1") if all(char <= "\xff" for char in phrase) else phrase.encode("utf-8", "replace")
    return _folded(decode_header(raw))


def _folded(name: str) -> str:
    """Blanks folded, and the apostrophes gone that Outlook puts around a name."""
    name = " ".join(name.split())
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == "'" else name


_QUOTED_ANY = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)


def _comment_end(text: str, position: int) -> int | None:
    """The offset behind the bracket that closes the comment whose inside begins at ``position``."""
    depth = 1
    for match in _COMMENT_SIGN.finditer(text, position):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _without_comments(text: str) -> str | None:
    """The text with each comment (outside quoted strings) as one space; None where brackets or quotes do not match."""
    if "(" not in text and ")" not in text:
        return text
    pieces: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match[0] in {'"', ")"}:
            return None
        position = match.end()
        if match[0] == "(":
            end = _comment_end(text, position)
            if end is None:
                return None
            pieces.append(" ")
            position = end
        else:
            pieces.append(match[0])
    return "".join(pieces)


@lru_cache(maxsize=1024)
@lru_cache(maxsize=2048)
def _ascii_domain(domain: str) -> str | None:
    domain = domain.lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else None


def _is_literal(inside: str) -> bool:
    try:
        if inside.lower().startswith("ipv6:"):
            ipaddress.IPv6Address(inside[5:])
        else:
            ipaddress.IPv4Address(inside)
    except ValueError:
        return False
    return True
