"""One letter to one reader, by a program."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from crm.staff.sessions import add_token
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound.suppression import Reason, suppress
from mailhub.outbound.tables import delivery
from tests.api.asking import Asker
from tests.api.world import World

PATH = "/api/v1/transactional"
ORDER = {
    "order": {"number": "A-17", "lines": [{"name": "Roses <white>", "sum": "12.00"}, {"name": "Tulips", "sum": "8"}]}
}


def asked(world: World, **more: Any) -> dict[str, Any]:
    letter = {
        "mailbox_id": world.boxes["sales"].id,
        "to": "buyer@elsewhere.example",
        "subject": "Order {{ order.number }}",
    }
    html = "<p>{% for line in order.lines %}{{ line.name }}: {{ line.sum }}<br>{% endfor %}</p>"
    return {**letter, "html": html, "values": ORDER, **more}


def test_a_program_sends_one_letter_once(world: World, loop: asyncio.Runner) -> None:
    loop.run(_sends(world))


async def _sends(world: World) -> None:
    manager = world.program("manager")
    key = {"Idempotency-Key": "order-A-17"}
    made = await manager.post(PATH, asked(world), headers=key)
    assert made.status == 201, made.body
    first = made.json()
    assert (first["kind"], first["state"], first["recipient"]) == ("transactional", "queued", "buyer@elsewhere.example")
    assert (await manager.post(PATH, asked(world), headers=key)).json() == first
    assert (await manager.post(PATH, asked(world, to="x@elsewhere.example"), headers=key)).status == 409
    assert (await manager.get(f"{PATH}/{first['id']}")).json() == first
    assert (await manager.get(f"/api/v1/deliveries/{first['id']}")).json()["kind"] == "transactional"
    letter = (await manager.get(f"/api/v1/messages/{first['message_id']}")).json()
    assert letter["subject"] == "Order A-17"
    raw = (await manager.get(f"/api/v1/messages/{first['message_id']}/raw")).body.decode()
    assert "Auto-Submitted: auto-generated" in raw
    assert "List-Unsubscribe" not in raw
    assert "Roses <white>: 12.00" in letter["text"]
    rows = await world.database.read(
        lambda tx: tx.rows(
            select(thread.c.state, delivery.c.return_path)
            .join(message, message.c.thread_id == thread.c.id)
            .join(delivery, delivery.c.message_id == message.c.id)
            .where(delivery.c.kind == "transactional")
        )
    )
    assert [row.state for row in rows] == ["closed"]
    assert all(row.return_path for row in rows), "what comes back finds its row"


def test_what_cannot_be_filled_or_said_is_refused(world: World, loop: asyncio.Runner) -> None:
    loop.run(_refused(world))


async def _refused(world: World) -> None:
    manager = world.program("manager")
    hole = await manager.post(PATH, asked(world, values={}))
    assert (hole.status, "order.number" in hole.body.decode()) == (400, True)
    assert (await manager.post(PATH, asked(world, text="Both"))).status == 400
    assert (await manager.post(PATH, asked(world, html=None))).status == 400
    assert (await manager.post(PATH, asked(world, to="nobody"))).status == 400
    assert (await manager.post(PATH, asked(world, mailbox_id=None))).status == 400
    assert (await manager.post(PATH, asked(world, values={"order": {"number": "x" * 70_000}}))).status == 400
    head = await manager.post(
        PATH,
        asked(world, subject="{{ order.number }}", values={"order": {"number": "A\r\nBcc: x@y.example", "lines": []}}),
    )
    raw = (await manager.get(f"/api/v1/messages/{head.json()['message_id']}/raw")).body
    assert b"\nBcc:" not in raw
    attack = await manager.post(PATH, asked(world, html="{{ order.__class__ }}"))
    assert attack.status == 400
    assert (await world.program("reader").post(PATH, asked(world))).status == 403
    assert (await world.program("outsider").post(PATH, asked(world))).status == 404


@pytest.mark.parametrize(
    ("reason", "status"), [("unsubscribed", 201), ("bounce", 409), ("complaint", 409), ("hand", 409)]
)
def test_who_left_mailings_still_gets_it(world: World, loop: asyncio.Runner, reason: Reason, status: int) -> None:
    address = f"{reason}@elsewhere.example"

    async def send() -> None:
        await world.database.write(suppress, world.house.keys, address, reason)
        assert (await world.program("manager").post(PATH, asked(world, to=address))).status == status

    loop.run(send())


def test_a_saved_text_of_the_mailbox(world: World, loop: asyncio.Runner) -> None:
    loop.run(_saved(world))


async def _saved(world: World) -> None:
    manager, box = world.program("manager"), world.boxes["sales"].id
    saved = {
        "mailbox_id": box,
        "name": "Order",
        "subject": "Order {{ order.number }}",
        "html": "<p>{{ mailbox.name }}</p>",
    }
    made = (await manager.post("/api/v1/letter-templates", saved)).json()
    letter = {"to": "buyer@elsewhere.example", "template_id": made["id"], "values": ORDER}
    sent = await manager.post(PATH, letter)
    assert sent.status == 201, sent.body
    shown = (await manager.get(f"/api/v1/messages/{sent.json()['message_id']}")).json()
    assert (shown["subject"], shown["text"].strip()) == ("Order A-17", world.boxes["sales"].name)
    assert (await manager.post(PATH, {**letter, "mailbox_id": box + 1})).status == 400
    assert (await manager.post(PATH, {**letter, "template_id": 10**6})).status == 404


def test_a_token_for_single_letters_does_nothing_else(world: World, loop: asyncio.Runner) -> None:
    loop.run(_token(world))


async def _token(world: World) -> None:
    secret = (await world.database.write(add_token, world.users["manager"], "shop", ["transactional"]))[1]
    shop = Asker(world.app, token=secret)
    sent = await shop.post(PATH, asked(world))
    assert sent.status == 201, sent.body
    assert (await shop.get(f"{PATH}/{sent.json()['id']}")).status == 200
    for path in ("/api/v1/threads", "/api/v1/deliveries", "/api/v1/transactionals", "/api/v1/contacts"):
        assert (await shop.get(path)).status in (403, 404)
    assert (await shop.post("/api/v1/contacts", {"name": "X"})).status == 403
    look = world.program("manager")
    assert (await look.get(f"{PATH}/{sent.json()['id']}")).status == 200
