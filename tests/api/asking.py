"""A browser or a program in front of the application, without sockets: requests go straight into ASGI."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar

PEER = "127.0.0.1"


@dataclass
class Answer:
    """What came back."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers}

    @property
    def cookies(self) -> list[str]:
        return [value.decode("latin-1") for name, value in self.raw_headers if name.lower() == b"set-cookie"]

    def json(self) -> Any:
        return json.loads(self.body)


def hang_up_after(receive: Any, send: Any) -> tuple[Any, Any]:
    """The same two, and after the last of an answer nobody is there any more: as with a server, which ends a stream."""
    over = asyncio.Event()
    heard: list[bool] = []

    async def tell(message: Any) -> None:
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()

    async def hear() -> Any:
        if not heard:
            heard.append(True)
            return await receive()
        await over.wait()
        return {"type": "http.disconnect"}

    return hear, tell


@dataclass
class Asker:
    """Somebody who asks. ``cookie`` and ``token`` are what they show."""

    app: Litestar
    cookie: str = ""
    token: str = ""
    peer: str = PEER
    scheme: str = "http"
    base: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        target: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        data: Any = None,
    ) -> Answer:
        """One request, one whole answer."""
        messages: list[Any] = []
        scope, receive = self.open(method, target, headers=headers, body=body, data=data)

        async def send(message: Any) -> None:
            messages.append(message)

        await self.app(scope, *hang_up_after(receive, send))
        start = messages[0]
        content = b"".join(message.get("body", b"") for message in messages[1:])
        return Answer(start["status"], list(start["headers"]), content)

    def open(
        self,
        method: str,
        target: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        data: Any = None,
    ) -> tuple[Any, Any]:
        """The scope and ``receive`` of a request; after the body ``receive`` waits for ever."""
        path, _, query = target.partition("?")
        said = {"host": "testserver", **self.base}
        if data is not None:
            body = json.dumps(data).encode()
            said["content-type"] = "application/json"
        if self.token:
            said["authorization"] = f"Bearer {self.token}"
        if self.cookie:
            said["cookie"] = self.cookie
        said |= headers or {}
        if body:
            said["content-length"] = str(len(body))
        sent = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            if sent:
                return sent.pop()
            return await asyncio.Event().wait()

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": self.scheme,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in said.items()],
            "client": (self.peer, 5000),
            "server": ("testserver", 80),
        }
        return scope, receive

    async def get(self, target: str, **more: Any) -> Answer:
        return await self.ask("GET", target, **more)

    async def post(self, target: str, data: Any = None, **more: Any) -> Answer:
        return await self.ask("POST", target, data=data, **more)
