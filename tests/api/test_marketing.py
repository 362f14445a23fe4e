"""Marketing events: their list, their form, and whom they touched – from their page, from a segment, from a card."""

from __future__ import annotations

import asyncio

from tests.api.asking import Asker
from tests.api.test_client_pages import post
from tests.api.world import World

REST = "/api/v1/marketing-events"


async def make(asker: Asker, **told: object) -> int:
    answer = await asker.post(REST, {"name": "Agro 2026", "kind": "exhibition", "currency": "EUR", **told})
    assert answer.status == 201, answer.body
    return int(answer.json()["id"])


def test_an_event_is_entered_changed_and_found(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader = world.program("manager"), world.program("reader")
        told = {"name": "Осіння виставка", "kind": "exhibition", "currency": "EUR", "planned": "1 234,50"}
        told |= {"date_from": "2026-11-01", "date_to": "2026-11-05", "channel_id": "1", "about": "Hall 4"}
        assert (await post(reader, "/marketing/new", **told)).status == 403
        wrong = await post(manager, "/marketing/new", **told | {"spent": "much"})
        assert (wrong.status, b'id="fault-spent"' in wrong.body, b"Hall 4" in wrong.body) == (400, True, True)
        made = await post(manager, "/marketing/new", **told)
        assert made.status == 303, made.body[-2000:]
        page = made.headers["location"]
        shown = (await reader.get(page)).body.decode()
        for words in ("Осіння виставка", "€1,234.50", "Fair", "Hall 4", "It has touched nobody yet."):
            assert words in shown, words
        form = (await manager.get(f"{page}/edit")).body.decode()
        assert 'value="1234.50"' in form
        edited = await post(manager, f"{page}/edit", **told | {"spent": "1000", "version": "1", "name": "Autumn"})
        assert edited.status == 303
        assert (await post(manager, f"{page}/edit", **told | {"version": "1"})).status == 400
        whole = (await reader.get(f"{REST}{page.removeprefix('/marketing')}")).json()
        assert (whole["name"], whole["planned"], whole["spent"], whole["touches"]) == ("Autumn", 123_450, 100_000, 0)
        webinar = await make(manager, name="Webinar", kind="webinar", channel_id=None)
        narrowed = (await reader.get("/marketing?kind=webinar&sort=name")).body.decode()
        assert ("Webinar" in narrowed, "Autumn" in narrowed) == (True, False)
        assert "Autumn" in (await reader.get("/marketing?channel=1")).body.decode()
        found = (await reader.get(f"{REST}?sort=-name&limit=1")).json()
        assert [one["id"] for one in found["items"]] == [webinar]
        change = await manager.ask("PATCH", f"{REST}/{webinar}", data={"planned": 5, "channel_id": 1, "version": 1})
        assert (change.json()["planned"], change.json()["channel_id"]) == (5, 1)
        assert (await manager.ask("PATCH", f"{REST}/{webinar}", data={"channel_id": None})).json()["channel_id"] is None
        assert (await manager.ask("DELETE", f"{REST}/{webinar}")).status == 204
        assert (await manager.get(f"/marketing/{webinar}")).status == 404
        audit = [one["action"] for one in (await world.program("administrator").get("/api/v1/audit")).json()["items"]]
        assert {"marketing-event-added", "marketing-event-changed", "marketing-event-removed"} <= set(audit)

    loop.run(go())


def test_whom_it_touched_is_told_from_both_sides(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader = world.program("manager"), world.program("reader")
        fair = await make(manager, name="Spring fair", channel_id=1)
        page = f"/marketing/{fair}"
        offered = (await manager.get("/fragments/marketing-parties?find=ann&party=99999999")).body.decode()
        person = f"{world.client_id}.{world.contact_id}"
        assert (f'value="{person}"' in offered, "checked" in offered, "Client Ltd" in offered) == (True, False, True)
        kept = (await manager.get(f"/fragments/marketing-parties?find=zzz&party={person}")).body.decode()
        assert "checked" in kept, "who was ticked stays while one looks for others"
        assert (await manager.get("/fragments/marketing-parties?party=x")).status == 400
        assert (await post(reader, f"{page}/touches", party=person, way="visited")).status == 403
        none = await post(manager, f"{page}/touches", way="visited")
        assert (none.status, b"Choose whom it touched." in none.body) == (400, True)
        told = {"way": "visited", "note": "Asked for pumps", "at": "2026-01-02T10:00"}
        assert (await post(manager, f"{page}/touches", party=person, **told)).status == 303
        again = await post(manager, f"{page}/touches", party=person, **told)
        assert again.headers["location"].endswith("?left=1")
        assert b"1 was left out" in (await manager.get(again.headers["location"])).body
        shown = (await reader.get(page)).body.decode()
        for words in ("Anna", "Client Ltd", "Visited the stand", "Asked for pumps", "Clients brought"):
            assert words in shown, words
        card = (await reader.get(f"/clients/{world.client_id}?kind=touch")).body.decode()
        assert ("Visited the stand" in card, f'href="{page}"' in card, "Spring fair" in card) == (True, True, True)
        here = f"/clients/{world.client_id}/touches"
        assert (await post(manager, here, event_id=str(fair), way="met")).status == 303
        assert (await post(manager, here, event_id=str(fair), way="met")).status == 400
        history = (await reader.get(f"/api/v1/counterparties/{world.client_id}/history?kind=touch")).json()["items"]
        assert {(one["touch"], one["marketing_event_id"]) for one in history} >= {("met", fair), ("visited", fair)}
        touched = (await reader.get(f"{REST}/{fair}/touches")).json()["items"]
        assert [one["way"] for one in touched] == ["met", "visited"]
        assert (await reader.ask("DELETE", f"{REST}/{fair}/touches/{touched[0]['id']}")).status == 403
        assert (await manager.ask("DELETE", f"{REST}/{fair}/touches/{touched[0]['id']}")).status == 204
        removed = await post(manager, f"{page}/touches", remove=str(touched[1]["id"]))
        assert removed.status == 303
        body = {"parties": [{"counterparty_id": world.client_id}], "way": "answered"}
        assert len((await manager.post(f"{REST}/{fair}/touches", body)).json()["ids"]) == 1
        assert (await manager.post(f"{REST}/{fair}/touches", body)).json()["ids"] == []
        assert (await manager.ask("DELETE", f"{REST}/{fair}")).status == 409

    loop.run(go())


def test_everybody_of_a_segment_is_touched_at_once(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager = world.program("manager")
        fair = await make(manager, name="Open day")
        clients = [
            (await manager.post("/api/v1/counterparties", {"name": f"Visitor {number}"})).json()["id"]
            for number in range(3)
        ]
        by_hand = (await manager.post("/api/v1/segments", {"name": "Visitors", "of": "counterparties"})).json()["id"]
        await manager.post(f"/api/v1/segments/{by_hand}/members", {"ids": clients})
        told = {"segment_id": str(by_hand), "way": "took_part"}
        assert (await post(manager, f"/marketing/{fair}/touches", **told)).headers["location"] == f"/marketing/{fair}"
        assert (await post(manager, f"/marketing/{fair}/touches", **told)).headers["location"].endswith("?left=3")
        whole = (await manager.get(f"{REST}/{fair}")).json()
        assert (whole["touches"], whole["clients"]) == (3, 3)
        people = (await manager.post("/api/v1/segments", {"name": "People", "of": "contacts"})).json()["id"]
        alone = (await manager.post("/api/v1/contacts", {"name": "Alone", "emails": []})).json()["id"]
        await manager.post(f"/api/v1/segments/{people}/members", {"ids": [world.contact_id, alone]})
        answer = await post(manager, f"/marketing/{fair}/touches", segment_id=str(people), way="met")
        assert answer.headers["location"].endswith("?left=1"), "who is at no client has no history"
        rule = {"field": "touched", "with": {"event": fair, "way": "took_part"}, "op": "within_days", "value": 2}
        tried = await manager.post("/api/v1/segments/try", {"of": "counterparties", "rule": rule})
        assert tried.json()["count"] == 3, tried.body
        words = (await manager.get("/api/v1/rules/vocabulary?of=contacts")).json()
        assert "touched" in str(words)

    loop.run(go())
