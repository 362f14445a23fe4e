"""Requests that another site makes a browser send (CSRF, CWE-352), refused in three ways of which each is enough.

The cookie is ``SameSite=Lax``; the browser says where a request comes from (``Sec-Fetch-Site``, else ``Origin``); and
what is signed in shows a token that is bound to its session and that no other site can read. Requests with a bearer
token carry nothing that a browser adds by itself and are exempt.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.auth.credentials import read_credentials
from api.auth.door import SAFE_METHODS
from core.errors import Forbidden
from core.secrets import Keys, hash_secret
from mailhub.runtime import House

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "_csrf"
FROM_ANYWHERE = "from anywhere"
_PURPOSE = "csrf"
_FORM = "application/x-www-form-urlencoded"


def csrf_token(keys: Keys, session: str | None) -> str:
    """A token for forms and scripts of this session (None: for the sign-in form).

    It differs each time it is made, so that the length of a compressed page tells nothing about it (BREACH).
    """
    return keys.sign_token(_PURPOSE, [hash_secret(session or "")[:16], secrets.token_bytes(4)], 0)


async def refuse_forgery(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard of every route. Raises Forbidden for a request that changes something and may be forged. Routes that are
    ``FROM_ANYWHERE`` know nobody: whoever is signed in changes no more by them than a stranger."""
    house: House = connection.app.state.house
    method = connection.scope.get("method")
    if method in SAFE_METHODS or handler.opt.get(FROM_ANYWHERE):
        return
    credentials = read_credentials(connection, house.settings)
    if credentials.token is not None:
        return
    if not _is_from_here(connection, house.settings.web.base_url):
        raise Forbidden("This request came from another site and was not carried out.")
    if credentials.session is not None and not await _shows_token(connection, house.keys, credentials.session):
        raise Forbidden("This page is out of date. Load it again and repeat what you did.")


def _is_from_here(connection: ASGIConnection[Any, Any, Any, Any], base_url: str) -> bool:
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    # Behind "same-origin" the browser has compared for us, also where people come by another name of this machine.
    return origin is None or site is not None or origin == _origin(base_url)


def _origin(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


async def _shows_token(connection: ASGIConnection[Any, Any, Any, Any], keys: Keys, session: str) -> bool:
    shown = connection.headers.get(CSRF_HEADER)
    if shown is None and connection.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        assert isinstance(connection, Request)
        shown = str((await connection.form()).get(CSRF_FIELD, ""))
    read = keys.read_token(_PURPOSE, shown or "")
    return read is not None and read.fields[0] == hash_secret(session)[:16]
