"""Suppliers: terms, price lists typed and brought, how they keep their word, and those of one item side by side."""

from __future__ import annotations

import asyncio
import io
from typing import Any
from urllib.parse import urlencode

import pytest
import xlsxwriter

from api import supplying
from crm.suppliers import read_list
from tests.api.asking import Answer, Asker
from tests.api.world import World

TERMS = {"currency": "EUR", "payment": "50/50", "payment_days": 14, "lead_days": 10, "least": 10_000}


async def send(asker: Asker, path: str, **fields: Any) -> Answer:
    head = {"content-type": "application/x-www-form-urlencoded"}
    return await asker.ask("POST", path, headers=head, body=urlencode(fields).encode())


def workbook(rows: list[list[Any]]) -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        sheet.write_row(place, 0, row)
    book.close()
    return held.getvalue()


async def deliver(asker: Asker, client_id: int, ordered: str, came: str | None) -> None:
    same = {"counterparty_id": client_id, "currency": "EUR", "amount": 100}
    order = (await asker.post("/api/v1/documents", {"kind": "order", "date": ordered, **same})).json()["id"]
    if came is not None:
        told = {"kind": "shipment", "date": came, "based_on_id": order, **same}
        assert (await asker.post("/api/v1/documents", told)).status == 201


def test_terms_are_agreed_and_their_keeping_is_told(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader, path = (
            world.program("manager"),
            world.program("reader"),
            f"/api/v1/suppliers/{world.client_id}",
        )
        assert (await reader.get(path)).status == 404
        assert (await reader.ask("PUT", path, data=TERMS)).status == 403
        made = (await manager.ask("PUT", path, data=TERMS)).json()
        assert made["terms"] == {**TERMS, "delivery": ""}
        assert made["record"]["reliability"] is None
        for ordered, came in (("2026-10-01", "2026-10-09"), ("2026-10-01", "2026-10-21"), ("2026-09-01", "2026-09-05")):
            await deliver(manager, world.client_id, ordered, came)
        await deliver(manager, world.client_id, "2020-01-01", None)
        record = (await reader.get(path)).json()["record"]
        told = {"orders": 4, "came": 3, "in_time": 2, "overdue": 1, "usual_days": 8, "reliability": 50}
        assert record == told
        page = (await reader.get(f"/clients/{world.client_id}/supplier")).body.decode()
        assert "2 of 3 orders came within the agreed time." in page
        assert "1 order is overdue." in page
        card = (await reader.get(f"/clients/{world.client_id}")).body.decode()
        assert "Half of them came within 8 days." in card
        assert "paid within 14 days" in card
        wrong = await send(manager, f"/clients/{world.client_id}/supplier", act="terms", currency="EURO")
        assert wrong.status == 400
        listed = (await reader.get("/api/v1/suppliers")).json()["items"]
        assert [one["name"] for one in listed] == ["Client Ltd"]
        assert "Client Ltd" in (await reader.get("/suppliers")).body.decode()

    loop.run(go())


def test_a_new_price_ends_the_one_before(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, path = world.program("manager"), f"/api/v1/suppliers/{world.client_id}/prices"
        for price, day in ((500, "2026-01-01"), (550, "2026-06-01"), (560, "2026-06-01")):
            told = {"item_id": 1, "price": price, "currency": "EUR", "date_from": day}
            assert (await manager.post(path, {"prices": [told]})).json() == {"prices": 1}
        found = [(one["price"], one["date_from"], one["date_to"]) for one in (await manager.get(path)).json()["items"]]
        assert found == [(500, "2026-01-01", "2026-05-31"), (560, "2026-06-01", None)]
        on = (await manager.get(f"{path}?on=2026-03-01")).json()["items"]
        assert [one["price"] for one in on] == [500]
        other = (await manager.post("/api/v1/counterparties", {"name": "Cheaper"})).json()["id"]
        told = {"item_id": 1, "price": 520, "currency": "EUR", "date_from": "2026-01-01", "quantity": 2.5}
        await manager.post(f"/api/v1/suppliers/{other}/prices", {"prices": [told]})
        offers = (await manager.get("/api/v1/items/1/suppliers?on=2026-07-01")).json()["items"]
        assert [(one["name"], one["price"]["quantity"]) for one in offers] == [("Cheaper", 2.5), ("Client Ltd", 0)]
        page = (await manager.get("/items/1/suppliers")).body.decode()
        assert page.index("Cheaper") < page.index("Client Ltd")
        backwards = {"item_id": 1, "price": 1, "currency": "EUR", "date_from": "2026-06-01", "date_to": "2026-01-01"}
        assert (await manager.post(path, {"prices": [backwards]})).status == 400
        number = on[0]["id"]
        foreign = f"/api/v1/suppliers/{other}/prices/{number}"
        assert (await manager.ask("DELETE", foreign)).status == 404
        assert (await world.program("reader").ask("DELETE", f"{path}/{number}")).status == 403
        assert (await manager.ask("DELETE", f"{path}/{number}")).status == 204

    loop.run(go())


def test_one_price_holds_on_a_day_in_whatever_order_they_come(loop: asyncio.Runner, world: World) -> None:
    """A list of last spring that was brought once more held beside the one of today."""

    async def go() -> None:
        manager = world.program("manager")
        other = (await manager.post("/api/v1/counterparties", {"name": "Backwards"})).json()["id"]
        path = f"/api/v1/suppliers/{other}/prices"
        told = {"item_id": 1, "currency": "EUR"}
        for price, day, last in (
            (600, "2026-06-01", None), (500, "2026-01-01", None), (550, "2026-03-01", "2026-12-31"),
            (700, "2026-08-01", None),
        ):  # fmt: skip
            await manager.post(path, {"prices": [{**told, "price": price, "date_from": day, "date_to": last}]})
        found = [(one["price"], one["date_from"], one["date_to"]) for one in (await manager.get(path)).json()["items"]]
        assert sorted(found, key=lambda one: one[1]) == [
            (500, "2026-01-01", "2026-02-28"), (550, "2026-03-01", "2026-05-31"),
            (600, "2026-06-01", "2026-07-31"), (700, "2026-08-01", None),
        ]  # fmt: skip

    loop.run(go())


def test_a_price_list_is_brought_as_a_table(
    loop: asyncio.Runner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        manager, path = world.program("manager"), f"/api/v1/suppliers/{world.client_id}"
        rows = [
            ["Назва", "Код", "Ціна", "Валюта", "Мінімальна кількість", "Діє з"],
            ["Pump", "", "12,50", "EUR", "1", "2026-01-01"],
            ["Шланг", "SH-1", "1 200,00", "UAH", "10", "01.02.2026"],
            ["Без ціни", "", "договірна", "EUR", "", ""],
        ]
        monkeypatch.setattr(supplying, "ROWS_AT_ONCE", 1)
        for content in (workbook(rows), "\r\n".join(";".join(row) for row in rows).encode("cp1251")):
            taken = (await manager.ask("POST", f"{path}/price-list", body=content)).json()
            assert taken["prices"] == 2
            assert [one["row"] for one in taken["unread"]] == [4]
            assert "договірна" in taken["unread"][0]["reason"]
        prices = (await manager.get(f"{path}/prices")).json()["items"]
        assert [(one["price"], one["currency"], one["quantity"]) for one in prices] == [
            (1250, "EUR", 1),
            (120_000, "UAH", 10),
        ]
        assert prices[0]["item_id"] == 1
        assert (await manager.ask("POST", f"{path}/price-list", body=b"nothing;here\r\n1;2\r\n")).status == 400
        refused = await world.program("reader").ask("POST", f"{path}/price-list", body=workbook(rows))
        assert refused.status == 403
        form = await send(manager, f"/clients/{world.client_id}/supplier", act="price", item="Клапан", price="3,20",
                          currency="EUR", date_from="2026-01-01")  # fmt: skip
        assert form.status == 303
        assert "Клапан" in (await manager.get(f"/clients/{world.client_id}/supplier")).body.decode()

    loop.run(go())


def test_a_row_that_ends_before_it_begins_is_told_and_refuses_no_list() -> None:
    rows = [
        (2, ["Pump", "1", "2026-06-01", "2026-01-01"]),
        (3, ["Hose", "2", "", ""]),
        (4, ["Valve", "9" * 20, "", ""]),
    ]
    good, bad = read_list(["name", "price", "from", "until"], rows, "EUR", "2026-11-23")
    assert ([one.name for one in good], [one.number for one in bad]) == (["Hose"], [2, 4])
