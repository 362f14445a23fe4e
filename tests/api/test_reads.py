"""Words out of somebody else's personal mail, by whatever door, stand in the audit log before they are shown."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from api.auth import door
from core.errors import Unavailable
from crm.staff.audit import list_audit
from crm.staff.reads import Reads
from crm.staff.rights import add_grant
from tests.api.world import World


async def make_deputy(world: World, who: str = "manager") -> None:
    for right in ("see", "answer"):
        give = partial(add_grant, user_id=world.users[who])
        await world.database.write(give, world.boxes["personal"].scope_id, right)


async def reads(world: World) -> list[str]:
    lines = await world.database.read(lambda tx: list_audit(tx, None, 500))
    return [one.subject for one in lines if one.action == "personal-read"]


def test_whatever_shows_words_is_written_down(world: World, loop: asyncio.Runner) -> None:
    thread, message = world.threads["quailpersonal"], world.messages["quailpersonal"]
    draft, held = world.drafts["personal"], world.held["quailheldpersonal"]
    paths = (
        "/search?q=quailpersonal", f"/drafts/{draft}", "/drafts", f"/threads/{thread}", f"/threads/{thread}/notes",
        f"/quarantine/{held}/raw", f"/messages/{message}/attachments/0", f"/messages/{message}/raw",
    )  # fmt: skip

    async def walk() -> None:
        owner, deputy = world.program("owner"), world.program("manager")
        for path in paths:
            assert (await owner.get(f"/api/v1{path}")).status == 200, path
        assert await reads(world) == [], "one's own"
        await make_deputy(world)
        for number, path in enumerate(paths, 1):
            world.house.reads = Reads()  # another process, that has written nothing down yet
            for _ in range(2):
                assert (await deputy.get(f"/api/v1{path}")).status == 200, path
                assert len(await reads(world)) == number, path

    loop.run(walk())


def test_a_line_that_could_not_be_written_is_owed(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the line nothing is shown, and the next look writes it."""
    path, real = f"/api/v1/messages/{world.messages['quailpersonal']}", door.record_reads

    def fail(*_args: Any) -> None:
        raise Unavailable("The disk is full.")

    async def walk() -> None:
        await make_deputy(world)
        deputy = world.program("manager")
        monkeypatch.setattr(door, "record_reads", fail)
        refused = await deputy.get(path)
        assert refused.status == 503
        assert b"quailpersonal" not in refused.body
        monkeypatch.setattr(door, "record_reads", real)
        assert (await deputy.get(path)).status == 200
        assert await reads(world) == [str(world.threads["quailpersonal"])]

    loop.run(walk())
