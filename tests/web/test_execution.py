"""The pages of execution: numbers that lead to rows, a table without formulas, absence, hours and terms by form."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from api.web.calendar_form import read_calendar
from api.web.execution import table_of
from core.errors import Invalid
from crm.working import calendar_data
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.terms import find_house_calendar, find_own_calendar
from tests.api.asking import Answer
from tests.api.world import World
from tests.web.test_answers import send, text

HOURS = {f"{side}_{day}_0": hour for day in range(5) for side, hour in (("from", "09:00"), ("to", "18:00"))}
OFFICE = {"zone": "Europe/Kyiv", "country": "BG", "region": "", "days": "2026-12-31 09:00-12:00 Half a day\n", **HOURS}


def links(answer: Answer) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(r'href="(/execution[^"]*)"', text(answer))]


def test_each_number_leads_to_its_rows(world: World, loop: asyncio.Runner) -> None:
    async def journey() -> None:
        manager = await world.browser("manager")
        page = await manager.get("/execution")
        assert page.status == 200
        assert "quailsalesone" in text(page)
        assert "quailother" not in text(page)
        for one in {*links(page), "/execution?show=kept", "/execution?show=missed&days=30"}:
            assert (await manager.get(one)).status == 200, one
        parts = re.findall(r'part-(\d+)" href="([^"]+)"', text(page))
        assert parts
        for number, url in parts:
            rows = text(await manager.get(url.replace("&amp;", "&")))
            assert len(re.findall(r'<td><a href="/threads/', rows)) == int(number)
        for wrong in ("?show=never", "?who=x", "?days=8", "?mailbox=-1"):
            assert (await manager.get(f"/execution{wrong}")).status == 400
        assert (await (await world.browser("reader")).get("/execution")).status == 403
        assert (await (await world.browser("reader")).get("/execution.csv")).status == 403
        table = await manager.get("/execution.csv")
        assert table.headers["content-type"].startswith("text/csv")
        assert len(text(table).splitlines()) == 3

    loop.run(journey())


def test_a_table_holds_no_formulas(world: World, loop: asyncio.Runner) -> None:
    async def journey() -> None:
        (row, *_) = (await world.database.read(list_threads, await world.viewer("manager"), "all")).items
        fields = {name: getattr(row, name) for name in row.__slots__}
        for evil in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|x"):
            made = table_of(["Thread"], [type(row)(**{**fields, "subject": evil, "who": evil})]).decode("utf-8-sig")
            cells = made.split("\r\n", 1)[1]
            assert cells.lstrip('"').startswith("'"), evil

    loop.run(journey())


def test_absence_by_form(world: World, loop: asyncio.Runner) -> None:
    async def journey() -> None:
        executor, manager = (await world.browser("executor")), str(world.users["manager"])
        answer = await send(executor, "/settings/absence", last="2030-01-31", note="Walking")
        assert (answer.status, answer.headers["location"]) == (303, "/settings/absence")
        assert (await send(executor, "/settings/deputies", deputy_0=manager, deputy_1="", deputy_2="")).status == 303
        page = text(await executor.get("/settings/absence"))
        assert "Walking" in page
        assert f'<option value="{manager}" selected>' in page
        assert (await send(executor, "/settings/deputies/hand-over")).status == 303
        assert "Others have 1 thread" in text(await executor.get("/settings/absence"))
        assert (await send(executor, "/settings/deputies/take-back")).status == 303
        (ending,) = re.findall(r"/settings/absence/\d+/end", page)
        assert (await send((await world.browser("reader")), ending)).status == 404
        assert (await send(executor, ending)).status == 303
        assert "Walking" not in text(await executor.get("/settings/absence"))
        assert (await send(executor, "/settings/absence", first="soon")).status == 400
        assert (await executor.get(f"/settings/absence?of={manager}")).status == 403
        assert (await (await world.browser("administrator")).get(f"/settings/absence?of={manager}")).status == 200

    loop.run(journey())


def test_hours_and_terms_by_form(world: World, loop: asyncio.Runner) -> None:
    async def journey() -> None:
        admin, manager, sales = (
            (await world.browser("administrator")),
            (await world.browser("manager")),
            world.boxes["sales"].id,
        )
        assert (await send(admin, "/settings/calendar", **OFFICE)).status == 303
        kept = await world.database.read(find_house_calendar)
        assert kept is not None
        assert calendar_data(kept)["days"] == [
            {"date": "2026-12-31", "hours": [["09:00", "12:00"]], "name": "Half a day"}
        ]
        page = text(await admin.get("/settings/calendar"))
        assert '<option value="BG" selected>' in page
        assert "2026-12-31 09:00-12:00 Half a day" in page
        assert (await manager.get("/settings/calendar")).status == 403
        terms = {"answer_hours": "4", "next_hours": "2", "remind": "minutes", "remind_amount": "30", "escalates": "yes"}
        path = f"/settings/mailboxes/{sales}"
        assert (await send(manager, f"{path}/terms", **terms, person_0=str(world.users["reader"]))).status == 303
        box = await world.database.read(get_mailbox, sales)
        assert (box.answer_hours, box.next_hours, box.remind_minutes, box.remind_share) == (4, 2, 30, 0)
        assert box.escalate_to == (world.users["reader"],)
        assert (await send(manager, f"{path}/calendar", **{**OFFICE, "zone": "UTC"})).status == 303
        own = await world.database.read(find_own_calendar, await world.database.read(get_mailbox, sales))
        assert own is not None
        assert own.zone == "UTC"
        assert (await manager.get(f"{path}/terms")).status == 200
        assert (await send(manager, f"{path}/calendar", act="drop")).status == 303
        assert (await (await world.browser("reader")).get(f"{path}/terms")).status == 403
        assert (await (await world.browser("outsider")).get(f"{path}/terms")).status == 404

    loop.run(journey())


def test_who_had_a_thread(world: World, loop: asyncio.Runner) -> None:
    thread_id = world.threads["quailsalesone"]

    async def journey() -> None:
        assert "Executor" in text(await (await world.browser("manager")).get(f"/threads/{thread_id}/hands"))
        assert (await (await world.browser("outsider")).get(f"/threads/{thread_id}/hands")).status == 404

    loop.run(journey())


@pytest.mark.parametrize(
    "wrong",
    [{"from_0_0": ""}, {"days": "tomorrow"}, {"days": "2026-02-30"}, {"from_0_1": "17:00", "to_0_1": "19:00"}],
)
def test_what_is_no_calendar_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_calendar({**OFFICE, **wrong})


def test_midnight_is_the_end_of_the_day() -> None:
    assert read_calendar({**OFFICE, "to_0_0": "00:00"}).hours[0] == ((540, 1440),)
