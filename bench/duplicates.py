"""Doubles over a million clients, on the engine of ``--url``.

    python -m bench.duplicates [--clients 1000000] [--url postgresql://…]

Every client has a tax number, an address, a telephone and a domain; one of fifty has a double whose name is spelled
otherwise (a letter, another order, another alphabet), or that shares one of these. The loop of the server looks through
all; meanwhile somebody writes and reads every 20 ms. Five minutes are the floor; nobody waits over 150 ms (p99).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from core import clock, jobs
from core.database import Database, ReadTx, WriteTx, open_database
from crm.doubles.searching import begin_search, count_open, find_search
from crm.parties.personal import sort_name
from crm.parties.tables import counterparty, counterparty_domain, legal_entity, party_address, party_phone, party_word
from crm.parties.words import words_of
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from mailhub.migrations import upgrade
from mailhub.routing.doubling import Doubling

SECONDS = 300
_AT_ONCE = 2000
_DOUBLE = 50
_SYLLABLES = [
    "ва",
    "ло",
    "не",
    "ко",
    "ми",
    "ра",
    "ту",
    "са",
    "ді",
    "по",
    "ге",
    "фа",
    "мо",
    "лі",
    "бе",
    "ще",
    "жу",
    "за",
    "ри",
    "ну",
]
_WHAT = ["агро", "буд", "транс", "мет", "тех", "пром", "торг", "сервіс", "груп", "інвест", "світ", "лан"]


def make_clients(count: int) -> Iterator[dict[str, Any]]:
    """Clients, each fiftieth one a double of the one before."""
    dice = random.Random(1)
    last: dict[str, Any] = {}
    for number in range(1, count + 1):
        own = "".join(dice.choice(_SYLLABLES) for _ in range(5))
        one = {
            "id": number,
            "name": f"ТОВ {own.capitalize()} {dice.choice(_WHAT)}{dice.choice(_WHAT)}",
            "tax_number": str(10_000_000 + number),
            "address": f"info@client{number}.example",
            "phone": f"+38044{number:07d}",
        }
        if number % _DOUBLE == 0:
            one |= _double(last, number // _DOUBLE % 5)
        yield one
        last = one


def _double(one: dict[str, Any], how: int) -> dict[str, Any]:
    name = one["name"]
    if how < 3:
        words = name.split()
        names = [f"{name}о", f"{words[2]} {words[1]} ПП", name.replace("а", "о", 1)]
        return {"name": names[how], "tax_number": ""}
    return {"tax_number": one["tax_number"]} if how == 3 else {"phone": one["phone"]}


def fill(database: Database, count: int) -> None:
    """The clients with all that belongs to them, set by set."""
    part: list[dict[str, Any]] = []
    for one in make_clients(count):
        part.append(one)
        if len(part) == _AT_ONCE:
            database.write_now(_fill_part, part)
            part = []
    if part:
        database.write_now(_fill_part, part)
    database.write_now(lambda tx: tx.sql("ANALYZE") and None)


def _fill_part(tx: WriteTx, part: Sequence[dict[str, Any]]) -> None:
    now = clock.now()
    same = {"kind": "company", "roles": ["customer"], "created_at": now}
    rows = [{"id": one["id"], "name": one["name"], "name_folded": sort_name(one["name"]), **same} for one in part]
    tx.insert_many(counterparty, rows)
    owned = [({"counterparty_id": one["id"]}, one) for one in part]
    tx.insert_many(
        legal_entity,
        [{**to, "name": one["name"], "tax_number": one["tax_number"], "created_at": now} for to, one in owned],
    )
    tx.insert_many(party_address, [{**to, "address": one["address"]} for to, one in owned])
    tx.insert_many(party_phone, [{**to, "number": one["phone"]} for to, one in owned])
    tx.insert_many(counterparty_domain, [{**to, "domain": one["address"].partition("@")[2]} for to, one in owned])
    words = [
        {"of": "counterparty", "word": word, "party_id": one["id"]}
        for one in part
        for word in words_of([one["name"]], [one["address"]], (), [one["tax_number"]])
    ]
    tx.insert_many(party_word, words)


async def search(database: Database, count: int) -> list[Figure]:
    """How long a search takes, what it finds, and how long people wait meanwhile."""
    user_id = await database.write(partial(add_user, is_admin=True), "chief@firm.example", "Chief")
    boot = await database.write(jobs.start_boot)
    await database.write(begin_search, await database.read(get_viewer, user_id))
    waits: list[float] = []
    beside = asyncio.create_task(_ask_beside(database, waits))
    began, used = time.monotonic(), _processor()
    await Doubling(database, boot).look()
    took, used = time.monotonic() - began, _processor() - used
    beside.cancel()
    done = await database.read(find_search)
    assert done is not None
    assert done.state == "done", done
    found, planted = await database.read(count_open, count), count // _DOUBLE
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)] * 1000
    return [
        Figure(
            f"doubles of {count} clients looked for",
            took,
            "s",
            SECONDS * count / 1_000_000,
            note=f"{used:.0f} s of processor",
        ),
        Figure("pairs found of those that are there", 100 * found / planted, "%", 95, more=True),
        Figure("a click beside it, p99", p99, "ms", 150, 50),
    ]


def _processor() -> float:
    """Seconds of processor of this process and of those that have ended below it."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def _ask_beside(database: Database, waits: list[float]) -> None:
    def write(_tx: WriteTx) -> None:
        return None

    def read(tx: ReadTx) -> int:
        return count_open(tx, 1)

    while True:
        for ask in (lambda: database.write(write), lambda: database.search(read)):
            begin = time.monotonic()
            await ask()
            waits.append(time.monotonic() - begin)
            await asyncio.sleep(0.02)


def measure(options: argparse.Namespace) -> list[Figure]:
    """Fill a new database and look through it."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'mailhub.db'}"
        upgrade(url)
        database = open_database(url)
        try:
            began = time.monotonic()
            fill(database, options.clients)
            print(f"{options.clients} clients in {time.monotonic() - began:.0f} s", file=sys.stderr)
            return asyncio.run(search(database, options.clients))
        finally:
            database.close()


def read_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--url", default="")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(0 if print_figures(measure(read_options())) else 1)
