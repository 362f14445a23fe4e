"""The relay, read from ``send.relay``: where letters go, as whom, and how the connection is kept private."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from core.errors import Invalid

Privacy = Literal["tls", "starttls", "offered", "open"]
_POSTMARK = ".postmarkapp.com"


@dataclass(frozen=True, slots=True)
class Relay:
    """``privacy``: ``tls`` from the first byte, ``starttls`` always or no letter, ``offered`` STARTTLS where the relay
    offers it, ``open`` never. The certificate is verified for the first two; on the others nothing secret is said, or
    the way is loopback.
    ``auth``: ``password`` is one, or with ``xoauth2`` an access token.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    privacy: Privacy
    auth: Literal["password", "xoauth2"] = "password"

    @property
    def verifies(self) -> bool:
        """True when the relay has to prove its name."""
        return self.privacy in {"tls", "starttls"}

    @property
    def head(self) -> bytes:
        """A field that this relay wants before each letter: Postmark writes a Message-ID of its own otherwise, and what
        it tells of a letter names that."""
        return b"X-PM-KeepID: true\r\n" if self.host.lower().endswith(_POSTMARK) else b""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_relay(url: str) -> Relay | None:
    """``smtp://user:password@host:587`` (STARTTLS forced once there are credentials) or ``smtps://…``; None for ''.

    A relay on loopback may be plain. Raises Invalid.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as problem:
        raise _wrong() from problem
    if parts.scheme not in {"smtp", "smtps"} or not host or parts.path not in {"", "/"} or parts.query:
        raise _wrong()
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme == "smtps":
        return Relay(host, port or 465, user, password, "tls")
    privacy: Privacy = "starttls" if user and not _is_loopback(host) else "offered"
    return Relay(host, port or (587 if user else 25), user, password, privacy)


def stays_inside(url: str) -> bool:
    """Whether a relay so written is on this machine, so that nothing leaves it."""
    relay = parse_relay(url)
    return relay is not None and _is_loopback(relay.host)


def _wrong() -> Invalid:
    return Invalid(
        "send.relay has to look like smtp://user:password@host:587 or smtps://user:password@host.", field="send.relay"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
