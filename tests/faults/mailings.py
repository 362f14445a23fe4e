"""Kill the senders of a mailing with -9 again and again, half of the times while a dot is out, before a relay that puts
off, refuses and cuts, restart the database where it is a server, and compare the rows with what the relay wrote down.

The list is frozen from clients of whom some have the address of another in other spelling, some must not be written to
and some have none (``tests/support/crowd``)."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from core import jobs
from core.database import Database, WriteTx, open_database
from core.errors import Unavailable
from core.marks import ensure_identity
from core.secrets import Keys, load_keys
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.mailings import Choice, add_mailing, get_mailing, set_choices
from mailhub.campaigns.making import Foot, make_letter
from mailhub.campaigns.preparing import Preparing
from mailhub.campaigns.recipients import freeze_list
from mailhub.campaigns.starting import start_mailing
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.outbound.identity import Stamp
from mailhub.outbound.suppression import suppress
from tests.support.commands import ROOT, Command
from tests.support.crowd import address_of, lay_crowd, why_not
from tests.support.sink import is_refused_mailing

CONNECTIONS = 4
PATIENCE = 90.0
"""Seconds in which no letter comes to its end."""
_LEFT = "SELECT count(*) FROM recipient WHERE state IN ('queued', 'sending', 'deferred')"
_ROWS = "SELECT address, canonical, state, reason FROM recipient"
_BOOTS = "SELECT name FROM boot"
_WAITING = "SELECT address FROM recipient WHERE state = 'queued' ORDER BY id DESC LIMIT 1"
FOOT = Foot("You get this because you are our client.", "Unsubscribe")
SOURCE = "Dear {{ contact.name }}, this is what is new at {{ client.name }}."


@dataclass(frozen=True, slots=True)
class MailingTally:
    """What was planned, and what became of it by the rows and by the relay's own log. ``lost``: sent by the ledger and
    not there, in no final state, or refused and not said so; ``doubled``: the relay has it twice; ``unsaid``: it has it
    and the row says neither sent nor unknown; ``certain``: unknown although no dot of it reached the relay; ``wrong``:
    left out, or not, for another reason than is known of them; ``late``: their dot came after somebody had been told
    that they are written to no more."""

    seed: int
    planned: int
    kills: int
    out_kills: int
    restarts: int
    cuts: int
    refused: int
    lost: int
    doubled: int
    unsaid: int
    unknown: int
    certain: int
    wrong: int
    left: int
    late: int
    sum: int

    @property
    def most_unknown(self) -> int:
        """One letter for each connection at each kill, and each cut."""
        return self.kills * CONNECTIONS + self.cuts

    @property
    def is_sound(self) -> bool:
        """True when every promise held."""
        broken = self.lost + self.doubled + self.unsaid + self.certain + self.wrong + self.late
        return not broken and self.unknown <= self.most_unknown and self.sum == self.planned

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.planned} recipients, {self.refused} refused, {self.kills} kills "
            f"({self.out_kills} while a dot was out), {self.restarts} restarts of the database, {self.cuts} cuts by "
            f"the relay: {self.lost} lost, {self.doubled} doubled, {self.unsaid} taken without the ledger knowing, "
            f"{self.unknown} unknown (at most {self.most_unknown}), {self.certain} of them never left, "
            f"{self.wrong} left out wrongly, {self.left} left meanwhile and {self.late} of them got it all the same; "
            f"states of {self.sum} rows"
        )


class Relay:
    """The sink in a process of its own, and what it wrote down so far."""

    def __init__(self, log: Path, seed: int) -> None:
        self._log = log
        arguments = ["-m", "tests.support.sink", "0", str(log), str(seed), "mailing"]
        self._process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._read = self.facts = 0
        self.taken: Counter[str] = Counter()
        self.dots: dict[str, int] = {}
        self.cuts = self.out = 0

    def look(self) -> None:
        """Read what was written since."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read)
            whole = log.read().rpartition(b"\n")[0]
        self._read += len(whole) + bool(whole)
        for line in whole.splitlines():
            self._learn(json.loads(line))

    def _learn(self, fact: dict[str, Any]) -> None:
        self.facts += 1
        if "to" in fact:
            self.taken[fact["to"]] += 1
        elif "dot" in fact:
            self.dots[fact["dot"]] = self.facts
            self.out += 1
        else:
            self.cuts += "cut" in fact
            self.out -= 1

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass
class Worker:
    """One ``mailhub serve --roles send``, and the boot that it registered."""

    process: Command
    boot: str

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class MailingSenders:
    """Processes that send one mailing, and the relay that they hand letters to."""

    def __init__(self, folder: Path, url: str, people: int, seed: int, *, begun: bool = True) -> None:
        """A mailing to so many is planned, and ``begun`` unless somebody else does that."""
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir(exist_ok=True)
        self._url = url
        self.database: Database = open_database(url)
        self.keys = load_keys(self._data / "secret.key")
        self.mailing_id, self.count = plan(self.database, self.keys, people, begun=begun)
        self.relay = Relay(folder / "relay.log", seed)
        self.workers: list[Worker] = []
        self.left: dict[str, int] = {}

    def url_of(self, data: Path | None = None) -> str:
        """Where the database is, of another folder too that was restored from this one's backup."""
        return self._url if data is None else f"sqlite:///{data}/mailhub.db"

    def move(self, data: Path) -> None:
        """Go on in another folder, a restored copy of this one."""
        self._url, self._data = self.url_of(data), data
        self.database.close()
        self.database = open_database(self._url)

    def start(self, place: int) -> None:
        """Run the worker of this place until it says that it is ready; the waits between tries are over, and so is the
        one after which a process that says nothing is given up (PostgreSQL)."""
        self.let_time_pass()
        if place < len(self.workers):
            gone = self.workers[place].boot
            self.say(lambda tx: tx.sql("DELETE FROM boot WHERE name = :name", name=gone))
        before = {row[0] for row in self.ask(_BOOTS)}
        own = {
            "MAILHUB_DATA_DIR": str(self._data),
            "MAILHUB_DATABASE_URL": self._url,
            "MAILHUB_SEND_RELAY": f"smtp://127.0.0.1:{self.relay.port}",
            "MAILHUB_SEND_CONNECTIONS": str(CONNECTIONS),
        }
        with (self._folder / f"server{place}.log").open("ab") as log:
            serve = ["serve", "--json", "--roles", "send"]
            process = Command(serve, environment={**os.environ, **own}, folder=self._folder, stderr=log)
        assert process.stdout is not None
        assert process.stdout.readline(), (self._folder / f"server{place}.log").read_text()[-3000:]
        (boot,) = {row[0] for row in self.ask(_BOOTS)} - before
        self.workers[place : place + 1] = [Worker(process, boot)]

    def revive(self) -> None:
        """Start those anew that ended by themselves: a supervisor does so when the database was away for long."""
        for place, worker in enumerate(self.workers):
            if worker.process.poll() is not None:
                self.start(place)

    def stop(self) -> None:
        """End all."""
        for worker in self.workers:
            worker.kill()
        self.relay.stop()
        self.database.close()

    def say(self, verb: Callable[[WriteTx], Any]) -> Any:
        """A unit, at the latest when the database can again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.database.write_now(verb)
            except Unavailable:
                assert time.monotonic() < deadline, "the database does not come back"
                time.sleep(0.1)

    def ask(self, statement: str) -> list[Any]:
        """What the ledger says."""
        return list(self.say(lambda tx: list(tx.sql(statement).fetchall())))

    def let_time_pass(self) -> None:
        """Whatever waits for its next try, or for its domain, need not wait any longer."""
        self.say(_let_time_pass)

    def let_one_leave(self) -> None:
        """Somebody who waits is written to no more, and has been told so."""
        for row in self.ask(_WAITING):
            self.say(partial(suppress, keys=self.keys, address=row[0], reason="unsubscribed"))
            self.relay.look()
            self.left[row[0]] = self.relay.facts


def _let_time_pass(tx: WriteTx) -> None:
    tx.sql("UPDATE recipient SET next_at = 0 WHERE state = 'deferred'")
    tx.sql("DELETE FROM stopped_domain")


def plan(database: Database, keys: Keys, people: int, *, begun: bool) -> tuple[int, int]:
    """A mailing to a crowd, frozen, checked and started as people do it: its number, and how many get it."""
    epoch = database.write_now(ensure_identity).epoch
    viewer, made = database.write_now(begin_mailing, keys, people)
    boot = database.write_now(jobs.start_boot)
    preparing = Preparing(database, keys, Stamp(keys, epoch), boot, explicit=False, inside=True)
    asyncio.run(preparing.look())
    database.write_now(jobs.stop_boot, boot)
    count = database.read_now(get_mailing, viewer, made).recipients_count
    if begun:
        database.write_now(start_mailing, viewer, made, count)
    return made, count


def begin_mailing(tx: WriteTx, keys: Keys, people: int, *, first: int = 1) -> tuple[Viewer, int]:
    """A mailing to a crowd, whose list is to be frozen and checked: who wrote it, and its number."""
    lay_crowd(tx, keys, people, first=first)
    box = add_mailbox(tx, "news@firm.example", "News", "public")
    user_id = add_user(tx, "ivan@firm.example", "Ivan")
    add_grant(tx, box.scope_id, "answer", user_id=user_id)
    add_grant(tx, box.scope_id, "manage", user_id=user_id)
    viewer = get_viewer(tx, user_id)
    made = add_mailing(tx, viewer, "Autumn", box.id)
    set_choices(tx, viewer, made, [Choice(True, "everybody")])
    save_letter(tx, viewer, made, "markdown", SOURCE, make_letter("markdown", "News", SOURCE, FOOT), seen=0)
    freeze_list(tx, viewer, made, then_check=True)
    return viewer, made


def kill_mailing_senders(
    folder: Path,
    url: str,
    kills: int,
    people: int,
    seed: int,
    *,
    workers: int = 1,
    restart: Callable[[], None] | None = None,
    restarts: int = 0,
) -> MailingTally:
    """Plan a mailing to ``people``, kill one of ``workers`` ``kills`` times, every second time while a dot is out,
    ``restart`` the database so many times in between, let it finish, and compare."""
    chance = random.Random(seed)
    senders = MailingSenders(folder, url, people, seed)
    done = out = again = 0
    try:
        for place in range(workers):
            senders.start(place)
        for number in range(kills):
            _wait_for_more(senders, chance.randrange(1, max(2, people // (2 * kills))))
            if number % 2:
                out += _wait_for_dot(senders)
            else:
                time.sleep(chance.uniform(0, 0.05))
            place = chance.randrange(workers)
            senders.workers[place].kill()
            done += 1
            if workers == 1:  # of two the other may have marked them before
                senders.let_one_leave()
            if restart is not None and again < restarts and number * restarts >= again * kills:
                restart()
                again += 1
            senders.start(place)
            senders.revive()
        finish(senders)
        return compare(senders, seed, done, out, again, people)
    finally:
        senders.stop()


def finish(senders: MailingSenders) -> None:
    """Until nothing of it waits any more."""
    left, moved = -1, time.monotonic()
    while found := senders.ask(_LEFT)[0][0]:
        if found != left:
            left, moved = found, time.monotonic()
        assert time.monotonic() < moved + PATIENCE, f"{left} letters wait"
        senders.let_time_pass()
        senders.revive()
        time.sleep(0.5)


def compare(senders: MailingSenders, seed: int, kills: int, out: int, restarts: int, people: int) -> MailingTally:
    relay = senders.relay
    relay.look()
    counts: Counter[str] = Counter()
    expected = {address_of(number): why_not(number) for number in range(people) if not why_not(number)}
    for address, canonical, state, reason in senders.ask(_ROWS):
        counts["sum"] += 1
        if state in ("excluded", "cancelled"):
            may = address in expected and address not in senders.left
            counts["wrong"] += may or (reason != "twice" and (address in relay.taken or canonical in relay.taken))
            continue
        counts["wrong"] += address not in expected
        if is_refused_mailing(address):
            counts["refused"] += 1
            counts["lost"] += state != "failed" or address in relay.taken
            continue
        counts["lost"] += (state == "sent" and address not in relay.taken) or state not in {"sent", "unknown"}
        counts["unsaid"] += address in relay.taken and state not in {"sent", "unknown"}
        counts["doubled"] += relay.taken[address] > 1
        counts["unknown"] += state == "unknown"
        counts["certain"] += state == "unknown" and address not in relay.dots
    counts["late"] = sum(relay.dots.get(address, 0) > since for address, since in senders.left.items())
    named = ("refused", "lost", "doubled", "unsaid", "unknown", "certain", "wrong", "late", "sum")
    return MailingTally(
        seed=seed, planned=people, kills=kills, out_kills=out, restarts=restarts, cuts=relay.cuts,
        left=len(senders.left), **{name: counts[name] for name in named},
    )  # fmt: skip


def _wait_for_more(senders: MailingSenders, letters: int) -> None:
    """Until the relay has so many more, or none come any more."""
    relay = senders.relay
    relay.look()
    aim = relay.taken.total() + letters
    deadline = time.monotonic() + 3
    while relay.taken.total() < aim and time.monotonic() < deadline:
        time.sleep(0.002)
        relay.look()


def _wait_for_dot(senders: MailingSenders) -> bool:
    """Until a dot is out; False when none came in time."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        senders.relay.look()
        if senders.relay.out > 0:
            return True
        time.sleep(0.001)
    return False
