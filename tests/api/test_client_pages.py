"""Pages of clients: forms that say what is wrong where, who may be meant already, and what is written into history."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

from tests.api.asking import Answer, Asker
from tests.api.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def post(asker: Asker, path: str, **fields: str) -> Answer:
    return await asker.ask("POST", path, body=urlencode(fields).encode(), headers=FORM)


def test_a_client_is_entered_changed_and_not_twice(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager = world.program("manager")  # "Fair" is a channel of the house
        told = {"name": "Степ-Агро", "kind": "company", "role_supplier": "yes", "phone_0": "+380441234567"}
        told |= {"firm_name_0": "", "firm_tax_0": "12345678", "groups": "Grain, South", "channel": "Fair"}
        wrong = await post(manager, "/clients/new", **told | {"phone_0": "12", "about": "Kept words"})
        assert wrong.status == 400
        assert b'id="fault-phones"' in wrong.body
        assert b"Kept words" in wrong.body
        made = await post(manager, "/clients/new", **told)
        assert made.status == 303, made.body[-2000:]
        page = made.headers["location"]
        card = (await manager.get(page)).body.decode()
        for words in ("Степ-Агро", "12345678", "Grain, South", "+380 44 123 4567", "Fair", "Supplier"):
            assert words in card, words
        again = await post(manager, "/clients/new", name="Other", kind="company", firm_tax_0="1234-5678")
        assert again.status == 200
        assert "the same tax number" in again.body.decode()
        more = await post(manager, "/clients/new", name="Other", kind="company", firm_tax_0="12345678", anyway="yes")
        assert more.status == 303
        form = (await manager.get(f"{page}/edit")).body.decode()
        assert "firm_id_0" in form
        below = await post(manager, "/clients/new", name="Depot", kind="company", parent="степ-агро")
        assert "Depot" in (await manager.get(page)).body.decode()
        nobody = await post(manager, f"{below.headers['location']}/edit", name="Depot", parent="Nobody at all")
        assert (nobody.status, b'id="fault-parent"' in nobody.body) == (400, True)
        old = await post(manager, f"{page}/edit", name="Steppe", version="99")
        assert old.status == 400
        found = (await manager.get(f"/clients?q={quote('123456')}")).body.decode()
        assert "Степ-Агро" in found

    loop.run(go())


def test_a_person_is_entered_and_what_happened_is_written(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager = world.program("manager")
        here = f"/clients/{world.client_id}"
        wrong = await post(manager, f"{here}/people/new", name="Boris", birthday="yesterday")
        assert (wrong.status, b'id="fault-birthday"' in wrong.body) == (400, True)
        assert (await post(manager, f"{here}/people/new", name="Boris", position="Buyer")).status == 303
        person = f"{here}/people/{world.contact_id}"
        form = (await manager.get(person)).body.decode()
        assert "anna@client.example" in form
        told = {"name": "Anna", "email_0": "anna@client.example", "consent": "no", "source": "Her letter"}
        assert (await post(manager, person, **told)).status == 303
        assert "mailings: no" in (await manager.get(here)).body.decode()
        note = await post(manager, f"{here}/written", kind="call", body="Wants beans", minutes="6")
        assert note.status == 303
        card = (await manager.get(f"{here}?kind=call")).body.decode()
        assert "Wants beans" in card
        assert "6 minutes" in card
        line = card.partition('id="line-')[2].partition('"')[0]
        assert 'name="based_on_id"' in (await manager.get(f"{here}?base={line}")).body.decode()
        assert (await post(manager, f"{here}/written", remove=line)).status == 303
        assert "Wants beans" not in (await manager.get(here)).body.decode()
        assert (await manager.get(f"{here}?kind=nothing")).status == 400
        assert (await manager.get(f"{here}?base=999999")).status == 404

    loop.run(go())


def test_two_that_are_one_are_merged_from_the_card(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager = world.program("manager")
        here = f"/clients/{world.client_id}"
        twin = await post(
            manager, "/clients/new", name="The twin", kind="company", domains="twin.example", anyway="yes"
        )
        number = twin.headers["location"].rpartition("/")[2]
        assert "The twin" in (await manager.get(f"{here}/merge?q=twin")).body.decode()
        asked = (await manager.get(f"{here}/merge?other={number}")).body.decode()
        assert "Domains" in asked
        assert (await post(manager, f"{here}/merge", gone_id=str(world.client_id))).status == 400
        assert (await post(manager, f"{here}/merge", gone_id=number)).status == 303
        card = (await manager.get(here)).body.decode()
        assert "The twin was merged into this one" in card
        undo = card.partition('action="/merges/')[2].partition('"')[0]
        assert (await post(manager, f"/merges/{undo}")).headers["location"] == here
        assert "The twin" in (await manager.get("/clients?q=twin")).body.decode()
        assert (await manager.get(f"{here}/people/{world.contact_id}/merge")).status == 200

    loop.run(go())


def test_clients_are_linked_by_name_and_parted_by_number(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        manager = world.program("manager")
        here = f"/clients/{world.client_id}"
        made = (await post(manager, "/clients/new", name="Лінія Плюс", kind="company")).headers["location"]
        assert (await post(manager, f"{here}/links", name="лінія плюс", kind="dealer")).status == 303
        assert "dealer" in (await manager.get(made)).body.decode()
        assert (await post(manager, f"{here}/links", name="лінія плюс", kind="dealer")).status == 409
        assert (await post(manager, f"{here}/links", name="", kind="dealer")).status == 400
        assert (await post(manager, f"{here}/links", name="лінія плюс", kind="enemy")).status == 400
        shown = (await manager.get(here)).body.decode().partition('id="links"')[2]
        number = shown.partition('name="remove" value="')[2].partition('"')[0]
        assert (await post(manager, f"{here}/links", remove=number)).status == 303
        assert "Лінія Плюс" not in (await manager.get(here)).body.decode()

    loop.run(go())
