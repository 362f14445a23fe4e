"""Segments of a million clients, on the engine of ``--url``.

    python -m bench.segments [--clients 1000000] [--rules 200] [--url postgresql://…]

Clients with a city, a role, a manager and letters, three people for two of them. A rule of five conditions is counted
over all of them as the editor does it, written and asked of everybody in parts; then one fact after the other (a city,
a letter) is followed by so many rules of five conditions. The unit of a fact holds the writer: its processor time is
what everybody else waits.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from bench.figures import Figure, print_figures
from core import clock
from core.changes import move_consumer, newest_position
from core.database import Database, WriteTx, open_database
from crm.interactions import record_letter
from crm.parties import update_counterparty
from crm.segments import add_segment, try_rule
from crm.segments.following import follow_part
from crm.segments.preparing import prepare_part
from crm.segments.rules import CONSUMER
from crm.segments.tables import segment
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant, add_scope
from mailhub.migrations import upgrade

ROUNDS = 9
FACTS = 60
CITIES, MANAGERS = 50, 20
ZONE = "Europe/Kyiv"
_SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "
_LAY = (
    "INSERT INTO counterparty (id, name, name_folded, kind, roles, manager_id, city, city_folded, language, "
    "created_at) "
    + _SERIES
    + "SELECT i, 'Client ' || i, 'client ' || i, 'company', CAST(CASE WHEN i / 7 % 10 = 0 THEN '[\"supplier\"]' ELSE "
    "'[\"customer\"]' END AS {json}), 1 + i / 50 % 20, 'City ' || (i * 7 % 50), 'city ' || (i * 7 % 50), 'uk', :now "
    "FROM n",
    "INSERT INTO letter_facts (counterparty_id, scope_id, last_in, last_out, letters) "
    + _SERIES
    + "SELECT i, :scope, :now - (i / 11 % 400) * :day, :now - (i / 13 % 400) * :day, 3 FROM n WHERE i % 5 < 4",
    "INSERT INTO contact (id, name, name_folded, created_at) "
    + _SERIES.replace(":most", ":people")
    + "SELECT i, 'Person ' || i, 'person ' || i, :now FROM n",
    "INSERT INTO affiliation (contact_id, counterparty_id, position, position_folded) "
    + _SERIES.replace(":most", ":people")
    + "SELECT i, 1 + i % :most, CASE WHEN i % 4 = 0 THEN 'Director' ELSE 'Buyer' END, "
    "CASE WHEN i % 4 = 0 THEN 'director' ELSE 'buyer' END FROM n",
)


def fill(tx: WriteTx, clients: int) -> tuple[Viewer, int]:
    """The house, set by set. Returns somebody who makes segments, and a public mailbox."""
    users = [add_user(tx, f"user{number}@firm.example", f"User {number}") for number in range(MANAGERS)]
    scope_id = add_scope(tx, "public")
    add_grant(tx, scope_id, "answer", user_id=users[0])
    told = {"most": clients, "people": clients * 3 // 2, "scope": scope_id, "now": clock.now(), "day": clock.DAY}
    for statement in _LAY:
        named = {name: value for name, value in told.items() if f":{name}" in statement}
        tx.sql(statement.format(json="TEXT" if tx.dialect == "sqlite" else "JSONB"), **named)
    tx.sql("ANALYZE")
    return get_viewer(tx, users[0]), scope_id


def make_rule(dice: random.Random) -> dict[str, Any]:
    """Five conditions."""
    return {
        "all": [
            {"field": "city", "op": "eq", "value": f"City {dice.randrange(CITIES)}"},
            {"field": "roles", "op": "contains", "value": "customer"},
            {"field": "manager", "op": "in", "value": dice.sample(range(1, MANAGERS + 1), 10)},
            {"field": "letters.last_in", "op": "older_than_days", "value": dice.randint(30, 90)},
            {"field": "people.positions", "op": "contains", "value": "director"},
        ]
    }


def measure(options: argparse.Namespace) -> list[Figure]:
    """Fill, count, prepare, follow."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'mailhub.db'}"
        upgrade(url)
        database = open_database(url)
        try:
            began = time.monotonic()
            viewer, scope_id = database.write_now(fill, options.clients)
            print(f"{options.clients} clients in {time.monotonic() - began:.0f} s", file=sys.stderr)
            return [
                *_count(database),
                *_prepare(database, viewer),
                *_follow(database, viewer, scope_id, options.rules, options.clients),
            ]
        finally:
            database.close()


def _count(database: Database) -> list[Figure]:
    dice = random.Random(1)
    took = [_time(lambda: database.read_now(try_rule, "counterparties", make_rule(dice), ZONE)) for _ in range(ROUNDS)]
    name = "five conditions counted, with a sample"
    return [Figure(name, statistics.median(took), "ms", 400, 150, note=f"slowest {max(took):.0f}")]


def _prepare(database: Database, viewer: Viewer) -> list[Figure]:
    """One rule is asked of everybody, in parts sized as the loop does."""
    rule = make_rule(random.Random(2))
    database.write_now(partial(add_segment, rule=rule, zone=ZONE), viewer, "Prepared", "counterparties")
    step, longest, began = 500, 0.0, time.monotonic()
    while (took := database.write_now(prepare_part, step)) is not None:
        longest = max(longest, took)
        step = max(100, min(20_000, int(step * min(2.0, max(0.5, 0.025 / max(took, 0.001))))))
    whole = time.monotonic() - began
    return [
        Figure("a new rule asked of everybody", whole, "s"),
        Figure("longest unit meanwhile", longest * 1000, "ms", 250, 50),
    ]


def _follow(database: Database, viewer: Viewer, scope_id: int, rules: int, clients: int) -> list[Figure]:
    database.write_now(_stand, viewer, rules)
    dice, cities, letters = random.Random(4), [], []
    for number in range(FACTS):
        client = dice.randint(1, clients)
        city = f"City {dice.randrange(CITIES)}"
        database.write_now(partial(update_counterparty, city=city), client)
        cities.append(_time(lambda: database.write_now(follow_part)))
        database.write_now(partial(_letter, client=client, number=number), scope_id)
        letters.append(_time(lambda: database.write_now(follow_part)))
    return [
        Figure(f"a city, followed by {rules} rules", statistics.median(cities[5:]), "ms", 60, 20),
        Figure(f"a letter, followed by {rules} rules", statistics.median(letters[5:]), "ms", 60, 20),
    ]


def _stand(tx: WriteTx, viewer: Viewer, rules: int) -> None:
    """So many rules stand, as if everybody had been asked; the feed is read up to here."""
    dice = random.Random(3)
    for number in range(rules):
        add_segment(tx, viewer, f"Segment {number}", "counterparties", rule=make_rule(dice), zone=ZONE)
    tx.execute(update(segment).where(segment.c.id.in_(select(segment.c.id))).values(version=1))
    move_consumer(tx, CONSUMER, newest_position(tx))


def _letter(tx: WriteTx, scope_id: int, *, client: int, number: int) -> None:
    record_letter(
        tx, client, scope_id, contact_id=None, direction="in", happened_at=clock.now(), subject="s",
        thread_id=number, message_id=number, executor_id=None, counts=True,
    )  # fmt: skip


def _time(act: Callable[[], Any]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--url", default="")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(0 if print_figures(measure(read_options())) else 1)
