"""A house after years: a million messages in two hundred thousand threads, fifty mailboxes of very different size."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core import clock
from core.blobs import blob
from core.database import Database, WriteTx
from core.fulltext import FOLDING_VERSION
from core.fulltext.index import Words, add_words
from crm.parties.tables import counterparty
from crm.staff.people import add_user
from crm.staff.rights import add_grant, list_viewers_of
from crm.staff.sessions import add_token, start_session
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.tables import letter, letter_words, message, thread, thread_participant, unread

PUBLIC, PERSONAL, PEOPLE = 20, 30, 30
CLIENTS = 5000
AT_ONCE = 2000  # threads in one transaction
_RAW = b"From: Anna <anna@client.example>\r\nTo: info@firm.example\r\nSubject: Pumps\r\n\r\nWe need pumps.\r\n"
_PARSED = understand(_RAW).parsed
COMMON = ("order", "delivery", "invoice")
MIDDLE = tuple(f"bearing{n}" for n in range(100))
ELSEWHERE = "quarterly"
"""A word that stands only in the largest mailbox."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: the secret of a session and a token of the interface."""

    user_id: int
    cookie: str
    token: str


@dataclass(frozen=True, slots=True)
class House:
    """What was made. ``newcomer`` sees one small mailbox alone, ``narrow`` only what is theirs in the largest."""

    people: list[Person]
    newcomer: Person
    narrow: Person
    addresses: list[str]
    threads: int


def build(database: Database, threads: int, messages_each: int) -> House:
    """Fill an empty, migrated database. Sizes follow a law of powers: the largest mailbox has a quarter of all."""
    rng = random.Random(11)
    write = database.write_now
    ids = [write(add_user, f"user{n}@firm.example", f"User {n}") for n in range(PEOPLE + 2)]
    boxes = [write(add_mailbox, f"box{n}@firm.example", f"Box {n}", "public") for n in range(PUBLIC)]
    boxes += [
        write(lambda tx, n=n: add_mailbox(tx, f"own{n}@firm.example", f"Own {n}", "personal", owner_id=ids[n]))
        for n in range(PERSONAL)
    ]
    for person in ids[:PEOPLE]:
        for box in rng.sample(boxes[:PUBLIC], 10):
            for right in ("see", "comment", "answer", "assign"):
                write(lambda tx, s=box.scope_id, r=right, p=person: add_grant(tx, s, r, user_id=p))
    write(lambda tx: add_grant(tx, boxes[PUBLIC - 1].scope_id, "see", user_id=ids[PEOPLE]))
    for right in ("see", "answer"):
        write(lambda tx, r=right: add_grant(tx, boxes[0].scope_id, r, user_id=ids[PEOPLE + 1], only_assigned=True))
    places = [(box.id, box.scope_id) for box in boxes]
    weights = [1 / (n + 1) ** 1.2 for n in range(PUBLIC)] + [0.01] * PERSONAL
    viewers = {scope: _viewers(database, scope) for _, scope in places}
    write(_prepare)
    todo = _plan(rng, threads, places, weights)
    number = 0
    while number < threads:
        size = min(AT_ONCE, threads - number)
        part = [next(todo) for _ in range(size)]
        write(_fill, number, part, messages_each, viewers, ids[:PEOPLE], rng)
        number += size
    people = [_person(database, user_id) for user_id in ids]
    addresses = [f"box{n}@firm.example" for n in range(PUBLIC)]
    return House(people[:PEOPLE], people[PEOPLE], people[PEOPLE + 1], addresses, threads)


def _viewers(database: Database, scope_id: int) -> list[int]:
    return database.read_now(list_viewers_of, scope_id)


def _person(database: Database, user_id: int) -> Person:
    cookie = database.write_now(start_session, user_id, peer="127.0.0.1", agent="bench")
    _, token = database.write_now(add_token, user_id, "bench", ["all"])
    return Person(user_id, cookie, token)


def _prepare(tx: WriteTx) -> None:
    """The clients, and the bytes that stand for those of all letters."""
    now = clock.now()
    rows = [
        {"name": f"Client {n}", "name_folded": f"client {n}", "kind": "company", "roles": [], "created_at": now}
        for n in range(CLIENTS)
    ]
    tx.insert_many(counterparty, rows)
    kept = {"sha256": bytes(32), "size": len(_RAW), "content": _RAW, "created_at": now}
    assert tx.insert(blob, **kept) == 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A thread to be: where, when its last letter came, and its words."""

    mailbox_id: int
    scope_id: int
    at: int
    largest: bool


def _plan(rng: random.Random, threads: int, places: list[tuple[int, int]], weights: list[float]) -> Iterator[Planned]:
    """Oldest first, over three years; the smallest public mailbox has been quiet for long."""
    now = clock.now()
    step = 3 * 365 * clock.DAY // threads
    for number in range(threads):
        place = rng.choices(range(len(places)), weights)[0]
        at = now - (threads - number) * step
        if place == PUBLIC - 1:
            at -= 200 * clock.DAY
        yield Planned(*places[place], at, place == 0)


def _fill(
    tx: WriteTx, first: int, part: list[Planned], each: int, viewers: dict[int, list[int]], ids: list[int],
    rng: random.Random,
) -> None:  # fmt: skip
    rows: dict[Any, list[dict[str, Any]]] = {
        one: [] for one in (letter, letter_words, thread, message, thread_participant, unread)
    }
    for number, plan in enumerate(part, first + 1):
        where = {"mailbox_id": plan.mailbox_id, "scope_id": plan.scope_id}
        last = 0
        for turn in range(each):
            letter_id = (number - 1) * each + turn + 1
            at = plan.at - (each - 1 - turn) * clock.HOUR
            last = at // clock.SECOND << 20 | letter_id & 0xFFFFF
            words = _words(rng, plan.largest)
            rows[letter].append(_letter(letter_id, at, words))
            kept = {"subject": f"order {number}", "people": "anna petrova client example", "body": words}
            rows[letter_words].append({"letter_id": letter_id, "version": FOLDING_VERSION, **kept})
            add_words(tx, last, plan.scope_id, Words(**kept))
            direction = "out" if turn % 2 else "in"
            ids_of = {"id": last, "letter_id": letter_id, "thread_id": number, "home_id": number}
            dated = {"direction": direction, "spam": 0, "dated_at": at, "received_at": at, "trace": {}, "blob_id": 1}
            rows[message].append(ids_of | where | dated)
        waits = rng.random() < 0.05
        rows[thread].append(_thread(rng, number, plan.at, last, each, waits, ids) | where)
        rows[thread_participant].append(
            {"thread_id": number, "address": "anna@client.example", "how": "wrote", "sure": 1}
        )
        if waits:
            rows[unread] += [
                {"user_id": one, "thread_id": number, "scope_id": plan.scope_id} for one in viewers[plan.scope_id]
            ]
    for one, several in rows.items():
        if several:
            tx.insert_many(one, several)


def _words(rng: random.Random, largest: bool) -> str:
    """Sixty words: a few that are everywhere, some that are often, names and numbers that stand once."""
    words = [word for word in COMMON if rng.random() < 0.3]
    words += [rng.choice(MIDDLE), f"no{rng.randrange(10_000_000)}"]
    words += [f"word{int(rng.paretovariate(0.8)) % 30_000}" for _ in range(55)]
    if largest and rng.random() < 0.3:
        words.append(ELSEWHERE)
    return " ".join(words)


def _letter(letter_id: int, at: int, words: str) -> dict[str, Any]:
    anna = [{"name": "Anna Petrova", "address": "anna@client.example"}]
    nobody: dict[str, Any] = {"sender": [], "reply_to": [], "to": [], "cc": [], "attachments": [], "defects": []}
    nothing = {"has_html": False, "list_id": None, "auto_submitted": None, "error": None}
    return {
        "id": letter_id,
        "fingerprint": letter_id.to_bytes(32, "big"),
        "message_id": f"{letter_id}@bench",
        "subject": f"Order {letter_id}",
        "from_name": "Anna Petrova",
        "from_address": "anna@client.example",
        "from_trusted": "anna@client.example",
        "kind": "letter",
        "language": "en",
        "sent_at": at,
        "excerpt": words[:120],
        "parsed": {"from": anna, "text": words, "reply_text": words, **nobody, **nothing},
    }


def _thread(
    rng: random.Random, number: int, at: int, last: int, each: int, waits: bool, ids: list[int]
) -> dict[str, Any]:
    client = rng.randrange(1, CLIENTS + 1)
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
        "state": "open" if waits or rng.random() < 0.2 else "closed" if rng.random() < 0.98 else "spam",
        "waiting_for": "us" if waits else None,
        "waiting_since": at if waits else None,
        "due_at": at + 8 * clock.HOUR if waits else None,
        "executor_id": rng.choice([*ids, None]),
        "message_count": each,
        "attachment_count": rng.randint(0, 2),
        "last_message_at": at,
        "last_message_id": last,
        "last_in_id": last,
        "version": 1,
        "match": {"by": "address", "pairs": []},
        "created_at": at,
    }
