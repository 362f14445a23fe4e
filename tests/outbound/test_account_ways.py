"""Letters of a mailbox whose account has a server of its own leave by that one: under TLS, with its password or token;
its trouble is told and is nobody else's. A fault of our own ends no loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.blobs import BlobFiles
from core.database import Database, WriteTx
from core.fetch import Guard
from mailhub.ingest.smtp import self_signed
from mailhub.mailboxes.account_tables import account
from mailhub.mailboxes.accounts import Account, Relay, add_account, open_secret, set_relay
from mailhub.outbound import claiming, handing, ledger, ways
from mailhub.outbound.account_ways import AccountWays
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.send import Sending
from tests.outbound.conftest import Office
from tests.support.house import eventually
from tests.support.sink import Script, Sink
from tests.support.world import World, letter

HOST = "smtp.provider.example"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(HOST, tmp_path_factory.mktemp("paper"))


def secured(paper: tuple[Path, Path], password: str = "a secret", **script: Any) -> Script:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*paper)
    return Script(tls=context, password=password, **script)


def connect(office: Office, port: int, *, host: str = HOST, secret: str = "a secret") -> int:
    box, keys = office.world.box("sales"), office.stamp.keys
    relay = Relay(host, port, "starttls", "sales@firm.example")
    place = ("imap.provider.example", 993, "tls", "sales@firm.example", secret)
    return office.world.database.write_now(partial(add_account, relay=relay), keys, box.id, *place).id


@contextmanager
def running(
    office: Office, folder: Path, paper: tuple[Path, Path], house: Sink | None = None, inside: str = "127.0.0.0/8"
) -> Iterator[Sending]:
    """The loop in a thread; every name leads to loopback."""
    database: Database = office.world.database
    boot = database.write_now(jobs.start_boot)
    ready, made = threading.Event(), []

    async def resolve(_host: str) -> list[str]:
        return ["127.0.0.1"]

    async def secret(one: Account) -> str:
        return await database.read(open_secret, office.stamp.keys, one.id)

    async def live() -> None:
        context = ssl.create_default_context(cafile=str(paper[0]))
        guard = Guard(resolve, own=[inside])
        ways_out = AccountWays(database, office.stamp.keys, guard, context, secret, "mail.firm.example")
        relay = parse_relay(f"smtp://127.0.0.1:{house.port}") if house is not None else None
        sending = Sending(
            database, BlobFiles(folder / "blobs"), office.stamp.keys, relay, boot=boot, folder=folder,
            hostname="mail.firm.example", connections=2, accounts=ways_out,
        )  # fmt: skip
        sending.haste = 0.01
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        database.listen(lambda _topics: loop.call_soon_threadsafe(sending.wake) if not end.is_set() else None)
        made.extend([sending, lambda: loop.call_soon_threadsafe(end.set)])
        task = asyncio.create_task(sending.run())
        ready.set()
        await asyncio.wait([task, asyncio.create_task(end.wait())], return_when=asyncio.FIRST_COMPLETED)
        made.append(task.done())
        await sending.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    worker = threading.Thread(target=lambda: asyncio.run(live()))
    worker.start()
    assert ready.wait(10)
    try:
        yield made[0]
    finally:
        made[1]()
        worker.join(20)
        database.write_now(jobs.stop_boot, boot)
        assert made[2] is False, "the loop ended by itself"


def states(office: Office) -> list[str]:
    rows = office.world.database.read_now(ledger.list_deliveries, office.world.viewer("ivan")).items
    return sorted(row.state for row in rows)


def servers(office: Office) -> set[str]:
    return set(office.world.database.read_now(lambda tx: tx.sql("SELECT server FROM delivery").scalars().all()))


def test_a_letter_leaves_by_the_server_of_its_account(office: Office, tmp_path: Path, paper: tuple[Path, Path]) -> None:
    office.answer()
    with Sink() as house, Sink(secured(paper)) as own:
        connect(office, own.port)
        with running(office, tmp_path, paper, house):
            eventually(lambda: states(office) == ["sent"])
    assert [one.recipient for one in own.taken] == ["anna@client.example"]
    assert house.said == []
    assert servers(office) == {f"{HOST}:{own.port}"}
    said = own.said
    assert said.index("STARTTLS") < next(place for place, line in enumerate(said) if line.startswith("AUTH"))


def test_switched_off_it_leaves_by_the_relay_of_the_house(
    office: Office, tmp_path: Path, paper: tuple[Path, Path]
) -> None:
    office.answer()
    with Sink() as house, Sink(secured(paper)) as own:
        account_id = connect(office, own.port)
        office.world.database.write_now(lambda tx: tx.change(account, account_id, sends=0))
        with running(office, tmp_path, paper, house):
            eventually(lambda: states(office) == ["sent"])
    assert (len(house.taken), own.said) == (1, [])
    assert servers(office) == {f"127.0.0.1:{house.port}"}


@pytest.mark.parametrize("trouble", ["password", "no tls", "not inside", "nobody there", "another certificate"])
def test_its_trouble_is_told_and_nobody_elses(
    office: Office, tmp_path: Path, paper: tuple[Path, Path], trouble: str
) -> None:
    world: World = office.world
    script = secured(paper)
    script.offers_tls = trouble != "no tls"
    with Sink() as house, Sink(script) as own:
        port = 1 if trouble == "nobody there" else own.port
        host = "other.provider.example" if trouble == "another certificate" else HOST
        account_id = connect(office, port, host=host, secret="wrong" if trouble == "password" else "a secret")
        office.answer()
        world.grant("ivan", "other", "answer", "assign")
        world.arrive(letter("Taps", "2@client.example").replace(b"sales@", b"other@"), "other")
        beside = next(row.id for row in world.threads("ivan") if row.subject == "Taps")
        before, office.thread_id = office.thread_id, beside
        office.answer("Five weeks.")
        office.thread_id = before
        inside = "10.0.0.0/8" if trouble == "not inside" else "127.0.0.0/8"
        with running(office, tmp_path, paper, house, inside):
            eventually(lambda: states(office) == ["queued", "sent"])
            eventually(lambda: world.database.read_now(ways.find_trouble, account_id) is not None)
            found = world.database.read_now(ways.find_trouble, account_id)
            assert found is not None
            assert found.sentence % found.fields
            assert "a secret" not in f"{found}"
            assert [one.recipient for one in house.taken] == ["anna@client.example"]
            assert own.taken == []
            if not script.offers_tls:
                assert not any(line.startswith("AUTH") for line in own.said), "no password in clear"
            own.script.password, own.script.offers_tls = "wrong" if trouble == "password" else "a secret", True
            if trouble in ("password", "no tls"):
                world.database.write_now(ways.end_trouble, account_id)
                world.database.write_now(lambda tx: tx.announce(ledger.TOPIC))
                eventually(lambda: states(office) == ["sent", "sent"])
                assert len(own.taken) == 1
                assert world.database.read_now(ways.find_trouble, account_id) is None


def test_a_relay_of_the_house_is_not_needed(office: Office, tmp_path: Path, paper: tuple[Path, Path]) -> None:
    office.answer()
    with Sink(secured(paper, "own")) as own:
        account_id = connect(office, own.port)
        other = Relay(HOST, own.port, "starttls", "sales@firm.example", "own")
        office.world.database.write_now(set_relay, office.stamp.keys, account_id, other)
        with running(office, tmp_path, paper):
            eventually(lambda: states(office) == ["sent"])
    assert len(own.taken) == 1


@pytest.mark.parametrize("place", ["claim", "hand", "recover"])
def test_a_fault_of_our_own_ends_no_loop(
    office: Office, tmp_path: Path, paper: tuple[Path, Path], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = claiming if place == "claim" else handing
    verb, broken = getattr(room, place), [3]
    seen: list[str] = []

    def breaks(tx: WriteTx, *args: Any) -> Any:
        if broken[0]:
            broken[0] -= 1
            raise RuntimeError("planted")
        return verb(tx, *args)

    monkeypatch.setattr(room, place, breaks)
    monkeypatch.setattr("mailhub.outbound.send.SWEEP_SECONDS", 0.1)
    office.answer()
    with Sink() as house, running(office, tmp_path, paper, house) as sending:

        def settled() -> bool:
            if sending.trouble is not None:
                seen.append(str(sending.trouble))
            office.world.database.write_now(lambda tx: tx.sql("UPDATE delivery SET next_at = 0"))
            return states(office) == ["sent"]

        eventually(settled)
        eventually(lambda: sending.trouble is None)
    assert len(house.taken) == 1
    assert any("RuntimeError" in one for one in seen), "the page of health says so"
