"""From the socket to the thread: parsed, matched, threaded, indexed, all durable; beside ``notmuch new``, in one run.

    python -m bench.socket_to_thread [--letters 2000] [--rounds 3] [--sessions 10]

Ours: a whole house (listener, worker processes, SQLite at ``synchronous=FULL``) gets the letters over SMTP from a
client process; the clock stops when the last one lies in its thread. (Moving the bytes from the database to their files
waits for a quieter moment; what that takes is told apart.) Theirs: the same letters as files, ``notmuch new``, which
receives nothing and syncs once. Rounds are interleaved; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvloop
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.parse import make_letters
from core import clock
from core.database import ReadTx, WriteTx
from core.settings import load_settings
from crm.parties import add_contact, add_counterparty
from mailhub.ingest.settling import Settling
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.tables import incoming
from mailhub.migrations import upgrade
from mailhub.runtime import House


@dataclass(frozen=True, slots=True)
class Round:
    """Letters a second; seconds of this process's processor a letter; seconds a letter that settling takes later; the
    longest hold of the writer."""

    rate: float
    processor: float
    settled: float
    hold: float


def with_own_ids(letters: list[bytes]) -> list[bytes]:
    """The letters with addresses of some clients and Message-IDs of their own; every fourth answers the one before."""
    made = []
    for number, raw in enumerate(letters):
        head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        replaced = (b"message-id:", b"from:", b"references:")
        kept = [line for line in _fields(head) if not line.lower().startswith(replaced)]
        kept.append(b"From: Client <c%d@client%d.example>" % (number % 500, number % 50))
        kept.append(b"Message-ID: <n%d@bench.example>" % number)
        if number % 4:
            kept.append(b"References: <n%d@bench.example>" % (number - number % 4))
            kept[-3] = b"From: Client <c%d@client%d.example>" % (number // 4 % 500, number // 4 % 50)
        made.append((b"\n".join(kept) + b"\n\n" + body).replace(b"\n", b"\r\n"))
    return made


def _fields(head: bytes) -> list[bytes]:
    fields: list[bytes] = []
    for line in head.split(b"\n"):
        if line[:1] in b" \t" and fields:
            fields[-1] += b"\n" + line
        else:
            fields.append(line)
    return fields


async def deliver(port: int, letters: list[bytes], sessions: int) -> None:
    """Send over this many connections at once, a letter after the other on each."""
    waiting = iter(letters)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        await reader.readline()
        writer.write(b"HELO bench\r\n")
        await reader.readline()
        for raw in waiting:
            writer.write(b"MAIL FROM:<a@client.example>\r\nRCPT TO:<info@bench.example>\r\nDATA\r\n")
            for _ in range(3):
                await reader.readline()
            stuffed = raw.replace(b"\r\n.", b"\r\n..")
            writer.write(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            await writer.drain()
            answer = await reader.readline()
            assert answer.startswith(b"250"), answer
        writer.close()

    await asyncio.gather(*(one() for _ in range(sessions)))


def send(port: int, sessions: int) -> None:
    """The client process: takes the letters from its standard input and delivers them."""
    uvloop.run(deliver(port, msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[bytes]), sessions))


async def send_apart(port: int, letters: list[bytes], sessions: int) -> None:
    """Deliver from a process of its own, whose work is not the house's."""
    command = [sys.executable, __file__, "--deliver", str(port), "--sessions", str(sessions)]
    client = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    await client.communicate(msgspec.msgpack.encode(letters))
    assert client.returncode == 0


async def ours(letters: list[bytes], sessions: int) -> Round:
    """A round of a fresh house."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        settings = {
            "MAILHUB_DATA_DIR": folder,
            "MAILHUB_DATABASE_URL": url,
            "MAILHUB_SMTP_PORT": "0",
            "MAILHUB_VERDICTS_CHECK": "no",
        }
        house = House(load_settings(None, settings))
        await house.open()
        await house.database.write(add_clients)
        await house.start(["ingest"])
        assert house.listener is not None
        assert house.processing is not None
        await house.workers.understand(letters[:8])  # its processes are started
        processor = time.process_time()
        begin = time.perf_counter()
        await send_apart(house.listener.port, letters, sessions)
        while house.processing.letters < len(letters):  # noqa: ASYNC110 - a bell for a bench alone is not worth it
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - begin
        processor = time.process_time() - processor
        settling = Settling(house.database, house.files)
        begin = time.perf_counter()
        while await settling.once(clock.now()):
            pass
        settled = time.perf_counter() - begin
        assert await house.database.read(count_done) == len(letters)
        hold = house.database.longest_hold()
        await house.stop()
        return Round(len(letters) / seconds, processor / len(letters), settled / len(letters), hold)


def add_clients(tx: WriteTx) -> None:
    """A mailbox, and fifty clients with a person each."""
    add_mailbox(tx, "info@bench.example", "Bench", "public")
    for number in range(50):
        client = add_counterparty(tx, f"Client {number}", domains=[f"client{number}.example"])
        add_contact(tx, "Who", emails=[f"c{number}@client{number}.example"], counterparty_id=client)


def count_done(tx: ReadTx) -> int:
    return int(tx.value(select(func.count()).where(incoming.c.state == "done")))


def theirs(letters: list[bytes]) -> float:
    """Letters a second of ``notmuch new``."""
    notmuch = shutil.which("notmuch")
    if notmuch is None:
        raise SystemExit("notmuch is missing: apt install notmuch")
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        mail = Path(folder, "mail", "cur")
        mail.mkdir(parents=True)
        for number, raw in enumerate(letters):
            (mail / f"{number}:2,").write_bytes(raw)
        config = Path(folder, "config")
        config.write_text(f"[database]\npath={folder}/mail\n[user]\nname=a\nprimary_email=a@bench.example\n")
        environment = {**os.environ, "NOTMUCH_CONFIG": str(config)}
        begin = time.perf_counter()
        subprocess.run([notmuch, "new", "--quiet"], check=True, env=environment)
        return len(letters) / (time.perf_counter() - begin)


def measure(options: argparse.Namespace) -> list[Figure]:
    """The ratio of the rates, round by round, and the longest hold of the writer."""
    letters = with_own_ids(make_letters(options.letters))
    peer, rounds = [], []
    for _ in range(options.rounds):
        peer.append(theirs(letters))
        rounds.append(uvloop.run(ours(letters, options.sessions)))
    size = sum(map(len, letters)) // len(letters)
    print(f"{len(letters)} letters of {size} bytes on average, {options.rounds} rounds")
    for name, rates in {"notmuch new": peer, "mailhub": [one.rate for one in rounds]}.items():
        print(f"  {name:12} {statistics.median(rates):5.0f} letters/s  ({min(rates):.0f}-{max(rates):.0f})")
    ratio = statistics.median(one.rate / other for one, other in zip(rounds, peer, strict=True))
    processor = statistics.median(one.processor for one in rounds) * 1000
    settled = statistics.median(one.settled for one in rounds) * 1000
    note = f"{processor:.1f} ms of processor a letter without its worker; settling later {settled:.1f} ms"
    return [
        Figure("from the socket to the thread, of notmuch new", ratio, "×", 0.25, 0.5, more=True, note=note),
        Figure("longest hold of the writer", max(one.hold for one in rounds) * 1000, "ms", 250, 250),
    ]


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--deliver", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main() -> None:
    options = read_options()
    if options.deliver:
        send(options.deliver, options.sessions)
    else:
        print_figures(measure(options))


if __name__ == "__main__":
    main()
