"""The work on a thread through pages and the interface: put aside, tags, followers, urgency, answers, moving."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from api.web.moments import list_moments, read_moment
from core import clock
from core.clock import from_datetime
from core.errors import Invalid
from crm.staff.rights import add_grant
from tests.api.asking import Answer, Asker
from tests.api.world import World
from tests.web.test_answers import FORM, PART, send, text

KYIV = ZoneInfo("Europe/Kyiv")


def at(day: int, hour: int, minute: int = 0) -> int:
    return from_datetime(datetime(2026, 11, day, hour, minute, tzinfo=KYIV))


async def press(asker: Asker, target: str, **fields: str) -> Answer:
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode() or b"_="
    return await asker.ask("POST", target, headers=FORM | PART, body=body)


def undo_of(answer: Answer) -> tuple[str, dict[str, str]]:
    toast = text(answer).partition('class="toast')[2]
    url = re.search(r'hx-post="([^"]+)"', toast)
    assert url, text(answer)
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', toast)
    return url[1].replace("&amp;", "&"), {name: value for name, value in fields if name != "_csrf"}


def test_moments_are_offered_in_the_words_of_the_day() -> None:
    # Thursday the 19th; the house works from eight, and not at the end of the week.
    def opens(since: int) -> int:
        moment = clock.to_datetime(since).astimezone(KYIV)
        return since + 8 * clock.HOUR if moment.weekday() < 5 else since + 56 * clock.HOUR

    assert list_moments(at(19, 10, 20), KYIV) == {
        "later": at(19, 14), "tomorrow": at(20, 9), "monday": at(23, 9), "week": at(26, 9),
    }  # fmt: skip
    assert list_moments(at(20, 18), KYIV, opens) == {"tomorrow": at(21, 9), "monday": at(23, 8), "week": at(27, 8)}
    assert list_moments(at(22, 9), KYIV) == {"later": at(22, 12), "tomorrow": at(23, 9), "week": at(29, 9)}
    assert list_moments(at(23, 9), KYIV) == {"later": at(23, 12), "tomorrow": at(24, 9), "monday": at(30, 9)}
    assert read_moment({"when": "tomorrow"}, at(19, 10), KYIV) == at(20, 9)
    assert read_moment({"when": "week"}, at(23, 9), KYIV) == at(30, 9)  # asked for on a page of the day before
    assert read_moment({"at": "2026-12-01T07:30"}, at(19, 10), KYIV) == at(30, 7, 30) + clock.DAY
    for form in ({}, {"when": "never"}, {"at": "soon"}, {"until": "2026-12-01"}):
        with pytest.raises(Invalid):
            read_moment(form, at(19, 10), KYIV)


def test_each_button_says_what_it_did_and_takes_it_back(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager, number = await world.browser("manager"), world.threads["quailsalestwo"]
        program = world.program("manager")
        other = world.boxes["other"].scope_id
        await world.database.write(add_grant, other, "answer", user_id=world.users["manager"])

        async def seen() -> dict[str, object]:
            found = (await program.get(f"/api/v1/threads/{number}")).json()
            names = ("state", "snoozed_until", "tags", "priority", "waiting_for", "mailbox_id")
            followers = (await program.get(f"/api/v1/threads/{number}/followers")).json()["items"]
            return {name: found[name] for name in names} | {"followers": [one["name"] for one in followers]}

        before = await seen()
        for what, fields, changed in (
            ("snooze", {"when": "week"}, "snoozed_until"), ("tag", {"words": "Complaint+A"}, "tags"),
            ("follow", {"follow": "yes"}, "followers"), ("urgent", {"urgent": "yes"}, "priority"),
            ("answer", {"needed": ""}, "waiting_for"),
            ("move", {"mailbox_id": str(world.boxes["other"].id)}, "mailbox_id"),
        ):  # fmt: skip
            done = await press(manager, f"/threads/{number}/{what}?place=open", **fields)
            assert done.status == 200, (what, text(done))
            after = await seen()
            assert {name for name in after if after[name] != before[name]} == {changed}, what
            page = await manager.get(f"/open/threads/{number}")
            assert page.status == 200
            url, back = undo_of(done)
            assert (await press(manager, url, **back)).status == 200
            assert await seen() == before, what

    loop.run(journey())


def test_a_tag_has_a_list_and_stands_in_rows(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager, number = await world.browser("manager"), world.threads["quailsalestwo"]
        await press(manager, f"/threads/{number}/tag", words="Claims")
        tags = (await world.program("manager").get("/api/v1/tags")).json()["items"]
        tag = next(one for one in tags if one["name"] == "Claims")
        found = text(await manager.get(f"/threads/{number}/tags?words=cla"))
        assert 'aria-pressed="true"' in found
        assert "New tag “reclaim”" in text(await manager.get(f"/threads/{number}/tags?words=reclaim"))
        page = text(await manager.get(f"/tags/{tag['id']}"))
        assert f'id="row-{number}"' in page
        assert ">Claims</span>" in page
        assert (await manager.get(f"/tags/{tag['id']}/threads/{number}")).status == 200
        assert (await manager.get("/tags/999")).status == 404
        outsider = await world.browser("outsider")
        assert f"row-{number}" not in text(await outsider.get(f"/tags/{tag['id']}"))
        listed = (await world.program("manager").get(f"/api/v1/threads?tag_id={tag['id']}")).json()["items"]
        assert [one["id"] for one in listed] == [number]

    loop.run(journey())


def test_the_interface_does_all_or_nothing(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        program, number = world.program("manager"), world.threads["quailsalestwo"]
        path = f"/api/v1/threads/{number}"
        until = clock.iso(clock.now() + clock.DAY)
        wanted = {"snoozed_until": until, "tags": ["A", "B"], "priority": "urgent", "followed": True}
        answer = await program.ask("PATCH", path, data=wanted)
        assert (answer.status, answer.json()["state"], answer.json()["snoozed_until"]) == (200, "open", until)
        assert (answer.json()["tags"], answer.json()["priority"]) == (["A", "B"], "urgent")
        snoozed = (await program.get("/api/v1/threads?view=snoozed")).json()["items"]
        assert [one["id"] for one in snoozed] == [number]
        for wrong in ({"snoozed_until": "soon"}, {"snoozed_until": "2020-01-01T00:00:00Z"}, {"tags": [""]}):
            assert (await program.ask("PATCH", path, data={"priority": "normal", **wrong})).status == 400
        assert (await program.get(path)).json()["priority"] == "urgent"
        back = await program.ask("PATCH", path, data={"snoozed_until": None, "tags": [], "answer_needed": False})
        assert (back.json()["snoozed_until"], back.json()["tags"], back.json()["waiting_for"]) == (None, [], None)
        made = (await program.post("/api/v1/tags", {"name": "A"})).json()
        renamed = (await program.ask("PATCH", f"/api/v1/tags/{made['id']}", data={"name": "C", "colour": 3})).json()
        assert renamed == {"id": made["id"], "name": "C", "colour": 3}
        assert (await program.ask("DELETE", f"/api/v1/tags/{made['id']}")).status == 204
        assert (await program.post(f"/api/v1/tags/{made['id']}/restore")).json()["name"] == "C"
        other = next(one for one in (await program.get("/api/v1/tags")).json()["items"] if one["name"] == "B")
        merged = await program.post(f"/api/v1/tags/{made['id']}/merge", {"into_id": other["id"]})
        assert merged.json()["name"] == "B"

    loop.run(journey())


def test_the_page_of_tags_renames_merges_deletes_and_brings_back(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager, reader = await world.browser("manager"), await world.browser("reader")
        await send(manager, "/settings/tags", name="Angry")
        tags = (await world.program("manager").get("/api/v1/tags")).json()["items"]
        angry, claim = (one["id"] for one in tags)
        assert (await send(manager, f"/settings/tags/{angry}", name="Cross", colour="2")).status == 303
        gone = await send(manager, f"/settings/tags/{angry}/delete")
        assert gone.headers["location"] == f"/settings/tags?gone={angry}"
        assert f"/settings/tags/{angry}/restore" in text(await manager.get(gone.headers["location"]))
        assert (await send(manager, f"/settings/tags/{angry}/restore")).status == 303
        assert 'value="Cross"' in text(await manager.get("/settings/tags"))
        assert (await send(manager, f"/settings/tags/{claim}/merge", into_id=str(angry))).status == 303
        assert f"row-{world.threads['quailsalestwo']}" in text(await manager.get(f"/tags/{angry}"))
        assert 'value="Cross"' not in text(await reader.get("/settings/tags"))
        assert (await send(reader, f"/settings/tags/{angry}/delete")).status == 403

    loop.run(journey())
