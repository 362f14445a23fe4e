"""Items as pages: found as one types, written, retired and brought back."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from tests.api.asking import Answer, Asker
from tests.api.world import World


async def send(asker: Asker, path: str, **fields: Any) -> Answer:
    head = {"content-type": "application/x-www-form-urlencoded"}
    return await asker.ask("POST", path, headers=head, body=urlencode(fields).encode())


def test_an_item_is_written_found_and_retired(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader = world.program("manager"), world.program("reader")
        made = await send(manager, "/items/new", name="Насос БЦ-0,5", code="BC05", unit="шт", group="Насоси")
        assert (made.status, made.headers["location"]) == (303, "/items")
        wrong = await send(manager, "/items/new", name=" ", code="X")
        assert wrong.status == 400
        assert b'id="fault-name"' in wrong.body
        assert b'value="X"' in wrong.body
        page = (await manager.get("/items?q=%D0%BD%D0%90%D1%81")).body.decode()
        assert "Насос БЦ-0,5" in page
        assert "Pump" not in page
        item = (await manager.get("/api/v1/items?q=насос".replace("насос", "%D0%BD%D0%B0%D1%81%D0%BE%D1%81"))).json()
        number, group = item["items"][0]["id"], (await manager.get("/api/v1/item-groups")).json()["items"][0]
        assert "Насос" in (await reader.get(f"/items?group={group['id']}")).body.decode()
        assert (await reader.get(f"/items/{number}")).status == 403
        assert (await send(reader, f"/items/{number}", act="retire")).status == 403
        assert (await send(manager, f"/items/{number}", act="retire")).status == 303
        assert "Насос БЦ" not in (await manager.get("/items")).body.decode()
        assert "Насос БЦ" in (await manager.get("/items?retired=yes")).body.decode()
        assert (await manager.get("/api/v1/items?ended=false")).json()["items"][0]["name"] == "Pump"
        assert (await send(manager, f"/items/{number}", act="restore")).status == 303
        assert (await send(manager, f"/items/{number}", name="Насос БЦ-1", group="Насоси")).status == 303
        assert "БЦ-1" in (await manager.get("/items")).body.decode()
        assert (await send(manager, f"/items/groups/{group['id']}", name="Все для води")).status == 303
        assert "Все для води" in (await manager.get("/items")).body.decode()
        assert (await manager.ask("PATCH", f"/api/v1/item-groups/{group['id']}", data={"name": ""})).status == 400

    loop.run(go())
