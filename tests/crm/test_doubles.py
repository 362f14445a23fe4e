"""Doubles over the whole base: who may be one is found and told why, who was told apart is not asked again."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from core import jobs
from core.database import Database, WriteTx
from core.errors import Conflict, Forbidden, NotFound
from crm.doubles.deciding import Pair, ask_again, list_pairs, tell_apart
from crm.doubles.names import core_of, likeness, list_alike
from crm.doubles.scanning import Found, scan_part
from crm.doubles.searching import JOB, begin_search, begin_work, cancel_search, find_search, record_part
from crm.parties import (
    Phone,
    add_contact,
    add_counterparty,
    add_firm,
    affiliate,
    merge_parties,
    unmerge_parties,
    update_counterparty,
)
from mailhub.routing.doubling import Doubling
from tests.support.engines import only
from tests.support.world import World


class House:
    """The search as the house does it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.world = World(database)
        self.world.person("chief", is_admin=True)
        self.world.person("reader")
        self.world.box("sales")
        self.boot = database.write_now(jobs.start_boot)

    def write(self, verb: Any, *told: Any, **more: Any) -> Any:
        return self.database.write_now(verb, self.world.viewer("chief"), *told, **more)

    def search(self) -> list[Pair]:
        self.write(begin_search)
        asyncio.run(Doubling(self.database, self.boot).look())
        found = self.database.read_now(find_search)
        assert found is not None
        assert (found.state, found.error, found.place) == ("done", "", 1000)
        return self.pairs()

    def pairs(self, **told: Any) -> list[Pair]:
        return list(self.database.read_now(list_pairs, self.world.viewer("chief"), **told).items)

    def client(self, name: str, **told: Any) -> int:
        firm = told.pop("tax_number", "")
        made = self.database.write_now(add_counterparty, name, **told)
        if firm:
            self.database.write_now(add_firm, made, name, tax_number=firm)
        return made


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def ids(pairs: list[Pair]) -> list[tuple[int, int]]:
    return [(one.one.id, one.other.id) for one in pairs]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ТОВ «Верба Груп»", "Група Верба ТОВ"),
        ("Романтика ТОВ", "Romantyka LLC"),
        ("Công ty TNHH Hoa Sen Việt", "Hoa Sen Viet Co Ltd"),
        ("Дніпрометиз", "Дніпромeтиз плюс".replace(" плюс", "")),
        ("ЕООД Слънчев бряг", "Слънчев бряг"),
    ],
)
def test_names_that_are_alike(one: str, other: str) -> None:
    pairs = list(list_alike([(1, one.lower()), (2, other.lower()), (3, "зовсім інша назва")]))
    if "Груп" in one:
        assert likeness(core_of("верба груп"), core_of("група верба")) > 0
    assert [pair[:2] for pair in pairs] == [(1, 2)]


@pytest.mark.parametrize(
    ("one", "other"), [("Школа № 5", "Школа № 7"), ("Верба", "Герба"), ("ТОВ", "ООО"), ("Лан", "Лен")]
)
def test_names_that_are_not(one: str, other: str) -> None:
    assert list(list_alike([(1, one.lower()), (2, other.lower())])) == []


def test_who_may_be_one_is_found_and_told_why(house: House) -> None:
    a = house.client("Верба Груп ТОВ", tax_number="38104452", emails=["info@verba.example"])
    b = house.client("«Група Верба»", tax_number="38104452")
    c = house.client("Лиман", phones=[Phone("+380487001422")], emails=["info@lyman.example"])
    d = house.client("Кафе біля моря", phones=[Phone("+380487001422")], emails=["hello@lyman.example"])
    house.client("Самотній", emails=["one@gmail.com"])
    house.client("Інший", emails=["two@gmail.com"])
    found = house.search()
    assert ids(found) == [(a, b), (c, d)]
    assert [one.reasons for one in found] == [("tax_number", "name"), ("phone", "domain")]
    assert [one.strength for one in found] == [98, 90]


def test_what_tells_nothing_makes_no_pair(house: House) -> None:
    one, other = house.client("Верба", tax_number="38104452"), house.client("Верба", tax_number="40917733")
    above = house.client("Холдинг", phones=[Phone("+380487001422")])
    below = house.client("Завод", phones=[Phone("+380487001422")])
    house.database.write_now(update_counterparty, below, parent_id=above)
    both = house.database.write_now(add_contact, "Марина", counterparty_id=one, emails=["m@verba.example"])
    house.database.write_now(affiliate, both, above)
    for number in range(30):
        house.client(f"Клієнт {number}", phones=[Phone("+380441112233")])
    assert house.search() == []
    assert other


def test_who_was_told_apart_is_not_asked_again(house: House) -> None:
    a, b = house.client("Верба Груп"), house.client("Верба Група")
    assert ids(house.search()) == [(a, b)]
    house.write(tell_apart, b, a)
    assert house.search() == []
    assert ids(house.pairs(state="apart")) == [(a, b)]
    c = house.client("Зовсім інше")
    merge = house.database.write_now(merge_parties, "counterparty", c, b)
    house.database.write_now(update_counterparty, c, name="Верба Група")
    assert house.search() == []  # what was merged into it was told apart from the other
    house.database.write_now(unmerge_parties, merge, {})
    house.write(ask_again, a, b)
    assert (a, b) in ids(house.pairs())
    with pytest.raises(NotFound):
        house.write(tell_apart, a, 999)


def test_what_is_not_alike_any_more_goes_and_merged_ones_leave_the_list(house: House) -> None:
    a, b, c = house.client("Верба Груп"), house.client("Верба Група"), house.client("Вербa Груп".replace("a", "а"))
    assert set(ids(house.search())) == {(a, b), (a, c), (b, c)}
    house.database.write_now(merge_parties, "counterparty", a, c)
    assert ids(house.pairs()) == [(a, b)]
    house.database.write_now(update_counterparty, b, name="Лиман")
    assert house.search() == []


def test_one_search_at_a_time_and_it_can_be_ended(house: House) -> None:
    house.write(begin_search)
    with pytest.raises(Conflict):
        house.write(begin_search)
    house.write(cancel_search)
    asyncio.run(Doubling(house.database, house.boot).look())
    found = house.database.read_now(find_search)
    assert found is not None
    assert found.state == "cancelled"
    with pytest.raises(Conflict):
        house.write(cancel_search)
    with pytest.raises(Forbidden):
        house.database.write_now(begin_search, house.world.viewer("reader"))
    with pytest.raises(Forbidden):
        house.database.read_now(list_pairs, house.world.viewer("reader"))


def test_it_goes_on_where_it_was_cut_off(house: House) -> None:
    """A process that ended in the middle: what it wrote stands, the rest is found by the next."""
    a, b = house.client("Верба", tax_number="38104452"), house.client("Інше", tax_number="38104452")
    c, d = house.client("Лиман", phones=[Phone("+380487001422")]), house.client("Море", phones=[Phone("+380487001422")])
    house.write(begin_search)
    job = house.database.write_now(jobs.claim, JOB, house.boot, 1)[0]
    assert house.database.write_now(begin_work, job) is not None
    found, _ = house.database.read_now(scan_part, "tax_number", "")
    assert house.database.write_now(record_part, job, found, "address", "", 100, 0)
    house.database.write_now(jobs.stop_boot, house.boot)
    next_boot = house.database.write_now(jobs.start_boot)
    asyncio.run(Doubling(house.database, next_boot).look())
    assert ids(house.pairs()) == [(a, b), (c, d)]
    last = house.database.read_now(find_search)
    assert last is not None
    assert (last.state, last.found) == ("done", 2)


@only("postgresql")
def test_who_is_found_does_not_go_until_that_is_written(database: Database) -> None:
    """An import was taken back beside the search: the pair named a client who was gone, and the search failed."""
    house = House(database)
    pair = [house.client(f"Verba {one}") for one in range(2)]
    house.write(begin_search)
    (job,) = database.write_now(jobs.claim, JOB, house.boot, 1)

    def record(tx: WriteTx, gone: int) -> int:
        assert record_part(tx, job, [Found(*pair, "phone")], "phone", "", 1, 0)
        with psycopg.connect(database.url, autocommit=True) as outside:
            outside.execute("SET lock_timeout = 50")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                outside.execute("DELETE FROM counterparty WHERE id = %s", [gone])
        return gone

    for gone in pair:
        database.write_now(record, gone)
    database.write_now(lambda tx: tx.sql("DELETE FROM counterparty WHERE id = :id", id=pair[0]))
    assert database.write_now(record_part, job, [Found(*pair, "phone")], "phone", "", 1, 0)
    assert house.pairs() == []
