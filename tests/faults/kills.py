"""Kill the server with -9 again and again while a real mail server brings it letters, and count them in the end."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from core.database import open_database
from mailhub.migrations import upgrade
from tests.support.commands import Command
from tests.support.mail import add_office
from tests.support.postfix import Postfix, free_port

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What was sent, and what became of it. ``taken`` are acknowledged letters as the sender's own log counts them;
    ``held`` are whole letters in quarantine, because the server had ended several times while it had them in hand."""

    seed: int
    kills: int
    sent: int
    taken: int
    arrived: int
    in_threads: int
    doubled: int
    held: int

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.kills} kills, {self.sent} letters sent, {self.taken} acknowledged, "
            f"{self.arrived} arrived, {self.in_threads} in threads, {self.sent - self.arrived} lost, "
            f"{self.doubled} doubled, {self.held} in quarantine"
        )


class Server:
    """``mailhub serve`` on a database of its own, on one port for all its lives."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self.path = folder / "data" / "mailhub.db"
        upgrade(f"sqlite:///{self.path}")
        database = open_database(f"sqlite:///{self.path}")
        add_office(database)
        database.close()
        self._process: Command | None = None

    def start(self) -> None:
        """Run it until it says that it is ready."""
        own = {
            "MAILHUB_DATA_DIR": str(self._folder / "data"),
            "MAILHUB_SMTP_PORT": str(self.port),
            "MAILHUB_PARSE_WORKERS": "1",
            "MAILHUB_VERDICTS_CHECK": "no",
        }
        with (self._folder / "server.log").open("ab") as log:
            serve = ["serve", "--json", "--roles", "ingest"]
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

    def ask(self, statement: str) -> int:
        """One number out of the database."""
        connection = sqlite3.connect(self.path)
        try:
            return int(connection.execute(statement).fetchone()[0])
        finally:
            connection.close()


def kill_again_and_again(folder: Path, kills: int, letters: int, seed: int) -> Tally:
    """Send ``letters`` through Postfix while the server is killed ``kills`` times at random moments of work."""
    chance = random.Random(seed)
    server = Server(folder)
    server.start()
    postfix = Postfix(server.port)
    feeding = postfix.feed(letters, sender="anna@client.example", recipient="sales@firm.example")
    done = 0
    try:
        for _ in range(kills):
            _wait_for_more(server, chance.randrange(1, max(2, letters // kills)))
            time.sleep(chance.uniform(0, 0.05))
            server.kill()
            done += 1
            server.start()
        assert feeding.wait(PATIENCE) == 0
        _wait(lambda: postfix.count_waiting() == 0, "Postfix still has letters")
        _wait(lambda: server.ask("SELECT count(*) FROM incoming WHERE state = 'waiting'") == 0, "letters wait")
        taken = postfix.count_sent()
    finally:
        feeding.kill()
        feeding.wait()
        server.kill()
        postfix.stop()
    return Tally(
        seed=seed,
        kills=done,
        sent=letters,
        taken=taken,
        arrived=server.ask("SELECT count(DISTINCT blob_id) FROM incoming"),
        in_threads=server.ask("SELECT count(*) FROM message"),
        doubled=server.ask("SELECT count(*) - count(DISTINCT letter_id) FROM message")
        + server.ask("SELECT count(*) - count(DISTINCT blob_id) FROM incoming"),
        held=server.ask("SELECT count(*) FROM incoming WHERE state = 'quarantined'"),
    )


def _wait_for_more(server: Server, letters: int) -> None:
    """Until so many more letters are in, or none come any more."""
    aim = server.ask("SELECT count(*) FROM incoming") + letters
    deadline = time.monotonic() + 5
    while server.ask("SELECT count(*) FROM incoming") < aim and time.monotonic() < deadline:
        time.sleep(0.005)


def _wait(ask, otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ask():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
