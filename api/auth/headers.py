"""What every answer says to the browser about itself, also the answers of the router and to errors."""

from __future__ import annotations

import re
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from api.auth.credentials import is_local, is_secure
from core.errors import Forbidden
from mailhub.runtime import House

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with it browsers send "Origin: null" and our own forms would look forged
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "private, no-store",
}
_HSTS = "max-age=31536000"
_BREAKS = re.compile(rb"[\r\n\0]")


async def add_headers(message: Message, scope: Scope) -> None:
    """A hook of the application before anything is sent: what a handler has not said itself, and no header in two.

    Raises ValueError for a header with a line break inside: what stands behind it would be a header of somebody else.
    """
    if message["type"] != "http.response.start":
        return
    for name, value in message["headers"]:
        if _BREAKS.search(name) or _BREAKS.search(value):
            raise ValueError("a header of an answer holds a line break")
    headers = MutableScopeHeaders.from_message(message)
    for key, text in _ALWAYS.items():
        headers.setdefault(key, text)
    house: House = scope["litestar_app"].state.house
    if is_secure(house.settings):
        headers.setdefault("Strict-Transport-Security", _HSTS)


async def refuse_plain_http(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard of every route. Raises Forbidden for what came over the network unencrypted, unless that was allowed."""
    house: House = connection.app.state.house
    if connection.scope["scheme"] == "http" and not is_local(connection) and not house.settings.web.insecure:
        raise Forbidden(
            "Plain http is taken from this machine only. Use https, or set web.insecure if nobody can listen."
        )
