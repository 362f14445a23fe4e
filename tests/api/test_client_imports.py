"""Imports of clients over REST and on their pages: sent, named, tried, taken in, looked at, taken back."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from mailhub.routing.transferring import Transferring
from tests.api.test_imports import form
from tests.api.world import World

TABLE = "Company,Tax number,Contact,E-mail,Mailing\r\nWillow,38104452,Marina,m@willow.example,yes\r\nBroken,x,,,\r\n"
FORM = {"content-type": "application/x-www-form-urlencoded"}
HERE = "/api/v1/client-imports"


async def work(world: World) -> None:
    house = world.house
    loop = Transferring(house.database, house.boot, house.tables, "Europe/Kyiv")
    while await loop.once():
        pass


def fields_of(fields: dict[str, str]) -> dict[str, Any]:
    return {"body": urlencode(fields).encode(), "headers": FORM}


def text(answer: Any) -> str:
    return str(answer.body.decode())


async def send(asker: Any, text: str = TABLE, where: str = HERE) -> Any:
    return await asker.ask("POST", where, **form([("file", "clients.csv", text.encode())]))


def test_a_table_goes_its_way_over_rest(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        chief = world.program("administrator")
        sent = (await send(chief)).json()
        assert sent["mapping"] == ["client.name", "firm.tax_number", "person.name", "person.emails", "person.consent"]
        here = f"{HERE}/{sent['id']}"
        told = {"mapping": sent["mapping"], "options": {"source": "The fair"}}
        assert (await chief.post(f"{here}/try", told)).json()["state"] == "trying"
        await work(world)
        tried = (await chief.get(here)).json()
        assert (tried["state"], tried["counts"]["new"], tried["counts"]["refused"]) == ("tried", 1, 1)
        refused = (await chief.get(f"{here}/rows?outcome=refused")).json()["items"][0]
        assert (refused["n"], refused["reason"], refused["cells"][0]) == (3, "x is not a tax number.", "Broken")
        assert (await chief.post(f"{here}/run", {})).status == 200
        await work(world)
        done = (await chief.get(f"{here}/rows?outcome=new")).json()["items"][0]
        client = (await chief.get(f"/api/v1/counterparties/{done['counterparty_id']}")).json()
        assert (client["name"], client["firms"][0]["tax_number"]) == ("Willow", "38104452")
        assert (await chief.post(f"{here}/undo", {})).json()["state"] == "undoing"
        await work(world)
        assert (await chief.get(here)).json()["counts"]["undone"] == 1
        assert (await chief.get(f"/api/v1/counterparties/{done['counterparty_id']}")).status == 404

    loop.run(go())


def test_the_pages_go_the_same_way(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        chief = await world.browser("administrator")
        sent = await send(chief, where="/clients/import")
        assert sent.status == 303
        here = sent.headers["location"]
        page = text(await chief.get(here))
        assert "Willow" in page
        assert "Leave out" in page
        fields = {"act": "try", "column_0": "client.name", "column_1": "firm.tax_number", "column_4": ""}
        assert (await chief.ask("POST", here, **fields_of(fields | {"match_tax_number": "yes"}))).status == 303
        await work(world)
        assert "Import 1 row" in text(await chief.get(f"{here}/state"))
        assert (await chief.ask("POST", here, **fields_of({"act": "run"}))).status == 303
        await work(world)
        assert "Willow" in text(await chief.get(f"{here}/rows"))
        report = text(await chief.get(f"{here}/rows.csv?outcome=refused"))
        assert "x is not a tax number." in report
        assert "Broken" in report
        assert (await chief.get("/clients/import")).status == 200

    loop.run(go())


def test_what_is_no_table_is_refused(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        chief = world.program("administrator")
        for text in ("", "one line", "PK\x03\x04 no workbook"):
            assert (await send(chief, text)).status == 400, text
        assert (await send(world.program("reader"))).status == 403

    loop.run(go())
