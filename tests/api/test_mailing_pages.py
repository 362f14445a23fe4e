"""The page of a mailing, step by step as its marketer clicks."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from sqlalchemy import func, select, update

from core import clock
from crm.staff.tables import audit, session
from mailhub.campaigns.conducting import Conducting
from mailhub.campaigns.preparing import Preparing
from mailhub.outbound.stopping import STOP_FILE
from mailhub.outbound.tables import recipient
from tests.api.asking import Answer, Asker
from tests.api.world import World
from tests.support.engines import only

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def send(asker: Asker, path: str, **form: str) -> Answer:
    return await asker.ask("POST", path, body=urlencode(form).encode(), headers=FORM)


@only("sqlite")
def test_the_five_steps(world: World, loop: asyncio.Runner) -> None:
    loop.run(_walk(world))


async def _walk(world: World) -> None:
    manager, reader = await world.browser("manager"), await world.browser("reader")
    assert (await reader.get("/mailings")).status == 403
    assert "New mailing" in (await manager.get("/mailings")).body.decode()
    empty = await send(manager, "/mailings", name=" ", mailbox_id=str(world.boxes["sales"].id))
    assert empty.status == 400
    made = await send(manager, "/mailings", name="Autumn", mailbox_id=str(world.boxes["sales"].id))
    assert made.status == 303
    here = made.headers["location"].partition("?")[0]
    for step in ("whom", "what", "check", "when", "results", ""):
        assert (await manager.get(f"{here}?step={step}")).status == 200
    unknown = await send(manager, here, act="whom", step="whom", client="Nobodyisthis")
    assert (unknown.status, "Nobody is called so." in unknown.body.decode()) == (400, True)
    assert (await send(manager, here, act="whom", step="whom", group_x="takes")).status == 400
    assert (await send(manager, here, act="whom", step="whom", everybody="yes", next="yes")).status == 303
    letter = {"act": "what", "step": "what", "format": "markdown", "subject": "Prices", "version": "0"}
    broken = await send(manager, here, **letter, source="{{ contact.name + 1 }}")
    assert (broken.status, "{{ contact.name + 1 }}" in broken.body.decode()) == (400, True)
    for language in ("ї", "\r\nx: y", "english"):
        assert (await send(manager, here, **letter, source="Dear", language=language)).status == 400
    assert (await send(manager, here, **letter, source="Dear {{ contact.nickname }}")).status == 303
    await send(manager, here, act="check", step="check")
    await _prepare(world)
    found = (await manager.get(f"{here}?step=check")).body.decode()
    assert "nobody knows contact.nickname" in found
    assert "Stops the start" in found
    held = (await manager.get(f"{here}?step=check&state=held")).body.decode()
    assert "anna@client.example" in held.lower() or "@" in held
    await send(manager, here, **{**letter, "version": "1"}, source="Dear {{ contact.name|default('all') }}")
    await send(manager, here, act="check", step="check")
    await _prepare(world)
    hours = {"act": "speed", "step": "when", "since_hour": "9", "until_hour": "18", "warm_up": "5"}
    assert (await send(manager, here, **hours)).status == 400, "no day"
    week = {f"day_{1 << day}": "yes" for day in range(5)}
    assert (await send(manager, here, **hours, **week)).status == 303
    when = (await manager.get(f"{here}?step=when")).body.decode()
    assert "Send to" in when
    assert "Day 7" in when, "the plan of the first days"
    frame = when.partition('class="preview-desktop" src="')[2].partition('"')[0]
    shown = await manager.get(frame)
    assert (shown.status, "sandbox" in shown.headers["content-security-policy"]) == (200, True)
    count = when.partition('name="recipients_count" value="')[2].partition('"')[0]
    started = await send(manager, here, act="start", step="when", recipients_count=count, start_at="")
    assert started.headers["location"].endswith("step=results")
    assert "Stop this mailing" in (await manager.get(here)).body.decode()
    assert (await send(manager, here, act="pause", step="results")).status == 303
    sent = update(recipient).where(recipient.c.state == "queued").values(state="sent", sent_at=clock.now())
    await world.database.write(lambda tx: tx.execute(sent))
    await Conducting(world.database).look()
    card = (await manager.get(f"/clients/{world.client_id}")).body.decode()
    assert f'href="{here}">Autumn' in card
    assert "Everything has left" in (await manager.get(f"{here}?step=results")).body.decode()
    await world.database.write(lambda tx: tx.execute(update(session).values(proved_at=0)))
    refused = await manager.get(f"{here}/recipients.csv")
    assert (refused.status, refused.headers["location"]) == (303, f"/prove?next={here}/recipients.csv")
    await world.database.write(lambda tx: tx.execute(update(session).values(proved_at=clock.now())))
    export = await manager.get(f"{here}/recipients.csv")
    assert export.body.startswith(b"\xef\xbb\xbfaddress,")
    taken = select(func.count()).select_from(audit).where(audit.c.action == "mailing-exported")
    assert await world.database.read(lambda tx: tx.value(taken)) == 1
    assert (await reader.get(here)).status == 404


@only("sqlite")
def test_the_red_button_and_the_rates(world: World, loop: asyncio.Runner) -> None:
    loop.run(_stops(world))


async def _stops(world: World) -> None:
    manager, admin = await world.browser("manager"), await world.browser("administrator")
    stop = world.house.settings.data.dir / STOP_FILE
    assert (await send(manager, "/mailings/sending", act="stop")).status == 303
    assert stop.exists()
    assert "Nothing leaves" in (await manager.get("/mailings")).body.decode()
    assert (await send(manager, "/mailings/sending", act="resume")).status == 403
    assert (await send(admin, "/mailings/sending", act="resume")).status == 303
    assert not stop.exists()
    assert (await send(manager, "/mailings/pace", domain="@big.example", a_minute="60")).status == 303
    assert "to big.example" in (await manager.get("/mailings")).body.decode()
    assert (await send(manager, "/mailings/pace", name="house", a_minute="60")).status == 403
    await send(manager, "/mailings/pace", domain="big.example", a_minute="0")
    program = world.program("manager")
    assert (await program.post("/api/v1/sending/stop", {})).status == 204
    assert (await program.get("/api/v1/sending")).json() == {"stopped": True}
    assert (await world.program("administrator").post("/api/v1/sending/resume", {})).status == 204
    assert not stop.exists()


async def _prepare(world: World) -> None:
    house = world.house
    await Preparing(house.database, house.keys, house.stamp, house.boot, explicit=False, inside=True).look()
