"""The thread list, a thread and the rail over HTTP with 100,000 threads, while letters could arrive.

    python bench/lists.py [--threads 100000] [--seconds 20] [--rate 15]

A server process over a filled SQLite database; one reader of ten of twenty mailboxes. First one request after the other
(the time of the server), then an open loop at ``--rate`` requests a second, mixed as a team of thirty asks. Also prints the
size of the first load over the wire, all assets included.
"""

from __future__ import annotations

import argparse
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
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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
LETTER = b"From: Anna <anna@client.example>\r\nTo: info@firm.example\r\nSubject: Pumps\r\nMessage-ID: <1@bench>\r\n\r\nWe need pumps.\r\n"


def fill(tx: WriteTx, threads: int, boxes: list[tuple[int, int]], people: list[int]) -> None:
    """Threads of many shapes, a fifth of them waiting, each with one letter."""
    rng = random.Random(7)
    now = clock.now()
    clients = [tx.insert(counterparty, name=f"Client {n}", name_folded=f"client {n}", kind="company", roles=[], created_at=now) for n in range(500)]
    parsed = understand(LETTER).parsed
    tx.sql("INSERT INTO blob(id, sha256, size, content, created_at) VALUES (1, :h, :s, :c, 1)", h=b"1" * 32, s=len(LETTER), c=LETTER)
    rows, letters, messages, new = [], [], [], []
    for number in range(1, threads + 1):
        box, scope = boxes[int(rng.paretovariate(1.2)) % len(boxes)]
        at = now - number * 60 * clock.SECOND
        waits = rng.random() < 0.05
        state = "open" if waits or rng.random() < 0.3 else "closed"
        message_id = at // clock.SECOND << 20 | number
        rows.append({"id": number, "mailbox_id": box, "scope_id": scope, "subject": f"Order {number} of pumps and bearings", "subject_base": f"order {number}", "who": "Anna Petrova", "who_address": "anna@client.example", "snippet": "We need four hundred bearings before the end of the month.", "language": "en", "counterparty_id": rng.choice(clients), "contact_id": None, "state": state, "waiting_for": "us" if waits else None, "waiting_since": at if waits else None, "due_at": at + 8 * clock.HOUR if waits else None, "executor_id": rng.choice([*people, None]), "message_count": 1, "attachment_count": rng.randint(0, 2), "last_message_at": at, "last_message_id": message_id, "last_in_id": message_id, "version": 1, "match": {"by": "address", "pairs": []}, "created_at": at})
        letters.append({"id": number, "fingerprint": number.to_bytes(32, "big"), "message_id": f"{number}@bench", "subject": f"Order {number}", "from_name": "Anna", "from_address": "anna@client.example", "from_trusted": "anna@client.example", "kind": "letter", "language": "en", "sent_at": at, "excerpt": "We need", "parsed": {"from": [{"name": "Anna", "address": "anna@client.example"}], "sender": [], "reply_to": [], "to": [], "cc": [], "text": parsed.text, "reply_text": parsed.reply_text, "has_html": False, "attachments": [], "list_id": None, "auto_submitted": None, "defects": [], "error": None}})
        messages.append({"id": message_id, "letter_id": number, "mailbox_id": box, "scope_id": scope, "thread_id": number, "blob_id": 1, "direction": "in", "spam": 0, "dated_at": at, "received_at": at, "trace": {}})
        if waits:
            new.append({"user_id": people[0], "thread_id": number, "scope_id": scope})
        if len(rows) == 5000 or number == threads:
            for table, batch in ((letter, letters), (thread, rows), (message, messages), (unread, new)):
                tx.insert_many(table, batch)
                batch.clear()


def prepare(folder: str, threads: int) -> str:
    """The database; returns the cookie of the reader."""
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
    database.write_now(lambda tx: tx.sql("ANALYZE"))
    database.close()
    return secret


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def say(name: str, times: list[float]) -> None:
    print(f"{name:34} p50 {statistics.median(times) * 1000:6.1f} ms   p99 {percentile(times, 0.99):6.1f} ms   ({len(times)})")


def ask(client: httpx.Client, path: str) -> float:
    begin = time.perf_counter()
    answer = client.get(path)
    taken = time.perf_counter() - begin
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
    return taken


def first_load(client: httpx.Client, page: str) -> int:
    """Bytes over the wire of the page and all it names, as a browser with brotli gets them."""
    total = 0
    seen = set()
    queue = [page]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        with client.stream("GET", path, headers={"Accept-Encoding": "br"}) as answer:
            body = b"".join(answer.iter_raw())
            total += len(body)
        if path == page or path.endswith(".css"):
            text = client.get(path).text
            found = re.findall(r'(?:href|src)="(/assets/[^"#]+)', text) + re.findall(r"url\(\"?\.?/?([^)\"]+\.woff2)", text)
            queue += [one if one.startswith("/") else f"/assets/{one}" for one in found]
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        secret = prepare(folder, options.threads)
        environment = {**os.environ, "MAILHUB_DATA_DIR": folder, "MAILHUB_WEB_PORT": "0", "MAILHUB_SMTP_PORT": "0"}
        command = [sys.executable, "-m", "api.cli", "serve", "--json"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            ports = json.loads(server.stdout.readline())
            with httpx.Client(base_url=f"http://127.0.0.1:{ports['web']}", cookies={"mailhub": secret}) as client:
                measure(client, options)
        finally:
            server.terminate()
            server.wait(30)


def measure(client: httpx.Client, options: argparse.Namespace) -> None:
    rng = random.Random(3)
    paths = {
        "list, most late first (page)": "/waiting",
        "list, newest (page)": "/open",
        "list of one mailbox (page)": "/mailboxes/1",
        "list, newest (REST)": "/api/v1/threads?view=open",
    }
    items = client.get("/api/v1/threads?view=open&limit=50").json()["items"]
    print(f"{options.threads} threads, one reader of {MAILBOXES // 2} mailboxes; one request after the other:")
    for name, path in paths.items():
        for _ in range(5):
            ask(client, path)
        say(name, [ask(client, path) for _ in range(200)])
    say("thread (page)", [ask(client, f"/open/threads/{rng.choice(items)['id']}") for _ in range(200)])
    mixed: list[float] = []
    asked = [*paths.values(), *(f"/open/threads/{item['id']}" for item in items[:6])]

    def one(path: str) -> None:
        mixed.append(ask(client, path))

    threads = []
    end = time.perf_counter() + options.seconds
    while time.perf_counter() < end:
        threads.append(threading.Thread(target=one, args=(rng.choice(asked),)))
        threads[-1].start()
        time.sleep(rng.expovariate(options.rate))
    for thread_ in threads:
        thread_.join()
    say(f"open loop, {options.rate:g} requests a second", mixed)
    print(f"first load over the wire: {first_load(client, '/waiting') / 1000:.0f} kB")


if __name__ == "__main__":
    main()
