"""The card of a client and the search while somebody types, in a house of a million clients.

    python -m bench.clients [--clients 1000000] [--requests 300] [--url postgresql://…]

Three people for two clients, all of them with an address and a telephone of their own, five lines of history for a
client and 2,000 for each of a hundred; every name begins with one of 400 words that begin alike. A server process is
asked over HTTP, one request after the other: cards of clients anywhere in the base, and beginnings of names and
telephones, from two letters on. The processor time of the server is told beside: on a busy machine it is what can be
trusted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from bench.figures import Figure, print_figures
from core import clock
from core.database import WriteTx, open_database
from crm.staff.people import add_user
from crm.staff.rights import add_grant, add_scope
from crm.staff.sessions import start_session
from mailhub.migrations import upgrade

BUSY, LINES = 100, 2_000
_N = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) "
_NAME = "'Agro' || (i % 400) || ' Trade' || (i / 400)"
_PHONE = "'+38067' || (1000000 + i)"
_KIND = "CASE i % 3 WHEN 0 THEN 'call' WHEN 1 THEN 'meeting' ELSE 'note' END"
_LAY = (
    ("clients", "counterparty (id, name, name_folded, kind, roles, manager_id, city, city_folded, created_at)",
     f"i, {_NAME}, lower({_NAME}), 'company', CAST('[]' AS {{json}}), {{user}}, 'Odesa', 'odesa', {{now}}"),
    ("people", "contact (id, name, name_folded, created_at)", "i, 'Anna Person' || i, 'anna person' || i, {now}"),
    ("people", "affiliation (contact_id, counterparty_id, position, position_folded)",
     "i, 1 + i % {clients}, 'Buyer', 'buyer'"),
    ("people", "party_address (contact_id, address)", "i, 'anna' || i || '@client' || (i % 90000) || '.example'"),
    ("clients", "party_address (counterparty_id, address)", "i, 'info@client' || i || '.example'"),
    ("clients", "party_phone (counterparty_id, number)", "i, '+38044' || (1000000 + i)"),
    ("people", "party_phone (contact_id, number)", f"i, {_PHONE}"),
    ("clients", "party_word (of, word, party_id)", "'counterparty', 'agro' || (i % 400), i"),
    ("clients", "party_word (of, word, party_id)", "'counterparty', 'trade' || (i / 400), i"),
    ("people", "party_word (of, word, party_id)", "'contact', 'anna', i"),
    ("people", "party_word (of, word, party_id)", "'contact', 'person' || i, i"),
    ("people", "party_word (of, word, party_id)", "'contact', '38067' || (1000000 + i), i"),
    ("lines", "interaction (kind, counterparty_id, contact_id, scope_id, happened_at, subject, author_id)",
     f"{_KIND}, 1 + i % {{clients}}, NULL, 0, {{now}} - (i % 5000000) * 60000000, 'Talked of pumps', {{user}}"),
    ("busy", "interaction (kind, counterparty_id, contact_id, scope_id, happened_at, subject, author_id)",
     "'call', 1 + i % 100, NULL, 0, {now} - i * 60000000, 'Called', {user}"),
)  # fmt: skip


def fill(tx: WriteTx, clients: int, user_id: int) -> None:
    """The house, set by set."""
    sizes = {"clients": clients, "people": clients * 3 // 2, "lines": clients * 5, "busy": BUSY * LINES}
    json_type = "TEXT" if tx.dialect == "sqlite" else "JSONB"
    told = {"clients": clients, "user": user_id, "now": clock.now(), "json": json_type}
    for most, into, said in _LAY:
        began = time.monotonic()
        table, _, columns = into.partition(" ")
        tx.sql(f"INSERT INTO {table} {columns} {_N.format(most=sizes[most])} SELECT {said.format(**told)} FROM n")
        print(f"{table}: {sizes[most]} rows in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    tx.sql("ANALYZE")


def prepare(url: str, clients: int) -> str:
    """Returns the cookie of somebody who reads."""
    upgrade(url)
    database = open_database(url)
    try:
        user_id = database.write_now(add_user, "olena@firm.example", "Olena", is_admin=True)
        scope_id = database.write_now(add_scope, "public")
        database.write_now(add_grant, scope_id, "answer", user_id=user_id)
        database.write_now(fill, clients, user_id)
        return database.write_now(start_session, user_id, peer="127.0.0.1", agent="bench")
    finally:
        database.close()


def typed(dice: random.Random, clients: int) -> str:
    """What somebody has typed so far."""
    one, person = dice.randint(1, clients), dice.randint(1, clients * 3 // 2)
    agro, trade = f"agro{one % 400}", f"trade{one // 400}"
    return dice.choice([
        "ag", "agro", agro, trade, f"{agro} {trade}", f"tra ag{one % 9}",
        "an", "anna pers", f"person{person}", f"067{(1_000_000 + person)}"[:9], "no such name",
    ])  # fmt: skip


def measure(options: argparse.Namespace) -> list[Figure]:
    """Fill, ask the card, ask while typing."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = options.url or f"sqlite:///{folder}/mailhub.db"
        secret = prepare(url, options.clients)
        settings = {"DATA_DIR": folder, "WEB_PORT": "0", "SMTP_PORT": "0", "LOG_LEVEL": "warning", "DATABASE_URL": url}
        environment = {**os.environ, **{f"MAILHUB_{name}": value for name, value in settings.items()}}
        command = [sys.executable, "-m", "api.cli", "serve", "--json"]
        server = subprocess.Popen(
            command, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            address = f"http://127.0.0.1:{json.loads(server.stdout.readline())['web']}"
            with httpx.Client(base_url=address, cookies={"mailhub": secret}, timeout=60) as client:
                return _ask(client, options, server.pid)
        finally:
            server.terminate()
            server.wait(30)


def _ask(client: httpx.Client, options: argparse.Namespace, pid: int) -> list[Figure]:
    dice, before = random.Random(5), _worked(pid)
    cards = _times(client, options.requests, lambda: (f"/clients/{dice.randint(1, options.clients)}", {}), "Agro")
    card = (_worked(pid) - before) / len(cards)
    busy = _times(client, options.requests, lambda: (f"/clients/{dice.randint(1, BUSY)}", {}), "Called")
    found = _times(
        client, options.requests, lambda: ("/fragments/palette", {"words": typed(dice, options.clients)}), ""
    )
    return [
        Figure("processor time of a card", card, "ms"),
        *_judge("the card of a client", cards, (60, 40), (250, 150)),
        *_judge(f"the card of one with {LINES} lines", busy, (60, 40), (250, 150)),
        *_judge("clients while typing", found, (50, 30), (150, 100)),
    ]


def _worked(pid: int) -> float:
    """Milliseconds of processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _times(client: httpx.Client, count: int, make: Callable[[], tuple[str, dict[str, str]]], holds: str) -> list[float]:
    """Milliseconds of so many answers, each with what it has to hold; the first ten warm up."""
    times = []
    for _ in range(count + 10):
        path, asked = make()
        began = time.perf_counter()
        answer = client.get(path, params=asked)
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, asked, answer.text[:300])
        assert holds in answer.text, (path, asked)
    return times[10:]


def _judge(name: str, times: list[float], middle: tuple[float, float], late: tuple[float, float]) -> list[Figure]:
    p99 = sorted(times)[len(times) * 99 // 100]
    return [
        Figure(f"{name}, median", statistics.median(times), "ms", *middle),
        Figure(f"{name}, p99", p99, "ms", *late, note=f"of {len(times)}"),
    ]


def read_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--url", default="", help="the database; SQLite in a folder of its own without")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(0 if print_figures(measure(read_options())) else 1)
