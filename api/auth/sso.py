"""Single sign-on (OpenID Connect Core 1.0): the code flow with PKCE, state and nonce, through the guarded way out.

Nothing that comes back is believed but a signed id_token of the one issuer in the settings, for us, of this moment and
with the nonce of this browser's own ceremony. Where the provider says that it names itself in the answer it has to
(RFC 9207), so that no other one can slip a code in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core import clock
from core.errors import Forbidden, HouseError, Invalid, Unavailable
from core.fetch import Answered, Fetcher, Guard, resolve_by_system
from core.settings import Oidc
from crm.staff.ceremonies import Ceremony
from crm.staff.identities import Told
from mailhub.ingest.imap.session import trust

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
DISCOVERY_LIFE = clock.HOUR
LEEWAY = 60
MOST_SECONDS = 1 << 40
Aim = Literal["enter", "prove", "join"]
_ASKED_MORE: dict[Aim, dict[str, str]] = {
    "enter": {},
    "prove": {"prompt": "login", "max_age": "0"},
    "join": {"prompt": "select_account"},
}
LARGEST = 262_144
DEADLINE = 10.0
BACK = "/login/sso/back"
SHOWN = "single sign-on"
"""What a session says it began with."""


class Discovery(msgspec.Struct):
    """What the provider says of itself (OpenID Connect Discovery 1.0, 3), as far as we ask."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A way to the provider: where the browser goes, and what is remembered until it comes back."""

    url: str
    details: dict[str, Any]


class SingleSignOn:
    """The provider of the settings. One per application."""

    def __init__(self, settings: Oidc, base_url: str, fetcher: Fetcher | None = None) -> None:
        self.settings = settings
        self.back = base_url + BACK
        self._fetcher = fetcher
        self._known: tuple[int, Discovery] | None = None

    def _reach(self) -> Fetcher:
        if self._fetcher is None:
            guard = Guard(resolve_by_system, own=self.settings.allowed_networks)
            self._fetcher = Fetcher(guard, tls=trust(self.settings.ca_file))
        return self._fetcher

    async def begin(self, there: str, aim: Aim = "enter") -> Begun:
        """Where to send the browser that wants to go ``there`` afterwards. To ``prove`` that it is them the person
        signs in anew there, to ``join`` the two they choose who they are there. Raises Unavailable, Invalid,
        Forbidden."""
        known = await self._discover()
        verifier, state, nonce = (secrets.token_urlsafe(48) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.back,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        asked |= _ASKED_MORE[aim]
        remembered = {
            "verifier": verifier, "state": state, "nonce": nonce, "next": there, "aim": aim, "begun_at": clock.now(),
        }  # fmt: skip
        return Begun(_with(known.authorization_endpoint, asked), remembered)

    async def find_way_out(self) -> str | None:
        """Where the browser of somebody who signs out ends its session at the provider as well (OpenID Connect
        RP-Initiated Logout 1.0); None where that offers no such place, or does not answer."""
        try:
            known = await self._discover()
        except HouseError:
            return None
        if urlsplit(known.end_session_endpoint).scheme != "https":
            return None
        back = self.back.removesuffix(BACK) + "/login"
        return _with(
            known.end_session_endpoint, {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        )

    async def finish(self, begun: Ceremony, came: Mapping[str, str]) -> Told:
        """Who signed in there, by what the browser came back with. Raises Forbidden for whatever does not hold."""
        if not hmac.compare_digest(came.get("state", "").encode(), str(begun.details["state"]).encode()):
            raise Forbidden("This sign-in was not begun in this browser. Begin it again.")
        known = await self._discover()
        named = came.get("iss", "")
        if (named or known.authorization_response_iss_parameter_supported) and named != known.issuer:
            raise Forbidden("The answer is of another provider. Begin the sign-in again.")
        if came.get("error") or not came.get("code"):
            raise Forbidden("You were not signed in there, so nobody was let in.")
        form = {
            "grant_type": "authorization_code",
            "code": came["code"],
            "redirect_uri": self.back,
            "client_id": self.settings.client_id,
            "code_verifier": str(begun.details["verifier"]),
        }
        if self.settings.client_secret:
            form["client_secret"] = self.settings.client_secret
        answer = await self._reach().post_form(known.token_endpoint, form, max_size=LARGEST, deadline=DEADLINE)
        return self._read(_token_of(answer), await self._keys(known), known.issuer, str(begun.details["nonce"]))

    def _read(self, token: str, keys: KeySet, issuer: str, nonce: str) -> Told:
        """OpenID Connect Core 3.1.3.7."""
        try:
            claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
            rules = jwt.JWTClaimsRegistry(
                now=clock.now() // clock.SECOND,
                leeway=LEEWAY,
                iss={"essential": True, "value": issuer},
                aud={"essential": True, "value": self.settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            rules.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as problem:
            raise Forbidden("What the provider signed does not hold, so nobody was let in.") from problem
        many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if many else self.settings.client_id) != self.settings.client_id:
            raise Forbidden("What the provider signed does not hold, so nobody was let in.")
        subject, email, name = (claims.get(one, "") for one in ("sub", "email", "name"))
        if not all(isinstance(one, str) for one in (subject, email, name)) or not 0 < len(subject) <= 255:
            raise Forbidden("What the provider signed does not hold, so nobody was let in.")
        at, company = claims.get("auth_time"), claims.get("hd", "")
        if not isinstance(at, int) or isinstance(at, bool) or not 0 < at < MOST_SECONDS:
            at = None
        return Told(
            issuer,
            subject,
            email,
            claims.get("email_verified") is True,
            name[:200],
            signed_in_at=None if at is None else at * clock.SECOND,
            company=company if isinstance(company, str) else "",
        )

    async def _discover(self) -> Discovery:
        if self._known is not None and clock.now() - self._known[0] < DISCOVERY_LIFE:
            return self._known[1]
        issuer = self.settings.issuer
        if not issuer:
            raise Invalid("No single sign-on is set up here.")
        found = await self._get(issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            known = msgspec.convert(found, Discovery)
        except msgspec.ValidationError as problem:
            raise Unavailable("The provider of the single sign-on answers what cannot be understood.") from problem
        places = (known.authorization_endpoint, known.token_endpoint, known.jwks_uri)
        if known.issuer != issuer or any(urlsplit(one).scheme != "https" for one in places):
            raise Unavailable("The provider of the single sign-on says that it is another one. Check oidc.issuer.")
        self._known = (clock.now(), known)
        return known

    async def _keys(self, known: Discovery) -> KeySet:
        found = await self._get(known.jwks_uri)
        try:
            return KeySet.import_key_set(found)
        except (JoseError, ValueError, KeyError, TypeError) as problem:
            raise Unavailable("The provider of the single sign-on answers what cannot be understood.") from problem

    async def _get(self, url: str) -> Any:
        try:
            got = await self._reach().fetch(
                url, accept=("application/json", "application/jwk-set+json"), max_size=LARGEST, deadline=DEADLINE
            )
            return msgspec.json.decode(got.body)
        except (HouseError, msgspec.DecodeError, RecursionError) as problem:
            raise Unavailable("The provider of the single sign-on does not answer. Try again.") from problem

    async def close(self) -> None:
        """Close what is still open."""
        if self._fetcher is not None:
            await self._fetcher.close()


def is_fresh(begun: Ceremony, told: Told) -> bool:
    """Did they show who they are there after this was begun? Clocks may differ by a minute."""
    since = int(begun.details.get("begun_at", clock.now())) - LEEWAY * clock.SECOND
    return told.signed_in_at is not None and since <= told.signed_in_at <= clock.now() + LEEWAY * clock.SECOND


def _with(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def _token_of(answer: Answered) -> str:
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        said = {}
    token = said.get("id_token")
    if answer.status != 200 or not isinstance(token, str):
        raise Forbidden("The provider did not say who you are. Begin the sign-in again.")
    return token
