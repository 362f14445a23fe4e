"""An account under every trouble at once: a real Dovecot whose letters are appended, moved, flagged and expunged by
somebody else, a proxy that cuts connections at random bytes, folders that are renumbered, and kill -9.

In the end the server is compared with the database: every letter once, every placement, every flag.
"""

from __future__ import annotations

import contextlib
import hashlib
import imaplib
import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.database import open_database
from core.secrets import load_keys
from mailhub.mailboxes.accounts import add_account
from mailhub.migrations import upgrade
from tests.ingest.imap.conftest import make_paper
from tests.support.cutting import CuttingProxy
from tests.support.dovecot import PASSWORD, USER, Dovecot
from tests.support.mail import add_office
from tests.support.postfix import free_port

ROOT = Path(__file__).resolve().parents[2]
RENUMBERED = 3
Held = dict[int, tuple[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened, and what became of it. ``different`` are placements and flags on which we and the server do not
    agree; ``doubled`` letters that stand twice in the mailbox or came in twice; ``held`` whole letters in quarantine,
    because the server had ended again and again while it had them in hand."""

    seed: int
    kills: int
    cuts: int
    deeds: int
    letters: int
    lost: int
    doubled: int
    different: int
    waiting: int
    held: int
    seconds: float

    @property
    def sound(self) -> bool:
        """Nothing lost, doubled or different."""
        return not (self.lost or self.doubled or self.different or self.waiting)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.kills} kills, {self.cuts} cuts, {RENUMBERED} renumberings, {self.deeds} deeds of "
            f"others, {self.letters} letters at the server: {self.lost} lost, {self.doubled} doubled, "
            f"{self.different} differences, {self.waiting} not yet in their thread, "
            f"{self.held} in quarantine ({self.seconds:.0f} s)"
        )


def write(number: int, chance: random.Random) -> bytes:
    """A letter with a number of its own; one in a hundred is large."""
    size = chance.randrange(1_100_000, 1_400_000) if chance.random() < 0.005 else chance.randrange(50, 3_000)
    body = f"Order {number}. ".encode() + b"We need pumps. " * (size // 15)
    return (
        b"From: Anna <anna@client.example>\r\nTo: sales@firm.example\r\n"
        b"Subject: Order %d\r\nMessage-ID: <%d@client.example>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0200\r\n\r\n%s\r\n"
        % (number, number, body)
    )


class Driver:
    """Somebody else at the same account: appends, moves, flags, expunges, at random."""

    def __init__(self, dovecot: Dovecot, folders: list[str], next_number: int, seed: int) -> None:
        self._dovecot = dovecot
        self._folders = folders
        self._number = next_number
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self._paused = threading.Lock()
        self.deeds = 0
        self._thread = threading.Thread(target=self._run, name="driver", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the deed under way."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def renumber(self, uidvalidity: int) -> None:
        """Give a folder other numbers while nobody else is at it."""
        with self._paused:
            self._dovecot.renumber(self._chance.choice(self._folders), uidvalidity)

    def _run(self) -> None:
        client: imaplib.IMAP4 | None = None
        while not self._ended.wait(self._chance.uniform(0.005, 0.05)):
            with self._paused:
                try:
                    client = client or self._dovecot.client()
                    self._deed(client)
                    self.deeds += 1
                except (imaplib.IMAP4.error, OSError):
                    client = None
        if client is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                client.logout()

    def _deed(self, client: imaplib.IMAP4) -> None:
        deed = self._chance.choice(("append", "append", "move", "flag", "flag", "expunge"))
        folder = self._chance.choice(self._folders)
        if deed == "append":
            client.append(folder, None, None, write(self._number, self._chance))
            self._number += 1
            return
        client.select(folder)
        uids = client.uid("SEARCH", "ALL")[1][0].split()
        if not uids:
            return
        uid = self._chance.choice(uids).decode()
        if deed == "flag":
            flag = self._chance.choice(("\\Seen", "\\Answered", "\\Flagged", "$Forwarded"))
            client.uid("STORE", uid, self._chance.choice(("+FLAGS", "-FLAGS")), f"({flag})")
        elif deed == "move":
            client.uid("MOVE", uid, self._chance.choice(self._folders))
        else:
            client.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
            client.uid("EXPUNGE", uid)


class Server:
    """The house under test: a database of its own, one account, killed and started again."""

    def __init__(self, folder: Path, port: int, certificate: Path) -> None:
        self._folder = folder
        self._certificate = certificate
        self.path = folder / "data" / "mailhub.db"
        url = f"sqlite:///{self.path}"
        self.path.parent.mkdir(parents=True)
        upgrade(url)
        database = open_database(url)
        box, _ = add_office(database)
        keys = load_keys(folder / "data" / "secret.key")
        database.write_now(add_account, keys, box.id, "127.0.0.1", port, "tls", USER, PASSWORD)
        database.close()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it until it says that it is ready."""
        own = {
            "MAILHUB_DATA_DIR": str(self._folder / "data"),
            "MAILHUB_SMTP_PORT": str(free_port()),
            "MAILHUB_PARSE_WORKERS": "1",
            "MAILHUB_IMAP_ALLOWED_NETWORKS": "127.0.0.0/8",
            "MAILHUB_IMAP_CA_FILE": str(self._certificate),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "tests.support.imap_house"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said, (self._folder / "server.log").read_text()[-3000:]

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, statement: str) -> list[tuple]:
        """Rows out of the database."""
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def look(self) -> dict[str, Held]:
        """What we believe to lie at the server."""
        held: dict[str, Held] = {}
        rows = self.ask(
            "SELECT folder.name, placement.uid, hex(blob.sha256), placement.flags FROM placement "
            "JOIN folder ON folder.id = folder_id AND folder.uidvalidity = placement.uidvalidity "
            "LEFT JOIN blob ON blob.id = blob_id WHERE placement.gone_at IS NULL"
        )
        for name, uid, sha256, flags in rows:
            held.setdefault(name, {})[uid] = (sha256.lower() if sha256 else "", frozenset(flags.split()))
        return held


def look_at(dovecot: Dovecot, folders: list[str]) -> dict[str, Held]:
    """What lies at the server, asked by another program."""
    client = dovecot.client()
    held: dict[str, Held] = {}
    for name in folders:
        numbers = int(client.select(name, readonly=True)[1][0])
        for first in range(1, 1 << 20, 500):
            if first > numbers:
                break
            answer = client.fetch(f"{first}:{min(first + 499, numbers)}", "(UID FLAGS BODY.PEEK[])")[1]
            for part in answer:
                if isinstance(part, tuple):
                    uid = re.search(rb"UID (\d+)", part[0])
                    flags = re.search(rb"FLAGS \(([^)]*)\)", part[0])
                    assert uid is not None
                    assert flags is not None
                    words = frozenset(flags[1].decode().split()) - {"\\Recent"}
                    held.setdefault(name, {})[int(uid[1])] = (hashlib.sha256(part[1]).hexdigest(), words)
    client.logout()
    return held


def differences(ours: dict[str, Held], theirs: dict[str, Held]) -> int:
    """Placements that only one side has, or has otherwise."""
    return sum(
        ours.get(name, {}).get(uid) != theirs.get(name, {}).get(uid)
        for name in {*ours, *theirs}
        for uid in {*ours.get(name, {}), *theirs.get(name, {})}
    )


def soak_account(folder: Path, letters: int, folders: int, kills: int, seed: int, patience: float = 60) -> Tally:
    """Let an account with so many letters come in while the server is killed; compare in the end."""
    began = time.monotonic()
    chance = random.Random(seed)
    names = ["INBOX", "Sent", *(f"Folder-{number}" for number in range(1, folders - 1))]
    paper = make_paper(folder)
    dovecot = Dovecot(paper.certificate, paper.key)
    proxy = CuttingProxy(dovecot.port, max(200_000, letters * 200), seed)
    server = driver = None
    done = 0
    try:
        for place, name in enumerate(names):
            dovecot.fill(name, [write(number, chance) for number in range(place, letters, len(names))])
        server = Server(folder, proxy.port, paper.certificate)
        driver = Driver(dovecot, names, letters, seed)
        server.start()
        driver.start()
        renumber_at = {(kills * (place + 1)) // (RENUMBERED + 1) for place in range(RENUMBERED)}
        for done in range(1, kills + 1):
            time.sleep(chance.uniform(0.3, max(0.6, letters / 20_000 * 5)))
            if done in renumber_at:
                driver.renumber(chance.choice((chance.randrange(1, 1000), chance.randrange(1 << 31, 1 << 32))))
            server.kill()
            server.start()
        proxy.cutting = False
        driver.stop()
        theirs = look_at(dovecot, names)
        different = await_agreement(server, theirs, patience)
        return count(server, theirs, different, seed, done, proxy.cuts, driver.deeds, time.monotonic() - began)
    finally:
        if driver is not None:
            driver.stop()
        if server is not None:
            server.kill()
        proxy.stop()
        dovecot.stop()


def await_agreement(server: Server, theirs: dict[str, Held], patience: float) -> int:
    """Wait until nothing differs and nothing waits; returns how many differences are left."""
    deadline = time.monotonic() + patience
    while True:
        different = differences(server.look(), theirs)
        waiting = server.ask("SELECT count(*) FROM incoming WHERE state = 'waiting'")[0][0]
        if (not different and not waiting) or time.monotonic() > deadline:
            return different
        time.sleep(0.5)


def count(
    server: Server, theirs: dict[str, Held], different: int, seed: int, kills: int, cuts: int, deeds: int, took: float
) -> Tally:
    """The figures: what of the server's letters is not here, and what is here twice."""
    here = Counter(
        sha256.lower()
        for (sha256,) in server.ask("SELECT hex(sha256) FROM incoming JOIN blob ON blob.id = incoming.blob_id")
    )
    there = {sha256 for held in theirs.values() for sha256, _ in held.values()}
    doubled = sum(times - 1 for times in here.values())
    doubled += server.ask("SELECT count(*) - count(DISTINCT letter_id) FROM message")[0][0]
    return Tally(
        seed=seed,
        kills=kills,
        cuts=cuts,
        deeds=deeds,
        letters=len(there),
        lost=len(there - set(here)),
        doubled=doubled,
        different=different,
        waiting=server.ask("SELECT count(*) FROM incoming WHERE state = 'waiting'")[0][0],
        held=server.ask("SELECT count(*) FROM incoming WHERE state = 'quarantined'")[0][0],
        seconds=took,
    )
