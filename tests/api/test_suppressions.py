"""The page of addresses that are not written to: looked up, added, brought as a table, allowed again with a proof."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from core import clock
from core.database import WriteTx
from crm.staff.tables import session
from mailhub.outbound.suppression import find_reasons
from tests.api.asking import Answer, Asker
from tests.api.world import World

PAGE = "/settings/suppressions"
TABLE = "email,status,updated_at\nleft@x.example,blocklisted,2024-05-06\nstays@x.example,enabled,\nnonsense,enabled,\n"


async def send(asker: Asker, path: str, **fields: str) -> Answer:
    head = {"content-type": "application/x-www-form-urlencoded"}
    return await asker.ask("POST", path, headers=head, body=urlencode(fields).encode())


async def bring(asker: Asker, content: str) -> Answer:
    parts = [
        ('name="reason"', "hand"),
        ('name="detail"', "the old program"),
        ('name="file"; filename="a.csv"', content),
    ]
    body = "".join(f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts)
    head = {"content-type": "multipart/form-data; boundary=x"}
    return await asker.ask("POST", f"{PAGE}/bring", headers=head, body=f"{body}--x--\r\n".encode())


def test_addresses_are_looked_up_added_and_allowed_again(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        admin, manager = await world.browser("administrator"), await world.browser("manager")
        assert (await manager.get(PAGE)).status == 403
        nothing = (await admin.get(f"{PAGE}?address=Gone@client.example")).body.decode()
        assert "Nothing speaks against writing to Gone@client.example." in nothing
        added = await send(admin, PAGE, address="gone@client.example", reason="hand", detail="They asked")
        assert (added.status, added.headers["location"]) == (303, f"{PAGE}?address=gone%40client.example")
        again = await send(admin, PAGE, address="GONE@client.example", reason="hand")
        assert (again.status, "already" in again.body.decode()) == (409, True)
        assert (await send(admin, PAGE, address="nonsense", reason="hand")).status == 400
        assert (await send(admin, PAGE, address="a@x.example", reason="topic 1")).status == 400
        assert (await admin.get(f"{PAGE}?address=nonsense")).status == 400
        found = (await admin.get(f"{PAGE}?address=gone@client.example")).body.decode()
        assert "They asked" in found
        lift = found.partition('class="inline" method="post" action="')[2].partition('"')[0]
        assert lift.endswith("/lift")
        await world.database.write(_forget_proofs)
        refused = await send(admin, lift, address="gone@client.example")
        assert (refused.status, refused.headers["location"].startswith("/prove")) == (303, True)
        assert await world.database.read(find_reasons, world.house.keys, "gone@client.example") == ["hand"]
        await world.database.write(_prove)
        assert (await send(admin, lift, address="gone@client.example")).status == 303
        assert await world.database.read(find_reasons, world.house.keys, "gone@client.example") == []

    loop.run(go())


def test_a_table_of_another_program(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        admin, manager = await world.browser("administrator"), await world.browser("manager")
        assert (await bring(manager, TABLE)).status == 403
        told = (await bring(admin, TABLE)).body.decode()
        assert "1 address is not written to from now on." in told
        assert "1 is still written to, as the table says." in told
        assert "Row 4: nonsense is not an e-mail address." in told
        assert await world.database.read(find_reasons, world.house.keys, "left@x.example") == ["unsubscribed"]
        page = (await admin.get(f"{PAGE}?address=left@x.example")).body.decode()
        assert "the old program" in page
        assert 'datetime="2024-05-06' in page
        assert "1 was not before either." in (await bring(admin, TABLE)).body.decode()
        assert (await bring(admin, "")).status == 400

    loop.run(go())


def _forget_proofs(tx: WriteTx) -> None:
    tx.execute(session.update().values(proved_at=0))


def _prove(tx: WriteTx) -> None:
    tx.execute(session.update().values(proved_at=clock.now()))
