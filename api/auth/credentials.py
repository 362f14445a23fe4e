"""What a request shows to say who it is. Nothing is believed here; the database is asked in the door."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException

from core.settings import Settings

Connection = ASGIConnection[Any, Any, Any, Any]
LONGEST_SECRET = 200
_UNSAFE_IN_PATH = re.compile(r"[\x00-\x20\x7f\\]")


class SignInNeeded(NotAuthorizedException):
    """Nobody is signed in, or the session or the token is worth nothing (any more)."""


class SignInRefused(NotAuthorizedException):
    """Wrong address or wrong password; which of the two is not said."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A session's cookie or a program's token, never both: a request with a token speaks for the token alone. Or the
    person whom a signed pass of ours names."""

    session: str | None = None
    token: str | None = None
    user_id: int | None = None


def is_secure(settings: Settings) -> bool:
    """True when people reach the house over https."""
    return settings.web.base_url.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """``__Host-`` binds the cookie to https and to this host; browsers refuse it on plain http."""
    return "__Host-mailhub" if is_secure(settings) else "mailhub"


def read_credentials(connection: Connection, settings: Settings) -> Credentials:
    """The credentials of a request, of any worth."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Credentials(token=token.strip()[:LONGEST_SECRET])
    secret = connection.cookies.get(cookie_name(settings))
    return Credentials(session=secret[:LONGEST_SECRET] if secret else None)


def peer_of(connection: Connection) -> str:
    """The address the request came from, one network for a household's IPv6; empty for a local socket.

    A proxy on this machine names whom it speaks for as the last of ``X-Forwarded-For``. Nobody else is believed: what
    stands before that was written by the visitor.
    """
    host = connection.client.host if connection.client else ""
    if is_local(connection):
        host = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or host
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    whole = address.version == 4 or address.is_loopback
    return str(address) if whole else ":".join(address.exploded.split(":")[:4]) + "::/64"


def is_local(connection: Connection) -> bool:
    """True for requests from this machine."""
    if connection.client is None:
        return True
    try:
        return ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def own_path(text: str) -> str:
    """The path of ours that somebody wants to go to after signing in; ``/`` for anything that leads elsewhere.

    ``//host``, ``/\\host`` and whatever browsers trim into one of them are no paths of ours.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    mine = text.startswith("/") and not text.startswith("//") and not parts.scheme and not parts.netloc
    return text if mine and text.isascii() and not _UNSAFE_IN_PATH.search(text) else "/"
