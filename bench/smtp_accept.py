"""How fast letters are accepted over SMTP, beside aiosmtpd's own handler and Postfix's smtp-sink, in one run.

    python -m bench.smtp_accept [--rounds 5] [--letters 3000] [--sessions 20] [--size 3000] [--only aiosmtpd,durable]

The client is ``smtp-source``: a connection a letter, as letters of strangers come, HELO, no pipelining. Rounds are
interleaved, so that a busy machine hurts all alike; what counts are the ratios of the medians. Afterwards a client of
our own measures from the dot to the 250 on lasting connections, and ``strace`` counts the syncs of the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import uvloop
from aiosmtpd.smtp import SMTP

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from core.database import open_database
from mailhub.ingest.office import Office
from mailhub.ingest.smtp import Limits, Listener, PostOffice, Recipient, Transaction
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.migrations import upgrade


class NoOffice:
    """Says yes to everything and keeps nothing."""

    async def find_recipient(self, address: str, sender: str) -> Recipient | None:  # noqa: ARG002
        return Recipient(address, 1)

    async def accept(self, transaction: Transaction) -> str:  # noqa: ARG002
        return "1"

    def has_room(self, size: int) -> bool:  # noqa: ARG002
        return True


@asynccontextmanager
async def no_office() -> AsyncIterator[PostOffice]:
    yield NoOffice()


@asynccontextmanager
async def durable_office() -> AsyncIterator[PostOffice]:
    """The real office over a new SQLite database at ``synchronous=FULL``; nothing processes the letters."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        database = open_database(url)
        await database.write(add_mailbox, "bench@bench.example", "Bench", "public", catch_all="bench.example")
        yield Office(database, Path(folder), "bench", Limits().max_size)
        database.close()


OFFICES: dict[str, Callable[[], AbstractAsyncContextManager[PostOffice]]] = {
    "ours": no_office,
    "durable": durable_office,
}
"""Kinds of our listener by the office behind it."""


class NoHandler:
    """aiosmtpd's handler that keeps nothing."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: ARG002, N802
        return "250 OK"


async def serve_theirs() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(NoHandler(), hostname="bench", loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_ours(kind: str) -> None:
    async with OFFICES[kind]() as office:
        listener = Listener(office, "bench", limits=Limits())
        await listener.start()
        print(listener.port, flush=True)
        await asyncio.Event().wait()


def serve(kind: str) -> None:
    if kind == "aiosmtpd":
        asyncio.run(serve_theirs())
    elif kind == "aiosmtpd+uvloop":
        uvloop.run(serve_theirs())
    else:
        uvloop.run(serve_ours(kind))


def start(kind: str, *before: str) -> tuple[subprocess.Popen[str], int]:
    """The server of that kind in a process of its own (below the command ``before``), and its port."""
    if kind != "sink":
        command = [*before, sys.executable, __file__, "--serve", kind]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, int(process.stdout.readline())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([tool("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"], text=True)
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return process, port


def tool(name: str) -> str:
    found = shutil.which(name, path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
    if found is None:
        raise SystemExit(f"{name} is missing; it comes with Postfix")
    return found


def rate(port: int, options: argparse.Namespace) -> float:
    """Letters a second."""
    command = [tool("smtp-source"), "-s", str(options.sessions), "-m", str(options.letters), "-l", str(options.size)]
    command += ["-f", "a@bench.example", "-t", "info@bench.example", f"127.0.0.1:{port}"]
    begin = time.perf_counter()
    subprocess.run(command, check=True, timeout=300)
    return float(options.letters / (time.perf_counter() - begin))


async def acknowledgements(port: int, sessions: int, letters: int, size: int) -> list[float]:
    """Milliseconds from the dot to the 250 of each letter, the letters spread over this many connections."""
    numbers = iter(range(letters))
    times: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"HELO bench\r\n")
        await reader.readline()
        for number in numbers:
            for line in (b"MAIL FROM:<a@bench.example>", b"RCPT TO:<info@bench.example>", b"DATA"):
                writer.write(line + b"\r\n")
                await reader.readline()
            writer.write(b"Subject: %d %d\r\n\r\n" % (number, time.monotonic_ns()) + b"words\r\n" * (size // 7))
            await writer.drain()
            begin = time.perf_counter()
            writer.write(b".\r\n")
            answer = await reader.readline()
            times.append((time.perf_counter() - begin) * 1000)
            assert answer.startswith(b"250"), answer
        writer.close()

    await asyncio.gather(*(one() for _ in range(sessions)))
    return sorted(times)


def syncs(options: argparse.Namespace) -> float:
    """Calls of fsync and fdatasync a letter, by ``strace`` on a server of its own."""
    with tempfile.NamedTemporaryFile(prefix="mailhub-bench-") as told:
        process, port = start("durable", tool("strace"), "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", told.name)
        try:
            before = Path(told.name).read_text().count("sync(")
            uvloop.run(acknowledgements(port, options.sessions, options.letters, options.size))
            return float((Path(told.name).read_text().count("sync(") - before) / options.letters)
        finally:
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            process.wait()


def measure(options: argparse.Namespace) -> list[Figure]:
    """Rates beside the peers, delays, syncs."""
    kinds = [*(options.only.split(",") if options.only else ["aiosmtpd", "aiosmtpd+uvloop", *OFFICES, "sink"])]
    servers = {kind: start(kind) for kind in kinds}
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    figures = []
    try:
        for _ in range(options.rounds):
            for kind, (_process, port) in servers.items():
                rates[kind].append(rate(port, options))
        if "durable" in servers:
            port = servers["durable"][1]
            alone = uvloop.run(acknowledgements(port, 1, min(options.letters, 500), options.size))
            many = uvloop.run(acknowledgements(port, options.sessions, options.letters, options.size))
            p99 = many[len(many) * 99 // 100]
            figures += [
                Figure("one session: from the dot to the 250, median", statistics.median(alone), "ms", 10, 10),
                Figure(f"{options.sessions} sessions: from the dot to the 250, p99", p99, "ms", 100, 100),
            ]
    finally:
        for process, _port in servers.values():
            process.kill()
            process.wait()
    if "durable" in servers and shutil.which("strace"):
        name = f"{options.sessions} sessions: syncs of the disk a letter"
        figures.append(Figure(name, syncs(options), "", 0.15, 0.15))
    return _ratios(rates, options) + figures


def _ratios(rates: dict[str, list[float]], options: argparse.Namespace) -> list[Figure]:
    print(f"{options.letters} letters of {options.size} bytes, {options.sessions} sessions, {options.rounds} rounds")
    for kind, seen in rates.items():
        print(f"  {kind:16} {statistics.median(seen):6.0f} letters/s  ({min(seen):.0f}-{max(seen):.0f})")
    if "aiosmtpd" not in rates or "durable" not in rates:
        return []
    ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["durable"], rates["aiosmtpd"], strict=True))
    return [Figure("accepted durably over SMTP, of aiosmtpd's no-op", ratio, "×", 0.6, 0.9, more=True)]


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--letters", type=int, default=3000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--size", type=int, default=3000)
    parser.add_argument("--only", default="")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main() -> None:
    options = read_options()
    if options.serve:
        serve(options.serve)
    else:
        print_figures(measure(options))


if __name__ == "__main__":
    main()
