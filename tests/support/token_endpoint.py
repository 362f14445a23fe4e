"""A token endpoint as strict as the strictest: a refresh token is good once, then only the newest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from core.fetch import Fetcher
from mailhub.mailboxes.oauth import Authority
from tests.support.https_server import Request, Response, https_server

HOST = "tokens.example"
Script = Callable[[dict[str, str]], tuple[int, Any] | None]


@dataclass
class Endpoint:
    """``forms`` is what was asked; ``script`` may answer instead, ``delay`` seconds are taken for each answer."""

    fetcher: Fetcher
    authority: Authority
    forms: list[dict[str, str]] = field(default_factory=list)
    script: Script | None = None
    delay: float = 0.0
    refresh: str = "canary-refresh-0"
    life: int = 3600
    more: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    def answer(self, form: dict[str, str]) -> tuple[int, Any]:
        """Status and body for a form."""
        scripted = self.script(form) if self.script else None
        if scripted is not None:
            return scripted
        if form.get("client_secret") != "canary-client-secret":
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh:
            return 400, {"error": "invalid_grant", "error_description": f"used twice: {form['refresh_token']}"}
        self.number += 1
        self.refresh = f"canary-refresh-{self.number}"
        access = f"canary-access-{self.number}"
        given = {"access_token": access, "refresh_token": self.refresh, "expires_in": self.life, "token_type": "Bearer"}
        return 200, given | self.more


@asynccontextmanager
async def token_endpoint(folder: Path) -> AsyncIterator[Endpoint]:
    """A running endpoint, and a fetcher that reaches it and believes its certificate."""
    found: list[Endpoint] = []

    async def answer(request: Request) -> Response:
        endpoint = found[0]
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        endpoint.forms.append(form)
        status, said = endpoint.answer(form)
        await asyncio.sleep(endpoint.delay)
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Response(status, body, (("Content-Type", "application/json"),))

    async with https_server(folder, HOST, answer) as (fetcher, url):
        authority = Authority(
            "google", "Google", f"{url}/authorize", f"{url}/token", "https://mail.google.com/", "client-1",
            "canary-client-secret",
        )  # fmt: skip
        found.append(Endpoint(fetcher, authority))
        yield found[0]
