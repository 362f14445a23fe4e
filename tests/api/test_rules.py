"""``/rules`` over REST: written, listed, changed, tried, ordered, deleted, by who manages the mailbox alone."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.world import World

PUMPS = {"all": [{"field": "subject", "op": "contains", "value": "about"}]}


def test_a_rule_lives(world: World, loop: asyncio.Runner) -> None:
    loop.run(_live(world))


async def _live(world: World) -> None:
    manager, reader, admin = (world.program(who) for who in ("manager", "reader", "administrator"))
    box = world.boxes["sales"].id
    new = {"mailbox_id": box, "name": "About", "if": PUMPS, "do": [{"assign": {"user_id": world.users["manager"]}}]}
    made = (await manager.ask("POST", "/api/v1/rules", data=new)).json()
    assert (made["active"], made["version"], made["if"]["all"], made["do"]) == (False, 1, PUMPS["all"], new["do"])
    path = f"/api/v1/rules/{made['id']}"
    assert (await reader.ask("POST", "/api/v1/rules", data=new)).status == 403
    assert (await reader.get(path)).status == 403
    assert (await world.program("outsider").get(path)).status == 404
    assert (await admin.get(path)).json() == made

    part = (
        await manager.ask("POST", "/api/v1/rules/try", data={key: new[key] for key in ("mailbox_id", "if", "do")})
    ).json()
    assert (part["looked_at"], part["total"], part["next"]) == (2, 2, None)
    assert {one["subject"] for one in part["items"]} == {"About quailsalesone", "About quailsalestwo"}

    changed = (await manager.ask("PATCH", path, data={"name": "All about", "active": True, "version": 1})).json()
    assert (changed["name"], changed["version"], changed["active"]) == ("All about", 2, True)
    stale = await manager.ask("PATCH", path, data={"name": "Mine", "version": 1})
    assert stale.status == 409
    wrong = await manager.ask("PATCH", path, data={"if": {"all": [{"field": "subject", "op": "gt", "value": 1}]}})
    assert (wrong.status, wrong.json()["field"]) == (400, "all.0.op")

    ids = await _ids(manager, box)
    assert (await manager.ask("POST", "/api/v1/rules/order", data={"mailbox_id": box, "ids": ids[::-1]})).status == 204
    assert await _ids(manager, box) == ids[::-1]
    assert (await manager.ask("DELETE", path)).status == 204
    assert (await manager.get(path)).status == 404
    assert made["id"] not in await _ids(manager, box)


async def _ids(manager: Any, box: int) -> list[int]:
    return [one["id"] for one in (await manager.get(f"/api/v1/rules?mailbox_id={box}")).json()["items"]]


def test_the_words_of_rules_can_be_asked_for(world: World, loop: asyncio.Runner) -> None:
    reader = world.program("reader")
    words = loop.run(reader.get("/api/v1/rules/vocabulary?of=letters")).json()["items"]
    subject = next(one for one in words if one["key"] == "subject")
    assert "contains" in subject["ops"]
    assert loop.run(reader.get("/api/v1/rules/vocabulary?of=stars")).status == 404
