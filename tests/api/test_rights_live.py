"""An open stream is silent, and says so, within five seconds after a right was taken or has ended."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

from core.database import WriteTx
from crm.staff.rights import add_grant, remove_grant
from mailhub.mailboxes.handling import set_read, set_state
from tests.api.world import World

SILENT_WITHIN = 5.0


def test_a_stream_is_silent_soon_after_a_right_was_taken(world: World, loop: asyncio.Runner) -> None:
    async def go() -> float:
        write = world.database.write
        scope_id, thread = world.boxes["sales"].scope_id, world.threads["quailsalestwo"]
        outsider, manager = world.users["outsider"], await world.viewer("manager")
        await write(partial(add_grant, user_id=outsider), scope_id, "see")
        heard: list[bytes] = []
        listening = asyncio.create_task(_listen(world, heard))
        await _until(lambda: world.app.state.live.count)
        await write(set_state, manager, thread, "closed")
        await _until(lambda: any(b"thread.state" in one for one in heard))
        await write(partial(remove_grant, user_id=outsider), scope_id, "see")
        taken = time.monotonic()
        await _until(lambda: any(b"reload" in one for one in heard))
        silent = time.monotonic() - taken
        heard.clear()
        for state in ("open", "closed"):
            await write(set_state, manager, thread, state)
        await write(_touch, manager, thread)
        await asyncio.sleep(1.5)
        assert not [one for one in heard if b"thread" in one]
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        return silent

    silent = loop.run(go())
    print(f"\na stream is silent {silent:.2f} s after the right was taken")
    assert silent <= SILENT_WITHIN


def _touch(tx: WriteTx, viewer: Any, thread_id: int) -> None:
    set_read(tx, viewer, thread_id, read=False)


async def _listen(world: World, heard: list[bytes]) -> None:
    asker = world.program("outsider")
    scope, receive = asker.open("GET", "/api/v1/events")

    async def send(message: Any) -> None:
        if message.get("body"):
            heard.append(message["body"])

    await asker.app(scope, receive, send)


async def _until(holds: Any, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - it asks what another task has gathered
            await asyncio.sleep(0.02)
