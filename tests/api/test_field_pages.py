"""Pages of the fields: added in the settings, filled in on the card and in forms, read where they are known."""

from __future__ import annotations

import asyncio

from tests.api.test_client_pages import post
from tests.api.world import World

MARK = {"fields": "yes"}


def test_a_field_is_added_filled_in_and_read(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        here, card = "/settings/fields", f"/clients/{world.client_id}"
        wrong = await post(admin, here, label="Size of the field", type="choice", choices="")
        assert (wrong.status, b"Write what may be chosen" in wrong.body) == (400, True)
        assert b"Size of the field" in wrong.body
        choices = "Small\nLarge & wide"
        assert (await post(admin, here, label="Size", type="choice", choices=choices, group="Sales")).status == 303
        assert (await post(admin, here, label="Limit", type="money", currency="UAH")).status == 303
        assert (await post(admin, here, label="Crops", type="choices", choices="Beans\nPeas\nRye")).status == 303
        assert (await post(manager, here, label="Mine", type="text")).status == 403
        told = {"attributes.size": "Large & wide", "attributes.limit": "1 200,50", "attributes.crops.1": "yes"}
        assert (await post(manager, f"{card}/fields", **MARK, **told)).status == 303
        shown = (await manager.get(card)).body.decode()
        for words in ("Sales", "Large &amp; wide", "1,200.50", "Peas"):
            assert words in shown, words
        refused = await post(manager, f"{card}/edit", name="Beans", **MARK, **{"attributes.limit": "much"})
        assert (refused.status, b'id="fault-attributes.limit"' in refused.body) == (400, True)
        assert b'value="much"' in refused.body
        kept = await post(
            manager, f"{card}/edit", name="Beans", kind="company"
        )  # a form of old, that asks for no fields
        assert kept.status == 303
        form = (await manager.get(f"{card}/edit")).body.decode()
        assert 'value="1200.50"' in form
        assert 'name="attributes.crops.1" value="yes" checked' in form
        page = (await admin.get(here)).body.decode()
        assert "Large &amp; wide" in page
        fields = {one["key"]: one for one in (await admin.get("/api/v1/attributes")).json()["items"]}
        size = f"{here}/{fields['size']['id']}"
        renamed = {"choice_0": "Tiny", "choice_key_0": "Small", "choice_1": "", "choice_key_1": "Large & wide"}
        assert (await post(admin, size, label="Size", choices="Huge", **renamed)).status == 303
        size_now = (await admin.get(f"/api/v1{'/attributes'}/{fields['size']['id']}")).json()
        offered = [(one["key"], one["label"], one["ended"]) for one in size_now["choices"]]
        assert offered == [("Small", "Tiny", False), ("Huge", "Huge", False), ("Large & wide", "Large & wide", True)]
        assert "Large &amp; wide" in (await manager.get(card)).body.decode()
        assert (await post(admin, f"{size}/move", way="down")).status == 303
        assert (await post(admin, f"{size}/retire")).status == 303
        assert (await post(manager, f"{card}/fields", **MARK, **{"attributes.limit": ""})).status == 303
        shown = (await manager.get(card)).body.decode()
        assert "Large &amp; wide" in shown
        assert "1,200.50" not in shown
        assert (await post(admin, f"{size}/restore")).status == 303

    loop.run(go())


def test_a_person_is_told_by_fields(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        page = "/settings/fields?of=contacts"
        assert (await post(admin, page, label="Likes tea", type="yes_no", required="yes")).status == 303
        person = f"/clients/{world.client_id}/people/{world.contact_id}"
        missing = await post(manager, person, name="Anna", **MARK, **{"attributes.likes_tea": ""})
        assert (missing.status, b'id="fault-attributes.likes_tea"' in missing.body) == (400, True)
        answer = await post(manager, person, name="Anna", **MARK, **{"attributes.likes_tea": "no"})
        assert answer.status == 303
        card = (await manager.get(f"/clients/{world.client_id}")).body.decode()
        assert "Likes tea</span> No" in card

    loop.run(go())


def test_the_list_of_clients_is_narrowed_by_its_columns(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        here, card = "/settings/fields", f"/clients/{world.client_id}"
        assert (
            await post(admin, here, label="Area", type="choice", choices="North\nSouth", listed="yes")
        ).status == 303
        assert (await post(admin, here, label="Ceiling", type="money", currency="UAH", listed="yes")).status == 303
        other = (
            await manager.post("/api/v1/counterparties", {"name": "Elsewhere", "attributes": {"area": "North"}})
        ).json()
        told = {"attributes.area": "South", "attributes.ceiling": "1 200,50"}
        assert (await post(manager, f"{card}/fields", **MARK, **told)).status == 303
        mine, others = f'href="{card}"', f'href="/clients/{other["id"]}"'
        for asked, fits, fits_other in (
            ("", True, True),
            ("?own_area=South", True, False),
            ("?own_area=North", False, True),
            ("?own_ceiling=1000&own_ceiling.to=1200.50", True, False),
            ("?own_ceiling=1201", False, False),
            ("?own_area=South&own_ceiling.to=5", False, False),
        ):
            page = (await manager.get(f"/clients{asked}")).body.decode()
            assert ((mine in page), (others in page)) == (fits, fits_other), asked
        shown = (await manager.get("/clients?own_area=South&own_ceiling=7")).body.decode()
        assert '<option value="South" selected>' in shown
        assert 'name="own_ceiling" value="7"' in shown
        assert (await manager.get("/clients?own_ceiling=much")).status == 400
        rest = (await manager.get("/api/v1/counterparties?own=area:South&own=ceiling:1000..1300")).json()["items"]
        assert [one["id"] for one in rest] == [world.client_id]
        for wrong in ("area", "nothing:1", "ceiling:much"):
            assert (await manager.get(f"/api/v1/counterparties?own={wrong}")).status == 400, wrong

    loop.run(go())
