"""Answering by a program: planned once, refused when the thread moved, shown to whoever sees the thread."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from tests.api.world import World, letter

TEXT = "We send three pumps on Monday."


def run(loop: asyncio.Runner, *steps: Any) -> Any:
    return [loop.run(step) for step in steps]


@pytest.fixture
def thread_id(world: World) -> int:
    return world.threads["quailsalestwo"]


def test_an_answer_stands_in_its_thread_with_its_delivery(world: World, loop: asyncio.Runner, thread_id: int) -> None:
    loop.run(_answers(world, thread_id))


async def _answers(world: World, thread_id: int) -> None:
    manager = world.program("manager")
    seen = (await manager.get(f"/api/v1/threads/{thread_id}")).json()["last_message_id"]
    file = {"filename": "price.txt", "content": base64.b64encode(b"12 EUR").decode(), "content_type": "text/plain"}
    answer = await manager.post(
        f"/api/v1/threads/{thread_id}/reply",
        {"text": TEXT, "cc": [{"address": "boris@client.example"}], "seen_message_id": seen, "attachments": [file]},
    )
    assert answer.status == 201, answer.body
    made = answer.json()
    message = made["message"]
    assert (message["direction"], message["subject"]) == ("out", "Re: About quailsalestwo")
    assert (message["from"][0]["address"], message["to"][0]["address"]) == ("sales@firm.example", "anna@client.example")
    assert message["attachments"][0]["filename"] == "price.txt"
    assert {(one["recipient"], one["state"]) for one in made["deliveries"]} == {
        ("anna@client.example", "queued"),
        ("boris@client.example", "queued"),
    }
    again = (await manager.get(f"/api/v1/messages/{message['id']}")).json()
    assert again["delivery"]["state"] == "queued"
    assert len(again["deliveries"]) == 2
    thread = (await manager.get(f"/api/v1/threads/{thread_id}")).json()
    assert (thread["waiting_for"], thread["message_count"]) == ("them", 2)
    one = made["deliveries"][0]["id"]
    assert (await world.program("outsider").get(f"/api/v1/deliveries/{one}")).status == 404
    assert (await world.program("reader").post(f"/api/v1/deliveries/{one}/cancel")).status == 403
    cancelled = await manager.post(f"/api/v1/deliveries/{one}/cancel")
    assert (cancelled.status, cancelled.json()["state"], cancelled.json()["next_at"]) == (200, "cancelled", None)
    assert (await manager.post(f"/api/v1/deliveries/{one}/cancel")).status == 409
    listed = (await manager.get(f"/api/v1/deliveries?message_id={message['id']}&state=queued")).json()["items"]
    assert [item["id"] for item in listed] == [made["deliveries"][1]["id"]]


def test_a_thread_that_moved_refuses_the_answer_and_shows_why(
    world: World, loop: asyncio.Runner, thread_id: int
) -> None:
    loop.run(_moved(world, thread_id))


async def _moved(world: World, thread_id: int) -> None:
    manager, path = world.program("manager"), f"/api/v1/threads/{thread_id}/reply"
    seen = (await manager.get(f"/api/v1/threads/{thread_id}")).json()["last_message_id"]
    raw = letter("quailsalestwo", 7).replace(
        b"MIME-Version", b"In-Reply-To: <quailsalestwo0@client.example>\r\nMIME-Version", 1
    )
    await world.deliver("sales", raw)
    refused = await manager.post(path, {"text": TEXT, "seen_message_id": seen})
    assert refused.status == 409
    assert refused.headers["content-type"].startswith("application/problem+json")
    (new,) = refused.json()["messages"]
    assert (new["message_id"], refused.json()["code"]) == ("quailsalestwo7@client.example", "conflict")
    assert (await manager.post(path, {"text": TEXT})).status == 400
    assert (await manager.post(path, {"text": TEXT, "seen_message_id": seen, "force": True})).status == 201
    for bad in (
        {"text": " "},
        {"text": TEXT, "to": [{"address": "a@b\r\nBcc: c@d.example"}]},
        {"text": TEXT, "htlm": "x"},
    ):
        assert (await manager.post(path, {**bad, "force": True})).status == 400, bad
    bad_file = {"text": TEXT, "force": True, "attachments": [{"filename": "x", "content": "no base64!"}]}
    assert (await manager.post(path, bad_file)).status == 400
    assert (await world.program("reader").post(path, {"text": TEXT, "force": True})).status == 403


def test_the_same_request_under_its_key_is_carried_out_once(world: World, loop: asyncio.Runner, thread_id: int) -> None:
    loop.run(_once(world, thread_id))


async def _once(world: World, thread_id: int) -> None:
    manager, path = world.program("manager"), f"/api/v1/threads/{thread_id}/reply"
    body, key = {"text": TEXT, "force": True}, {"Idempotency-Key": "order-552"}
    several = await asyncio.gather(*(manager.post(path, body, headers=key) for _ in range(4)))
    assert [one.status for one in several] == [201] * 4
    assert len({one.body for one in several}) == 1
    listed = (await manager.get(f"/api/v1/deliveries?thread_id={thread_id}")).json()["items"]
    assert len([one for one in listed if one["recipient"] == "anna@client.example"]) == 1
    assert (await manager.post(path, {**body, "text": "Another."}, headers=key)).status == 409
    assert (await manager.post(path, body, headers={"Idempotency-Key": "x" * 300})).status == 400
    # A key is its user's own, and what failed may be sent again.
    admin = world.program("administrator")
    assert (await admin.post(path, body, headers=key)).json() != several[0].json()
    wrong = {"text": TEXT, "seen_message_id": 1}
    again = {"Idempotency-Key": "second"}
    assert (await manager.post(path, wrong, headers=again)).status == 409
    assert (await manager.post(path, body, headers=again)).status == 201


def test_a_client_is_added_once_under_a_key(world: World, loop: asyncio.Runner) -> None:
    loop.run(_add_client_twice(world))


async def _add_client_twice(world: World) -> None:
    manager, key = world.program("manager"), {"Idempotency-Key": "import-7"}
    first, again = [await manager.post("/api/v1/counterparties", {"name": "New"}, headers=key) for _ in range(2)]
    assert (first.status, again.status, first.json()) == (201, 201, again.json())
    other = await manager.post("/api/v1/contacts", {"name": "New"}, headers=key)
    assert other.status == 409


def test_suppressed_addresses_are_an_administrators(world: World, loop: asyncio.Runner, thread_id: int) -> None:
    loop.run(_suppress(world, thread_id))


async def _suppress(world: World, thread_id: int) -> None:
    admin, manager = world.program("administrator"), world.program("manager")
    made = await admin.post("/api/v1/suppressions", {"address": "Anna@client.example", "detail": "She asked."})
    assert made.status == 201, made.body
    assert (await admin.post("/api/v1/suppressions", {"address": "anna@CLIENT.example"})).status == 409
    assert (await manager.post("/api/v1/suppressions", {"address": "x@y.example"})).status == 403
    refused = await manager.post(f"/api/v1/threads/{thread_id}/reply", {"text": TEXT, "force": True})
    assert (refused.status, "anna@client.example" in refused.json()["detail"]) == (409, True)
    assert len((await admin.get("/api/v1/suppressions")).json()["items"]) == 1
    found = (await admin.get("/api/v1/suppressions?address=anna@client.example")).json()["items"]
    assert [one["reason"] for one in found] == ["hand"]
    assert (await admin.ask("DELETE", f"/api/v1/suppressions/{found[0]['id']}")).status == 204
    assert (await admin.ask("DELETE", f"/api/v1/suppressions/{found[0]['id']}")).status == 404
    sent = await manager.post(f"/api/v1/threads/{thread_id}/reply", {"text": TEXT, "force": True})
    assert sent.status == 201


def test_acknowledgements_are_set_by_who_manages_the_mailbox(world: World, loop: asyncio.Runner) -> None:
    loop.run(_acknowledge(world))


async def _acknowledge(world: World) -> None:
    path = f"/api/v1/mailboxes/{world.boxes['sales'].id}/acknowledgements"
    texts = {"texts": {"en": "We have it.", "uk": "Є."}}
    assert (await world.program("reader").ask("PUT", path, data=texts)).status == 403
    assert (await world.program("manager").ask("PUT", path, data=texts)).json() == texts
    assert (await world.program("administrator").ask("PUT", path, data=texts)).json() == texts
    assert (await world.program("reader").get(path)).json() == texts
    assert (await world.program("outsider").get(path)).status == 404
