"""Signing up on a form and in the interface, and choosing topics on the page behind each letter."""

from __future__ import annotations

import asyncio
from base64 import b64decode

import msgspec
import pytest
from sqlalchemy import select

from core.jobs import job
from mailhub.campaigns.leaving import leave_token
from mailhub.outbound.house_letters import HOUSE_JOB
from tests.api.asking import Asker
from tests.api.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_from_the_form_to_the_card(world: World, loop: asyncio.Runner) -> None:
    loop.run(_journey(world))


async def _journey(world: World) -> None:
    administrator, anybody = world.program("administrator"), Asker(world.app)
    topic = (await administrator.post("/api/v1/topics", {"name": "Prices", "about": "Each month"})).json()
    assert (
        await administrator.ask("PATCH", f"/api/v1/topics/{topic['id']}", data={"about": "In spring"})
    ).status == 200
    assert (await administrator.post("/api/v1/topics", {"name": "prices"})).status == 409
    assert (await world.program("manager").post("/api/v1/topics", {"name": "Other"})).status == 403
    form = (await administrator.post("/api/v1/sign-up-forms", {"title": "News", "text": "Send me news."})).json()
    here = f"/join/{form['id']}"
    shown = (await anybody.get(here)).body.decode()
    assert "Send me news." in shown
    assert f'name="topic_{topic["id"]}" value="on" checked' in shown, "who chooses nothing hears of everything"
    known = await anybody.ask("POST", here, headers=FORM, body=b"email=anna%40client.example&name=Anna&chooses=yes")
    unknown = await anybody.ask("POST", here, headers=FORM, body=b"email=nova%40client.example&name=Nova&chooses=yes")
    assert known.status == unknown.status == 200
    assert known.body.replace(b"anna@client.example", b"nova@client.example") == unknown.body
    assert (await anybody.ask("POST", here, headers=FORM, body=b"email=none")).status == 400
    asked = {"form_id": form["id"], "email": "third@client.example", "topics": [topic["id"]]}
    assert (await administrator.post("/api/v1/sign-ups", asked)).status == 204
    assert (await world.program("manager").post("/api/v1/sign-ups", asked)).status == 403
    for name in ("Prices", "News"):
        assert name in (await administrator.get("/settings/topics")).body.decode()
    assert (await world.program("manager").get("/settings/topics")).status == 403
    links = await _links(world)
    assert len(links) == 3
    for path in links:
        question = await anybody.get(path)
        assert question.status == 200
        assert "Send me news." in question.body.decode()
    done = await anybody.ask("POST", links[1], headers=FORM, body=b"")
    assert (done.status, "You are signed up" in done.body.decode()) == (200, True)
    assert (await anybody.ask("POST", links[1], headers=FORM, body=b"")).status == 404


async def _links(world: World) -> list[str]:
    """The links of the letters that wait for the relay, in their order."""
    rows = await world.database.read(
        lambda tx: tx.rows(select(job.c.payload).where(job.c.kind == HOUSE_JOB).order_by(job.c.id))
    )
    keys = world.house.keys
    letters = [msgspec.json.decode(keys.open("house letter", b64decode(row.payload["sealed"]))) for row in rows]
    return ["/join/confirm/" + one["text"].partition("/join/confirm/")[2].split()[0] for one in letters]


def test_a_reader_chooses_topics_on_the_page_behind_a_letter(world: World, loop: asyncio.Runner) -> None:
    async def choose() -> None:
        topic = (await world.program("administrator").post("/api/v1/topics", {"name": "Events"})).json()["id"]
        row = world.mailings["other"][1]
        path = f"/u/{leave_token(world.house.keys, row, world.house.stamp.epoch)}"
        anybody = Asker(world.app)
        assert f'name="topic_{topic}" value="on" checked' in (await anybody.get(path)).body.decode()
        chosen = await anybody.ask("POST", path, headers=FORM, body=b"act=topics")
        assert (chosen.status, "You hear of what you chose" in chosen.body.decode()) == (200, True)
        assert f'name="topic_{topic}" value="on">' in (await anybody.get(path)).body.decode()

    loop.run(choose())


@pytest.mark.parametrize("path", ["/join/999", "/join/confirm/nonsense"])
def test_what_is_no_form_is_nowhere(world: World, loop: asyncio.Runner, path: str) -> None:
    assert loop.run(Asker(world.app).get(path)).status == 404


def test_a_table_of_addresses_that_nobody_writes_to(world: World, loop: asyncio.Runner) -> None:
    async def bring() -> None:
        administrator = world.program("administrator")
        table = "email;name\none@gone.example;One\nTwo;two@gone.example\nnobody\nONE@gone.example;again\n"
        asked = {"csv": table, "reason": "unsubscribed"}
        told = (await administrator.post("/api/v1/suppressions/import", asked)).json()
        assert {key: told[key] for key in ("added", "known", "wrong")} == {"added": 2, "known": 1, "wrong": [4]}
        assert [one["line"] for one in told["defects"]] == told["wrong"]
        for address in ("one@gone.example", "two@gone.example"):
            found = (await administrator.get(f"/api/v1/suppressions?address={address}")).json()["items"]
            assert [one["reason"] for one in found] == ["unsubscribed"]
        assert (await world.program("manager").post("/api/v1/suppressions/import", asked)).status == 403

    loop.run(bring())


def test_a_form_in_a_page_of_ones_own_site(world: World, loop: asyncio.Runner) -> None:
    async def embedded() -> None:
        administrator = world.program("administrator")
        form = (
            await administrator.post("/api/v1/sign-up-forms", {"title": "News", "text": "Send <b>news</b>."})
        ).json()
        here = f"/join/{form['id']}/outside"
        page = (await administrator.get("/settings/topics")).body.decode()
        assert f'{here}"' in page
        assert "Send &amp;lt;b&amp;gt;news" in page  # what is to be copied is escaped itself
        foreign = {**FORM, "origin": "https://shop.example", "sec-fetch-site": "cross-site"}
        visitor = await world.browser("reader")  # signed in or not: a page elsewhere knows nobody

        async def send(body: bytes, path: str = here) -> int:
            return (await visitor.ask("POST", path, headers=foreign, body=body)).status

        assert await send(b"email=nova%40client.example&version=1&website=") == 200
        assert await send(b"email=trap%40client.example&version=1&website=http%3A%2F%2Fx") == 200
        assert await send(b"email=none&version=1") == 400
        assert await send(b"email=old%40client.example&version=1", f"/join/{form['id']}") == 403
        assert len(await _links(world)) == 1
        await administrator.ask("PATCH", f"/api/v1/sign-up-forms/{form['id']}", data={"text": "Send me other news."})
        changed = await visitor.ask("POST", here, headers=foreign, body=b"email=old%40client.example&version=1")
        assert (changed.status, "Send me other news." in changed.body.decode()) == (200, True)
        assert len(await _links(world)) == 1

    loop.run(embedded())
