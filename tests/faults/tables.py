"""Bring a table of clients in while the server is killed with -9: in the dry run, in the run, while it is taken back.
Nothing is lost, nobody stands twice, a dry run writes nothing, and what is taken back leaves no client."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from core import jobs
from core.database import Database, ReadTx, open_database
from crm.parties.tables import affiliation, contact, counterparty, party_address
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.transfer.imports import PartyImport, load_import, run_import, start_import, try_import, undo_import
from mailhub.routing.table_worker import Reading
from mailhub.routing.tables_read import look_at
from mailhub.routing.transferring import table_file
from tests.support.commands import Command
from tests.support.messy_table import write_messy, write_messy_text

PATIENCE = 120.0
"""Seconds in which an import does not move."""
SHAPES = ("xlsx", "utf-8", "windows-1251", "utf-16")
_COUNTS = {"rows": "rows", "new": "new", "refused": "refused", "same": "again"}


@dataclass(frozen=True, slots=True)
class TableTally:
    """What a table was, and what became of it. ``wrote``: clients that were there after the dry run; ``astray``: counts
    of the dry run and of the run that are not what the table holds; ``doubled``: clients or addresses that stand twice;
    ``missing``: new ones that are not there; ``left``: clients or people after it was taken back."""

    seed: int
    shape: str
    rows: int
    kills: int
    clients: int
    wrote: int
    astray: int
    doubled: int
    missing: int
    left: int
    tried: float
    ran: float
    undone: float

    @property
    def is_sound(self) -> bool:
        """Whether every promise held."""
        return not (self.wrote or self.astray or self.doubled or self.missing or self.left) and self.clients > 0

    def __str__(self) -> str:
        return (
            f"seed {self.seed}, {self.shape}: {self.rows} rows, {self.kills} kills, {self.clients} clients; dry run "
            f"{self.tried:.1f} s, run {self.ran:.1f} s, taken back {self.undone:.1f} s; {self.wrote} written by the "
            f"dry run, {self.astray} counts astray, {self.doubled} doubled, {self.missing} missing, {self.left} left"
        )


class _Server:
    """``mailhub serve`` that takes tables in."""

    def __init__(self, folder: Path, url: str) -> None:
        self.data = folder / "data"
        self._folder = folder
        self._own = {
            "MAILHUB_DATA_DIR": str(self.data), "MAILHUB_DATABASE_URL": url, "MAILHUB_SMTP_PORT": "0",
            "MAILHUB_PARSE_WORKERS": "1", "MAILHUB_VERDICTS_CHECK": "no",
        }  # fmt: skip
        self._process: Command | None = None

    def start(self) -> None:
        with (self._folder / "server.log").open("ab") as log:
            environment = {**os.environ, **self._own}
            serve = ["serve", "--json", "--roles", "ingest"]
            self._process = Command(serve, environment=environment, folder=self._folder, stderr=log)
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), (self._folder / "server.log").read_text()[-3000:]

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


class _House:
    """A house with one table under way, looked at from outside."""

    def __init__(self, database: Database, server: _Server, table: Path, seed: int) -> None:
        self.database = database
        self.server = server
        self.chance = random.Random(seed)
        self.kills = 0
        user_id = database.write_now(partial(add_user, is_admin=True), "chief@firm.example", "Chief")
        self.viewer: Viewer = database.read_now(get_viewer, user_id)
        looked = asyncio.run(look_at(Reading(str(table))))
        started = database.write_now(start_import, self.viewer, table.name, table.stat().st_size, looked)
        server.data.joinpath("tables").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(table, table_file(server.data / "tables", started.id))
        self.id, self.mapping, self.total = started.id, started.mapping, looked.total

    def now(self) -> PartyImport:
        return self.database.read_now(load_import, self.id)

    def do(self, verb: Any, *told: Any) -> None:
        self.database.write_now(verb, self.viewer, self.id, *told)

    def go(self, state: str, kills: int) -> tuple[PartyImport, float]:
        """Let the server work until the import is in this state, and kill it so many times on the way."""
        began = time.monotonic()
        aims = sorted(self.chance.randrange(1, max(2, self.total * 9 // 10)) for _ in range(kills))
        for aim in aims:
            if not self._wait(state, aim):
                break
            self.server.kill()
            self.kills += 1
            self.database.write_now(lambda tx: tx.execute(update(jobs.boot).values(seen_at=0)))  # it is silent
            self.server.start()
        self._wait(state, 0)
        return self.now(), time.monotonic() - began

    def _wait(self, state: str, aim: int) -> bool:
        """Until so many rows are gone through. False when the import is over."""
        moved, last = time.monotonic(), -1
        while (found := self.now()).state != state:
            assert found.state != "failed", (found.error, found.error_fields)
            if aim and found.gone_through >= aim:
                return True
            if found.gone_through != last:
                moved, last = time.monotonic(), found.gone_through
            assert time.monotonic() - moved < PATIENCE, found
            time.sleep(0.01)
        return False


def bring_over_kills(
    folder: Path, url: str, shape: str, rows: int, kills: tuple[int, int, int], seed: int
) -> TableTally:
    """Try a messy table of a shape of ``SHAPES``, bring it in, and take it back, with so many ``kills`` in each of the
    three. The database at ``url`` is empty."""
    table = folder / f"messy.{shape}"
    told = write_messy(table, rows) if shape == "xlsx" else write_messy_text(table, rows, shape)
    database, server = open_database(url), _Server(folder, url)
    try:
        house = _House(database, server, table, seed)
        server.start()
        house.do(try_import, house.mapping, {})
        tried, first = house.go("tried", kills[0])
        wrote = _count(database, counterparty)
        house.do(run_import)
        done, second = house.go("done", kills[1])
        clients = _count(database, counterparty)
        doubled = database.read_now(_count_doubled)
        house.do(undo_import)
        _undone, third = house.go("undone", kills[2])
    finally:
        server.kill()
        left = _count(database, counterparty) + _count(database, contact) + _count(database, affiliation)
        database.close()
    astray = sum(one.counts.get(name, 0) != told[key] for one in (tried, done) for name, key in _COUNTS.items())
    return TableTally(
        seed, shape, told["rows"], house.kills, clients, wrote, astray, doubled, told["new"] - clients, left,
        first, second, third,
    )  # fmt: skip


def _count(database: Database, table: Any) -> int:
    return int(database.read_now(lambda tx: tx.value(select(func.count()).select_from(table))))


def _count_doubled(tx: ReadTx) -> int:
    """Names of clients and addresses that are there more than once."""
    found = 0
    for column in (counterparty.c.name_folded, contact.c.name_folded, party_address.c.address):
        twice = select(column).group_by(column).having(func.count() > 1).subquery()
        found += int(tx.value(select(func.count()).select_from(twice)))
    return found
