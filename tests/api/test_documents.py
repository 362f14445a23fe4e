"""Documents over REST and in pages: sent by another system, written by hand, carried over, found and taken away."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.test_client_pages import post
from tests.api.world import World

ORDER: dict[str, Any] = {"kind": "order", "date": "2026-11-18", "currency": "UAH", "amount": 120_050, "profit": 20_000}


def test_another_system_sends_documents(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader = world.program("manager"), world.program("reader")
        made = await manager.post("/api/v1/counterparties", {"name": "Beans", "external_id": "C-1"})
        client = made.json()["id"]
        first = await manager.post("/api/v1/documents", ORDER | {"counterparty_id": client, "external_id": "D-1"})
        assert first.status == 201
        path = f"/api/v1/documents/{first.json()['id']}"
        again = ORDER | {"counterparty_id": client, "external_id": "D-1", "amount": 130_000}
        assert (await manager.post("/api/v1/documents", again)).json()["id"] == first.json()["id"]
        lines = [{"item_external_id": "I-1", "quantity": 2.5, "price": 1000}, {"text": "Delivery", "price": 500}]
        told = {"kind": "order", "date": "2026-11-19", "currency": "UAH", "counterparty_external_id": "C-1"}
        put = "/api/v1/documents/by-external-id/D-1"
        assert (await manager.ask("PUT", put, data=told | {"lines": lines})).json()["field"] == "lines"
        item = await manager.ask("PUT", "/api/v1/items/by-external-id/I-1", data={"name": "Pump", "group": "Pumps"})
        assert (item.status, item.json()["group"]) == (200, "Pumps")
        whole = (await manager.ask("PUT", put, data=told | {"lines": lines})).json()
        assert (whole["amount"], whole["date"], whole["profit"]) == (3000, "2026-11-19", 20_000)
        assert [one["text"] for one in whole["lines"]] == ["Pump", "Delivery"]
        assert whole["lines"][0]["quantity"] == 2.5
        fine = lines[0] | {"quantity": 0.0001}
        assert (await manager.ask("PUT", put, data=told | {"lines": [fine]})).status == 400
        assert (await manager.ask("PUT", put, data=told | {"amount": 12.5})).status == 400
        facts = (await reader.get(f"/api/v1/counterparties/{client}/document-facts")).json()["items"]
        fact = {"month": "2026-11", "kind": "order", "currency": "UAH", "documents": 1, "amount": 3000}
        assert facts == [fact | {"profit": 20_000}]
        line = (await reader.get(f"/api/v1/counterparties/{client}/history")).json()["items"][0]
        assert (line["kind"], line["document_id"]) == ("document", whole["id"])
        for words in (f"counterparty_id={client}", "kind=order", "date_from=2026-11-19&date_to=2026-11-30"):
            found = (await reader.get(f"/api/v1/documents?{words}")).json()["items"]
            assert whole["id"] in [one["id"] for one in found], words
        assert (await reader.post("/api/v1/documents", ORDER | {"counterparty_id": client})).status == 403
        refusal = {"kind": "refusal", "counterparty_id": client, "date": "2026-11-20", "currency": "UAH"}
        refusal |= {"reason": "Too dear", "based_on_id": whole["id"], "lines": []}
        assert (await manager.post("/api/v1/documents", refusal)).status == 201
        reasons = (await reader.get("/api/v1/refusal-reasons")).json()["items"]
        assert [one["name"] for one in reasons] == ["Too dear"]
        stale = await manager.ask("PATCH", path, data={"number": "15", "version": 1})
        assert stale.status == 409
        assert (await manager.ask("PATCH", path, data={"number": "15"})).json()["number"] == "15"
        files = f"{path}/files"
        up = await manager.ask(
            "POST", f"{files}?filename=scan.pdf", body=b"%PDF-1", headers={"content-type": "text/html"}
        )
        down = await reader.get(f"{files}/{up.json()['id']}")
        assert (down.body, down.headers["content-disposition"].split(";")[0]) == (b"%PDF-1", "attachment")
        assert (await reader.ask("DELETE", f"{files}/{up.json()['id']}")).status == 403
        assert (await manager.ask("DELETE", f"{files}/{up.json()['id']}")).status == 204
        assert (await manager.ask("DELETE", path)).status == 204
        assert (await manager.get(path)).status == 404

    loop.run(go())


def test_a_document_is_entered_by_hand_and_carried_over(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader = world.program("manager"), world.program("reader")
        new = f"/clients/{world.client_id}/documents/new"
        assert (await reader.get(new)).status == 403
        told = {"kind": "offer", "number": "77", "date": "2026-11-18", "currency": "UAH"}
        told |= {"line_text_0": "pump", "line_quantity_0": "2,5", "line_price_0": "1 200,50", "line_text_1": "Delivery"}
        wrong = await post(manager, new, **told | {"line_price_0": "dear"})
        assert (wrong.status, b'id="fault-lines"' in wrong.body, b'value="2,5"' in wrong.body) == (400, True, True)
        made = await post(manager, new, **told)
        assert made.status == 303, made.body[-1500:]
        page = made.headers["location"]
        shown = (await reader.get(page)).body.decode()
        for words in ("Offer 77", "3,001.25", "Delivery", "18 November 2026"):
            assert words in shown, words
        card = (await reader.get(f"/clients/{world.client_id}")).body.decode()
        assert f'href="{page}">Offer 77</a>' in card
        assert f'<a href="{page}">77</a>' in card  # the line of the timeline
        listed = (await reader.get(f"/documents?kind=offer&client={world.client_id}")).body.decode()
        assert "Offer 77" in listed
        assert "Offer 77" not in (await reader.get("/documents?kind=order")).body.decode()
        base = f"{new}?kind=invoice&base={page.rpartition('/')[2]}"
        form = (await manager.get(base)).body.decode()
        assert 'value="1200.50"' in form
        invoice = await post(manager, base, **told | {"kind": "invoice", "number": "78"})
        assert "Offer 77" in (await reader.get(invoice.headers["location"])).body.decode()
        assert "Invoice 78" in (await reader.get(page)).body.decode()
        edited = await post(manager, f"{page}/edit", **told | {"amount": "5", "version": "1"})
        assert edited.status == 303
        assert (await post(manager, f"{page}/edit", **told | {"version": "1"})).status == 400
        assert "5.00" in (await reader.get(page)).body.decode()
        assert (await post(manager, f"{page}/remove")).status == 303
        assert (await manager.get(page)).status == 404

    loop.run(go())
