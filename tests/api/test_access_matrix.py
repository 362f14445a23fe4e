"""Who sees what: every route as everybody. 0 leaks, 0 routes left out; a planted leak is seen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from litestar import get
from litestar.params import FromPath

from tests.api.walk import METHODS, walk
from tests.api.world import SEES, World
from tests.support.engines import only


@only("sqlite")
def test_nobody_sees_what_is_not_theirs(world: World, loop: asyncio.Runner, capsys: pytest.CaptureFixture[str]) -> None:
    # Visibility is one query on both engines; what PostgreSQL answers is walked in test_matrix.
    people = tuple(SEES)
    found = loop.run(walk(world, people))
    with capsys.disabled():
        print(
            f"\naccess matrix: {found.requests} requests over {len(found.routes)} routes, {len(METHODS)} methods and "
            f"{len(people)} kinds of people; {found.compared} comparisons of foreign and missing; leaks "
            f"{len(found.leaks)}, told apart {len(found.told_apart)}, uncovered {len(found.uncovered)}"
        )
    assert not found.uncovered
    wrong = [*found.leaks, *found.told_apart, *found.faults]
    assert not wrong, "\n".join(wrong)
    documented = set(world.app.openapi_schema.to_schema()["paths"])
    assert documented <= found.routes
    wanted = {(who, secret) for who in people for secret in SEES[who]}
    assert found.seen >= wanted, f"the walk must see what people may see: {sorted(wanted - found.seen)}"


@only("sqlite")
def test_a_planted_leak_and_a_route_left_out_are_seen(world: World, loop: asyncio.Runner) -> None:
    @get("/api/v1/planted/{thread_id:int}", media_type="text/plain")
    async def leak(thread_id: FromPath[int]) -> str:
        return f"{thread_id} quailpersonal"

    @get("/api/v1/mystery/{riddle:int}")
    async def mystery(riddle: FromPath[int]) -> int:
        return riddle

    world.app.register(leak)
    world.app.register(mystery)
    found = loop.run(walk(world, ("outsider",)))
    assert any("planted" in line for line in found.leaks)
    assert any("mystery" in line for line in found.uncovered)


def test_a_right_taken_away_is_gone_in_the_next_request(world: World, loop: asyncio.Runner) -> None:
    loop.run(_take_right(world))


async def _take_right(world: World) -> None:
    program, browser = world.program("reader"), await world.browser("reader")
    path = f"/api/v1/threads/{world.threads['quailsalesone']}"
    assert [(await asker.get(path)).status for asker in (program, browser)] == [200, 200]
    manager = world.program("manager")
    grants = (await manager.get(f"/api/v1/mailboxes/{world.boxes['sales'].id}/grants")).json()["items"]
    mine: dict[str, Any] = next(grant for grant in grants if grant["group_id"] == world.team_id)
    gone = await manager.ask("DELETE", f"/api/v1/mailboxes/{world.boxes['sales'].id}/grants/{mine['id']}")
    assert gone.status == 204
    assert [(await asker.get(path)).status for asker in (program, browser)] == [404, 404]
    assert (await program.get("/api/v1/threads")).json()["items"] == []


def test_an_administrator_does_not_rule_a_personal_mailbox(world: World, loop: asyncio.Runner) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    path = f"/settings/mailboxes/{world.boxes['personal'].id}"
    answer = loop.run(world.program("administrator").ask("POST", path, body=b"way=default", headers=form))
    assert answer.status == 404
