"""Calendar, promises and handing over: over REST and by their pages without scripts."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import icalendar

from core import clock
from tests.api.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}
SOON = (clock.to_datetime(clock.now()) + timedelta(days=2)).strftime("%Y-%m-%dT10:00")


def test_planned_moved_done_and_the_next_step(world: World, loop: asyncio.Runner) -> None:
    loop.run(_planned(world))


async def _planned(world: World) -> None:
    manager, outsider = world.program("manager"), world.program("outsider")
    call: dict[str, Any] = {"kind": "call", "subject": "Call them", "starts": SOON, "counterparty_id": world.client_id}
    made = await manager.ask("POST", "/api/v1/calendar", data={**call, "rrule": "FREQ=WEEKLY;COUNT=2", "minutes": 15})
    assert made.status == 201
    one = f"/api/v1/calendar/{made.json()['id']}"
    seen = (await outsider.get(one)).json()
    assert (seen["subject"], seen["rrule"], seen["state"]) == ("Call them", "FREQ=WEEKLY;COUNT=2", "open")
    assert (await outsider.ask("POST", f"{one}/done", data={"result": "Mine"})).status == 403
    moved = await manager.ask("POST", f"{one}/move", data={"starts": SOON.replace("T10:00", "T11:30")})
    assert (moved.status, moved.json()["moved"]) == (200, True)
    done = (await manager.ask("POST", f"{one}/done", data={"result": "They take six"})).json()
    assert (await manager.ask("POST", f"{one}/done", data={})).status == 409
    history = (await outsider.get(f"/api/v1/counterparties/{world.client_id}/history?kind=call")).json()["items"]
    assert [(line["id"], line["body"]) for line in history] == [(done["interaction_id"], "They take six")]
    after = {**call, "subject": "", "based_on_id": done["interaction_id"]}
    following = (await manager.ask("POST", "/api/v1/calendar", data=after)).json()["id"]
    assert (await manager.get(f"/api/v1/calendar/{following}")).json()["subject"] == "Call them"
    left = (await manager.get(f"/api/v1/counterparties/{world.client_id}/planned")).json()["items"]
    assert following in [item["id"] for item in left]
    assert (await manager.ask("DELETE", f"/api/v1/calendar/{following}")).status == 204
    for told in ({"starts": "tomorrow"}, {"kind": "dance"}, {"rrule": "FREQ=SECONDLY"}, {"timezone": "Mars"}):
        assert (await manager.ask("POST", "/api/v1/calendar", data={**call, **told})).status == 400
    assert (await manager.get("/api/v1/calendar?from=now")).status == 400
    assert (await manager.get("/api/v1/calendar?team_id=99999")).status == 404
    mine = (await manager.get("/api/v1/calendar")).json()["items"]
    assert {item["executor_id"] for item in mine} <= {world.users["manager"]}


def test_a_promise_over_the_interface(world: World, loop: asyncio.Runner) -> None:
    loop.run(_promise(world))


async def _promise(world: World) -> None:
    manager, outsider = world.program("manager"), world.program("outsider")
    due = clock.iso(clock.now() + clock.DAY)
    thread_id = world.threads["quailsalestwo"]
    new = {"counterparty_id": world.client_id, "text": "Ten pumps", "due_at": due, "thread_id": thread_id}
    made = (await manager.ask("POST", "/api/v1/promises", data=new)).json()["id"]
    assert (await outsider.get(f"/api/v1/promises/{made}")).status == 404
    assert (await outsider.ask("POST", "/api/v1/promises", data=new)).status in (403, 404)
    one = (await manager.get(f"/api/v1/promises/{made}")).json()
    assert (one["state"], one["late"], one["thread_id"]) == ("open", False, thread_id)
    changed = await manager.ask("PATCH", f"/api/v1/promises/{made}", data={"text": "Twelve pumps"})
    assert changed.json()["text"] == "Twelve pumps"
    assert (await manager.ask("POST", f"/api/v1/promises/{made}/kept")).status == 204
    tally = (await manager.get("/api/v1/promises/tally")).json()["items"]
    assert next(item["kept"] for item in tally if item["executor_id"] == world.users["manager"]) == 1


def test_a_calendar_is_read_under_its_address_alone(world: World, loop: asyncio.Runner) -> None:
    loop.run(_feed(world))


async def _feed(world: World) -> None:
    manager, nobody = world.program("manager"), world.program("nobody")
    url = (await manager.ask("POST", "/api/v1/calendar/feed")).json()["url"]
    path = "/feeds/" + url.rpartition("/")[2]
    await manager.ask("POST", "/api/v1/calendar", data={"kind": "task", "subject": "Write it", "starts": SOON})
    told = await nobody.get(path)
    assert told.status == 200
    names = {str(one["summary"]) for one in icalendar.Calendar.from_ical(told.body).walk("VEVENT")}
    assert "Write it" in names
    assert (await nobody.get("/feeds/nothing.ics")).status == 404
    assert (await manager.ask("DELETE", "/api/v1/calendar/feed")).status == 204
    assert (await nobody.get(path)).status == 404


def test_a_client_goes_over(world: World, loop: asyncio.Runner) -> None:
    loop.run(_hand(world))


async def _hand(world: World) -> None:
    manager, reader = world.program("manager"), world.program("reader")
    path = f"/api/v1/counterparties/{world.client_id}/hand-over"
    told = {"to_id": world.users["executor"], "note": "He knows them"}
    assert (await reader.ask("POST", path, data=told)).status == 403
    assert (await manager.ask("POST", path, data=told)).json()["clients"] == 1
    everything = f"/api/v1/users/{world.users['executor']}/hand-over-clients"
    assert (await manager.ask("POST", everything, data={"to_id": world.users["manager"]})).json()["clients"] == 1


def test_the_pages_work_without_scripts(world: World, loop: asyncio.Runner) -> None:
    loop.run(_pages(world))


async def _pages(world: World) -> None:
    manager = await world.browser("manager")
    client = f"/clients/{world.client_id}"
    for path in (
        "/calendar?view=day",
        "/calendar",
        "/calendar?view=month",
        "/calendar?view=agenda",
        "/promises?of=all",
    ):
        assert (await manager.get(path)).status == 200, path
    assert (await manager.get("/calendar?view=century")).status == 400
    assert (await manager.get(f"/calendar?of=team-{world.team_id}")).status == 200
    form = await manager.get(f"/calendar/new?client={world.client_id}")
    assert form.status == 200
    wrong = {"client_id": world.client_id, "kind": "call", "subject": "", "starts": SOON, "remind_minutes": "10"}
    again = await _post(manager, "/calendar/new", wrong)
    assert (again.status, b"field-fault" in again.body) == (400, True)
    week = {"repeat": "week", "interval": "2", "on_MO": "yes", "ends": "count", "count": "3"}
    made = await _post(manager, "/calendar/new", {**wrong, "subject": "Call Anna", **week})
    assert made.status == 303
    here = made.headers["location"]
    assert b"Call Anna" in (await manager.get(here)).body
    assert b"Call Anna" in (await manager.get(client)).body
    assert (await manager.get(f"{here}/edit")).status == 200
    done = await _post(manager, here, {"act": "done", "result": "Anna agrees", "next": "yes"})
    assert re.fullmatch(r"/calendar/new\?base=\d+", done.headers["location"])
    assert b"Call Anna" in (await manager.get(done.headers["location"])).body
    kept = {"client_id": world.client_id, "text": "Send it", "due": SOON, "side": "us"}
    assert (await _post(manager, "/promises/new", {**kept, "due": "2020-01-01T10:00"})).status == 400
    assert (await _post(manager, "/promises/new", kept)).status == 303
    page = (await manager.get(client)).body.decode()
    promise = re.search(r'action="(/promises/\d+)"', page)
    assert promise is not None
    assert (await _post(manager, promise[1], {"act": "kept"})).status == 303
    assert b"Anna agrees" in (await manager.get(f"{client}?kind=call")).body
    shown = await _post(manager, "/calendar/address", {"act": "make"})
    assert b"/feeds/" in shown.body
    assert b"/feeds/" not in (await manager.get("/calendar/address")).body
    over = {"client_id": world.client_id, "to_id": world.users["executor"], "note": "Away"}
    assert b"Executor" in (await _post(manager, "/clients/hand-over", over)).body


async def _post(browser: Any, path: str, form: dict[str, Any]) -> Any:
    return await browser.ask("POST", path, body=urlencode(form).encode(), headers=FORM)


def test_guests_are_invited_by_their_page_and_over_rest(world: World, loop: asyncio.Runner) -> None:
    loop.run(_guests(world))


async def _guests(world: World) -> None:
    admin, outsider = world.program("administrator"), world.program("outsider")
    new = {"name": "Гість", "counterparty_id": world.client_id, "emails": ["guest@client.example"]}
    guest = (await admin.ask("POST", "/api/v1/contacts", data=new)).json()["id"]
    call = {"kind": "meeting", "subject": "Samples", "starts": SOON, "counterparty_id": world.client_id}
    told = {**call, "place": "Kyiv", "contact_ids": [guest]}
    made = (await admin.ask("POST", "/api/v1/calendar", data=told)).json()["id"]
    rest, page = f"/api/v1/calendar/{made}/invitations", f"/calendar/{made}"
    seen = (await admin.get(rest)).json()
    assert (seen["mailbox_id"], seen["due"], seen["guests"][0]["state"]) == (None, 1, "new")
    assert (await outsider.ask("POST", rest, data={"mailbox_id": world.boxes["sales"].id})).status == 403
    person = await world.browser("administrator")
    shown = (await person.get(page)).body.decode()
    assert "Send invitations" in shown
    assert "guest@client.example" in shown
    form = {"act": "invite", "mailbox_id": world.boxes["sales"].id, "words": "Hello"}
    sent = await _post(person, page, form)
    assert sent.status == 303
    seen = (await admin.get(rest)).json()
    assert (seen["due"], seen["words"], seen["guests"][0]["state"], seen["guests"][0]["knows"]) == (
        0, "Hello", "invited", True,
    )  # fmt: skip
    assert (await admin.ask("POST", rest, data={})).status == 409
    assert "has not answered yet" in (await person.get(page)).body.decode()
    moved = {"starts": SOON.replace("T10:00", "T12:00")}
    assert (await admin.ask("POST", f"/api/v1/calendar/{made}/move", data=moved)).status == 200
    assert "Send the change" in (await person.get(page)).body.decode()
    assert len((await admin.ask("POST", rest, data={"words": "Later"})).json()["message_ids"]) == 1
    assert (await admin.ask("POST", f"/api/v1/calendar/{made}/drop", data={})).status == 204
    seen = (await admin.get(rest)).json()
    assert (seen["due"], seen["guests"][0]["state"]) == (0, "called_off")
    edited = (await person.get(f"/calendar/new?client={world.client_id}")).body.decode()
    assert f'name="guest_{guest}"' in edited
