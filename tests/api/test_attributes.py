"""Fields over REST: administrators add and change them, whoever may change a client fills them in."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.test_client_pages import post
from tests.api.world import World

REGION = {"of": "counterparties", "label": "Регіон продажу", "type": "choice", "choices": ["Odesa", "Lviv"]}


def test_a_field_is_added_filled_in_and_retired(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        assert (await manager.post("/api/v1/attributes", REGION)).status == 403
        field = (await admin.post("/api/v1/attributes", REGION)).json()
        assert (field["key"], field["of"], field["choices"][0]["key"]) == ("region_prodazhu", "counterparties", "Odesa")
        path = f"/api/v1/attributes/{field['id']}"
        limit = {"of": "counterparties", "label": "Credit limit", "type": "money", "key": "limit", "currency": "uah"}
        assert (await admin.post("/api/v1/attributes", limit)).json()["currency"] == "UAH"
        told: dict[str, Any] = {"region_prodazhu": "lviv", "limit": 120_050}
        made = await manager.post("/api/v1/counterparties", {"name": "Beans", "attributes": told})
        client = f"/api/v1/counterparties/{made.json()['id']}"
        told["region_prodazhu"] = "Lviv"
        assert (await manager.get(client)).json()["attributes"] == told
        listed = (await manager.get("/api/v1/counterparties?q=beans")).json()["items"]
        assert [one["attributes"] for one in listed] == [told]
        assert (await admin.ask("PATCH", path, data={"listed": True})).json()["listed"]
        assert b'<td class="wide">Lviv</td>' in (await manager.get("/clients?q=beans")).body
        change: dict[str, Any] = {"attributes": {"limit": None}}
        assert (await manager.ask("PATCH", client, data=change)).json()["attributes"] == {"region_prodazhu": "Lviv"}
        wrong = await manager.ask("PATCH", client, data={"attributes": {"region_prodazhu": "Kyiv"}})
        assert (wrong.status, wrong.json()["field"]) == (400, "attributes.region_prodazhu")
        assert "Odesa, Lviv" in wrong.json()["detail"]
        assert (await admin.ask("PATCH", path, data={"required": True, "label": "Region"})).json()["required"]
        refused = await manager.post("/api/v1/counterparties", {"name": "Peas"})
        assert (refused.status, refused.json()["field"]) == (400, "attributes.region_prodazhu")
        assert (await admin.ask("PATCH", path, data={"ended": True})).json()["ended"]
        assert (await manager.post("/api/v1/counterparties", {"name": "Peas"})).status == 201
        assert (await manager.get(client)).json()["attributes"] == {"region_prodazhu": "Lviv"}
        keys = [one["key"] for one in (await manager.get("/api/v1/attributes")).json()["items"]]
        assert ("limit" in keys, "region_prodazhu" in keys) == (True, False)
        of_all = (await manager.get("/api/v1/attributes?ended=true")).json()["items"]
        order = {"of": "counterparties", "ids": [one["id"] for one in reversed(of_all)]}
        assert (await manager.post("/api/v1/attributes/order", order)).status == 403
        assert (await admin.post("/api/v1/attributes/order", order)).status == 204
        after = (await manager.get("/api/v1/attributes?ended=true")).json()["items"]
        assert [one["id"] for one in after] == order["ids"]
        assert (await admin.get("/api/v1/attributes?of=letters")).status == 400

    loop.run(go())


def test_a_person_has_fields_too(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        for label, kind in (("Met at", "date"), ("Likes coffee", "yes_no")):
            assert (
                await admin.post("/api/v1/attributes", {"of": "contacts", "label": label, "type": kind})
            ).status == 201
        told = {"met_at": "2026-11-18", "likes_coffee": False}
        made = await manager.post("/api/v1/contacts", {"name": "Anna", "attributes": told})
        person = f"/api/v1/contacts/{made.json()['id']}"
        assert (await manager.get(person)).json()["attributes"] == told
        change = {"attributes": {"likes_coffee": True}}
        assert (await manager.ask("PATCH", person, data=change)).json()["attributes"] == told | {"likes_coffee": True}

    loop.run(go())


def test_letters_say_fields(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        of_client = [("Limit", "money", {"currency": "UAH"}), ("Crops", "choices", {"choices": ["Rye", "Peas"]})]
        for label, kind, more in [*of_client, ("Big", "yes_no", {}), ("Small", "yes_no", {})]:
            new = {"of": "counterparties", "label": label, "type": kind, **more}
            assert (await admin.post("/api/v1/attributes", new)).status == 201
        assert (
            await admin.post("/api/v1/attributes", {"of": "contacts", "label": "Met", "type": "date"})
        ).status == 201
        told = {"limit": 120_050, "crops": ["Peas", "Rye"], "big": True, "small": False}
        client = (await manager.post("/api/v1/counterparties", {"name": "Beans", "attributes": told})).json()["id"]
        person = {"name": "Olha", "emails": ["olha@beans.example"], "counterparty_id": client, "language": "uk"}
        await manager.post("/api/v1/contacts", person | {"attributes": {"met": "2026-11-18"}})
        text = "{{ client.limit }}; {% for one in client.crops %}{{ one }}, {% endfor %}{{ contact.met }}; "
        text += "{% if client.big %}big{% endif %}{% if client.small %}small{% endif %}"
        mailbox_id = (await manager.get("/api/v1/mailboxes")).json()["items"][0]["id"]
        kept = {"mailbox_id": mailbox_id, "name": "Fields", "text": text, "own": True}
        made = (await manager.post("/api/v1/letter-templates", kept)).json()["id"]
        asked = await manager.post(f"/api/v1/letter-templates/{made}/fill", {"address": "olha@beans.example"})
        assert asked.json()["missing"] == []
        said = asked.json()["html"].replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
        assert "1 200,50 ₴; Rye, Peas, 18 листопада 2026" in said
        assert "big" in said
        assert "small" not in said
        assert asked.json()["fields"]["client.crops"] == "Rye, Peas"

    loop.run(go())


def test_what_happened_has_fields_too_and_the_list_goes_by_a_column(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        mood = {"of": "interactions", "label": "Mood", "type": "choice", "choices": ["Good", "Bad"], "required": True}
        assert (await admin.post("/api/v1/attributes", mood)).status == 201
        call: dict[str, Any] = {"kind": "call", "counterparty_id": world.client_id, "body": "Wants beans"}
        refused = await manager.post("/api/v1/interactions", call)
        assert (refused.status, refused.json()["field"]) == (400, "attributes.mood")
        made = (await manager.post("/api/v1/interactions", call | {"attributes": {"mood": "good"}})).json()["id"]
        history = f"/api/v1/counterparties/{world.client_id}/history?kind=call"
        assert [one["attributes"] for one in (await manager.get(history)).json()["items"]] == [{"mood": "Good"}]
        line = f"/api/v1/interactions/{made}"
        changed = await manager.ask("PATCH", line, data={"attributes": {"mood": "Bad"}})
        assert changed.json()["attributes"] == {"mood": "Bad"}
        card = (await manager.get(f"/clients/{world.client_id}?kind=call")).body.decode()
        assert 'Mood: <span class="strong">Bad</span>' in card
        assert 'name="attributes.mood"' in card
        form = {"kind": "note", "body": "Pays", "fields": "yes", "attributes.mood": ""}
        written = f"/clients/{world.client_id}/written"
        assert (await post(manager, written, **form)).status == 400
        assert (await post(manager, written, **form | {"attributes.mood": "Good"})).status == 303

        size = {"of": "counterparties", "label": "Size", "type": "number", "listed": True}
        assert (await admin.post("/api/v1/attributes", size)).status == 201
        for name, number in (("Beans", 7), ("Peas", 3)):
            told = {"name": name, "attributes": {"size": number}}
            assert (await manager.post("/api/v1/counterparties", told)).status == 201
        for sort, first in (("size", "Peas"), ("-size", "Beans")):
            page = (await manager.get(f"/api/v1/counterparties?sort={sort}&limit=1")).json()
            assert [one["name"] for one in page["items"]] == [first]
            following = await manager.get(f"/api/v1/counterparties?sort={sort}&limit=1&after={page['next']}")
            assert following.json()["items"][0]["name"] == {"Peas": "Beans", "Beans": "Peas"}[first]
        listed = (await manager.get("/clients?sort=-size")).body.decode()
        assert 'aria-sort="descending"' in listed
        assert listed.index("Beans") < listed.index("Peas")
        assert (await manager.get("/clients?sort=nothing")).status == 400

    loop.run(go())


def test_everybody_chooses_their_own_letter_of_the_morning(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, executor = world.program("manager"), world.program("executor")
        path = "/api/v1/notices/morning"
        assert (await manager.ask("PUT", path, data={"hour": 8})).json() == {"hour": 8}
        assert (await executor.get(path)).json() == {"hour": None}
        assert (await manager.ask("PUT", path, data={"hour": 20})).status == 400
        assert b'<option value="8" selected>8:00</option>' in (await manager.get("/notices")).body
        assert (await post(manager, "/notices/wishes", letter="mail")).status == 303
        assert (await manager.get(path)).json() == {"hour": 8}
        assert (await post(manager, "/notices/wishes", hour="")).status == 303
        assert (await manager.get(path)).json() == {"hour": None}

    loop.run(go())
