"""Imports by a program: sent in parts that break off, sent as a form, from the folder of the server; followed to the
end, paused, resumed and ended; by who may."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from api import uploads
from core import clock
from core.database import WriteTx
from mailhub.ingest.intake import Arrival, accept
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.imports import mail_import
from mailhub.mailboxes.placements import Listed, folder, record_folders
from mailhub.routing.importing import Importing, upload_file
from mailhub.routing.quarantine import hold
from tests.api.world import World
from tests.support.mail import write_letter

FROM = b"From anna@client.example Fri Nov 20 10:00:00 2026\n"


def make_mbox(count: int) -> bytes:
    return b"".join(FROM + write_letter(9000 + n).replace(b"\r\n", b"\n") + b"\n" for n in range(count))


async def take_in(world: World) -> None:
    """What the loop of the house does."""
    house = world.house
    loop = Importing(
        house.database, house.files, house.workers, house.boot, house.uploads, house.settings.imports.folder
    )
    while await loop.once():
        pass


def form(fields: list[tuple[str, str, bytes]]) -> dict[str, Any]:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="%s"' % file.encode() if file else b"", data)
        for name, file, data in fields
    ]
    return {"body": b"".join(parts) + b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}


def test_a_file_in_parts(world: World, loop: asyncio.Runner) -> None:
    loop.run(_in_parts(world))


async def _in_parts(world: World) -> None:
    manager, data = world.program("manager"), make_mbox(20)
    new = {"mailbox_id": world.boxes["sales"].id, "name": "old.mbox", "size": len(data)}
    made = await manager.post("/api/v1/imports", new, headers={"Idempotency-Key": "k"})
    again = await manager.post("/api/v1/imports", new, headers={"Idempotency-Key": "k"})
    assert (made.status, made.json()["state"]) == (201, "receiving")
    assert again.json()["id"] == made.json()["id"]
    here = f"/api/v1/imports/{made.json()['id']}"
    first = await manager.ask("PUT", f"{here}/file", body=data[:1000])
    assert (first.status, first.json()["received"]) == (200, 1000)
    for at in (0, 999, 1001):  # elsewhere than where the file goes on
        assert (await manager.ask("PUT", f"{here}/file?at={at}", body=data[at:])).status == 409
    assert (await manager.ask("PUT", f"{here}/file?at=1000", body=data)).status == 400  # more than was announced
    rest = await manager.ask("PUT", f"{here}/file?at=1000", body=data[1000:])
    assert rest.json()["state"] == "waiting"
    await take_in(world)
    done = (await manager.get(here)).json()
    assert (done["state"], done["letters"], done["taken"], done["error"]) == ("done", 20, 20, "")
    assert done["position"] == done["total"] == len(data)
    assert done["finished_at"]
    assert (await manager.get("/api/v1/imports")).json()["items"][0] == done


def test_a_connection_that_breaks_loses_nothing(world: World, loop: asyncio.Runner) -> None:
    loop.run(_broken(world))


async def _broken(world: World) -> None:
    manager, data = world.program("manager"), make_mbox(5)
    new = {"mailbox_id": world.boxes["sales"].id, "name": "old.mbox", "size": len(data)}
    here = f"/api/v1/imports/{(await manager.post('/api/v1/imports', new)).json()['id']}"
    scope, _ = manager.open("PUT", f"{here}/file", body=data)
    events = [
        {"type": "http.request", "body": data[:700], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return events.pop(0)

    async def send(_message: Any) -> None:
        return None

    await world.app(scope, receive, send)
    assert (await manager.get(here)).json()["received"] == 700
    rest = await manager.ask("PUT", f"{here}/file?at=700", body=data[700:])
    assert rest.json()["state"] == "waiting"
    await take_in(world)
    assert (await manager.get(here)).json()["taken"] == 5


def test_a_form(world: World, loop: asyncio.Runner) -> None:
    loop.run(_forms(world))


async def _forms(world: World) -> None:
    manager, box = world.program("manager"), str(world.boxes["sales"].id).encode()
    data = make_mbox(3)
    sent = await manager.ask("POST", "/api/v1/imports/upload", **form([("mailbox_id", "", box), ("file", "a", data)]))
    assert (sent.status, sent.json()["state"], sent.json()["size"]) == (201, "waiting", len(data))
    other = str(world.boxes["other"].id).encode()
    for fields, status in (
        ([("file", "a", data), ("mailbox_id", "", box)], 400),
        ([("mailbox_id", "", box)], 400),
        ([("mailbox_id", "", b"x"), ("file", "a", data)], 400),
        ([("mailbox_id", "", box), ("evil", "", b"x"), ("file", "a", data)], 400),
        ([("mailbox_id", "", other), ("file", "a", data)], 404),
        ([("mailbox_id", "", b"1000000007"), ("file", "a", data)], 404),
    ):
        assert (await manager.ask("POST", "/api/v1/imports/upload", **form(fields))).status == status, fields
    cut = form([("mailbox_id", "", box), ("file", "a", data)])
    cut["body"] = cut["body"][:-100]
    assert (await manager.ask("POST", "/api/v1/imports/upload", **cut)).status == 400
    assert [one.name for one in world.house.uploads.iterdir()] == [f"{sent.json()['id']}.upload"]


def test_pause_resume_cancel(world: World, loop: asyncio.Runner) -> None:
    loop.run(_turns(world))


async def _turns(world: World) -> None:
    manager, box = world.program("manager"), str(world.boxes["sales"].id).encode()
    fields = form([("mailbox_id", "", box), ("file", "../../a.mbox", make_mbox(3))])
    here = f"/api/v1/imports/{(await manager.ask('POST', '/api/v1/imports/upload', **fields)).json()['id']}"
    assert (await manager.post(f"{here}/resume")).status == 409
    assert (await manager.post(f"{here}/pause")).json()["state"] == "paused"
    await take_in(world)
    assert (await manager.get(here)).json()["state"] == "paused"
    assert (await manager.post(f"{here}/resume")).json()["state"] == "waiting"
    assert (await manager.post(f"{here}/cancel")).json()["state"] == "cancelled"
    await take_in(world)
    assert list(world.house.uploads.iterdir()) == []
    assert (await manager.post(f"{here}/cancel")).status == 409


def test_an_error_is_said_in_words(world: World, loop: asyncio.Runner) -> None:
    async def steps() -> None:
        manager, box = world.program("manager"), str(world.boxes["sales"].id).encode()
        fields = form([("mailbox_id", "", box), ("file", "all.pst", b"!BDN" + bytes(600))])
        sent = await manager.ask("POST", "/api/v1/imports/upload", **fields)
        await take_in(world)
        failed = (await manager.get(f"/api/v1/imports/{sent.json()['id']}")).json()
        assert failed["state"] == "failed"
        assert failed["error"] == "all.pst is a data file of Outlook (.pst). Export its folders as mbox or .eml first."

    loop.run(steps())


@pytest.mark.parametrize(
    ("who", "status"),
    [("reader", 403), ("executor", 403), ("outsider", 404), ("owner", 404), ("manager", 200), ("administrator", 200)],
)
def test_who_may(world: World, loop: asyncio.Runner, who: str, status: int) -> None:
    async def steps() -> None:
        box = world.boxes["sales"].id
        manager, asker = world.program("manager"), world.program(who)
        new = {"mailbox_id": box, "name": "old.mbox", "size": 10}
        made = (await manager.post("/api/v1/imports", new)).json()["id"]
        here = f"/api/v1/imports/{made}"
        assert (await asker.get(here)).status == status
        assert (await asker.ask("PUT", f"{here}/file", body=b"12345")).status == status
        assert (await asker.post("/api/v1/imports", new)).status == (201 if status == 200 else status)
        assert made in [one["id"] for one in (await asker.get("/api/v1/imports")).json()["items"]] or status != 200
        assert (await asker.post(f"{here}/cancel")).status == status

    loop.run(steps())


def test_the_folder_of_the_server(world: World, loop: asyncio.Runner, tmp_path: Path) -> None:
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "old.mbox").write_bytes(make_mbox(2))
    imports = dataclasses.replace(world.house.settings.imports, folder=folder)
    world.house.settings = dataclasses.replace(world.house.settings, imports=imports)

    async def steps() -> None:
        chief, manager = world.program("administrator"), world.program("manager")
        box = world.boxes["sales"].id
        assert (await manager.post("/api/v1/imports", {"mailbox_id": box, "path": "old.mbox"})).status == 403
        for path in ("../secret", "/etc/passwd", "nothing", "a\0b"):
            assert (await chief.post("/api/v1/imports", {"mailbox_id": box, "path": path})).status == 404, path
        made = (await chief.post("/api/v1/imports", {"mailbox_id": box, "path": "old.mbox"})).json()
        await take_in(world)
        assert (await chief.get(f"/api/v1/imports/{made['id']}")).json()["taken"] == 2

    loop.run(steps())


def test_bounds(world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps() -> None:
        manager, box = world.program("manager"), world.boxes["sales"].id
        for size in (0, -1, 1 << 60):
            new = {"mailbox_id": box, "name": "a", "size": size}
            assert (await manager.post("/api/v1/imports", new)).status == 400
        new = {"mailbox_id": box, "name": "a", "size": 21 << 30}
        assert (await manager.post("/api/v1/imports", new)).status in (413, 429)
        assert (await manager.post("/api/v1/imports", {"mailbox_id": box, "name": "a"})).status == 400
        made = (await manager.post("/api/v1/imports", {"mailbox_id": box, "name": "a", "size": 100})).json()
        monkeypatch.setattr(uploads, "RESERVE", 1 << 60)
        full = await manager.ask("PUT", f"/api/v1/imports/{made['id']}/file", body=b"x")
        assert full.status == 503
        assert not upload_file(world.house.uploads, made["id"]).exists()

    loop.run(steps())


def test_what_an_import_brought_into_quarantine_is_shown_alone(world: World, loop: asyncio.Runner) -> None:
    """By the link that its row shows: of that import, and of mailboxes that one may see."""

    def hold_one(tx: WriteTx, import_id: int, sender: str) -> int:
        trace = {"mail_from": sender, "import": import_id}
        held = accept(
            tx, Arrival(write_letter(9000 + import_id), "archive", clock.now(), [world.boxes["sales"].id], trace)
        )
        hold(tx, held, "parse", "ValueError: a bug")
        return held

    async def walk() -> None:
        for import_id, sender in ((71, "one@client.example"), (72, "two@client.example")):
            await world.database.write(hold_one, import_id, sender)
        manager, outsider = world.program("manager"), world.program("outsider")
        shown = (await manager.get("/quarantine?import=71")).body.decode()
        assert "one@client.example" in shown
        assert "two@client.example" not in shown
        (held,) = (await manager.get("/api/v1/quarantine?import_id=72")).json()["items"]
        assert held["mail_from"] == "two@client.example"
        assert (await outsider.get("/api/v1/quarantine?import_id=72")).json()["items"] == []
        assert "two@client.example" not in (await outsider.get("/quarantine?import=72")).body.decode()

    loop.run(walk())


def test_older_letters_of_an_account_stand_beside_imports(world: World, loop: asyncio.Runner) -> None:
    """How far they are, for whose account it is; the page looks again every quarter of a minute, not every second."""

    def begin(tx: WriteTx) -> None:
        made = add_account(tx, world.house.keys, world.boxes["sales"].id, "imap.example", 993, "tls", "sales", "secret")
        record_folders(tx, made.id, [Listed("INBOX", "INBOX", "inbox")])
        seen = {"uidvalidity": 1, "quiet_below": 201, "server_count": 200, "last_uid": 50}
        tx.execute(update(folder).where(folder.c.account_id == made.id).values(**seen))
        tx.execute(update(mail_import).values(state="done"))

    async def walk() -> None:
        await world.database.write(begin)
        chief = world.program("administrator")
        shown = (await chief.get("/settings/imports/rows")).body.decode()
        assert 'data-backlog="250"' in shown
        assert 'hx-trigger="every 15s, imports-moved"' in shown
        await chief.post("/api/v1/imports", {"mailbox_id": world.boxes["sales"].id, "name": "a.mbox", "size": 9})
        assert 'hx-trigger="every 1s, imports-moved"' in (await chief.get("/settings/imports/rows")).body.decode()
        other = await world.program("manager").get("/settings/imports/rows")
        assert "data-backlog" not in other.body.decode()

    loop.run(walk())
