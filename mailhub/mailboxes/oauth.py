"""OAuth 2.0 as far as mail needs it (RFC 6749, PKCE of RFC 7636): where a person agrees, and what the token endpoint
says. Nothing here knows the database; ``tokens`` keeps what is got.

Errors speak to whoever can do something: ``Forbidden`` when the person has to agree again, ``Invalid`` when the
administrator has to mend the settings, ``Unavailable`` when trying later is right.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec

from core import clock
from core.errors import Forbidden, Invalid, TooMuch, Unavailable
from core.fetch import Answered, Fetcher
from core.settings import Oauth
from mailhub.mailboxes.providers import AuthorityKey

LARGEST_ANSWER = 65_536
DEADLINE_SECONDS = 20.0
SHORTEST_LIFE = 60
# RFC 6749 5.2 and what Microsoft adds: what the person who agreed has to do again.
_ASK_AGAIN = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
_MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"})


@dataclass(frozen=True, slots=True)
class Authority:
    """Who gives out tokens for mailboxes, and as whom this server asks there. The scopes are the least that mail
    needs."""

    key: AuthorityKey
    name: str
    authorize_url: str
    token_url: str
    scope: str
    client_id: str
    client_secret: str = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the endpoint gave. ``refresh`` is empty when the old one stays good; instants in microseconds.
    ``refresh_until`` is when the refresh token itself ends, where that is told."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int
    refresh_until: int | None = None


def list_authorities(settings: Oauth) -> dict[AuthorityKey, Authority]:
    """The authorities that know this server: those with a client id in the settings."""
    tenant = f"https://login.microsoftonline.com/{settings.microsoft_tenant}/oauth2/v2.0"
    known = (
        Authority(
            "google", "Google", "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token",
            "https://mail.google.com/", settings.google_client_id, settings.google_client_secret,
            {"access_type": "offline", "prompt": "consent"},
        ),
        Authority(
            "microsoft", "Microsoft", f"{tenant}/authorize", f"{tenant}/token",
            "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
            settings.microsoft_client_id, settings.microsoft_client_secret, {"prompt": "select_account"},
        ),
    )  # fmt: skip
    return {one.key: one for one in known if one.client_id}


def make_verifier() -> str:
    """A secret of one agreement (RFC 7636 4.1): who catches the code on its way has no use for it."""
    return secrets.token_urlsafe(48)


def consent_url(authority: Authority, *, redirect_url: str, address: str, state: str, verifier: str) -> str:
    """Where the person agrees that this server reads and sends the mail of ``address``."""
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": authority.client_id,
        "redirect_uri": redirect_url,
        "scope": authority.scope,
        "state": state,
        "login_hint": address,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **authority.extra,
    }
    return f"{authority.authorize_url}?{urlencode(asked)}"


async def redeem_code(fetcher: Fetcher, authority: Authority, *, code: str, verifier: str, redirect_url: str) -> Tokens:
    """The tokens for the code that the person came back with. Raises Forbidden, Invalid, Unavailable."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect_url}
    got = await _ask(fetcher, authority, form)
    if not got.refresh:
        raise Forbidden("%(name)s let us in only once, not for longer. Sign in there again.", name=authority.name)
    return got


async def renew(fetcher: Fetcher, authority: Authority, refresh: str) -> Tokens:
    """New tokens for the refresh token (RFC 6749 6). The old one may be void afterwards: keep the new one before
    anything else is done. Raises Forbidden, Invalid, Unavailable."""
    return await _ask(fetcher, authority, {"grant_type": "refresh_token", "refresh_token": refresh})


def xoauth2(user: str, access: str) -> str:
    """What SASL XOAUTH2 says, not yet in base64; Google's and Microsoft's own form of RFC 7628."""
    return f"user={user}\x01auth=Bearer {access}\x01\x01"


async def _ask(fetcher: Fetcher, authority: Authority, form: dict[str, str]) -> Tokens:
    known = {"client_id": authority.client_id, "client_secret": authority.client_secret}
    sent = {**form, **{name: value for name, value in known.items() if value}}
    asked_at = clock.now()
    try:
        answer = await fetcher.post_form(authority.token_url, sent, max_size=LARGEST_ANSWER, deadline=DEADLINE_SECONDS)
    except TooMuch as endless:
        raise Unavailable("%(name)s answers what cannot be understood.", name=authority.name) from endless
    said = _read(answer)
    if answer.status != 200:
        raise _refusal(authority, answer.status, said)
    return _tokens(authority, said, asked_at)


def _read(answer: Answered) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refusal(authority: Authority, status: int, said: Mapping[str, Any]) -> Forbidden | Invalid | Unavailable:
    """Only the error's code is repeated: its description may hold what nobody should read in a log."""
    error = said.get("error")
    if error in _ASK_AGAIN:
        return Forbidden("%(name)s wants you to sign in again.", name=authority.name)
    if error in _MISCONFIGURED:
        return Invalid(
            "%(name)s does not know this server (%(error)s). Its client id and secret in the settings must be right.",
            name=authority.name, error=error,
        )  # fmt: skip
    return Unavailable("%(name)s answered %(status)s instead of a token.", name=authority.name, status=status)


def _tokens(authority: Authority, said: Mapping[str, Any], asked_at: int) -> Tokens:
    access, refresh, life = said.get("access_token"), said.get("refresh_token", ""), said.get("expires_in", 3600)
    if not _is_token(access) or not (refresh == "" or _is_token(refresh)):
        raise Unavailable("%(name)s answers what cannot be understood.", name=authority.name)
    until = said.get("refresh_token_expires_in")
    return Tokens(
        access=str(access),
        refresh=str(refresh),
        expires_at=asked_at + max(_seconds(life) or 3600, SHORTEST_LIFE) * clock.SECOND,
        refresh_until=asked_at + _seconds(until) * clock.SECOND if _seconds(until) else None,
    )


def _seconds(value: Any) -> int:
    """Seconds as a number or as digits (Microsoft wrote both), at most ten years; 0 for anything else."""
    text = str(value)
    return min(int(text), 10 * 365 * 86_400) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _is_token(value: Any) -> bool:
    """Printable ASCII without spaces (RFC 6750 2.1): anything else could speak to the mail server in our name."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= 8_000
        and value.isascii()
        and value.isprintable()
        and (" " not in value)
    )
