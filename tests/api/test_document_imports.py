"""Imports of documents over REST and on their pages: the kind is chosen, and rows say what became of them."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.test_client_imports import HERE, fields_of, text, work
from tests.api.test_imports import form
from tests.api.world import World

TABLE = """Номер;Дата;Контрагент;ИНН;Номенклатура;Количество;Цена;Сумма;Сумма документа
Р-1;18.11.2026 9:30:00;Willow;38104452;Bolt;10;1,50;15,00;31,00
;;;;Nut;5;3,00;15,00;
Р-2;soon;Willow;38104452;Bolt;1;1,50;1,50;
"""


async def send(asker: Any, where: str = HERE, kind: str = "documents") -> Any:
    parts = [("kind", "", kind.encode()), ("file", "sales.csv", TABLE.encode())]
    return await asker.ask("POST", where, **form(parts))


def test_documents_go_their_way_over_rest(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        chief = world.program("administrator")
        sent = (await send(chief)).json()
        assert (sent["kind"], sent["mapping"][:4]) == (
            "documents", ["document.number", "document.date", "client.name", "firm.tax_number"],
        )  # fmt: skip
        assert sent["mapping"][-1] in (await chief.get(f"{HERE}/fields?kind=documents")).json()["items"]
        here = f"{HERE}/{sent['id']}"
        told = {"mapping": sent["mapping"], "options": {"client": "make", "currency": "EUR"}}
        assert (await chief.post(f"{here}/try", told)).json()["options"]["client"] == "make"
        await work(world)
        tried = (await chief.get(here)).json()
        assert (tried["state"], tried["counts"]) == (
            "tried",
            {"rows": 3, "new": 2, "new_documents": 1, "new_clients": 1, "new_items": 2, "differ": 1, "refused": 1},
        )
        refused = (await chief.get(f"{here}/rows?outcome=refused")).json()["items"][0]
        assert (refused["n"], refused["reason"]) == (4, "soon is not a day. Write 1990-12-31 or 31.12.1990.")
        assert (await chief.post(f"{here}/run", {})).status == 200
        await work(world)
        done = (await chief.get(f"{here}/rows?outcome=new")).json()["items"][0]
        assert done["reason"].startswith("The lines come to 30.00 EUR, the document says 31.00 EUR.")
        made = (await chief.get(f"/api/v1/documents/{done['document_id']}")).json()
        assert (made["number"], made["amount"], len(made["lines"])) == ("Р-1", 3100, 2)
        await chief.post(f"{here}/undo", {})
        await work(world)
        assert (await chief.get(here)).json()["counts"] == {"of": 3, "rows": 2, "undone": 2}
        assert (await chief.get(f"/api/v1/documents/{done['document_id']}")).status == 404
        assert (await send(chief, kind="recipes")).status == 400
        assert (await send(world.program("reader"))).status == 403

    loop.run(go())


def test_the_pages_go_the_same_way(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        chief = await world.browser("administrator")
        assert 'value="documents" checked' in text(await chief.get("/clients/import?kind=documents"))
        assert "/clients/import?kind=documents" in text(await chief.get("/documents"))
        sent = await send(chief, "/clients/import")
        here = sent.headers["location"]
        assert "A client who is not here" in text(await chief.get(here))
        columns = ["document.number", "document.date", "client.name", "", "line.item", "line.quantity", "line.price"]
        fields = {f"column_{number}": field for number, field in enumerate(columns)}
        fields |= {"act": "try", "client": "make", "currency": "EUR", "match_name": "yes"}
        assert (await chief.ask("POST", here, **fields_of(fields))).status == 303
        await work(world)
        assert "1 new document · 1 new client · 2 new items" in text(await chief.get(f"{here}/state"))
        assert (await chief.ask("POST", here, **fields_of({"act": "run"}))).status == 303
        await work(world)
        page = text(await chief.get(f"{here}/rows"))
        assert "Р-1 · 2026-11-18 · Willow" in page
        assert "soon is not a day." in text(await chief.get(f"{here}/rows.csv?outcome=refused"))

    loop.run(go())
