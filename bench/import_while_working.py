"""An archive comes in through the command line while a server works: how long letters and pages wait, and memory.

    python -m bench.import_while_working [--letters 3000] [--threads 20000] [--rate 10] [--arriving 10]

A server over a filled SQLite database; ``mailhub import mail`` beside it brings in an mbox file. All the while letters
come in over SMTP (``--arriving`` a second, from the dot to the 250) and somebody asks for lists (``--rate`` a second).
100,000 letters are the size that was promised.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.import_archive import grown, lay_down
from bench.lists import LETTER, PAGES, ask, prepare
from bench.parse import make_letters
from bench.processes import ROOT, tree_memory
from bench.socket_to_thread import with_own_ids

AT_ONCE = 1000
_RE_HOST = re.compile(rb"(@bench|\.old@firm)\.example>")


class Watch:
    """What is measured beside the import, each in a thread of its own, until ``done``."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.accepted: list[float] = []
        self.listed: list[float] = []
        self.memory: list[float] = []

    def accept(self, port: int, rate: float) -> None:
        """Letters over SMTP at a rate, milliseconds from the dot to the 250."""
        asyncio.run(self._accept(port, rate))

    async def _accept(self, port: int, rate: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"HELO bench\r\n")
        await reader.readline()
        number = 0
        while not self.done.is_set():
            number += 1
            await asyncio.sleep(1 / rate)
            for line in (b"MAIL FROM:<a@client.example>", b"RCPT TO:<box0@firm.example>", b"DATA"):
                writer.write(line + b"\r\n")
                await reader.readline()
            writer.write(LETTER.replace(b"<1@", b"<live%d@" % number))
            begin = time.perf_counter()
            writer.write(b".\r\n")
            answer = await reader.readline()
            assert answer.startswith(b"250"), answer
            self.accepted.append((time.perf_counter() - begin) * 1000)
        writer.close()

    def ask(self, client: httpx.Client, rate: float) -> None:
        """Lists, one after the other, at most at a rate."""
        paths = list(PAGES.values())
        while not self.done.wait(1 / rate):
            self.listed.append(ask(client, paths[len(self.listed) % len(paths)]))

    def weigh(self, pid: int) -> None:
        """The memory of the server and its workers."""
        while not self.done.wait(0.5):
            self.memory.append(tree_memory(pid))

    @contextmanager
    def beside(self, server: Server, arriving: float, rate: float) -> Iterator[None]:
        """All three while something else goes on: letters and lists at these rates."""
        targets: list[tuple[Callable[..., None], tuple[object, ...]]] = [
            (self.accept, (server.smtp, arriving)), (self.ask, (server.client, rate)), (self.weigh, (server.pid,)),
        ]  # fmt: skip
        threads = [threading.Thread(target=target, args=arguments) for target, arguments in targets]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self.done.set()
            for one in threads:
                one.join()

    def figures(self) -> list[Figure]:
        """What people noticed of it, and memory."""
        accepted, listed, most = self.accepted, self.listed, f"{max(self.memory):.0f} at most"
        return [
            Figure("accepted over SMTP meanwhile, p99", _late(accepted), "ms", 500, 250, note=_of(accepted)),
            Figure("list meanwhile, p99", _late(listed), "ms", 200, 120, note=_of(listed)),
            Figure("growth of the server's memory", grown(self.memory), "MB", 80, 40, note=most),
        ]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that works in a filled house, and a signed-in reader of it."""

    environment: dict[str, str]
    pid: int
    smtp: int
    client: httpx.Client


@contextmanager
def serving(folder: str, secret: str, **more: str) -> Iterator[Server]:
    """A server over the database in this folder, with ``more`` settings; ``secret`` is the cookie of the reader."""
    settings = {"DATA_DIR": folder, "WEB_PORT": "0", "SMTP_PORT": "0", "LOG_LEVEL": "warning", **more}
    environment = {**os.environ, **{f"MAILHUB_{name}": value for name, value in settings.items()}}
    environment["MAILHUB_VERDICTS_CHECK"] = "no"
    command = [sys.executable, "-m", "api.cli", "serve", "--json"]
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        ports = json.loads(server.stdout.readline())
        address = f"http://127.0.0.1:{ports['web']}"
        with httpx.Client(base_url=address, cookies={"mailhub": secret}, timeout=60) as client:
            yield Server(environment, server.pid, ports["smtp"], client)
    finally:
        server.terminate()
        server.wait(60)


def make_archive(folder: Path, letters: int) -> Path:
    """An mbox file, written a thousand letters at a time."""
    path = folder / "archive.mbox"
    with path.open("wb") as file:
        for begin in range(0, letters, AT_ONCE):
            part = with_own_ids(make_letters(min(AT_ONCE, letters - begin), seed=begin))
            # Every thousand has names of its own, also of the letters that it answers: else all would be one thread.
            named = [_RE_HOST.sub(b"\\g<1>%d.example>" % begin, raw) for raw in part]
            file.write(lay_down(named, folder / "part", "mbox").read_bytes())
    return path


def measure(options: argparse.Namespace) -> list[Figure]:
    """The waits of letters and lists, the rate of the import, and memory."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        archive = make_archive(Path(folder), options.letters)
        with serving(folder, prepare(folder, options.threads)) as server:
            return _work(options, archive, server)


def _work(options: argparse.Namespace, archive: Path, server: Server) -> list[Figure]:
    watch = Watch()
    with watch.beside(server, options.arriving, options.rate):
        begin = time.perf_counter()
        into = ["--mailbox", "box1@firm.example", "--json"]
        command = [sys.executable, "-m", "api.cli", "import", "mail", str(archive), *into]
        said = subprocess.run(command, cwd=ROOT, env=server.environment, stdout=subprocess.PIPE, check=True)
        seconds = time.perf_counter() - begin
    assert json.loads(said.stdout)["letters"] == options.letters, said.stdout
    rate = options.letters / seconds
    note = f"{options.letters} letters in {seconds:.0f} s"
    return [Figure("import beside a working server", rate, "letters/s", note=note, more=True), *watch.figures()]


def _late(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


def _of(times: list[float]) -> str:
    return f"of {len(times)}, median {sorted(times)[len(times) // 2]:.0f} ms, longest {max(times):.0f} ms"


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--arriving", type=float, default=10)
    return parser.parse_args(words)


if __name__ == "__main__":
    print_figures(measure(read_options()))
