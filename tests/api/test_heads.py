"""HEAD answers as GET does, and says nothing more."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.world import World


@pytest.mark.parametrize(
    "path", ["/login", "/health/live", "/api/v1/threads", "/waiting", "/api/v1/events", "/schema/openapi.json", "/no"]
)
def test_a_head_has_the_headers_of_its_page_and_no_body(world: World, loop: asyncio.Runner, path: str) -> None:
    loop.run(_ask_both(world, path))


async def _ask_both(world: World, path: str) -> None:
    who = world.program("manager")
    async with asyncio.timeout(10):
        head = await who.ask("HEAD", path)
        assert head.body == b""
        if path.endswith("/events"):
            assert (head.status, head.headers["content-type"][:17]) == (200, "text/event-stream")
            return
        whole = await who.get(path)
    names = ("content-type", "cache-control", "content-security-policy")
    assert head.status == whole.status
    assert [head.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]


def test_what_is_only_written_has_no_head(world: World, loop: asyncio.Runner) -> None:
    assert loop.run(world.program("manager").ask("HEAD", "/logout")).status in (404, 405)
