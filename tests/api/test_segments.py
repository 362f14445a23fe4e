"""Segments over the interface: by hand, by a rule, and why somebody is in one."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from crm.segments.following import follow_part
from crm.segments.preparing import prepare_part
from tests.api.world import World


async def follow(world: World) -> None:
    """Let segments follow what has happened."""
    while await world.database.write(follow_part):
        pass
    while await world.database.write(prepare_part, 100) is not None:
        pass


def test_segments_over_the_interface(world: World, loop: asyncio.Runner) -> None:
    loop.run(_segments(world))


async def _segments(world: World) -> None:
    manager, reader = world.program("manager"), world.program("reader")
    city: dict[str, Any] = {"all": [{"field": "city", "op": "eq", "value": "odesa"}]}
    assert (await reader.ask("POST", "/api/v1/segments", data={"name": "N", "of": "contacts"})).status == 403
    tried = (await manager.ask("POST", "/api/v1/segments/try", data={"of": "counterparties", "rule": city})).json()
    assert tried == {"count": 0, "sample": []}
    told = {"name": "In Odesa", "of": "counterparties", "rule": city}
    made = (await manager.ask("POST", "/api/v1/segments", data=told)).json()["id"]
    one = f"/api/v1/segments/{made}"
    changed = await manager.ask("PATCH", f"/api/v1/counterparties/{world.client_id}", data={"city": "Odesa"})
    assert changed.status == 200
    await follow(world)
    assert (await reader.get(one)).json()["size"] == 1
    (member,) = (await reader.get(f"{one}/members")).json()["items"]
    assert (member["id"], member["by_id"]) == (world.client_id, None)
    why = (await manager.get(f"{one}/why/{world.client_id}")).json()
    assert why["entered_at"] == member["entered_at"]
    assert why["reasons"] == [{"sentence": "the city is exactly “odesa”", "true": True, "value": "Odesa"}]
    assert (await manager.ask("POST", f"{one}/members", data={"ids": [world.client_id]})).status == 409
    seen = (await manager.get(one)).json()
    another = {"rule": {"field": "city", "op": "eq", "value": "Kyiv"}, "version": seen["version"]}
    assert (await manager.ask("PATCH", one, data=another)).status == 200
    assert (await manager.ask("PATCH", one, data=another | {"rule": city})).status == 409
    assert (await manager.get(f"{one}/members")).json()["items"], "nobody sees the new rule before all were asked"
    await follow(world)
    assert (await manager.get(f"{one}/members")).json()["items"] == []
    why = (await manager.get(f"{one}/why/{world.client_id}")).json()
    assert (why["entered_at"], [reason["true"] for reason in why["reasons"]]) == (None, [False])
    itself = {"rule": {"field": "segments", "op": "contains", "value": made}}
    assert (await manager.ask("PATCH", one, data=itself)).status == 409
    nowhere = {"field": "segments", "op": "in", "value": [9**9]}
    for wrong in ({"all": []}, {"field": "text", "op": "eq", "value": "x"}, nowhere):
        assert (await manager.ask("PATCH", one, data={"rule": wrong})).status == 400
    words = (await manager.get("/api/v1/rules/vocabulary?of=counterparties")).json()["items"]
    assert {"city", "letters.last_in", "people.positions"} <= {word["key"] for word in words}
    assert (await manager.ask("DELETE", one)).status == 204
    assert (await manager.get(one)).status == 404


def test_letters_of_a_personal_mailbox_move_nothing(world: World, loop: asyncio.Runner) -> None:
    """Neither who is in a segment, nor the count while a rule is tried, nor the feed."""
    loop.run(_personal(world))


async def _personal(world: World) -> None:
    manager = world.program("manager")
    rule = {"field": "letters.last_in", "op": "within_days", "value": 9000}
    asked = {"of": "counterparties", "rule": {"all": [rule, {"field": "letters", "op": "ge", "value": 1}]}}
    before = (await manager.ask("POST", "/api/v1/segments/try", data=asked)).json()
    letters = {"field": "letters", "op": "ge", "value": 4}
    counted = (await manager.ask("POST", "/api/v1/segments/try", data={"of": "counterparties", "rule": letters})).json()
    assert before["count"] == 1, "three letters came to public mailboxes"
    assert counted["count"] == 0, "the fourth lies in a personal one"


FORM = {"content-type": "application/x-www-form-urlencoded"}


def _text(answer: Any) -> str:
    return str(answer.body.decode())


def test_segments_by_their_pages_without_scripts(world: World, loop: asyncio.Runner) -> None:
    loop.run(_pages(world))


async def _pages(world: World) -> None:
    manager = world.program("manager")

    async def post(url: str, **fields: Any) -> Any:
        return await manager.ask("POST", url, body=urlencode(fields, doseq=True).encode(), headers=FORM)

    for url in ("/segments", "/segments/new", "/segments/new?of=contacts", "/segments/new?by=hand"):
        assert (await manager.get(url)).status == 200
    line = {"of": "counterparties", "name": "Wrote", "joined": "all", "field_0": "letters", "op_0": "gt"}
    counted = await post("/segments/count", **line, value_0="0")
    assert f'href="/clients/{world.client_id}"' in _text(counted)
    assert "is missing" in _text(await post("/segments/count", **line, value_0=""))
    more = await post("/segments/draft", **line, value_0="0", act="add")
    assert 'name="field_1"' in _text(more)
    told = {"field_0": "documents.amount", "was_0": "documents.amount", "op_0": "gt", "with_0_kind": "order"}
    bought = line | told | {"with_0_days": "90", "value_0": "10000"}
    form = _text(await post("/segments/draft", **bought, act="look"))
    assert 'value="order" selected' in form
    assert 'name="with_0_currency" value="EUR"' in form, "that of the house, until another is said"
    assert ">0 clients now</b>" in _text(await post("/segments/count", **bought, with_0_currency="UAH"))
    kept = (await post("/segments", **bought | {"name": "Bought"}, with_0_currency="uah")).headers["location"]
    sentence = "The sum of documents (orders, of the last 90 days) is more than 10,000 UAH"
    assert sentence in _text(await manager.get(kept))
    assert 'name="with_0_currency" value="UAH"' in _text(await manager.get(f"{kept}/edit"))
    dated = line | {"field_0": "documents.last", "was_0": "documents.last", "op_0": "lt", "value_0": "2026-01-01"}
    assert 'type="date" id="value_0"' in _text(await post("/segments/draft", **dated, act="look"))
    made = await post("/segments", **line, value_0="0")
    one = made.headers["location"]
    assert made.status == 303
    await follow(world)
    page = _text(await manager.get(one))
    assert f"/clients/{world.client_id}" in page
    why = _text(await manager.get(f"{one}/why/{world.client_id}"))
    assert "The number of letters is more than 0" in why
    assert (await manager.get(f"{one}/edit")).status == 200
    assert (await post(one, **line | {"name": "Wrote us"}, value_0="1", version="1")).status == 303
    await follow(world)
    card = _text(await manager.get(f"/clients/{world.client_id}"))
    assert "Wrote us" in card
    by_hand = (await post("/segments", of="counterparties", by="hand", name="Chosen")).headers["location"]
    number = by_hand.rpartition("/")[2]
    assert (await post("/clients/segments", segment_id=number, client=world.client_id)).status == 303
    assert f"/clients/{world.client_id}" in _text(await manager.get(by_hand))
    assert (await post(f"/clients/{world.client_id}/segments", remove=number)).status == 303
    assert f"/clients/{world.client_id}" not in _text(await manager.get(by_hand))
    assert (await post(f"{by_hand}/members", name="Nobody at all")).status == 400
    assert (await post(f"{by_hand}/end")).status == 303
