"""A service that letters leave by tells what came back: from its call to the row of the recipient and the address that
is written to no more."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import pytest

from core import clock
from core.database import WriteTx
from mailhub.outbound.suppression import find_reasons
from mailhub.outbound.tables import gate, recipient
from tests.api.asking import Answer, Asker
from tests.api.world import World

ADDRESS = "anna@client.example"


def signed(event: dict[str, Any], token: str, key: str = "signing key") -> bytes:
    at = str(clock.now() // clock.SECOND)
    made = hmac.digest(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hex()
    return json.dumps({"signature": {"timestamp": at, "token": token, "signature": made}, "event-data": event}).encode()


def failure(message_id: str) -> dict[str, Any]:
    return {
        "event": "failed", "severity": "permanent", "recipient": ADDRESS,
        "message": {"headers": {"message-id": message_id}},
        "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
    }  # fmt: skip


@pytest.fixture
def mailgun(world: World, loop: asyncio.Runner) -> dict[str, Any]:
    """A service that an administrator added."""
    asked = {"kind": "mailgun", "name": "Mailgun", "secret": "signing key"}
    return dict(loop.run(world.program("administrator").post("/api/v1/sending-services", asked)).json())


def test_what_it_tells_reaches_row_and_address(world: World, loop: asyncio.Runner, mailgun: dict[str, Any]) -> None:
    loop.run(_tells(world, mailgun))


async def _tells(world: World, mailgun: dict[str, Any]) -> None:
    mailing_id, row_id = world.mailings["sales"]
    box = world.boxes["sales"]

    def leave(tx: WriteTx) -> None:
        tx.insert(gate, mailing_id=mailing_id, mailbox_id=box.id, scope_id=box.scope_id)
        tx.change(recipient, row_id, state="sent")

    await world.database.write(leave)
    ours = world.house.stamp.recipient_id(row_id, "firm.example", 1)
    path = "/returns/" + mailgun["address"].rpartition("/returns/")[2]

    async def call(body: bytes, path: str = path) -> Answer:
        return await Asker(world.app).ask("POST", path, headers={"content-type": "application/json"}, body=body)

    async def state() -> tuple[str, list[str]]:
        keys = world.house.keys
        return await world.database.read(lambda tx: (tx.get(recipient, row_id).state, find_reasons(tx, keys, ADDRESS)))

    assert (await call(signed(failure(ours), "a", key="other"))).status == 403
    assert (await call(b"{")).status == 400
    assert (await call(signed(failure(ours), "a"), path[:-1])).status == 404
    assert await state() == ("sent", [])
    refused = (await world.program("administrator").get("/api/v1/sending-services")).json()["items"][0]
    assert (refused["heard_at"], refused["fault"]) == (None, "This is no JSON.")
    page = (await world.program("administrator").get("/settings/services")).body.decode()
    assert "Its call was not believed" in page
    # Of somebody else's letters, or of none: taken, and nothing follows.
    for stranger in ("<1@elsewhere.example>", world.house.stamp.recipient_id(row_id, "firm.example", 99), ""):
        assert (await call(signed(failure(stranger), f"b{stranger}"))).status == 200
    assert await state() == ("sent", [])
    assert (await call(signed(failure(ours), "c"))).status == 200
    assert await state() == ("bounced", ["bounce"])
    # The same call again, and the same thing in another call: once.
    assert (await call(signed(failure(ours), "c"))).status == 200
    assert (await call(signed({**failure(ours), "event": "failed"}, "d"))).status == 200
    assert await state() == ("bounced", ["bounce"])
    told = (await world.program("administrator").get("/api/v1/sending-services")).json()["items"][0]
    assert (told["taken"], told["heard_at"] is not None) == (2, True)
    assert (
        "it told of 2 letters of ours" in (await world.program("administrator").get("/settings/services")).body.decode()
    )
    # A token that was taken says nothing of another event: what it signs is no word of it.
    assert (await call(signed({**failure(ours), "event": "complained"}, "c"))).status == 200
    assert await state() == ("bounced", ["bounce"])


def test_administrators_alone_say_who_is_believed(world: World, loop: asyncio.Runner, mailgun: dict[str, Any]) -> None:
    loop.run(_rights(world, mailgun))


async def _rights(world: World, mailgun: dict[str, Any]) -> None:
    administrator, manager = world.program("administrator"), world.program("manager")
    here, asked = "/api/v1/sending-services", {"kind": "mailgun", "name": "Other", "secret": "other"}
    assert "signing key" not in json.dumps((await administrator.get(here)).json())
    assert (await manager.get(here)).status == 403
    assert (await manager.get("/settings/services")).status == 403
    assert (await manager.post(here, asked)).status == 403
    assert (await administrator.post(here, {**asked, "kind": "ses"})).status == 400
    one = f"{here}/{mailgun['id']}"
    assert (await administrator.ask("PATCH", one, data={"secret": "another"})).status == 200
    path = "/returns/" + mailgun["address"].rpartition("/returns/")[2]
    before = await Asker(world.app).ask("POST", path, body=signed(failure("x"), "a"))
    after = await Asker(world.app).ask("POST", path, body=signed(failure("x"), "a", key="another"))
    assert (before.status, after.status) == (403, 200)
    assert (await administrator.ask("DELETE", one)).status == 204
    assert (await Asker(world.app).ask("POST", path, body=signed(failure("x"), "b", key="another"))).status == 404
    actions = (await administrator.get("/settings/audit")).body.decode()
    for said in ("added a service", "changed the secret of a service", "removed a service"):
        assert said in actions
