"""Kill the sender with -9 again and again while it hands letters to a relay that cuts connections, and compare the
ledger with what the relay wrote down."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.database import WriteTx, open_database
from core.jobs import start_boot
from core.marks import ensure_identity
from core.secrets import load_keys
from crm.staff.readable import get_viewer
from mailhub.letters.values import Address
from mailhub.migrations import upgrade
from mailhub.outbound.identity import Stamp
from mailhub.outbound.writing import Answer, answer_thread
from tests.support.commands import ROOT, Command
from tests.support.mail import add_office, deliver, write_letter
from tests.support.sink import is_refused

CONNECTIONS = 4
AT_A_TIME = 50
PATIENCE = 60.0
"""Seconds in which no letter comes to its end."""
_LEFT = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending', 'deferred')"
_ROWS = """SELECT d.recipient, d.kind, d.state, d.repeats, l.message_id
    FROM delivery d JOIN message m ON m.id = d.message_id JOIN letter l ON l.id = m.letter_id"""


@dataclass(frozen=True, slots=True)
class SendTally:
    """What was planned, and what became of it by the ledger and by the relay's own log.

    ``refused`` are those that the relay never takes. ``lost``: sent by the ledger and not there, in no final state, or
    refused and not said so. ``doubled``: mailings that the relay has twice.
    ``repeated``: letters of people that it has more than once, never oftener than their fate was unknown plus one
    (``too_often``) and never under two Message-IDs (``two_names``). ``unsaid``: the relay has it, the ledger says
    neither sent nor unknown. ``unknown`` counts how often a fate was, ``certain`` how many of the mailings left unknown
    the relay never took.
    """

    seed: int
    kills: int
    cuts: int
    planned: int
    refused: int
    lost: int
    doubled: int
    repeated: int
    too_often: int
    two_names: int
    unsaid: int
    unknown: int
    certain: int

    @property
    def most_unknown(self) -> int:
        """What the duty allows: one letter for each connection at each kill, and each cut."""
        return self.kills * CONNECTIONS + self.cuts

    @property
    def is_sound(self) -> bool:
        """True when every promise held."""
        broken = self.lost + self.doubled + self.too_often + self.two_names + self.unsaid
        return not broken and self.unknown <= self.most_unknown

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.planned} letters, {self.refused} refused, {self.kills} kills, "
            f"{self.cuts} cuts by the relay: "
            f"{self.lost} lost, {self.doubled} mailings doubled, {self.unsaid} taken without the ledger knowing, "
            f"{self.repeated} letters of people repeated ({self.too_often} too often, {self.two_names} under another "
            f"Message-ID), {self.unknown} times unknown (at most {self.most_unknown}), "
            f"{self.certain} mailings unknown that the relay never took"
        )


class Sender:
    """``mailhub serve --roles send`` on a ledger of its own, and the relay it hands letters to."""

    def __init__(self, folder: Path, letters: int, seed: int) -> None:
        self._folder = folder
        self._data = folder / "data"
        self.log = folder / "relay.log"
        self.path = self._data / "mailhub.db"
        self._plan(letters)
        self._relay = subprocess.Popen(
            [sys.executable, "-m", "tests.support.sink", "0", self.log, str(seed)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert self._relay.stdout is not None
        self._port = int(self._relay.stdout.readline())
        self._process: Command | None = None

    def _plan(self, letters: int) -> None:
        """Half of the letters are a person's, half a mailing's: for these other promises hold."""
        upgrade(f"sqlite:///{self.path}")
        database = open_database(f"sqlite:///{self.path}")
        box, (ivan,) = add_office(database, "ivan")
        deliver(database, database.write_now(start_boot), write_letter(1), box.id)
        stamp = Stamp(load_keys(self._data / "secret.key"), database.write_now(ensure_identity).epoch)
        viewer = database.read_now(get_viewer, ivan)

        def answer(tx: WriteTx, numbers: range) -> None:
            for number in numbers:
                written = Answer(f"Offer {number}", (Address("", f"reader{number}@client.example"),))
                answer_thread(tx, stamp, viewer, 1, written)

        for first in range(0, letters, AT_A_TIME):
            database.write_now(answer, range(first, min(first + AT_A_TIME, letters)))
        database.write_now(lambda tx: tx.sql("UPDATE delivery SET kind = 'mailing' WHERE id % 2 = 0"))
        database.close()

    def start(self) -> None:
        """Run it until it says that it is ready; the waits between tries are over."""
        self.let_time_pass()
        own = {
            "MAILHUB_DATA_DIR": str(self._data),
            "MAILHUB_SEND_RELAY": f"smtp://127.0.0.1:{self._port}",
            "MAILHUB_SEND_CONNECTIONS": str(CONNECTIONS),
        }
        with (self._folder / "server.log").open("ab") as log:
            serve = ["serve", "--json", "--roles", "send"]
            self._process = Command(serve, environment={**os.environ, **own}, folder=self._folder, stderr=log)
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), (self._folder / "server.log").read_text()[-3000:]

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def stop(self) -> None:
        """End both."""
        self.kill()
        self._relay.kill()
        self._relay.wait()
        assert self._relay.stdout is not None
        self._relay.stdout.close()

    def ask(self, statement: str) -> list[Any]:
        """What the ledger says."""
        connection = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def let_time_pass(self) -> None:
        """Whatever waits for its next try need not wait any longer."""
        self.ask("UPDATE delivery SET next_at = 0 WHERE state IN ('queued', 'deferred')")

    def said(self) -> list[dict[str, Any]]:
        """What the relay wrote down."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


def kill_sender(folder: Path, kills: int, letters: int, seed: int) -> SendTally:
    """Plan ``letters``, kill the sender ``kills`` times at random moments of work, let it finish, and compare."""
    chance = random.Random(seed)
    sender = Sender(folder, letters, seed)
    done = 0
    sender.start()
    try:
        for _ in range(kills):
            _wait_for_more(sender, chance.randrange(1, max(2, letters // kills)))
            time.sleep(chance.uniform(0, 0.02))
            sender.kill()
            done += 1
            sender.start()
        left, moved = -1, time.monotonic()
        while found := sender.ask(_LEFT)[0][0]:
            if found != left:
                left, moved = found, time.monotonic()
            assert time.monotonic() < moved + PATIENCE, f"{left} letters wait"
            sender.let_time_pass()
            time.sleep(0.5)
    finally:
        sender.stop()
    return _compare(sender, seed, done, letters)


def _compare(sender: Sender, seed: int, kills: int, letters: int) -> SendTally:
    taken: dict[str, list[str]] = {}
    cuts = 0
    for fact in sender.said():
        cuts += "cut" in fact
        if "to" in fact:
            taken.setdefault(fact["to"], []).extend(fact["id"])
    counts: Counter[str] = Counter()
    for recipient, kind, state, repeats, message_id in sender.ask(_ROWS):
        copies = taken.get(recipient, [])
        counts["lost"] += state == "sent" and not copies
        if is_refused(recipient):
            counts["refused"] += 1
            counts["lost"] += state != "failed" or bool(copies)
            continue
        counts["lost"] += state not in {"sent", "unknown"}
        counts["unsaid"] += bool(copies) and state not in {"sent", "unknown"}
        counts["two_names"] += any(copy != f"<{message_id}>" for copy in copies)
        counts["unknown"] += repeats + (state == "unknown")
        if kind == "mailing":
            counts["doubled"] += len(copies) > 1
            counts["certain"] += state == "unknown" and not copies
        else:
            counts["repeated"] += len(copies) > 1
            counts["too_often"] += len(copies) > 1 + repeats
    named = ("refused", "lost", "doubled", "repeated", "too_often", "two_names", "unsaid", "unknown", "certain")
    return SendTally(seed=seed, kills=kills, cuts=cuts, planned=letters, **{name: counts[name] for name in named})


def _wait_for_more(sender: Sender, letters: int) -> None:
    """Until the relay has so many more, or none come any more."""
    aim = len(sender.said()) + letters
    deadline = time.monotonic() + 3
    while len(sender.said()) < aim and time.monotonic() < deadline:
        time.sleep(0.002)
