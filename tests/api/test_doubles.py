"""Doubles over HTTP: a program looks for them and tells two apart, a person merges them on the page."""

from __future__ import annotations

import asyncio

from crm.parties import Phone, add_counterparty, get_counterparty
from mailhub.routing.doubling import Doubling
from tests.api.test_client_imports import fields_of
from tests.api.world import World

HERE = "/api/v1/doubles"


async def search(world: World) -> None:
    await Doubling(world.database, world.house.boot).look()


def test_a_program_looks_for_them_and_tells_two_apart(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        one = await world.database.write(add_counterparty, "Willow Trade Ltd", phones=[Phone("+35924123456")])
        other = await world.database.write(add_counterparty, "Trade Willow", phones=[Phone("+35924123456")])
        chief = world.program("administrator")
        assert (await chief.get(f"{HERE}/search")).json()["state"] == "never"
        begun = await chief.post(f"{HERE}/search", {}, headers={"Idempotency-Key": "k"})
        again = await chief.post(f"{HERE}/search", {}, headers={"Idempotency-Key": "k"})
        assert (begun.status, begun.json()["state"], again.json()) == (201, "running", begun.json())
        assert (await chief.post(f"{HERE}/search", {})).status == 409
        await search(world)
        assert (await chief.get(f"{HERE}/search")).json()["state"] == "done"
        pairs = (await chief.get(HERE)).json()["items"]
        assert [(pair["one"]["id"], pair["other"]["id"], pair["reasons"]) for pair in pairs] == [
            (one, other, ["phone", "name"])
        ]
        assert (await chief.post(f"{HERE}/apart", {"one_id": other, "other_id": one})).status == 204
        assert (await chief.get(HERE)).json()["items"] == []
        assert len((await chief.get(f"{HERE}?state=apart")).json()["items"]) == 1
        assert (await chief.post(f"{HERE}/search/cancel", {})).status == 409
        assert (await world.program("reader").get(HERE)).status == 403

    loop.run(go())


def test_a_person_looks_through_them_and_merges(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        one = await world.database.write(add_counterparty, "Poplar Trade", emails=["info@poplar.example"])
        other = await world.database.write(add_counterparty, "Poplar Trade Ltd", emails=["info@poplar.example"])
        chief = await world.browser("administrator")
        assert "Look for duplicates" in (await chief.get("/clients/doubles")).body.decode()
        assert (await chief.ask("POST", "/clients/doubles", **fields_of({"act": "search"}))).status == 303
        assert "comparing tax numbers" in (await chief.get("/clients/doubles/state")).body.decode()
        await search(world)
        page = (await chief.get("/clients/doubles")).body.decode()
        assert "<mark>info@poplar.example</mark>" in page
        assert "the same address" in page
        merged = await chief.ask(
            "POST", "/clients/doubles", **fields_of({"act": "merge", "kept_id": str(one), "gone_id": str(other)})
        )
        assert merged.status == 303
        assert (await world.database.read(get_counterparty, other)).merged_into == one
        assert "Poplar" not in (await chief.get("/clients/doubles")).body.decode()
        assert (await chief.ask("POST", "/clients/doubles", **fields_of({"act": "dance"}))).status == 400

    loop.run(go())
