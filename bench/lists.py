"""The thread list, a thread and the first load over HTTP with 100,000 threads, quiet and while letters come in.

    python -m bench.lists [--threads 100000] [--seconds 20] [--rate 15] [--arriving 100]

A server process over a filled SQLite database; one reader of ten of twenty mailboxes. First one request after the other
(the time of the server), then an open loop at ``--rate`` requests a second, mixed as a team of thirty asks, while
``--arriving`` letters a second come in over SMTP. Every page is checked to hold its rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from core import clock
from core.database import WriteTx, open_database
from crm.parties.tables import counterparty
from crm.staff.people import add_user
from crm.staff.rights import add_grant
from crm.staff.sessions import start_session
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.tables import letter, message, thread, unread
from mailhub.migrations import upgrade

MAILBOXES = 20
PAGES = {
    "list, most late first": "/waiting",
    "list, newest": "/open",
    "list of one mailbox": "/mailboxes/2",
    "list, newest (REST)": "/api/v1/threads?view=open",
}
LETTER = (
    b"From: Anna <anna@client.example>\r\nTo: info@firm.example\r\nSubject: Pumps\r\nMessage-ID: <1@bench>\r\n\r\n"
    b"We need pumps.\r\n"
)


def fill(tx: WriteTx, threads: int, boxes: Sequence[tuple[int, int]], people: Sequence[int]) -> None:
    """Threads of many shapes, a twentieth of them waiting, each with one letter."""
    rng = random.Random(7)
    now = clock.now()
    clients = [
        tx.insert(counterparty, name=f"Client {n}", name_folded=f"client {n}", kind="company", roles=[], created_at=now)
        for n in range(500)
    ]
    insert_bytes = "INSERT INTO blob(id, sha256, size, content, created_at) VALUES (1, :hash, :size, :bytes, 1)"
    tx.sql(insert_bytes, hash=b"1" * 32, size=len(LETTER), bytes=LETTER)
    batches: dict[Any, list[dict[str, Any]]] = {letter: [], thread: [], message: [], unread: []}
    for number in range(1, threads + 1):
        box, scope = boxes[int(rng.paretovariate(1.2)) % len(boxes)]
        at = now - number * clock.MINUTE
        message_id = at // clock.SECOND << 20 | number
        row = _thread(rng, number, at, message_id, rng.choice(clients), rng.choice([*people, None]))
        where = {"mailbox_id": box, "scope_id": scope}
        batches[thread].append(row | where)
        batches[letter].append(_letter(number, at))
        batches[message].append(_message(number, at, message_id) | where)
        if row["waiting_for"]:
            batches[unread].append({"user_id": people[0], "thread_id": number, "scope_id": scope})
        if number % 5000 == 0 or number == threads:
            for table, rows in batches.items():
                tx.insert_many(table, rows)
                rows.clear()


def _thread(
    rng: random.Random, number: int, at: int, message_id: int, client: int, executor: int | None
) -> dict[str, Any]:
    waits = rng.random() < 0.05
    return {
        "id": number,
        "subject": f"Order {number} of pumps and bearings",
        "subject_base": f"order {number} of pumps and bearings",
        "who": "Anna Petrova",
        "who_address": "anna@client.example",
        "snippet": "We need four hundred bearings before the end of the month.",
        "language": "en",
        "counterparty_id": client,
        "contact_id": None,
        "state": "open" if waits or rng.random() < 0.3 else "closed",
        "waiting_for": "us" if waits else None,
        "waiting_since": at if waits else None,
        "due_at": at + 8 * clock.HOUR if waits else None,
        "executor_id": executor,
        "message_count": 1,
        "attachment_count": rng.randint(0, 2),
        "last_message_at": at,
        "last_message_id": message_id,
        "last_in_id": message_id,
        "version": 1,
        "match": {"by": "address", "pairs": []},
        "created_at": at,
    }


_PARSED = understand(LETTER).parsed


def _letter(number: int, at: int) -> dict[str, Any]:
    anna = [{"name": "Anna", "address": "anna@client.example"}]
    nobody: dict[str, Any] = {"sender": [], "reply_to": [], "to": [], "cc": [], "attachments": [], "defects": []}
    nothing = {"has_html": False, "list_id": None, "auto_submitted": None, "error": None}
    return {
        "id": number,
        "fingerprint": number.to_bytes(32, "big"),
        "message_id": f"{number}@bench",
        "subject": f"Order {number}",
        "from_name": "Anna",
        "from_address": "anna@client.example",
        "from_trusted": "anna@client.example",
        "kind": "letter",
        "language": "en",
        "sent_at": at,
        "excerpt": "We need",
        "parsed": {"from": anna, "text": _PARSED.text, "reply_text": _PARSED.reply_text, **nobody, **nothing},
    }


def _message(number: int, at: int, message_id: int) -> dict[str, Any]:
    return {
        "id": message_id,
        "letter_id": number,
        "thread_id": number,
        "home_id": number,
        "blob_id": 1,
        "direction": "in",
        "spam": 0,
        "dated_at": at,
        "received_at": at,
        "trace": {},
    }


def prepare(folder: str, threads: int) -> str:
    """Make the database; returns the cookie of the reader."""
    url = f"sqlite:///{folder}/mailhub.db"
    upgrade(url)
    database = open_database(url)
    people = [database.write_now(add_user, f"user{n}@firm.example", f"User {n}") for n in range(30)]
    boxes = []
    for number in range(MAILBOXES):
        box = database.write_now(add_mailbox, f"box{number}@firm.example", f"Box {number}", "public")
        boxes.append((box.id, box.scope_id))
        if number < MAILBOXES // 2:
            for right in ("see", "answer", "assign"):
                database.write_now(add_grant, box.scope_id, right, user_id=people[0])
    database.write_now(fill, threads, boxes, people)
    secret = database.write_now(start_session, people[0], peer="127.0.0.1", agent="bench")
    database.close()
    return secret


def ask(client: httpx.Client, path: str) -> float:
    """Milliseconds of a request whose answer has its rows."""
    begin = time.perf_counter()
    answer = client.get(path)
    taken = (time.perf_counter() - begin) * 1000
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
    rows = len(answer.json()["items"]) if path.startswith("/api") else len(re.findall(r'/threads/\d+"', answer.text))
    assert rows >= 10, (path, rows)
    return taken


def first_load(client: httpx.Client, page: str) -> int:
    """Bytes over the wire of the page and all it names, as a browser with brotli gets them."""
    total = 0
    seen = set()
    queue = [page]
    while queue:
        path = queue.pop().partition("#")[0]
        if path in seen:
            continue
        seen.add(path)
        with client.stream("GET", path, headers={"Accept-Encoding": "br"}) as answer:
            assert answer.status_code == 200, path
            total += sum(map(len, answer.iter_raw()))
        if path == page or path.endswith(".css"):
            text = client.get(path).text
            found = re.findall(r'(?:href|src)="(/assets/[^"]+)', text)
            found += re.findall(r"url\(\"?\.?/?([^)\"]+\.woff2)", text)
            queue += [one if one.startswith("/") else f"/assets/{one}" for one in found]
    return total


async def arrive(port: int, rate: float, seconds: float) -> None:
    """Letters over SMTP, so many a second, on one lasting connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"HELO bench\r\n")
    await reader.readline()
    begin = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(begin + number / rate - time.monotonic())
        for line in (b"MAIL FROM:<a@client.example>", b"RCPT TO:<box%d@firm.example>" % (number % MAILBOXES), b"DATA"):
            writer.write(line + b"\r\n")
            await reader.readline()
        writer.write(LETTER.replace(b"<1@", b"<new%d@" % number) + b".\r\n")
        answer = await reader.readline()
        assert answer.startswith(b"250"), answer
    writer.close()


@contextmanager
def letters_coming(port: int, rate: float, seconds: float) -> Iterator[None]:
    """Letters from a process of their own during the block."""
    if not rate:
        yield
        return
    command = [sys.executable, __file__, "--arriving", str(rate), "--seconds", str(seconds), "--smtp", str(port)]
    sender = subprocess.Popen(command)
    try:
        yield
    finally:
        assert sender.wait(120) == 0


def open_loop(client: httpx.Client, paths: Sequence[str], rate: float, seconds: float) -> list[float]:
    """Requests at a rate, whether those before were answered or not."""
    rng = random.Random(3)
    times: list[float] = []
    asking = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        asking.append(threading.Thread(target=lambda path: times.append(ask(client, path)), args=(rng.choice(paths),)))
        asking[-1].start()
        time.sleep(rng.expovariate(rate))
    for one in asking:
        one.join()
    assert len(times) == len(asking), "a request failed"
    return times


Borders = tuple[float | None, float | None]


def judge(
    name: str, times: Sequence[float], middle: Borders = (None, None), late: Borders = (None, None)
) -> list[Figure]:
    """Median and p99, with floor and aim of each where something was promised."""
    p99 = sorted(times)[len(times) * 99 // 100]
    return [
        Figure(f"{name}, median", statistics.median(times), "ms", *middle),
        Figure(f"{name}, p99", p99, "ms", *late, note=f"of {len(times)}"),
    ]


def measure(options: argparse.Namespace) -> list[Figure]:
    """Times of the lists, the open loop, and the first load."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        secret = prepare(folder, options.threads)
        quiet = {"LOG_LEVEL": "warning", "VERDICTS_CHECK": "no"}
        settings = {"DATA_DIR": folder, "WEB_PORT": "0", "SMTP_PORT": "0", **quiet}
        environment = {**os.environ, **{f"MAILHUB_{name}": value for name, value in settings.items()}}
        command = [sys.executable, "-m", "api.cli", "serve", "--json"]
        server = subprocess.Popen(
            command, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            ports = json.loads(server.stdout.readline())
            address = f"http://127.0.0.1:{ports['web']}"
            with httpx.Client(base_url=address, cookies={"mailhub": secret}, timeout=60) as client:
                return _ask_all(client, ports["smtp"], options)
        finally:
            server.terminate()
            server.wait(30)


def _ask_all(client: httpx.Client, smtp: int, options: argparse.Namespace) -> list[Figure]:
    print(f"{options.threads} threads, one reader of {MAILBOXES // 2} mailboxes; one request after the other:")
    figures = [Figure("first load over the wire", first_load(client, "/waiting") / 1000, "kB", 250, 250)]
    listed: list[float] = []
    for name, path in PAGES.items():
        for _ in range(5):
            ask(client, path)
        times = [ask(client, path) for _ in range(options.requests)]
        late = sorted(times)[len(times) * 99 // 100]
        print(f"  {name:24} median {statistics.median(times):5.1f} ms   p99 {late:5.1f} ms")
        if not path.startswith("/api"):
            listed += times
    figures += judge("list of threads (page)", listed, (50, 25), (200, 120))
    items = client.get("/api/v1/threads?view=open&limit=50").json()["items"]
    threads = [f"/open/threads/{item['id']}" for item in items[:6]]
    opened = [ask(client, threads[number % 6]) for number in range(options.requests)]
    figures += judge("a thread with its list (page)", opened)
    with letters_coming(smtp, options.arriving, options.seconds):
        mixed = open_loop(client, [*PAGES.values(), *threads], options.rate, options.seconds)
    name = f"{options.rate:g} requests/s while {options.arriving:g} letters/s come in"
    figures += judge(name, mixed)
    return figures


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=15)
    parser.add_argument("--arriving", type=float, default=100)
    parser.add_argument("--smtp", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main() -> None:
    options = read_options()
    if options.smtp:
        asyncio.run(arrive(options.smtp, options.arriving, options.seconds))
    else:
        print_figures(measure(options))


if __name__ == "__main__":
    main()
