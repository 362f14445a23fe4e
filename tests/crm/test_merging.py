"""Clients and people that are one are merged, and parted again: what nobody touched is exactly as it was."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core.columns import metadata
from core.database import Database, ReadTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.interactions import add_interaction, drop_interaction, list_history
from crm.parties import (
    Firm,
    Phone,
    add_contact,
    add_counterparty,
    add_link,
    affiliate,
    find_kept,
    find_parties,
    get_contact,
    get_counterparty,
    list_counterparties,
    list_firms,
    list_groups_of,
    list_links,
    list_merges,
    list_people_of,
    match_address,
    merge_parties,
    part,
    record_consent,
    set_firms,
    set_groups,
    unmerge_parties,
    update_contact,
    update_counterparty,
)
from crm.parties.journal import naming
from crm.parties.personal import sort_name
from crm.parties.tables import counterparty
from crm.suppliers import Terms, agree, find_terms, list_suppliers
from mailhub.mailboxes.filing import file_thread
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.uniting import merge, part_again
from tests.support.world import World, letter

SEEDS = range(4)
DERIVED = frozenset(["change", "job", "audit", "party_merge", "merge_move", "party_word", "letter_facts", "boot"])
Rows = dict[tuple[str, Any], dict[str, Any]]


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.person("chief", is_admin=True)
    made.box("sales")
    return made


@pytest.fixture
def write(database: Database) -> Callable[..., Any]:
    return database.write_now


@pytest.fixture
def read(database: Database) -> Callable[..., Any]:
    return database.read_now


def snapshot(tx: ReadTx) -> Rows:
    """Every row of every table by its key, but what is computed from others and who changed what when."""
    found: Rows = {}
    for table in metadata.sorted_tables:
        if table.name in DERIVED:
            continue
        for row in tx.rows(select(table)):
            told = {name: value for name, value in row._mapping.items() if name != "version"}
            key = tuple(told[column.name] for column in table.primary_key) or tuple(map(repr, told.values()))
            found[table.name, key] = told
    return found


def test_everything_goes_along_and_comes_back(world: World, write: Any, read: Any) -> None:
    chief = world.viewer("chief")
    kept = write(partial(add_counterparty, emails=["office@kept.example"], phones=[Phone("+380441234567")]), "Kept")
    gone = write(
        partial(
            add_counterparty, domains=["gone.example"], emails=["office@gone.example", "office@kept.example"],
            phones=[Phone("+380441234567")], roles=["supplier"], city="Odesa", about="Beans",
        ),
        "Gone & Sons",
    )  # fmt: skip
    anna = write(partial(add_contact, emails=["anna@client.example"], counterparty_id=gone), "Anna")
    boris = write(partial(add_contact, counterparty_id=gone), "Boris")
    write(affiliate, boris, kept, "advisor")
    below = write(partial(add_counterparty, parent_id=gone), "Below")
    write(set_firms, gone, [Firm(0, "Gone LLC", "12345678", "")])
    write(set_groups, gone, ["Grain"])
    write(add_link, "counterparty", gone, kept, "partner")
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    write(add_interaction, chief, gone, "note", body="Pays late")
    before = read(snapshot)

    merge_id = write(merge, chief, "counterparty", kept, gone)
    told = read(get_counterparty, kept)
    assert (told.city, told.about, told.roles) == ("Odesa", "Beans", ("customer", "supplier"))
    assert sorted(told.emails) == ["office@gone.example", "office@kept.example"]
    assert (told.domains, len(told.phones)) == (("gone.example",), 1)
    assert {one.id for one in read(list_people_of, kept)} == {anna, boris}
    assert read(get_contact, boris).position_at(kept) == "advisor"
    assert read(get_counterparty, below).parent_id == kept
    assert [one.tax_number for one in read(list_firms, kept)] == ["12345678"]
    assert [one.name for one in read(list_groups_of, kept)] == ["Grain"]
    assert read(list_links, "counterparty", kept) == []
    assert {one.subject or one.body for one in read(list_history, chief, kept)} == {"Pumps", "Pays late"}
    assert read(list_history, chief, gone) == []
    assert [one.id for one in read(list_counterparties).items] == [below, kept]
    assert read(find_parties, "counterparty", "gone sons") == []
    assert read(find_parties, "counterparty", "12345678") == [kept]
    assert read(match_address, "office@gone.example").pairs == ((None, kept),)
    assert read(find_kept, "counterparty", gone) == kept

    write(part_again, chief, merge_id)
    assert read(snapshot) == before
    assert read(find_parties, "counterparty", "gone sons") == [gone]
    assert [one.undone_at is not None for one in read(list_merges, "counterparty", kept)] == [True]


def test_what_is_merged_is_left_alone_until_it_is_parted(world: World, write: Any, read: Any) -> None:
    chief, anybody = world.viewer("chief"), world.viewer("nobody")
    first, second, third = (write(add_counterparty, name) for name in ("First", "Second", "Third"))
    with pytest.raises(Forbidden):
        write(merge, anybody, "counterparty", first, second)
    with pytest.raises(Invalid):
        write(merge, chief, "counterparty", first, first)
    with pytest.raises(NotFound):
        write(merge, chief, "counterparty", first, 999)
    below = write(merge, chief, "counterparty", first, second)
    for kept, gone in ((first, second), (second, third), (third, second)):
        with pytest.raises(Conflict):
            write(merge, chief, "counterparty", kept, gone)
    with pytest.raises(Conflict):
        write(partial(update_counterparty, city="Sofia"), second)
    with pytest.raises(Conflict):
        write(partial(add_contact, counterparty_id=second), "Anna")
    with pytest.raises(Conflict):
        write(set_groups, second, ["Grain"])
    above = write(merge, chief, "counterparty", third, first)
    written = write(add_interaction, chief, second, "note", body="For whom?")
    assert [one.id for one in read(list_history, chief, third)] == [written]
    with pytest.raises(Conflict):
        write(part_again, chief, below)
    write(part_again, chief, above)
    write(part_again, chief, below)
    with pytest.raises(Conflict):
        write(part_again, chief, below)


def test_nobody_stands_below_themselves_after_a_merge(write: Any, read: Any) -> None:
    top = write(add_counterparty, "Top")
    gone = write(partial(add_counterparty, parent_id=top), "Gone")
    middle = write(partial(add_counterparty, parent_id=gone), "Middle")
    kept = write(partial(add_counterparty, parent_id=middle), "Kept")
    write(merge_parties, "counterparty", kept, gone)
    assert [read(get_counterparty, one).parent_id for one in (kept, middle, top)] == [middle, top, None]
    write(merge_parties, "counterparty", kept, top)
    assert [read(get_counterparty, one).parent_id for one in (kept, middle)] == [middle, None]


def test_people_are_merged_with_what_they_said_and_wrote(world: World, write: Any, read: Any) -> None:
    chief = world.viewer("chief")
    client = write(add_counterparty, "Client")
    anna = write(partial(add_contact, emails=["anna@home.example"], counterparty_id=client), "Anna")
    again = write(partial(add_contact, emails=["anna@client.example"], counterparty_id=client), "Anna K.")
    write(partial(record_consent, given=False, source="Her letter"), again)
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    before = read(snapshot)
    merge_id = write(merge, chief, "contact", anna, again)
    assert sorted(read(get_contact, anna).emails) == ["anna@client.example", "anna@home.example"]
    assert [one.contact_id for one in read(list_history, chief, client)] == [anna]
    assert [one.id for one in read(list_people_of, client)] == [anna]
    write(part_again, chief, merge_id)
    assert read(snapshot) == before


def test_a_thread_that_somebody_filed_since_stays_and_newer_letters_come_back(
    world: World, write: Any, read: Any
) -> None:
    chief = world.viewer("chief")
    kept = write(add_counterparty, "Kept")
    gone = write(partial(add_counterparty, domains=["client.example"]), "Gone")
    for number in (1, 2):
        world.arrive(letter(f"Pumps {number}", f"{number}@client.example"), "sales")
    first, second = read(lambda tx: tx.values(select(thread.c.id).order_by(thread.c.id)))
    merge_id = write(merge, chief, "counterparty", kept, gone)
    write(partial(file_thread, by=chief), first, kept, None)
    world.arrive(letter("Re: Pumps 2", "3@client.example", references="2@client.example"), "sales")
    write(part_again, chief, merge_id)
    owners = read(lambda tx: dict(map(tuple, tx.rows(select(thread.c.id, thread.c.counterparty_id)))))
    assert owners == {first: kept, second: gone}
    assert [one.subject for one in read(list_history, chief, gone)] == ["Re: Pumps 2", "Pumps 2"]
    assert [one.subject for one in read(list_history, chief, kept)] == ["Pumps 1"]


def test_a_city_that_is_written_otherwise_since_stays_with_what_rules_compare(write: Any) -> None:
    """The same city to a rule: what people see and what rules compare are given back together or not at all."""
    kept, gone = write(add_counterparty, "Kept"), write(partial(add_counterparty, city="КИЇВ"), "Gone")
    merge_id = write(merge_parties, "counterparty", kept, gone)
    write(partial(update_counterparty, city="Київ"), kept)
    write(unmerge_parties, merge_id, {})
    row = write(lambda tx: tx.get(counterparty, kept))
    assert (row.city, row.city_folded) == ("Київ", sort_name("Київ"))
    untouched, third = write(add_counterparty, "Second"), write(partial(add_counterparty, city="КИЇВ"), "Third")
    merge_id = write(merge_parties, "counterparty", untouched, third)
    write(unmerge_parties, merge_id, {})
    row = write(lambda tx: tx.get(counterparty, untouched))
    assert (row.city, row.city_folded) == ("", "")


def test_every_table_that_names_a_client_or_a_person_goes_along() -> None:
    """What names both kinds of party is moved for either; a table whose rows must not move is named in ``STAYS``."""
    moved = {of: {table.name for table, _ in naming(of)} for of in ("counterparty", "contact")}  # type: ignore[arg-type]
    assert moved["counterparty"] >= {"thread", "interaction", "affiliation", "party_address", "legal_entity", "hold"}
    assert moved["contact"] >= {"thread", "interaction", "affiliation", "party_address", "consent"}


class Verbs:
    """What people may do to two clients and their people at random."""

    def __init__(self, world: World, chance: random.Random, clients: list[int], people: list[int]) -> None:
        self.world, self.chance, self.clients, self.people = world, chance, clients, people
        self.write, self.read = world.database.write_now, world.database.read_now
        self.chief, self.number = world.viewer("chief"), 100
        self.all = [getattr(self, name) for name in dir(self) if name.startswith("do_")]

    def client(self) -> int:
        return self.chance.choice(self.clients)

    def person(self) -> int:
        return self.chance.choice(self.people)

    def do_change(self) -> None:
        told = {"city": self.chance.choice(["Sofia", "Hanoi", ""]), "about": str(self.chance.random())}
        self.write(partial(update_counterparty, **told), self.client())

    def do_reach(self) -> None:
        addresses = [f"{self.chance.choice('abcd')}@reach.example" for _ in range(2)]
        self.write(partial(update_counterparty, emails=addresses), self.client())

    def do_person(self) -> None:
        self.write(partial(update_contact, phones=[Phone(f"+38044123456{self.chance.randrange(9)}")]), self.person())

    def do_affiliate(self) -> None:
        self.write(affiliate, self.person(), self.client(), self.chance.choice(["", "director"]))

    def do_part(self) -> None:
        self.write(part, self.person(), self.client())

    def do_groups(self) -> None:
        self.write(set_groups, self.client(), self.chance.sample(["A", "B", "C"], 2))

    def do_add(self) -> None:
        self.people.append(self.write(partial(add_contact, counterparty_id=self.client()), "Somebody"))

    def do_below(self) -> None:
        self.clients.append(self.write(partial(add_counterparty, parent_id=self.client()), "Below"))

    def do_note(self) -> None:
        self.write(add_interaction, self.chief, self.client(), "note", body="A note")

    def do_drop(self) -> None:
        mine = [one for one in self.read(list_history, self.chief, self.client()) if one.author_id]
        if mine:
            self.write(drop_interaction, self.chief, self.chance.choice(mine).id)

    def do_deliver(self) -> None:
        self.number += 1
        sender = f"{self.chance.choice('abcd')}@{self.chance.choice(['kept', 'gone'])}.example"
        self.world.arrive(letter("News", f"{self.number}@x.example", sender=f"A <{sender}>"), "sales")

    def do_file(self) -> None:
        threads = self.read(lambda tx: tx.values(select(thread.c.id)))
        self.write(partial(file_thread, by=self.chief), self.chance.choice(threads), self.client(), None)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_nobody_touched_is_as_it_was(world: World, write: Any, read: Any, seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    kept, gone = (
        write(partial(add_counterparty, domains=[f"{one}.example"], emails=[f"office@{one}.example"]), one)
        for one in ("kept", "gone")
    )
    people = [write(partial(add_contact, counterparty_id=one), "Anna") for one in (kept, gone, gone)]
    verbs = Verbs(world, chance, [kept, gone], people)
    verbs.do_deliver()
    for _ in range(20):
        chance.choice(verbs.all)()
    before = read(snapshot)
    merge_id = write(merge, world.viewer("chief"), "counterparty", kept, gone)
    merged = read(snapshot)
    verbs.clients.remove(gone)
    for _ in range(50):
        chance.choice(verbs.all)()
    since = read(snapshot)
    write(part_again, world.viewer("chief"), merge_id)
    after = read(snapshot)

    untouched = {key for key in merged.keys() & before.keys() if since.get(key) == merged[key]}
    letters = {key for key in untouched if key[0] == "interaction" and merged[key]["thread_id"] is not None}
    wrong = {key: (before[key], after.get(key)) for key in untouched - letters if after.get(key) != before[key]}
    assert not wrong
    lost = {
        key
        for key in since.keys() - after.keys()
        if key[0] not in ("affiliation", "group_member", "counterparty_domain")
    }
    assert not lost
    for table in ("affiliation", "group_member", "counterparty_domain", "party_address", "party_link"):
        gone_ones = {key: row for key, row in before.items() if key[0] == table and key not in merged}
        still = [key for key, row in gone_ones.items() if _counterpart(row, gone, kept, since)]
        assert [key for key in still if key not in after] == [], table
    for key in letters:  # the letters of a thread are where the thread is
        line = after[key]
        assert line["counterparty_id"] == after["thread", (line["thread_id"],)]["counterparty_id"]


def _counterpart(row: dict[str, Any], gone: int, kept: int, since: Rows) -> bool:
    """Whether what a row became by the merge was still there at the end."""
    return (row | {"counterparty_id": kept}) in since.values() and row["counterparty_id"] == gone


@pytest.mark.parametrize("newer", ["kept", "gone"])
def test_the_list_of_suppliers_says_what_the_card_says(world: World, newer: str) -> None:
    """Of the terms of two that are one those hold that were written last, whichever was entered first."""
    database, chief = world.database, world.viewer("chief")
    kept, gone = (database.write_now(add_counterparty, name) for name in ("Kept", "Gone"))
    for client in (kept, gone):
        database.write_now(agree, chief, Terms(client, "EUR", "first", "", None, None, None))
    last = kept if newer == "kept" else gone
    database.write_now(agree, chief, Terms(last, "EUR", "last", "", None, None, None))
    database.write_now(merge_parties, "counterparty", kept, gone)
    card = database.read_now(find_terms, kept)
    assert card is not None
    assert card.payment == "last"
    assert database.read_now(list_suppliers).items == [("Kept", card)]
