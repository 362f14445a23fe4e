"""Two processes of the role ``clock`` beside each other, killed with -9 again and again, while many letters come due
that go by themselves: each goes exactly once, or is held where the house was off for three days."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import func, select

from core import clock
from core.database import Database, ReadTx, open_database
from core.marks import ensure_identity
from core.secrets import load_keys
from mailhub.automatic.sending import Means
from mailhub.automatic.tables import automatic_letter
from mailhub.outbound.identity import Stamp
from mailhub.outbound.tables import delivery
from tests.automatic.house import KYIV, Automatics
from tests.support.commands import Command
from tests.support.world import World

PATIENCE = 90.0
"""Seconds in which nothing moves."""


@dataclass(frozen=True, slots=True)
class ClockTally:
    """Of so many ``planned`` letters: ``sent`` once, ``held``, ``lost`` (neither), ``doubled`` (two rows of the ledger,
    or a row for one that is held)."""

    planned: int
    kills: int
    sent: int
    held: int
    lost: int
    doubled: int

    @property
    def is_sound(self) -> bool:
        """True when each went once or is held."""
        return not self.lost and not self.doubled and self.sent + self.held == self.planned

    def __str__(self) -> str:
        return (
            f"{self.planned} letters by two clocks, {self.kills} kills: {self.sent} sent once, {self.held} held, "
            f"{self.lost} lost, {self.doubled} doubled"
        )


class Clocks:
    """A house whose rules came due while nobody looked, and the processes that look now."""

    def __init__(self, folder: Path, url: str, count: int, since: int) -> None:
        self._folder, self._url = folder, url
        self._data = folder / "data"
        self._data.mkdir()
        self.database = open_database(url)
        self.processes: list[Command] = []
        self._silent: list[Command] = []
        _plan(self.database, self._data, count, since)

    def start(self) -> None:
        """One more process; it is left to itself."""
        own = {"MAILHUB_DATA_DIR": str(self._data), "MAILHUB_DATABASE_URL": self._url}
        with (self._folder / "clocks.log").open("ab") as log:
            serve = ["serve", "--json", "--roles", "clock"]
            one = Command(serve, environment={**os.environ, **own}, folder=self._folder, stderr=log)
        self.processes.append(one)
        self._silent.append(one)

    def ready(self) -> None:
        """Until those that were started say that they work."""
        while self._silent:
            one = self._silent.pop()
            assert one.stdout is not None
            assert one.stdout.readline(), (self._folder / "clocks.log").read_text()[-3000:]

    def kill(self, place: int) -> None:
        """kill -9."""
        gone = self.processes.pop(place)
        gone.kill()
        gone.wait()
        assert gone.stdout is not None
        gone.stdout.close()

    def stop(self) -> None:
        """End all."""
        while self.processes:
            self.kill(0)
        self.database.close()

    def settled(self) -> int:
        """How many letters went or are held."""
        return int(self.database.read_now(lambda tx: tx.value(_SETTLED)) or 0)


_SETTLED = select(func.count()).where(automatic_letter.c.state.in_(("sent", "held")))


def run_clocks(folder: Path, url: str, count: int, kills: int, seed: int, *, away: int = clock.HOUR) -> ClockTally:
    """Plan ``count`` letters that came due one after the other while the house was ``away``, let two clocks find them,
    kill one of them ``kills`` times, and compare."""
    chance = random.Random(seed)
    clocks = Clocks(folder, url, count, clock.now() - away)
    done = 0
    try:
        for _ in range(2):
            clocks.start()
        clocks.ready()
        found, moved = -1, time.monotonic()
        while (now := clocks.settled()) < count:
            if now != found:
                found, moved = now, time.monotonic()
            assert time.monotonic() < moved + PATIENCE, f"{now} of {count} went"
            if done < kills and now >= (done + 1) * count // (kills + 2):
                clocks.kill(chance.randrange(2))
                clocks.start()
                clocks.ready()
                done += 1
            time.sleep(0.02)
        return clocks.database.read_now(_compare, count, done)
    finally:
        clocks.stop()


def _compare(tx: ReadTx, planned: int, kills: int) -> ClockTally:
    letters = tx.rows(select(automatic_letter.c.subject_id, automatic_letter.c.state, automatic_letter.c.message_id))
    rows = tx.values(select(delivery.c.message_id))
    sent = [one for one in letters if one.state == "sent"]
    held = sum(one.state == "held" for one in letters)
    doubled = len(letters) - len({one.subject_id for one in letters}) + max(len(rows) - len(sent), 0)
    lost = planned - len({one.subject_id for one in letters}) + len({one.message_id for one in sent} - set(rows))
    return ClockTally(planned=planned, kills=kills, sent=len(sent), held=held, lost=lost, doubled=doubled)


def _plan(database: Database, data: Path, count: int, since: int) -> None:
    """A rule that was switched on at ``since``, and things planned for each of the minutes behind it."""
    epoch = database.write_now(ensure_identity).epoch
    stamp = Stamp(load_keys(data / "secret.key"), epoch)
    world = World(database, stamp=stamp)
    world.box("news")
    world.grant("ivan", "news", "answer", "manage", "assign", "see", "comment")
    house = Automatics(world, stamp, Means(stamp, False, "https://mail.firm.example", clock.DAY), now=since)
    with _clock_of(house):
        house.rule(minutes=0, until_answer=False)
        house.look()
        for number in range(count):
            client = house.client(f"Client {number}", email=f"anna{number}@client.example")
            starts = datetime.fromtimestamp((since + (1 + number % 50) * clock.MINUTE) / clock.SECOND, UTC)
            house.plan(client, f"Visit {number}", starts.astimezone(KYIV).strftime("%Y-%m-%dT%H:%M"))


@contextmanager
def _clock_of(house: Any) -> Iterator[None]:
    with patch.object(clock, "now", lambda: house.now):
        yield
