"""A day of a team of thirty over a million messages: pages, searches, actions, letters coming in, live streams.

    python -m bench.inbox [--engine sqlite|postgresql] [--threads 200000] [--each 5] [--seconds 300]

One server process; an open loop of ``--rate`` requests a second by thirty people (lists by lateness and by newest, the
whole page, a thread, a search, an assignment, the rail), ``--arriving`` letters a second over SMTP, ``--streams`` live
streams. Then the worst searches one by one, and sixteen clients that ask for lists as fast as they are answered. Times
are from the request to the last byte of the answer, in milliseconds, on this side.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg

from bench.figures import Figure, print_figures
from bench.inbox_fill import ELSEWHERE, House, Person, build
from bench.processes import ROOT
from bench.raw_http import Connection
from core.database import Database
from mailhub.migrations import upgrade
from tests.support.databases import Cluster

MIX = (
    ("list", 20, "/waiting"),
    ("list", 15, "/open"),
    ("page", 10, "/waiting"),
    ("thread", 25, ""),
    ("search", 10, ""),
    ("assign", 8, ""),
    ("rail", 12, "/fragments/rail"),
)
# Floor and aim of p50, then of p99.
BORDERS = {
    "list": (40, 20, 150, 75),
    "page": (40, 20, 150, 75),
    "thread": (40, 15, 150, 60),
    "search": (60, 25, 250, 100),
    "assign": (40, 15, 200, 80),
    "rail": (30, 10, 150, 60),
    "letter committed": (40, 10, 250, 100),
}
SEARCHES = ("bearing7", "order bearing9", "order delivery", "word55 word77", "no42", "Order 55", "invoice")
WORST = {
    "absent in my mailboxes": ("newcomer", ELSEWHERE),
    "two common words": ("person", "order delivery"),
    "a newcomer's small mailbox": ("newcomer", "order"),
    "only mine": ("narrow", "order delivery"),
    "only mine, a frequent word of others": ("narrow", ELSEWHERE),
}
CLOSED_LOOP = 16
WHOLE = ("page", "assign", "setup")
"""What is no part of a page that stands."""


@dataclass
class Seen:
    """What was measured."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    events: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    waiting: dict[int, float] = field(default_factory=dict)
    """When an assignment was asked for, by its thread, until a stream tells of it."""


class Asking:
    """Thirty people, each with as many connections as needed at a time."""

    def __init__(self, port: int, house: House, seen: Seen) -> None:
        self._port = port
        self.house = house
        self.seen = seen
        self.executors: dict[int, int | None] = {}
        """Of the threads that are assigned, so that each assignment changes something and is told of."""
        self._idle: dict[tuple[str, str], list[Connection]] = defaultdict(list)

    async def ask(self, kind: str, person: Person, method: str, path: str, body: bytes = b"") -> bytes:
        """One request of a person, timed under ``kind``; an error is remembered, not raised."""
        identity = ("", person.token) if path.startswith("/api/") else (person.cookie, "")
        idle = self._idle[identity]
        connection = idle.pop() if idle else Connection(self._port, *identity)
        begin = time.perf_counter()
        try:
            status, answer = await connection.ask(method, path, body, part=kind not in WHOLE)
        except (OSError, EOFError, asyncio.IncompleteReadError) as problem:
            self.seen.errors.append(f"{method} {path}: {problem!r}")
            connection.close()
            return b""
        self.seen.times[kind].append((time.perf_counter() - begin) * 1000)
        if status != 200:
            self.seen.errors.append(f"{method} {path}: {status}")
        idle.append(connection)
        return answer


async def work(asking: Asking, rate: float, seconds: float, threads: dict[int, list[int]]) -> None:
    """The open loop: a request at its moment, whether those before were answered or not."""
    rng = random.Random(5)
    begin = time.monotonic()
    at = 0.0
    under_way: set[asyncio.Task[None]] = set()
    while at < seconds:
        await asyncio.sleep(begin + at - time.monotonic())
        task = asyncio.create_task(_once(asking, rng, threads))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        at += rng.expovariate(rate)
    await asyncio.gather(*under_way)


async def _once(asking: Asking, rng: random.Random, threads: dict[int, list[int]]) -> None:
    person = rng.choice(asking.house.people)
    kind, _, path = rng.choices(MIX, [share for _, share, _ in MIX])[0]
    mine = threads[person.user_id]
    if kind == "thread":
        path = f"/open/threads/{rng.choice(mine)}"
    if kind == "search":
        path = f"/search?q={rng.choice(SEARCHES).replace(' ', '+')}"
    if kind != "assign":
        await asking.ask(kind, person, "GET", path)
        return
    thread_id = rng.choice(mine)
    executor_id = None if asking.executors[thread_id] == person.user_id else person.user_id
    asking.executors[thread_id] = executor_id
    body = json.dumps({"executor_id": executor_id}).encode()
    asking.seen.waiting.setdefault(thread_id, time.perf_counter())
    await asking.ask(kind, person, "PATCH", f"/api/v1/threads/{thread_id}", body)


async def listen(port: int, person: Person, seen: Seen) -> None:
    """A live stream, as a browser holds it open. Whoever reads here shares a loop with whoever measures, so lines are
    only understood when they may tell of an assignment that is waited for."""
    connection = Connection(port, cookie=person.cookie)  # which ends with its last name
    reader = await connection.stream("/api/v1/events")
    begun = b""
    while piece := await reader.read(1 << 18):
        come = time.perf_counter()
        whole, _, begun = (begun + piece).rpartition(b"\n\n")
        for thread_id in [one for one in seen.waiting if b"%d" % one in whole]:
            told = [json.loads(line[6:]) for line in whole.splitlines() if line.startswith(b"data: ")]
            if any(thread_id in (one.get("thread_id"), *one.get("thread_ids", ())) for one in told):
                seen.events.append((come - seen.waiting.pop(thread_id)) * 1000)


async def arrive(port: int, house: House, rate: float, seconds: float, seen: Seen) -> None:
    """Letters over SMTP on four lasting connections; timed from the dot to the 250."""
    rng = random.Random(9)
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
    for reader, writer in lines:
        await reader.readline()
        writer.write(b"HELO bench\r\n")
        await reader.readline()
    begin = time.monotonic()

    async def send(line: int) -> None:
        reader, writer = lines[line]
        for number in range(line, int(rate * seconds), len(lines)):
            await asyncio.sleep(begin + number / rate - time.monotonic())
            to = rng.choice(house.addresses)
            writer.write(b"MAIL FROM:<a@client.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % to.encode())
            for _ in range(3):
                await reader.readline()
            sender = rng.randrange(5000)
            writer.write(
                b"From: Anna <anna%d@client%d.example>\r\nTo: %s\r\nSubject: New order %d\r\n"
                b"Message-ID: <new%d@bench>\r\n"
                b"\r\nWe need bearing%d and word%d before the end of the month.\r\n"
                % (sender, sender, to.encode(), number, number, number % 100, number % 3000)
            )
            begun = time.perf_counter()
            writer.write(b".\r\n")
            answer = await reader.readline()
            if not answer.startswith(b"250"):
                seen.errors.append(f"SMTP: {answer!r}")
            seen.times["letter committed"].append((time.perf_counter() - begun) * 1000)
        writer.close()

    await asyncio.gather(*(send(line) for line in range(len(lines))))


async def go_through_worst(asking: Asking) -> dict[str, float]:
    """The searches that go wrong first, twenty of each: the longest."""
    people = {
        "newcomer": asking.house.newcomer,
        "narrow": asking.house.narrow,
        "person": asking.house.people[0],
    }
    worst = {}
    for name, (who, query) in WORST.items():
        for _ in range(20):
            await asking.ask(name, people[who], "GET", f"/search?q={query.replace(' ', '+')}")
        worst[name] = max(asking.seen.times.pop(name))
    return worst


async def saturate(asking: Asking, seconds: float) -> float:
    """Lists a second that sixteen clients get who wait for nothing but their answers."""
    end = time.monotonic() + seconds
    asked = 0

    async def run(person: Person) -> None:
        nonlocal asked
        while time.monotonic() < end:
            await asking.ask("saturated", person, "GET", "/waiting")
            asked += 1

    await asyncio.gather(*(run(person) for person in asking.house.people[:CLOSED_LOOP]))
    return asked / seconds


async def measure(options: argparse.Namespace, house: House, ports: dict[str, int]) -> list[Figure]:
    """All phases against a running server."""
    seen = Seen()
    asking = Asking(ports["web"], house, seen)
    threads = {person.user_id: await _threads_of(asking, person) for person in house.people}
    seen.times.clear()
    streams = [
        asyncio.create_task(listen(ports["web"], house.people[number % len(house.people)], seen))
        for number in range(options.streams)
    ]
    await asyncio.sleep(2)
    await asyncio.gather(
        work(asking, options.rate, options.seconds, threads),
        arrive(ports["smtp"], house, options.arriving, options.seconds, seen),
    )
    figures = []
    for kind, (low, low_aim, high, high_aim) in BORDERS.items():
        times = sorted(seen.times[kind])
        note = f"of {len(times)}, longest {times[-1]:.0f} ms"
        figures.append(Figure(f"{kind}, p50", statistics.median(times), "ms", low, low_aim))
        figures.append(Figure(f"{kind}, p99", times[len(times) * 99 // 100], "ms", high, high_aim, note=note))
    seen_late = max(seen.events, default=float("inf"))
    figures.append(Figure("event after its commit, longest", seen_late, "ms", 1000, 700, note=f"of {len(seen.events)}"))
    seen.errors += [f"a stream ended: {one.exception()!r}" for one in streams if one.done()]
    for name, longest in (await go_through_worst(asking)).items():
        figures.append(
            Figure(f"search: {name}, longest", longest, "ms", 250, 100, note="of 20, letters coming in no more")
        )
    figures.append(Figure("lists by 16 clients", await saturate(asking, 15), "a second", 100, 150, more=True))
    figures.append(Figure("errors", len(seen.errors), "", 0, 0, note="; ".join(seen.errors[:3])))
    for one in streams:
        one.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return figures


async def _threads_of(asking: Asking, person: Person) -> list[int]:
    answer = await asking.ask("setup", person, "GET", "/api/v1/threads?view=open&limit=100")
    found = {one["id"]: one["executor_id"] for one in json.loads(answer)["items"]}
    asking.executors |= found
    return list(found)


@contextmanager
def serving(url: str, folder: str) -> Iterator[dict[str, int]]:
    """The server as a process of its own; its ports."""
    settings = {"DATA_DIR": folder, "DATABASE_URL": url, "WEB_PORT": "0", "SMTP_PORT": "0", "LOG_LEVEL": "warning"}
    environment = {**os.environ, **{f"MAILHUB_{name}": value for name, value in settings.items()}}
    environment["MAILHUB_VERDICTS_CHECK"] = "no"
    command = [sys.executable, "-m", "api.cli", "serve", "--json"]
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
    finally:
        server.terminate()
        server.wait(60)


def tidy(url: str) -> None:
    """What PostgreSQL does by itself as years of letters come, and has not done yet where they came in minutes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def run(options: argparse.Namespace) -> list[Figure]:
    """Fill, serve, measure."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mailhub-bench-", dir=options.folder))
        url = f"sqlite:///{folder}/mailhub.db"
        if options.engine == "postgresql":
            cluster = Cluster(durable=True, slow_ms=500)
            stack.callback(cluster.stop)
            cluster.run('CREATE DATABASE "bench"')
            url = cluster.url("bench")
        upgrade(url)
        begin = time.perf_counter()
        database = Database(url, synchronous="OFF")  # it is laid down once, and thrown away
        database.start()
        house = build(database, options.threads, options.each)
        database.close()
        if options.engine == "postgresql":
            tidy(url)
            cluster.forget_slow()
        messages = options.threads * options.each
        print(f"{options.engine}: {messages} messages laid down in {time.perf_counter() - begin:.0f} s", flush=True)
        with serving(url, folder) as ports:
            figures = asyncio.run(measure(options, house, ports))
        if options.engine == "postgresql":
            slow = cluster.slow_statements()
            print(f"{len(slow)} statements took half a second or longer; the longest:")
            for ms, text in slow[:12]:
                print(f"{ms:9.0f} ms  {text[:160]}")
        return figures


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--threads", type=int, default=200_000)
    parser.add_argument("--each", type=int, default=5, help="messages in a thread")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=float, default=15)
    parser.add_argument("--arriving", type=float, default=100)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--folder", help="where there is room for a few gigabytes")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(not print_figures(run(read_options())))
