"""Who the clients are: what is said of them, how they are reached, and who answers for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from crm.parties import (
    Email,
    Phone,
    add_contact,
    add_counterparty,
    affiliate,
    get_contact,
    get_counterparty,
    list_manager_changes,
    list_parts_of,
    list_people_of,
    parse_phone,
    part,
    region_of,
    show_phone,
    update_contact,
    update_counterparty,
)
from crm.staff.people import add_user


@pytest.fixture
def write(database: Database) -> Callable[..., Any]:
    return lambda verb, *said, **told: database.write_now(lambda tx: verb(tx, *said, **told))


@pytest.fixture
def read(database: Database) -> Callable[..., Any]:
    return lambda verb, *said, **told: database.read_now(lambda tx: verb(tx, *said, **told))


def test_a_company_is_told_whole(write: Callable[..., Any], read: Callable[..., Any]) -> None:
    holding = write(add_counterparty, "Степ Груп")
    client = write(
        add_counterparty,
        "  ТОВ  «Степ-Агро Постач» ",
        roles=["customer", "supplier"],
        emails=["Office@Step.example", Email("buh@step.example", "accounts")],
        phones=[Phone("+380441234567", "12", "work")],
        parent_id=holding,
        parent_as="holding",
        time_zone="Europe/Kyiv",
        language="uk",
        about="Возять зерно",
    )
    told = read(get_counterparty, client)
    assert (told.name, told.roles, told.parent_as) == ("ТОВ «Степ-Агро Постач»", ("customer", "supplier"), "holding")
    assert told.emails == ("office@step.example", "buh@step.example")
    assert told.addresses[1].kind == "accounts"
    assert told.phones == (Phone("+380441234567", "12", "work"),)
    assert [one.id for one in read(list_parts_of, holding)] == [client]
    write(update_counterparty, client, parent_id=0, phones=[], version=told.version)
    after = read(get_counterparty, client)
    assert (after.parent_id, after.phones, after.about) == (None, (), "Возять зерно")


REFUSED = (
    ({"birthday": "31.12.1990"}, "birthday"),
    ({"birthday": "1990-02-30"}, "birthday"),
    ({"time_zone": "Kyiv"}, "time_zone"),
    ({"language": "Ukrainian"}, "language"),
    ({"roles": ["friend"]}, "roles"),
    ({"parent_as": "boss"}, "parent_as"),
    ({"domains": ["gmail.com"]}, "domains"),
    ({"about": "x" * 10_001}, "about"),
)


def test_what_cannot_be_is_refused_with_its_field(write: Callable[..., Any]) -> None:
    for told, field in REFUSED:
        with pytest.raises(Invalid) as problem:
            write(add_counterparty, "Client", **told)
        assert problem.value.fields["field"] == field


def test_nobody_belongs_to_itself_however_far(write: Callable[..., Any]) -> None:
    top = write(add_counterparty, "Top")
    middle = write(add_counterparty, "Middle", parent_id=top)
    low = write(add_counterparty, "Low", parent_id=middle)
    with pytest.raises(Invalid):
        write(update_counterparty, top, parent_id=low)
    with pytest.raises(NotFound):
        write(update_counterparty, top, parent_id=999)


def test_what_somebody_else_changed_is_not_written_over(write: Callable[..., Any], read: Callable[..., Any]) -> None:
    client = write(add_counterparty, "Client")
    seen = read(get_counterparty, client).version
    write(update_counterparty, client, city="Sofia", version=seen)
    with pytest.raises(Conflict):
        write(update_counterparty, client, city="Hanoi", version=seen)
    assert read(get_counterparty, client).city == "Sofia"


def test_a_person_in_several_companies(write: Callable[..., Any], read: Callable[..., Any]) -> None:
    first, second = write(add_counterparty, "First"), write(add_counterparty, "Second")
    anna = write(add_contact, "Anna", counterparty_id=first, position="director", birthday="--02-29")
    write(affiliate, anna, second, "owner")
    told = read(get_contact, anna)
    assert (told.position_at(first), told.position_at(second)) == ("director", "owner")
    assert [one.id for one in read(list_people_of, second)] == [anna]
    write(update_contact, anna, positions={first: "chair"}, phones=[Phone("+84901234567")])
    write(part, anna, second)
    told = read(get_contact, anna)
    assert (told.counterparty_ids, told.position_at(first), told.birthday) == ((first,), "chair", "--02-29")


def test_changes_of_manager_are_kept(write: Callable[..., Any], read: Callable[..., Any]) -> None:
    olena, petro = (write(add_user, f"{name}@firm.example", name) for name in ("olena", "petro"))
    client = write(add_counterparty, "Client", manager_id=olena, by_id=petro)
    write(update_counterparty, client, manager_id=petro, by_id=olena)
    write(update_counterparty, client, manager_id=petro, city="Sofia")
    write(update_counterparty, client, manager_id=0)
    changes = read(list_manager_changes, client)
    assert [(one.before_id, one.manager_id, one.by_id) for one in changes] == [
        (petro, None, None),
        (olena, petro, olena),
        (None, olena, petro),
    ]


def test_telephones_are_read_as_people_write_them() -> None:
    assert region_of("Europe/Kyiv") == "UA"
    assert parse_phone("(044) 123-45-67", "UA").number == "+380441234567"
    assert parse_phone("+84 90 123 45 67 ext. 5") == Phone("+84901234567", "5")
    assert show_phone(Phone("+380441234567", "12")) == "+380 44 123 4567 ext. 12"
    for text in ("044 123-45-67", "call me", "+380 44 1"):
        with pytest.raises(Invalid) as problem:
            parse_phone(text)
        assert problem.value.fields["field"] == "phones"
