"""Channels: their list in the settings, on cards, in histories, in the list of clients, in rules and tables."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.test_client_pages import post
from tests.api.world import World

HERE = "/settings/channels"


def test_administrators_keep_the_list_and_everybody_chooses(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        assert (await manager.post("/api/v1/channels", {"name": "Radio"})).status == 403
        assert (await post(manager, HERE, name="Radio")).status == 403
        assert (await post(admin, HERE, name="Radio")).status == 303
        twice = await post(admin, HERE, name="radio")
        assert (twice.status, b'value="radio"' in twice.body) == (400, True)
        site = (await admin.post("/api/v1/channels", {"name": "Site"})).json()["id"]
        told = (await manager.get("/api/v1/channels")).json()["items"]
        assert [one["name"] for one in told] == ["Fair", "Radio", "Site"]
        assert (await post(admin, f"{HERE}/{site}", act="up")).status == 303
        order = {"ids": [site, told[0]["id"]]}
        assert (await manager.post("/api/v1/channels/order", order)).status == 403
        assert (await admin.post("/api/v1/channels/order", order)).status == 204
        assert (await post(admin, f"{HERE}/{site}", name="Our site")).status == 303
        assert (await post(admin, f"{HERE}/{site}", name="Fair")).status == 400
        assert (await post(admin, f"{HERE}/{told[0]['id']}", act="end")).status == 303
        page = (await manager.get(HERE)).body.decode()
        assert page.index("Our site") < page.index("Radio") < page.index("Offered no more") < page.index("Fair")
        assert "Add channel" not in page
        form = (await manager.get(f"/clients/{world.client_id}/edit")).body.decode()
        assert "<option selected>Fair</option>" in form, "what is offered no more is not lost where it was chosen"
        assert "<option>Fair</option>" not in (await manager.get("/clients/new")).body.decode()
        assert (await admin.ask("PATCH", f"/api/v1/channels/{told[0]['id']}", data={"ended": False})).json()["name"]
        audit = [one["action"] for one in (await admin.get("/api/v1/audit")).json()["items"]]
        assert {"channel-added", "channel-changed", "channels-ordered"} <= set(audit)

    loop.run(go())


def test_a_channel_on_the_card_in_the_history_and_in_the_list(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        radio = (await admin.post("/api/v1/channels", {"name": "Radio"})).json()["id"]
        made = await post(manager, "/clients/new", name="Garden", kind="company", channel="Radio")
        client = int(made.headers["location"].rpartition("/")[2])
        path = f"/api/v1/counterparties/{client}"
        told = (await manager.get(path)).json()
        assert (told["channel"], told["first_channel"]) == ("Radio", "Radio")
        assert told["first_channel_at"]
        unknown = await post(manager, f"/clients/{client}/edit", name="Garden", kind="company", channel="Nowhere")
        assert (unknown.status, b'id="fault-channel"' in unknown.body) == (400, True)
        assert "Radio, " in (await manager.get(f"/clients/{client}")).body.decode()
        listed = (await manager.get(f"/clients?channel={radio}")).body.decode()
        assert ("Garden" in listed, "Client Ltd" in listed) == (True, False)
        found = (await manager.get(f"/api/v1/counterparties?channel_id={radio}")).json()["items"]
        assert [one["id"] for one in found] == [client]
        assert (await manager.get("/clients?channel=x")).status == 400
        written = await post(manager, f"/clients/{client}/written", kind="call", body="Asks", channel_id=str(radio))
        assert written.status < 400
        assert "Channel: Radio" in (await manager.get(f"/clients/{client}")).body.decode()
        rule = {"field": "channel.first", "op": "eq", "value": radio}
        segment = (await admin.post("/api/v1/segments", {"name": "R", "of": "counterparties", "rule": rule})).json()
        assert "Radio" in (await admin.get(f"/segments/{segment['id']}")).body.decode()

    loop.run(go())


def test_the_channel_of_a_letter_is_said_by_who_answers_it(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager, reader = world.program("manager"), world.program("reader")
        radio = (await world.program("administrator").post("/api/v1/channels", {"name": "Radio"})).json()["id"]
        bare = (await manager.post("/api/v1/counterparties", {"name": "Bare"})).json()["id"]
        assert (await manager.get(f"/api/v1/counterparties/{bare}")).json()["channel"] == ""
        history = f"/api/v1/counterparties/{world.client_id}/history"
        letters: list[dict[str, Any]] = (await manager.get(f"{history}?kind=letter")).json()["items"]
        said = {"channel_id": radio}
        line = f"/api/v1/interactions/{letters[0]['id']}"
        assert (await reader.ask("PATCH", line, data=said)).status == 403
        assert (await manager.ask("PATCH", line, data={"channel_id": 99})).status == 404
        assert (await manager.ask("PATCH", line, data=said)).json()["channel_id"] == radio
        assert (await manager.ask("PATCH", line, data={"body": "x"})).status == 403, "a letter is nobody's to write"
        here = f"/clients/{world.client_id}/written"
        assert (await post(manager, here, channel_of=str(letters[0]["id"]), channel_id="")).status < 400
        again = (await manager.get(f"{history}?kind=letter")).json()["items"]
        assert again[0]["channel_id"] is None
        call = {"kind": "call", "counterparty_id": bare, "body": "Heard us", "channel_id": radio}
        assert (await manager.post("/api/v1/interactions", call)).status == 201
        learned = (await manager.get(f"/api/v1/counterparties/{bare}")).json()
        assert (learned["channel"], learned["first_channel"]) == ("Radio", "Radio")

    loop.run(go())


def test_without_channels_nothing_of_them_is_written_over(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        path = f"/api/v1/counterparties/{world.client_id}"
        assert (await manager.get(path)).json()["channel"] == "Fair"
        part = "/api/v1/parts/marketing"
        assert (await admin.ask("PUT", part, data={"used": False})).status == 200
        assert (await post(manager, f"/clients/{world.client_id}/edit", name="Client Ltd", kind="company")).status < 400
        assert (await manager.get(path)).json()["channel"] == ""
        table = (await admin.get("/api/v1/client-exports/counterparties")).body.decode()
        assert ("client.name" in table, "client.channel" in table, "Fair" in table) == (True, False, False)
        fields = (await manager.get("/api/v1/client-imports/fields")).json()
        assert "client.channel" not in str(fields)
        assert (await admin.ask("PUT", part, data={"used": True})).status == 200
        assert (await manager.get(path)).json()["channel"] == "Fair"
        assert "Fair" in (await admin.get("/api/v1/client-exports/counterparties")).body.decode()

    loop.run(go())
