"""Who has a thread open and types: told within a second to who has it open too and may see it, gone soon after."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from api.live import Live, presence
from api.live.presence import Presence
from core.database import Database
from crm.staff.rights import remove_grant
from tests.api.asking import Asker
from tests.api.test_live import listening
from tests.api.world import World
from tests.support.engines import only

SOON = 3.0  # seconds: one on a machine of its own, and three where others work too


def _told(raw: bytes) -> list[dict[str, Any]]:
    blocks = [block for block in raw.decode().split("\n\n") if block.startswith("event: presence")]
    return [json.loads(block.partition("data: ")[2]) for block in blocks]


async def _beat(asker: Asker, thread_id: int, tab: str, *, typing: bool = False) -> Any:
    return await asker.post(f"/api/v1/threads/{thread_id}/presence", {"tab": tab, "typing": typing})


async def _until(holds: Any, seconds: float = 20.0) -> float:
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is heard has no event of its own
            await asyncio.sleep(0.01)
    return time.monotonic() - began


def test_two_people_see_each_other(world: World, loop: asyncio.Runner) -> None:
    loop.run(_two_people(world))


async def _two_people(world: World) -> None:
    thread_id = world.threads["quailsalesone"]
    executor, manager, reader = (world.program(who) for who in ("executor", "manager", "reader"))
    async with listening(executor) as ears, listening(reader) as idle:
        assert (await _beat(executor, thread_id, "a")).json() == {"people": []}
        answer = await _beat(manager, thread_id, "b")
        assert [one["name"] for one in answer.json()["people"]] == ["Executor"]
        seconds = await _until(lambda: _told(ears.raw) and _told(ears.raw)[-1]["people"])
        assert seconds < SOON
        assert _told(ears.raw)[-1]["people"] == [{"id": world.users["manager"], "name": "Manager", "typing": False}]
        await _beat(manager, thread_id, "b", typing=True)
        assert await _until(lambda: _told(ears.raw)[-1]["people"][0]["typing"]) < SOON
        gone = await manager.ask("DELETE", f"/api/v1/threads/{thread_id}/presence?tab=b")
        assert gone.status == 204
        assert await _until(lambda: not _told(ears.raw)[-1]["people"]) < 1.0
        assert not _told(idle.raw), "who has not opened it hears nothing"


def test_only_who_may_see_the_thread(world: World, loop: asyncio.Runner) -> None:
    loop.run(_only_who_may(world))


async def _only_who_may(world: World) -> None:
    thread_id = world.threads["quailsalestwo"]
    outsider, reader, manager = (world.program(who) for who in ("outsider", "reader", "manager"))
    for asker in (outsider, world.program("executor")):
        assert (await _beat(asker, thread_id, "x")).status == 404
    async with listening(reader) as ears:
        await _beat(reader, thread_id, "a")
        await _beat(manager, thread_id, "b")
        await _until(lambda: _told(ears.raw) and _told(ears.raw)[-1]["people"])
        scope_id = world.boxes["sales"].scope_id
        await world.database.write(lambda tx: remove_grant(tx, scope_id, "see", team_id=world.team_id))
        heard = len(_told(ears.raw))
        await _beat(manager, thread_id, "b", typing=True)
        await asyncio.sleep(0.6)
        assert len(_told(ears.raw)) == heard, "silent once the right was taken"
        assert (await _beat(reader, thread_id, "a")).status == 404
        live: Live = world.app.state.live
        assert world.users["reader"] not in live.presence.people(thread_id)


def test_whoever_is_silent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[set[int]] = []
    now = 100.0
    monkeypatch.setattr(presence.time, "monotonic", lambda: now)
    found = Presence(_Alone(), moved.append)  # type: ignore[arg-type]
    found.note("a", 1, 7, typing=True)
    found.note("b", 1, 7, typing=False)
    found.note("a", 1, 7, typing=True)
    assert found.people(7) == {1: True}
    assert len(moved) == 2, "a beat that says the same moves nothing"
    now += presence.KEPT_SECONDS + 0.1
    assert presence.KEPT_SECONDS + 1 < 15
    found.expire()
    assert not found.people(7)
    found.note("a", 1, 7, typing=False)
    found.note("a", 1, 8, typing=False)
    assert (found.people(7), found.people(8)) == ({}, {1: False})
    found.leave("a", 1, 7)
    assert found.people(8) == {1: False}


class _Alone:
    """A database that nobody else listens to."""

    def tell_others(self, topic: str) -> None:
        assert "," not in topic


def test_two_processes_tell_each_other() -> None:
    said: list[str] = []

    class Wire:
        def tell_others(self, topic: str) -> None:
            said.append(topic)

    here, there = (Presence(Wire(), lambda _moved: None) for _ in range(2))  # type: ignore[arg-type]
    here.note("a", 1, 7, typing=True)
    for one in (here, there):
        one.hear(said)
    assert (here.people(7), there.people(7)) == ({1: True}, {1: True})
    here.leave("a", 1, 7)
    there.hear(said[-1:])
    assert not there.people(7)
    there.hear(["here:", "here:x:y:z", "jobs", "here:p:t:9:notanumber:1", "here:p:t:9:7:1:more"])
    assert there.people(7) in ({}, {9: True})


@only("postgresql")
def test_what_is_said_reaches_the_other_process(database_url: str) -> None:
    heard: set[str] = set()
    one, two = Database(database_url), Database(database_url)
    try:
        for database in (one, two):
            database.start(hear_others=True)
        two.listen(heard.update)
        topics = {f"here:p:tab{number}:{number}:7:0" for number in range(600)}
        deadline = time.monotonic() + 10
        while not topics <= heard and time.monotonic() < deadline:
            for topic in topics - heard:
                one.tell_others(topic)
            time.sleep(0.5)
        assert topics <= heard
    finally:
        one.close()
        two.close()
