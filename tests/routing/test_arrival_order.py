"""The same letters make the same threads, whatever order they come in and however often."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from core.database import Database
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.tables import letter as letter_table
from mailhub.mailboxes.tables import message, thread
from tests.support.world import World, letter

ORDERS = 20


@dataclass(frozen=True)
class Talk:
    """A conversation: its letters (subject, id, sender, ids it answers), those that never came, and its threads."""

    letters: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    threads: tuple[frozenset[str], ...]


ANNA, BORIS, OUTSIDER = "Anna <anna@client.example>", "Boris <boris@client.example>", "Eve <eve@evil.example>"
TALKS = {
    "a chain with two letters that never came": Talk(
        (
            ("Помпи для Одеси", "u1", ANNA, ()),
            ("Re: Помпи для Одеси", "u3", ANNA, ("u1", "u2")),
            ("Відп: Помпи для Одеси", "u5", BORIS, ("u1", "u2", "u3", "u4")),
            ("Re: Помпи для Одеси", "u6", ANNA, ("u4", "u5")),
        ),
        (frozenset({"u1", "u3", "u5", "u6"}),),
    ),
    "two branches and a letter that names both": Talk(
        (
            ("Въпрос за доставка", "b1", ANNA, ()),
            ("Отг: Въпрос за доставка", "b2", BORIS, ("b1",)),
            ("Нова тема", "b3", ANNA, ()),
            ("Отг: Нова тема", "b4", BORIS, ("b3",)),
            ("Отг: Въпрос за доставка", "b5", ANNA, ("b2", "b4")),
        ),
        (frozenset({"b1", "b2", "b3", "b4", "b5"}),),
    ),
    "answers to letters that never came, by their subject": Talk(
        (
            ("Счёт за май", "r1", ANNA, ()),
            ("Отв: Счёт за май", "r3", ANNA, ("r2",)),
            ("Re: Счёт за май", "r5", BORIS, ("r4",)),
        ),
        (frozenset({"r1", "r3", "r5"}),),
    ),
    "a stranger who names letters of the client": Talk(
        (
            ("Báo giá máy bơm", "v1", ANNA, ()),
            ("Trả lời: Báo giá máy bơm", "v2", ANNA, ("v1",)),
            ("Trả lời: Báo giá máy bơm", "v3", OUTSIDER, ("v1", "v2")),
            ("Re: Báo giá máy bơm", "v4", BORIS, ("v3", "v2")),
        ),
        (frozenset({"v1", "v2", "v4"}), frozenset({"v3"})),
    ),
    "one subject, two orders": Talk(
        (("Order", "e1", ANNA, ()), ("Order", "e2", ANNA, ()), ("Re: Order", "e3", ANNA, ("e2",))),
        (frozenset({"e1"}), frozenset({"e2", "e3"})),
    ),
    "one subject, two orders, and an answer to what never came": Talk(
        (
            ("Order", "e1", ANNA, ()),
            ("Order", "e2", ANNA, ()),
            ("Re: Order", "e3", ANNA, ("e2",)),
            ("Re: Order", "e4", BORIS, ("e0",)),
            ("AW: Order", "e5", BORIS, ("e3", "e4")),
        ),
        (frozenset({"e1"}), frozenset({"e2", "e3", "e4", "e5"})),
    ),
    "answers whose question never came": Talk(
        (
            ("Re: Заявка", "z2", ANNA, ("z1",)),
            ("Re: Заявка", "z4", BORIS, ("z3",)),
            ("Отв: Заявка", "z6", ANNA, ("z5", "z4")),
        ),
        (frozenset({"z2", "z4", "z6"}),),
    ),
    "strangers to us talk among themselves": Talk(
        (
            ("Запрос", "s1", "Иван <ivan@mail.ru>", ()),
            ("Re: Запрос", "s2", "Иван <ivan@mail.ru>", ("s1",)),
            ("Re: Запрос", "s4", "Иван <ivan@mail.ru>", ("s3", "s2")),
            ("Re: Запрос", "s5", "Пётр <petr@mail.ru>", ("s4",)),
        ),
        (frozenset({"s1", "s2", "s4"}), frozenset({"s5"})),
    ),
}  # fmt: skip


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    client = database.write_now(add_counterparty, "Client Ltd", domains=["client.example"])
    database.write_now(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    return world


def written(talk: Talk) -> list[bytes]:
    """The letters of a talk, a week between the first and the last."""
    return [
        letter(
            subject,
            f"{name}@talk.example",
            sender=sender,
            headers="".join(f"References: {' '.join(f'<{one}@talk.example>' for one in named)}\r\n" if named else "")
            + (f"In-Reply-To: <{named[-1]}@talk.example>\r\n" if named else ""),
        )
        for subject, name, sender, named in talk.letters
    ]


def threads_in(world: World, box: str) -> set[frozenset[str]]:
    """The letters of each thread of a mailbox, by the first part of their ids."""
    shown = (
        select(message.c.thread_id, letter_table.c.message_id)
        .join(letter_table, letter_table.c.id == message.c.letter_id)
        .join(thread, thread.c.id == message.c.thread_id)
        .where(message.c.mailbox_id == world.box(box).id, thread.c.merged_into.is_(None))
    )
    found: dict[int, set[str]] = {}
    for row in world.database.read_now(lambda tx: tx.rows(shown)):
        found.setdefault(row.thread_id, set()).add(row.message_id.partition("@")[0])
    return {frozenset(names) for names in found.values()}


@pytest.mark.parametrize("quiet", [False, True], ids=["live", "archive"])
@pytest.mark.parametrize("name", TALKS)
def test_the_order_of_arrival_changes_nothing(world: World, name: str, quiet: bool) -> None:
    talk = TALKS[name]
    dice = random.Random(name)
    for number in range(5 if quiet else ORDERS):
        box = f"box{number}"
        world.grant("olena", box, "answer", "assign")
        letters = written(talk)
        if number:
            dice.shuffle(letters)
        for raw in [*letters, *letters[:2]] if number % 2 else letters:
            world.arrive(raw, box, quiet=quiet)
        assert threads_in(world, box) == set(talk.threads), f"order {number}"
        counts = {row.message_count for row in world.threads("olena") if row.mailbox_id == world.box(box).id}
        assert counts == {len(one) for one in talk.threads}
