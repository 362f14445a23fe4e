"""HEAD is answered as GET is, without the body (RFC 9110 §9.3.2), wherever GET is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar

WAS_HEAD = "mailhub.head"
"""Stands in the scope of what is answered as GET and was HEAD."""
Send = Callable[[Any], Awaitable[None]]


class Application(Litestar):
    """An application whose every page and resource answers HEAD."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return
        asked: Any = {**scope, "method": "GET", WAS_HEAD: True}
        await super().__call__(asked, _gone, _without_body(send))


async def _gone() -> Any:
    """Nobody waits for what would follow the headers: a stream ends before it begins."""
    return {"type": "http.disconnect"}


def _without_body(send: Send) -> Send:
    async def head(message: Any) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return head
