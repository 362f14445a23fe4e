"""Clients over REST: told whole, changed in part, found, with their history."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from tests.api.world import World

CLIENT = {
    "name": "ТОВ «Степ-Агро Постач»",
    "roles": ["customer", "supplier"],
    "emails": ["office@step.example"],
    "addresses": [{"address": "buh@step.example", "kind": "accounts"}],
    "phones": [{"number": "+380 44 123-45-67", "kind": "work"}],
    "firms": [{"name": "ТОВ «Степ-Агро Постач»", "tax_number": "12345678"}],
    "groups": ["Grain"],
    "channel": "Fair 2026",
    "about": "Beans",
}


def test_a_client_is_told_whole_and_changed_in_part(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager = world.program("manager")
        made = (await manager.post("/api/v1/counterparties", CLIENT)).json()["id"]
        path = f"/api/v1/counterparties/{made}"
        told = (await manager.get(path)).json()
        assert told["phones"] == [{"number": "+380441234567", "extension": "", "kind": "work"}]
        assert (told["groups"], told["channel"], told["firms"][0]["tax_number"]) == (["Grain"], "Fair 2026", "12345678")
        assert sorted(told["emails"]) == ["buh@step.example", "office@step.example"]
        change: dict[str, Any] = {"city": "Одеса", "groups": [], "version": told["version"]}
        assert (await manager.ask("PATCH", path, data=change)).json()["city"] == "Одеса"
        assert (await manager.ask("PATCH", path, data=change)).status == 409
        wrong = await manager.ask("PATCH", path, data={"phones": [{"number": "123"}]})
        assert (wrong.status, wrong.json()["field"]) == (400, "phones")
        for words in ("12345678", "044 123", "buh@step", "степ пост"):
            found = (await manager.get(f"/api/v1/counterparties?q={quote(words)}")).json()["items"]
            assert made in [one["id"] for one in found], words
        doubles = (await manager.get("/api/v1/counterparties/duplicates?tax_number=1234-5678")).json()["items"]
        assert [(one["counterparty_id"], one["reasons"]) for one in doubles] == [(made, ["tax_number"])]
        for what in ("links", "managers"):
            assert (await manager.get(f"{path}/{what}")).json()["items"] == []

    loop.run(go())


def test_what_happened_is_written_and_changed_by_its_author(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, executor = world.program("manager"), world.program("executor")
        call = {"kind": "call", "counterparty_id": world.client_id, "body": "Wants beans", "minutes": 6}
        made = (await manager.post("/api/v1/interactions", call)).json()["id"]
        history = f"/api/v1/counterparties/{world.client_id}/history?kind=call"
        assert [one["body"] for one in (await executor.get(history)).json()["items"]] == ["Wants beans"]
        path = f"/api/v1/interactions/{made}"
        assert (await executor.ask("PATCH", path, data={"body": "x"})).status == 403
        assert (await manager.ask("PATCH", path, data={"body": "Wants peas"})).json()["body"] == "Wants peas"
        assert (await manager.ask("DELETE", path)).status == 204
        assert (await manager.ask("DELETE", path)).status == 404
        first = (await manager.get(f"/api/v1/counterparties/{world.client_id}/history?limit=1")).json()
        assert first["next"] is None or (await manager.get(f"{history}&after={first['next']}")).status == 200
        consents = f"/api/v1/contacts/{world.contact_id}/consents"
        said = {"given": True, "source": "A call"}
        assert (await manager.post(consents, said)).status == 201
        assert [one["given"] for one in (await manager.get(consents)).json()["items"]] == [True]

    loop.run(go())


def test_clients_and_people_are_merged_and_parted(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, executor = world.program("manager"), world.program("executor")
        made = (await manager.post("/api/v1/counterparties", CLIENT)).json()["id"]
        other = (await manager.post("/api/v1/counterparties", {"name": "Other", "domains": ["other.example"]})).json()
        path = f"/api/v1/counterparties/{made}"
        assert (await executor.post(f"{path}/merge", {"gone_id": other["id"]})).status == 403
        assert (await manager.post(f"{path}/merge", {"gone_id": made})).status == 400
        merge = (await manager.post(f"{path}/merge", {"gone_id": other["id"]})).json()["id"]
        assert (await manager.get(f"/api/v1/counterparties/{other['id']}")).json()["merged_into"] == made
        assert (await manager.get(path)).json()["domains"] == ["other.example"]
        assert [one["name"] for one in (await manager.get(f"{path}/merges")).json()["items"]] == ["Other"]
        card = (await manager.get(f"/clients/{other['id']}")).body.decode()
        assert f"/merges/{merge}/undo" in card
        assert (await manager.post(f"/api/v1/merges/{merge}/undo", {})).json()["undone_at"]
        assert (await manager.post(f"/api/v1/merges/{merge}/undo", {})).status == 409
        assert (await manager.get(path)).json()["domains"] == []
        people = [(await manager.post("/api/v1/contacts", {"name": name})).json()["id"] for name in ("Ann", "Anna")]
        merge = (await manager.post(f"/api/v1/contacts/{people[0]}/merge", {"gone_id": people[1]})).json()["id"]
        assert [one["id"] for one in (await manager.get(f"/api/v1/contacts/{people[0]}/merges")).json()["items"]] == [
            merge
        ]

    loop.run(go())
