"""Press the red button again and again while processes send a mailing as fast as the relay takes it: how long after the
press the last letter was marked out, that none is after a restart, and that a restored copy sends nothing."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from core.marks import record_restored
from crm.staff.readable import get_viewer
from mailhub.campaigns.starting import pause_mailing, resume_mailing
from mailhub.outbound.ledger import TOPIC
from mailhub.outbound.stopping import STOP_FILE, stop_all
from tests.faults.mailings import MailingSenders
from tests.support.commands import Command

QUIET = 0.7
"""Seconds without any letter, after which it counts as stopped."""
PATIENCE = 90.0
MOST = 2.0
"""Seconds from the press to the last letter."""


@dataclass(slots=True)
class ButtonTally:
    """``waits`` are the seconds from each press to the last dot that reached the relay, by the way it was pressed;
    ``after`` how many came after a restart; ``copied`` how many a restored copy sent; ``waiting`` letters were left."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    after: int = 0
    copied: int = 0
    waiting: int = 0

    @property
    def longest(self) -> float:
        """The longest of a hundred, or of all where they are fewer."""
        every = sorted(one for some in self.waits.values() for one in some)
        return every[min(len(every) - 1, int(len(every) * 0.99))]

    @property
    def is_sound(self) -> bool:
        """True when every press stopped it in time and nothing left afterwards."""
        return self.longest <= MOST and not self.after and not self.copied and self.waiting > 0

    def __str__(self) -> str:
        ways = "; ".join(f"{way} {max(some):.2f} s at most of {len(some)}" for way, some in self.waits.items())
        return (
            f"from the press to the last letter p99 {self.longest:.2f} s ({ways}); {self.after} after a restart, "
            f"{self.copied} by a restored copy, {self.waiting} still waited"
        )


class Button:
    """The senders of one mailing, and every way to stop them."""

    def __init__(self, folder: Path, senders: MailingSenders) -> None:
        self._folder, self._data, self._senders = folder, folder / "data", senders
        viewer = senders.database.read_now(get_viewer, 1)
        write = senders.database.write_now
        mailing_id = senders.mailing_id
        self.ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "file": ((self._data / STOP_FILE).touch, (self._data / STOP_FILE).unlink),
            "command": (partial(self._say, "stop-sending"), partial(self._say, "resume-sending")),
            "page and interface": (partial(write, stop_all, viewer, self._data), self._let),
            "one mailing": (
                partial(write, pause_mailing, viewer, mailing_id), partial(write, resume_mailing, viewer, mailing_id),
            ),
        }  # fmt: skip

    def _let(self) -> None:
        (self._data / STOP_FILE).unlink()
        self._senders.say(lambda tx: tx.announce(TOPIC))

    def _say(self, *words: str, data: Path | None = None) -> None:
        own = {"MAILHUB_DATA_DIR": str(data or self._data), "MAILHUB_DATABASE_URL": self._senders.url_of(data)}
        with (self._folder / "button.log").open("ab") as log:
            command = Command(
                list(words), environment={**os.environ, **own}, folder=self._folder, stderr=log, stdout=log
            )
            assert command.wait(PATIENCE) == 0, (self._folder / "button.log").read_text()[-3000:]

    def restore(self) -> None:
        """Go on with a copy that was restored from a backup; a server's database becomes its own copy."""
        if not self._senders.database.is_sqlite:
            self._senders.say(record_restored)
            return
        copy = self._folder / "copy"
        self._say("backup", str(self._folder / "backup"), "--with-key")
        copy.mkdir()
        self._say("restore", str(self._folder / "backup"), data=copy)
        self._senders.move(copy)

    def wait_for(self, letters: int) -> None:
        """Until so many more reached the relay."""
        relay, deadline = self._senders.relay, time.monotonic() + PATIENCE
        relay.look()
        aim = relay.taken.total() + letters
        while relay.taken.total() < aim:
            assert time.monotonic() < deadline, "nothing leaves, or all has left"
            for _ in range(50):  # who writes all the time keeps the sender from it
                time.sleep(0.01)
                relay.look()
                if relay.taken.total() >= aim:
                    return
            self._senders.let_time_pass()
            self._senders.revive()

    def press(self, way: str) -> float:
        """Seconds from the press to the last dot."""
        began = time.monotonic()
        self.ways[way][0]()
        last = began
        while time.monotonic() < max(last, began) + QUIET:
            if self.came():
                last = time.monotonic()
            assert last < began + PATIENCE, f"{way}: letters go on leaving"
            time.sleep(0.002)
        return last - began

    def came(self) -> int:
        """How many dots came since somebody looked."""
        relay = self._senders.relay
        before = len(relay.dots)
        relay.look()
        return len(relay.dots) - before


def press_again_and_again(
    folder: Path, url: str, presses: int, people: int, seed: int, *, workers: int = 1
) -> ButtonTally:
    """Plan a mailing to ``people``, let ``workers`` send it, press ``presses`` times, each time in the next way; then
    restart them with the button pressed, and start one on a restored copy (of a SQLite file)."""
    chance = random.Random(seed)
    senders = MailingSenders(folder, url, people, seed)
    tally = ButtonTally()
    try:
        button = Button(folder, senders)
        for place in range(workers):
            senders.start(place)
        ways = list(button.ways)
        for number in range(presses):
            button.wait_for(chance.randrange(5, 40))
            way = ways[number % len(ways)]
            tally.waits.setdefault(way, []).append(button.press(way))
            button.ways[way][1]()
        button.wait_for(5)
        button.press("file")
        for place in range(workers):
            senders.workers[place].kill()
            senders.start(place)
        tally.after = _listen(button)
        for worker in senders.workers:
            worker.kill()
        senders.workers.clear()
        (folder / "data" / STOP_FILE).unlink()
        button.restore()
        senders.start(0)
        tally.copied = _listen(button)
        tally.waiting = int(senders.ask("SELECT count(*) FROM recipient WHERE state = 'queued'")[0][0])
        return tally
    finally:
        senders.stop()


def _listen(button: Button) -> int:
    """How many letters come in the time in which the button has to work."""
    count, until = 0, time.monotonic() + MOST
    while time.monotonic() < until:
        count += button.came()
        time.sleep(0.01)
    return count
