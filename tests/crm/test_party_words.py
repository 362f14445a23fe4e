"""Clients and people are found while somebody types, in every language, by the index alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.database import Database
from crm.parties import (
    Phone,
    add_contact,
    add_counterparty,
    find_parties,
    list_contacts,
    list_counterparties,
    list_similar,
    update_counterparty,
)
from crm.parties.words import read_terms

CLIENTS = {
    "ТОВ «Степ-Агро Постач»": {"emails": ["office@step-agro.example"], "phones": [Phone("+380441234567")]},
    "Пекарня «Ранкова зоря»": {"domains": ["pekarnia.example"]},
    "ООО Берёзка": {"emails": ["info@berezka.example"]},
    "Ромашка ООД": {"phones": [Phone("+35924123456")]},
    "Công ty TNHH Đại Phát": {"emails": ["sales@daiphat.example"]},
    "Smith & O’Neill Ltd": {"emails": ["smith@oneill.example"]},
}

FOUND = (
    ("степ", "ТОВ «Степ-Агро Постач»"),
    ("СТЕП-АГРО пос", "ТОВ «Степ-Агро Постач»"),
    ("постач степ", "ТОВ «Степ-Агро Постач»"),
    ("тов степ", "ТОВ «Степ-Агро Постач»"),
    ("044 123-45", "ТОВ «Степ-Агро Постач»"),
    ("+380 (44) 123", "ТОВ «Степ-Агро Постач»"),
    ("1234567", "ТОВ «Степ-Агро Постач»"),
    ("office@st", "ТОВ «Степ-Агро Постач»"),
    ("step-agro.ex", "ТОВ «Степ-Агро Постач»"),
    ("зоря ран", "Пекарня «Ранкова зоря»"),
    ("березка", "ООО Берёзка"),
    ("ромашка о", "Ромашка ООД"),
    ("02 412", "Ромашка ООД"),
    ("dai ph", "Công ty TNHH Đại Phát"),
    ("đại", "Công ty TNHH Đại Phát"),
    ("@daiphat", "Công ty TNHH Đại Phát"),
    ("oneill", "Smith & O’Neill Ltd"),
)
NOBODY = ("", " ", "@", "«»", "агро xyz", "999", "постачальник")


@pytest.fixture
def names(database: Database) -> dict[int, str]:
    def fill(tx: Any) -> dict[int, str]:
        return {add_counterparty(tx, name, **told): name for name, told in CLIENTS.items()}

    return database.write_now(fill)


@pytest.fixture
def find(database: Database, names: dict[int, str]) -> Callable[[str], list[str]]:
    return lambda typed: [names[one] for one in database.read_now(find_parties, "counterparty", typed)]


def test_a_client_is_found_by_what_is_known_of_it_alone(find: Callable[[str], list[str]]) -> None:
    assert [(typed, name) for typed, name in FOUND if name not in find(typed)] == []
    assert [typed for typed in NOBODY if find(typed)] == []


def test_a_name_that_is_changed_is_found_by_the_new_one(database: Database, find: Callable[[str], list[str]]) -> None:
    client = database.read_now(find_parties, "counterparty", "ромашка")[0]
    database.write_now(lambda tx: update_counterparty(tx, client, name="Лютик"))
    assert find("ромашка") == []
    assert database.read_now(find_parties, "counterparty", "лют") == [client]


def test_pages_of_what_was_found_go_on_by_name(database: Database) -> None:
    for number in (3, 1, 2, 5, 4):
        database.write_now(add_counterparty, f"Quail {number}")
    first = database.read_now(lambda tx: list_counterparties(tx, words="quail", limit=3))
    rest = database.read_now(lambda tx: list_counterparties(tx, words="quail", limit=3, after=first.next))
    assert [one.name for one in (*first.items, *rest.items)] == [f"Quail {number}" for number in range(1, 6)]
    assert rest.next is None


def test_people_are_found_by_address_and_telephone(database: Database) -> None:
    told = {"emails": ["anna@client.example"], "phones": [Phone("+84901234567")]}
    anna = database.write_now(lambda tx: add_contact(tx, "Ганна Коваль", **told))
    for typed in ("ков ган", "anna@", "0901 234", "client.example"):
        found = database.read_now(lambda tx, typed=typed: list_contacts(tx, words=typed)).items
        assert [one.id for one in found] == [anna], typed


def test_what_is_typed_is_read_as_terms() -> None:
    assert read_terms("0441234") == [("0441234", "441234")]
    assert read_terms("ТОВ") == [("тов",)]
    assert len(read_terms(" ".join("abcdefghijkl"))) <= 6
    assert read_terms("x" * 500) == [("x" * 64,)]


def test_who_is_alike_is_found_by_the_index(database: Database, find: Callable[[str], list[str]]) -> None:
    assert [one.name for one in database.read_now(list_similar, "pekarnia.com", "")] == ["Пекарня «Ранкова зоря»"]
    assert [one.name for one in database.read_now(list_similar, "x.com", "Берёзка Плюс")] == ["ООО Берёзка"]
