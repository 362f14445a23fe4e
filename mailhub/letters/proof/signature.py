"""One signature over a letter, worked out as far as possible without its key. RFC 6376 §3.5, §6.1, RFC 8463.

Stricter than the standard where a reader would be deceived: a signature over a part of the body (``l=``), or over one
of two Subjects, does not pass, although it is right (RFC 6376 §8.2, §8.15).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass

from mailhub.letters.proof.canonical import Field, relaxed_body, relaxed_field, simple_body
from mailhub.letters.proof.tags import find_bytes, find_number, parse_tags

ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})
MOST_SIGNED_FIELDS = 400
_B_VALUE = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]{1,63}")
# Fields that stand once: a second one, unsigned, would be what some programs show.
_ONCE = (
    "from", "sender", "reply-to", "to", "cc", "message-id", "in-reply-to", "references", "subject", "date",
    "content-type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """``verdict`` is the outcome (a word of RFC 8601) where it stands already, '' where the key decides: the key at
    ``key_name`` must fit ``signature`` over ``digest`` by ``algorithm``, not before ``begins`` and not after
    ``expires`` (seconds since 1970)."""

    domain: str = ""
    key_name: str = ""
    algorithm: str = ""
    digest: bytes = b""
    signature: bytes = b""
    verdict: str = ""
    begins: int | None = None
    expires: int | None = None


class Bodies:
    """The hashes of a body in both forms, each made at most once however many signatures ask for it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._made: dict[str, tuple[bytes, int]] = {}

    def of(self, form: str) -> tuple[bytes, int]:
        """SHA-256 and length of the canonical body."""
        if form not in self._made:
            text = relaxed_body(self._body) if form == "relaxed" else simple_body(self._body)
            self._made[form] = (hashlib.sha256(text).digest(), len(text))
        return self._made[form]


def read_signature(field: Field, fields: list[Field], bodies: Bodies) -> Signature:
    """A DKIM-Signature of the letter."""
    tags = parse_tags(field.value.decode("latin-1"))
    if tags is None or tags.get("v") != "1":
        return Signature(verdict="neutral")
    if not _is_within(tags.get("i", ""), tags.get("d", "")):
        return Signature(tags.get("d", "").lower(), verdict="neutral")
    names = _names(tags)
    if "from" not in names:
        return Signature(tags.get("d", "").lower(), verdict="neutral")
    return read_body_signature(field, tags, fields, bodies)


def read_body_signature(
    field: Field, tags: dict[str, str], fields: list[Field], bodies: Bodies, form: str = "simple/simple"
) -> Signature:
    """A signature over header and body, of DKIM or ARC; ``tags`` are those of ``field``, ``form`` is for no ``c=``."""
    signature = read_bare(tags)
    hashed, names = find_bytes(tags, "bh"), _names(tags)
    head, _, rest = tags.get("c", form).lower().partition("/")
    forms = (head, rest or "simple")
    try:
        length = find_number(tags, "l")
    except ValueError:
        return refuse(signature, "neutral")
    if signature.verdict:
        return signature
    if hashed is None or "h" not in tags or not set(forms) <= {"simple", "relaxed"}:
        return refuse(signature, "neutral")
    if tags.get("q", "dns/txt") != "dns/txt" or len(names) > MOST_SIGNED_FIELDS:
        return refuse(signature, "neutral")
    digest, size = bodies.of(forms[1])
    if length is not None and length != size:
        return refuse(signature, "policy")
    if digest != hashed:
        return refuse(signature, "fail")
    here, asked = Counter(one.name for one in fields), Counter(names)
    if any(here[name] > max(asked[name], 1) for name in _ONCE):
        return refuse(signature, "policy")
    signed = b"".join(_form(one, forms[0]) for one in _select(fields, names)) + _without_b(field, forms[0])
    return _finished(signature, signed)


def read_bare(tags: dict[str, str]) -> Signature:
    """What all kinds of signatures say: who, by which key, until when. With a verdict where it cannot hold."""
    domain, selector = tags.get("d", "").lower().rstrip("."), tags.get("s", "").lower()
    name = f"{selector}._domainkey.{domain}"
    value = find_bytes(tags, "b")
    algorithm = tags.get("a", "").lower()
    try:
        begins, expires = find_number(tags, "t"), find_number(tags, "x")
    except ValueError:
        return Signature(domain, verdict="neutral")
    if value is None or not selector or "." not in domain or not _HOST.fullmatch(name):
        return Signature(domain, verdict="neutral")
    if algorithm not in ALGORITHMS:
        return Signature(domain, verdict="policy" if algorithm == "rsa-sha1" else "neutral")  # RFC 8301 §3.1
    if begins is not None and expires is not None and expires < begins:
        return Signature(domain, verdict="neutral")
    return Signature(domain, name, algorithm, signature=value, begins=begins, expires=expires)


def refuse(signature: Signature, verdict: str) -> Signature:
    """The same signature with an outcome that no key can change."""
    return Signature(signature.domain, verdict=verdict)


def seal_over(signature: Signature, signed: bytes) -> Signature:
    """The same signature, over these bytes."""
    return signature if signature.verdict else _finished(signature, signed)


def _finished(signature: Signature, signed: bytes) -> Signature:
    return Signature(
        signature.domain,
        signature.key_name,
        signature.algorithm,
        hashlib.sha256(signed).digest(),
        signature.signature,
        "",
        signature.begins,
        signature.expires,
    )


def without_b(field: Field) -> bytes:
    """The field with nothing behind its ``b=``, relaxed, without its last line end."""
    return relaxed_field(field.name, _B_VALUE.sub(rb"\1", field.value))[:-2]


def _without_b(field: Field, form: str) -> bytes:
    if form == "relaxed":
        return without_b(field)
    start = field.raw[: len(field.raw) - 2 - len(field.value)]
    return start + _B_VALUE.sub(rb"\1", field.value)


def _form(field: Field, form: str) -> bytes:
    return relaxed_field(field.name, field.value) if form == "relaxed" else field.raw


def _select(fields: list[Field], names: list[str]) -> list[Field]:
    """The fields that ``h=`` names, those of one name from the bottom up; a name too many names nothing. §5.4.2."""
    left: dict[str, list[Field]] = {}
    for field in fields:
        left.setdefault(field.name, []).append(field)
    return [left[name].pop() for name in names if left.get(name)]


def _names(tags: dict[str, str]) -> list[str]:
    return [name.strip(" \t\r\n").lower() for name in tags.get("h", "").split(":")]


def _is_within(identity: str, domain: str) -> bool:
    """``i=`` must stand inside ``d=``. §3.5."""
    if not identity:
        return True
    host, domain = identity.rpartition("@")[2].lower(), domain.lower()
    return host == domain or host.endswith(f".{domain}")
