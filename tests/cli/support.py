"""The real program in a place of its own."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from core.database import open_database
from tests.support.commands import Command
from tests.support.world import letter

ENDS_IN = 60


class Done(NamedTuple):
    """What a command said, and its exit code."""

    stdout: str
    stderr: str
    returncode: int


@dataclass
class Place:
    """A data folder with its settings in the environment."""

    folder: Path
    url: str = ""
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "MAILHUB_DATA_DIR": str(self.folder / "data"),
            "MAILHUB_SMTP_PORT": "0",
            "MAILHUB_WEB_PORT": "0",
            "MAILHUB_PARSE_WORKERS": "1",
            "MAILHUB_VERDICTS_CHECK": "no",
            **({"MAILHUB_DATABASE_URL": self.url} if self.url else {}),
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MAILHUB_")}
        return {**kept, **own, **self.more}

    def run(self, *arguments: object, given: str = "", code: int = 0) -> Done:
        """Run a command to its end, which must have this exit code and no traceback."""
        with TemporaryFile("w+") as told, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            told.write(given)
            told.seek(0)
            command = self._command(arguments, stdin=told, stdout=out, stderr=err)
            try:
                found = command.wait(ENDS_IN)
            finally:
                command.kill()
            out.seek(0)
            err.seek(0)
            done = Done(out.read(), err.read(), found)
        assert found == code, (arguments, done)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def facts(self, *arguments: object, given: str = "", code: int = 0) -> Any:
        """What ``--json`` prints."""
        return json.loads(self.run(*arguments, "--json", given=given, code=code).stdout)

    def start(self, *arguments: object) -> Command:
        """A command that goes on running, in a group of its own as at a terminal."""
        with (self.folder / "stderr").open("w") as file:
            return self._command(arguments, stderr=file)

    def _command(self, arguments: tuple[object, ...], **streams: Any) -> Command:
        return Command(list(map(str, arguments)), environment=self.environment, folder=self.folder, **streams)

    @contextmanager
    def serving(self, *options: str) -> Iterator[tuple[Command, dict[str, int]]]:
        """The server, ready, with its ports; stopped in the end and asked for a clean exit."""
        process = self.start("serve", "--json", *options)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (self.folder / "stderr").read_text()
            yield process, json.loads(line)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(ENDS_IN) == 0, (self.folder / "stderr").read_text()
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()

    def ask(self, statement: str) -> Any:
        """One value from the database."""
        database = open_database(self.url or f"sqlite:///{self.folder / 'data' / 'mailhub.db'}")
        try:
            return database.read_now(lambda tx: tx.sql(statement).scalar_one())
        finally:
            database.close()

    def wait_for(self, statement: str, value: Any) -> None:
        """Until the database says so."""
        deadline = time.monotonic() + ENDS_IN
        while (found := self.ask(statement)) != value:
            assert time.monotonic() < deadline, (statement, found, value)
            time.sleep(0.1)


def make_mbox(path: Path, count: int, tag: str = "m") -> Path:
    """An archive of letters."""
    with path.open("wb") as file:
        for number in range(count):
            raw = letter(f"Pumps {tag} {number}", f"{tag}{number}@client").replace(b"\r\n", b"\n")
            file.write(b"From anna@client.example Fri Nov 20 10:00:00 2026\n" + raw + b"\n")
    return path
