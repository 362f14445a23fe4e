"""From the socket to the thread: parsed, matched, threaded, indexed, all durable; beside ``notmuch new``, in one run.

    python bench/socket_to_thread.py [--letters 2000] [--rounds 3] [--sessions 10]

Ours: a whole house (listener, worker processes, SQLite at ``synchronous=FULL``) gets the letters over SMTP; the clock
stops when the last one lies in its thread. Theirs: the same letters as files, ``notmuch new`` (which receives nothing
and syncs once). Rounds are interleaved; what counts is the ratio of the medians.
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
from pathlib import Path

import uvloop
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.parse import make_letters
from core.database import ReadTx
from core.settings import load_settings
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.tables import incoming
from mailhub.migrations import upgrade
from mailhub.runtime import House


def with_own_ids(letters: list[bytes]) -> list[bytes]:
    """The letters with addresses of some clients and Message-IDs of their own; every fourth answers the one before."""
    made = []
    for number, raw in enumerate(letters):
        head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        kept = [line for line in _fields(head) if not line.lower().startswith((b"message-id:", b"from:", b"references:"))]
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


def count_done(tx: ReadTx) -> int:
    return int(tx.value(select(func.count()).where(incoming.c.state == "done")))


async def ours(letters: list[bytes], sessions: int) -> tuple[float, float]:
    """Letters a second to the thread, and the longest hold of the writer in seconds."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        house = House(load_settings(None, {"MAILHUB_DATA_DIR": folder, "MAILHUB_DATABASE_URL": url, "MAILHUB_SMTP_PORT": "0"}))
        await house.open()
        await house.database.write(add_mailbox, "info@bench.example", "Bench", "public")
        for number in range(50):
            client = await house.database.write(add_counterparty, f"Client {number}", domains=[f"client{number}.example"])
            await house.database.write(add_contact, "Who", emails=[f"c{number}@client{number}.example"], counterparty_id=client)
        await house.start(["ingest"])
        assert house.listener is not None
        begin = time.perf_counter()
        await deliver(house.listener.port, letters, sessions)
        while await house.database.read(count_done) < len(letters):
            await asyncio.sleep(0.01)
        rate = len(letters) / (time.perf_counter() - begin)
        hold = house.database.longest_hold()
        await house.stop()
        return rate, hold


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=10)
    options = parser.parse_args()
    letters = with_own_ids(make_letters(options.letters))
    rates: dict[str, list[float]] = {"notmuch new": [], "mailhub": []}
    holds = []
    for _ in range(options.rounds):
        rates["notmuch new"].append(theirs(letters))
        rate, hold = uvloop.run(ours(letters, options.sessions))
        rates["mailhub"].append(rate)
        holds.append(hold)
    base = statistics.median(rates["notmuch new"])
    size = sum(map(len, letters)) // len(letters)
    print(f"{len(letters)} letters of {size} bytes on average, {options.rounds} rounds")
    for name, seen in rates.items():
        median = statistics.median(seen)
        print(f"{name:12} {median:7.0f} letters/s {median / base:5.2f} × notmuch new   ({min(seen):.0f}-{max(seen):.0f})")
    print(f"longest hold of the writer: {max(holds) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
