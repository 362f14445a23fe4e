"""Letters that go by themselves, over the interface and on their pages."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from mailhub.automatic.shapes import KINDS
from tests.api.asking import Answer, Asker
from tests.api.world import World
from tests.support.engines import only

FORM = {"content-type": "application/x-www-form-urlencoded"}
RULES, LETTERS, PAGE = "/api/v1/automatic-rules", "/api/v1/automatic-letters", "/mailings/automatic"


async def send(asker: Asker, path: str, **form: str) -> Answer:
    return await asker.ask("POST", path, body=urlencode(form).encode(), headers=FORM)


def test_a_rule_over_the_interface(world: World, loop: asyncio.Runner) -> None:
    loop.run(_program(world))


async def _program(world: World) -> None:
    manager, executor, reader = (world.program(one) for one in ("manager", "executor", "reader"))
    when = {"kind": "date", "field": "contact.birthday", "yearly": True, "hours": "working", "cap_days": 7}
    told = {"mailbox_id": world.boxes["sales"].id, "name": "Birthdays", "when": when, "subject": "Best wishes"}
    made = await manager.ask("POST", RULES, data={**told, "markdown": "Dear {{ contact.name }}"})
    assert made.status == 201
    rule = made.json()
    assert (rule["state"], rule["tried"], rule["when"]["yearly"]) == ("off", False, True)
    here = f"{RULES}/{rule['id']}"
    assert (await manager.ask("POST", f"{here}/start")).status == 409
    assert (await manager.ask("POST", f"{here}/try")).json()["count"] == 0
    assert (await manager.ask("POST", f"{here}/start")).status == 204
    assert (await manager.get(here)).json()["state"] == "on"
    changed = await manager.ask("PATCH", here, data={"version": 1, "when": {**when, "minutes": -1440 * 7}})
    assert (changed.json()["state"], changed.json()["version"], changed.json()["tried"]) == ("off", 2, False)
    assert (await manager.ask("PATCH", here, data={"version": 1, "name": "Late"})).status == 409
    letter = {"version": 2, "subject": "Вітаємо", "markdown": "Вітаємо, {{ contact.name }}", "language": "uk"}
    assert set((await manager.ask("PATCH", here, data=letter)).json()["letters"]) == {"", "uk"}
    for wrong in ({"kind": "date", "field": "contact.birthday", "minutes": 5}, {"kind": "letter", "minutes": -5}):
        assert (await manager.ask("POST", RULES, data={**told, "when": wrong, "markdown": "T"})).status == 400
    assert (await reader.get(here)).status == 404
    assert (await reader.get(RULES)).status == 403
    assert (await executor.ask("POST", f"{LETTERS}/stop")).status == 403
    _, held = world.automatics["sales"]
    assert (await manager.get(f"{LETTERS}/{held}")).json()["reason"] == "off"
    assert [one["id"] for one in (await manager.get(f"{LETTERS}?state=held")).json()["items"]] == [held]
    assert (await manager.get(f"{LETTERS}/coming")).status == 200
    assert (await manager.ask("POST", f"{LETTERS}/{held}/release")).status == 204
    assert (await manager.ask("POST", f"{LETTERS}/{held}/withdraw")).status == 204
    assert (await manager.ask("POST", f"{LETTERS}/{held}/release")).status == 409
    assert (await manager.ask("POST", f"{LETTERS}/stop")).status == 204
    assert (await manager.ask("POST", f"{LETTERS}/let")).status == 204
    assert (await manager.ask("DELETE", here)).status == 204
    assert (await manager.get(here)).status == 404


@only("sqlite")
def test_a_rule_on_its_pages(world: World, loop: asyncio.Runner) -> None:
    loop.run(_browser(world))


async def _browser(world: World) -> None:
    manager, reader = await world.browser("manager"), await world.browser("reader")
    assert (await reader.get(PAGE)).status == 403
    for kind in KINDS:
        assert (await manager.get(f"{PAGE}/new?kind={kind}")).status == 200
    box = str(world.boxes["sales"].id)
    form = {"kind": "event", "name": "Before meetings", "mailbox_id": box, "amount": "1", "unit": "days"}
    form |= {"side": "before", "subject": "Our meeting", "source": "On {{ event.date }}", "until_answer": "yes"}
    form["cap_days"] = "7"
    wrong = await send(manager, PAGE, **{**form, "amount": "soon"})
    assert (wrong.status, "A number, please." in wrong.body.decode()) == (400, True)
    made = await send(manager, PAGE, **form)
    assert made.status == 303
    here = made.headers["location"]
    page = (await manager.get(PAGE)).body.decode()
    assert "Anything planned: 1 day before" in page
    assert "nobody who got one in 7 days" in page
    assert "off until it was tried" in page
    early = await send(manager, here, act="start")
    assert (early.status, "Try this rule first" in early.body.decode()) == (409, True)
    tried = await send(manager, here, act="try")
    assert "In the last 90 days it would have had" in (await manager.get(tried.headers["location"])).body.decode()
    assert (await send(manager, here, act="start")).status == 303
    assert "an answer stops the rest" in (await manager.get(PAGE)).body.decode()
    assert (await send(manager, here, **{**form, "version": "1", "amount": "2"})).status == 303
    assert "2 days before" in (await manager.get(here)).body.decode()
    _, held = world.automatics["sales"]
    assert "the server was off" in (await manager.get(PAGE)).body.decode()
    assert (await send(manager, f"{PAGE}/letters/{held}", act="withdraw")).status == 303
    assert "called back" in (await manager.get(PAGE)).body.decode()
    assert (await send(manager, PAGE, act="stop")).status == 303
    assert "All automatic letters are stopped" in (await manager.get(PAGE)).body.decode()
