"""An identity provider as a script: it signs what it is told to, truly or falsely, and answers as the guarded way out
does."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from core import clock
from core.fetch import Answered, Fetched

ISSUER = "https://id.firm.example"
CLIENT = "mailhub"


@dataclass
class Issuer:
    """``claims`` go into the next id_token over the true ones, None takes one away; ``header`` and ``key`` likewise."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    says: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    shown: Any = None
    token: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    nonce: str = ""
    challenge: str = ""
    sent: dict[str, str] = field(default_factory=dict)

    def follow(self, url: str) -> dict[str, str]:
        """Somebody comes with their browser and signs in; what the browser goes back with."""
        sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (sent["client_id"], sent["response_type"], sent["code_challenge_method"]) == (CLIENT, "code", "S256")
        self.sent = sent
        self.nonce, self.challenge = sent["nonce"], sent["code_challenge"]
        return {"code": "the-code", "state": sent["state"]}

    async def fetch(self, url: str, **_limits: Any) -> Fetched:
        if url.endswith("/.well-known/openid-configuration"):
            said = {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
                **self.says,
            }
        else:
            said = {"keys": [(self.shown or self.key).as_dict(private=False)]}
        return Fetched("application/json", json.dumps(said).encode(), url)

    async def post_form(self, url: str, form: dict[str, str], **_limits: Any) -> Answered:
        self.asked.append(dict(form))
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenge or form["code"] != "the-code":
            return Answered(400, b'{"error": "invalid_grant"}')
        return Answered(200, json.dumps({"id_token": self.token or self.sign()}).encode())

    def sign(self) -> str:
        """The id_token."""
        now = clock.now() // clock.SECOND
        claims: dict[str, Any] = {
            "iss": ISSUER, "aud": CLIENT, "sub": "olena-1", "iat": now, "exp": now + 300, "nonce": self.nonce,
            "email": "reader@firm.example", "email_verified": True, "name": "Olena", **self.claims,
        }  # fmt: skip
        return jwt.encode(self.header, {name: one for name, one in claims.items() if one is not None}, self.key)

    async def close(self) -> None:
        """Nothing is open."""
