"""Execution over REST: absences, deputies, hands, calendars, terms and the manager's report."""

from __future__ import annotations

import asyncio
from typing import Any

from core import clock
from tests.api.world import World

OFFICE = {"zone": "Europe/Kyiv", "hours": [[["09:00", "18:00"]]] * 5 + [[], []], "country": "BG"}


def test_absence_deputies_and_hands(world: World, loop: asyncio.Runner) -> None:
    loop.run(_away(world))


async def _away(world: World) -> None:
    manager, executor, admin = (world.program(who) for who in ("manager", "executor", "administrator"))
    me, other = world.users["executor"], world.users["manager"]
    named = await executor.ask("PUT", f"/api/v1/users/{me}/deputies", data={"deputy_ids": [other]})
    assert (named.status, named.json()) == (200, {"deputy_ids": [other]})
    assert (await manager.ask("PUT", f"/api/v1/users/{me}/deputies", data={"deputy_ids": []})).status == 403
    wrong = await executor.ask("PUT", f"/api/v1/users/{me}/deputies", data={"deputy_ids": [me]})
    assert (wrong.status, wrong.json()["field"]) == (400, "deputy_ids")
    now = clock.now()
    new: dict[str, Any] = {"starts_at": clock.iso(now), "ends_at": clock.iso(now + clock.DAY), "note": "Leave"}
    made = (await executor.ask("POST", "/api/v1/absences", data=new)).json()
    assert (made["user_id"], made["note"], made["ends_at"]) == (me, "Leave", new["ends_at"])
    assert (await manager.ask("POST", "/api/v1/absences", data={**new, "user_id": me})).status == 403
    assert (await executor.ask("POST", "/api/v1/absences", data={"starts_at": "tomorrow"})).status == 400
    listed = (await manager.get("/api/v1/absences")).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    moved = (await executor.ask("POST", f"/api/v1/users/{me}/hand-over")).json()
    assert moved["stayed"] == 0
    assert moved["moved"] >= 1
    hands = (await manager.get(f"/api/v1/assignments?thread_id={world.threads['quailsalesone']}")).json()["items"]
    last = hands[-1]
    assert (last["executor_id"], last["reason"], last["instead_of_id"]) == (other, "deputy", me)
    assert (await world.program("outsider").get("/api/v1/assignments?thread_id=1")).status == 404
    assert (await executor.ask("POST", f"/api/v1/users/{me}/take-back")).json() == moved
    assert (await manager.ask("DELETE", f"/api/v1/absences/{made['id']}")).status == 404
    assert (await admin.ask("DELETE", f"/api/v1/absences/{made['id']}")).status == 204
    assert (await manager.get("/api/v1/absences")).json()["items"] == []


def test_calendars_and_terms(world: World, loop: asyncio.Runner) -> None:
    loop.run(_terms(world))


async def _terms(world: World) -> None:
    manager, reader, admin = (world.program(who) for who in ("manager", "reader", "administrator"))
    box = f"/api/v1/mailboxes/{world.boxes['sales'].id}"
    house = "/api/v1/working-calendar"
    assert (await reader.get(house)).json() == {"calendar": None}
    assert (await manager.ask("PUT", house, data={"calendar": OFFICE})).status == 403
    kept = (await admin.ask("PUT", house, data={"calendar": OFFICE})).json()["calendar"]
    assert (kept["zone"], kept["country"], kept["hours"][0]) == ("Europe/Kyiv", "BG", [["09:00", "18:00"]])
    assert (await reader.get(house)).json()["calendar"] == kept
    wrong = await admin.ask("PUT", house, data={"calendar": {**OFFICE, "zone": "Mars"}})
    assert (wrong.status, wrong.json()["field"]) == (400, "zone")
    assert (await manager.get(f"{box}/working-calendar")).json() == {"calendar": None}
    assert (await manager.ask("PUT", f"{box}/working-calendar", data={"calendar": OFFICE})).status == 200
    assert (await manager.get(f"{box}/working-calendar")).json()["calendar"] == kept
    terms = {"answer_hours": 4, "next_hours": 2, "remind_minutes": 30, "escalate_to": [world.users["manager"]]}
    assert (await reader.ask("PUT", f"{box}/terms", data=terms)).status == 403
    said = (await manager.ask("PUT", f"{box}/terms", data=terms)).json()
    assert said == {**terms, "remind_share": 0, "escalates": True}
    assert (await manager.get(f"{box}/terms")).json() == said
    assert (await manager.ask("PUT", f"{box}/terms", data={"answer_hours": 0})).status == 400
    way = {"way": "least_busy", "default_executor_id": None}
    assert (await manager.ask("PUT", f"{box}/routing", data=way)).status == 200
    assert (await manager.ask("PUT", f"{box}/routing", data={"way": "lottery"})).status == 400
    client = (await manager.ask("POST", "/api/v1/counterparties", data={"name": "New"})).json()["id"]
    hours = f"/api/v1/counterparties/{client}/hours"
    assert (await manager.ask("PUT", hours, data={"answer_hours": 2})).status == 200
    assert (await reader.ask("PUT", hours, data={"answer_hours": 2})).status == 403
    assert (await reader.get(hours)).json() == {"answer_hours": 2, "next_hours": 0}


def test_the_report_is_for_who_manages(world: World, loop: asyncio.Runner) -> None:
    loop.run(_report(world))


async def _report(world: World) -> None:
    manager, reader = world.program("manager"), world.program("reader")
    report = (await manager.get("/api/v1/reports/execution?days=30")).json()
    number = sum(one["late"] + one["soon"] + one["in_time"] for one in report["waiting"])
    rows = (await manager.get("/api/v1/reports/execution/waiting")).json()["items"]
    assert number == len(rows) == 2
    for one in report["waiting"]:
        whose = one["executor_id"] or 0
        late = (await manager.get(f"/api/v1/reports/execution/waiting?executor_id={whose}&lateness=late")).json()
        assert len(late["items"]) == one["late"]
    assert (await manager.get("/api/v1/reports/execution/answered?in_time=true")).json()["items"] == []
    for path in ("", "/waiting", "/answered"):
        assert (await reader.get(f"/api/v1/reports/execution{path}")).status == 403
    other = world.boxes["other"].id
    assert (await manager.get(f"/api/v1/reports/execution?mailbox_id={other}")).status == 404
