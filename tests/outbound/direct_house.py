"""A house that sends straight to the servers of domains: a DNS that says what a test wrote down, servers on addresses
of loopback."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from core import jobs
from core.blobs import BlobFiles
from core.errors import Unavailable
from core.fetch import Guard
from mailhub.letters.values import Address
from mailhub.outbound import ledger
from mailhub.outbound.direct import Direct
from mailhub.outbound.ledger import Delivery
from mailhub.outbound.mailbox_ways import choose_way_of_mailbox
from mailhub.outbound.mx import Kind, NoAnswerError
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.send import Sending
from mailhub.outbound.sts import Policies
from tests.outbound.conftest import Office
from tests.support.sink import Sink


@dataclass
class Zone:
    """The DNS and the web: ``records`` by kind and name, ``silent`` names that get no answer, ``pages`` by domain.
    Where some are ``proved``, a resolver checks signatures, and those names have some."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    proved: set[str] = field(default_factory=set)
    pages: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, kind: str, *said: str) -> Zone:
        """Say so from now on."""
        self.records[kind, name] = list(said)
        return self

    async def ask(self, name: str, kind: Kind) -> Sequence[str]:
        """See ``mx.Ask``."""
        self.asked.append((name, kind))
        if name in self.silent:
            raise NoAnswerError(f"The DNS does not answer for {name} now.")
        return self.records.get((kind, name), [])

    async def ask_proved(self, name: str, kind: Kind) -> tuple[Sequence[str], bool]:
        """See ``mx.AskProved``."""
        return await self.ask(name, kind), name in self.proved

    async def fetch(self, url: str) -> bytes:
        """See ``sts.Fetch``."""
        self.fetched.append(url)
        domain = url.removeprefix("https://mta-sts.").partition("/")[0]
        if domain not in self.pages:
            raise Unavailable("The other server answered %(status)s.", status=404)
        return self.pages[domain]


@contextmanager
def sending(
    office: Office,
    zone: Zone,
    folder: Path,
    *,
    port: int = 1,
    inside: tuple[str, ...] = ("127.0.0.0/8",),
    context: ssl.SSLContext | None = None,
    relay: Sink | None = None,
) -> Iterator[Sending]:
    """The loop in a thread."""
    database = office.world.database
    boot = database.write_now(jobs.start_boot)
    ready, made = threading.Event(), []

    async def live() -> None:
        policies = Policies(database, zone.ask, zone.fetch)
        proved = zone.ask_proved if zone.proved else None
        direct = Direct(
            zone.ask, policies, "mail.firm.example", inside=inside, port=port, context=context, ask_proved=proved
        )
        house = parse_relay(f"smtp://127.0.0.1:{relay.port}") if relay is not None else None
        one = Sending(
            database, BlobFiles(folder / "blobs"), office.stamp.keys, house, boot=boot, folder=folder,
            hostname="mail.firm.example", connections=2, direct=direct, guard=Guard(own=inside),
        )  # fmt: skip
        one.haste = 0.01
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        database.listen(lambda _topics: loop.call_soon_threadsafe(one.wake) if not end.is_set() else None)
        made.extend([one, lambda: loop.call_soon_threadsafe(end.set)])
        task = asyncio.create_task(one.run())
        ready.set()
        await asyncio.wait([task, asyncio.create_task(end.wait())], return_when=asyncio.FIRST_COMPLETED)
        await one.stop()
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


def choose(office: Office, way: str, relay: str | None = None, box: str = "sales") -> None:
    """Ivan, who administers the house, lets the letters of a mailbox leave so."""
    office.world.grant("ivan", box, "manage", "answer", "assign")
    viewer = replace(office.world.viewer("ivan"), is_admin=True)
    number = office.world.box(box).id
    office.world.database.write_now(choose_way_of_mailbox, office.stamp.keys, viewer, number, way, relay)


def write(office: Office, *addresses: str) -> None:
    """A letter for each."""
    for address in addresses:
        office.answer(to=(Address("", address),), force=True)


def rows(office: Office) -> dict[str, Delivery]:
    """What became of the letters, by recipient."""
    found = office.world.database.read_now(ledger.list_deliveries, office.world.viewer("ivan"), limit=200).items
    return {row.recipient: row for row in found}


def states(office: Office) -> dict[str, str]:
    """How they stand."""
    return {recipient: row.state for recipient, row in rows(office).items()}
