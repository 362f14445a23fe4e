"""Search among many letters: the usual questions and those that hurt, on the engine of ``--url``.

    python -m bench.search [--letters 100000] [--url postgresql://…]

Letters of a Zipf-like vocabulary in twenty mailboxes of very different size. Readers: one of all mailboxes, a newcomer
of a small one, one who sees only what is assigned to them. Each question is asked nine times (PostgreSQL prepares
after five); shown are median and slowest of what ``find_threads`` takes, beside a bare look-up of the reader's rights.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from bench.lists import MAILBOXES, fill
from core.database import Database, WriteTx, open_database
from core.fulltext import FOLDING_VERSION
from core.fulltext.index import Words, add_words
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.finding import find_threads, parse_search
from mailhub.mailboxes.tables import letter_words, message
from mailhub.migrations import upgrade

ROUNDS = 9
CHUNK = 5000
QUESTIONS = {
    "common word (every third letter)": "everythird",
    "two common words": "everythird everyfifth",
    "common words that never meet": "neverone nevertwo",
    "middling word (one in a hundred)": "onehundredth",
    "rare word": "veryrare",
    "absent word": "nowhere",
    "frequent elsewhere, absent here": "elsewhere",
    "word with many forms": "договорами",
    "three words with many forms": "оплатили рахунки договором",
    "as it is typed": "every",
    "common word, only what is open": "everythird is:open",
    "common word, only what is mine": "everythird is:mine",
    "common word, before a year ago": "everythird before:365d",
}


def words_of(rng: random.Random, number: int, box: int) -> Words:
    """Some eighty words, with the ones that are asked about."""
    body = [f"w{int(rng.paretovariate(0.6)) % 200_000}" for _ in range(80)]
    rules = [
        (number % 3 == 0, "everythird"), (number % 5 == 0, "everyfifth"), (number % 100 == 0, "onehundredth"),
        (number == 777, "veryrare"), (box == 2 and number % 2 == 0, "elsewhere"), (number % 4 == 0, "neverone"),
        (number % 4 == 1, "nevertwo"), (number % 7 == 0, "договір"), (number % 50 == 0, "рахунок"),
        (number % 60 == 0, "оплата"),
    ]  # fmt: skip
    return Words(
        f"order {number}", "anna petrova \ue001anna", " ".join(body + [word for there, word in rules if there])
    )


def index(tx: WriteTx) -> None:
    """The words of every letter."""
    rng = random.Random(3)
    rows: list[dict[str, Any]] = []
    for row in tx.rows(select(message.c.id, message.c.letter_id, message.c.scope_id, message.c.mailbox_id)):
        words = words_of(rng, row.letter_id, row.mailbox_id)
        add_words(tx, row.id, row.scope_id, words)
        rows.append(
            {"letter_id": row.letter_id, "version": FOLDING_VERSION, "subject": words.subject, "people": words.people,
             "body": words.body}
        )  # fmt: skip
        if len(rows) == CHUNK:
            tx.insert_many(letter_words, rows)
            rows.clear()
    tx.insert_many(letter_words, rows)


def prepare(database: Database, letters: int) -> dict[str, int]:
    """Fill the database; returns the readers."""
    people = [database.write_now(add_user, f"user{n}@firm.example", f"User {n}") for n in range(30)]
    boxes = []
    for number in range(MAILBOXES):
        box = database.write_now(add_mailbox, f"box{number}@firm.example", f"Box {number}", "public")
        boxes.append((box.id, box.scope_id))
        database.write_now(add_grant, box.scope_id, "see", user_id=people[0])
        database.write_now(add_grant, box.scope_id, "see", user_id=people[2], only_assigned=True)
    database.write_now(add_grant, boxes[11][1], "see", user_id=people[1])
    database.write_now(fill, letters, boxes, people)
    database.write_now(index)
    return {"everything": people[0], "newcomer": people[1], "only assigned": people[2]}


def measure(do: Callable[[], object]) -> tuple[float, float]:
    """Median and slowest in milliseconds."""
    taken = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        do()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken), max(taken)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--url", default="")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        database = open_database(url)
        readers = prepare(database, asked.letters)
        if not database.is_sqlite:
            database.write_now(lambda tx: tx.sql("ANALYZE"))
        bare, _ = measure(lambda: database.read_now(get_viewer, readers["everything"]))
        print(
            f"{asked.letters:,} letters, {'SQLite' if database.is_sqlite else 'PostgreSQL'}; rights alone {bare:.2f} ms"
        )
        for title, query in QUESTIONS.items():
            figures = []
            for person in readers.values():
                viewer = database.read_now(get_viewer, person)
                search = parse_search(query, typed=title == "as it is typed")
                found = database.read_now(find_threads, viewer, search)
                middle, worst = measure(lambda v=viewer, s=search: database.read_now(find_threads, v, s))  # type: ignore[misc]
                figures.append(f"{middle:6.1f} {worst:6.1f} {len(found.hits):3}{'+' if found.next else ' '}")
            print(f"{title:36}", " | ".join(figures), flush=True)
        database.close()


if __name__ == "__main__":
    main()
