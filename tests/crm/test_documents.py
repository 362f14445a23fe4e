"""Documents: written with their line in the timeline, on the basis of another, brought twice by another system; their
sums by month stay those of the documents, whatever happens."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select

from core.database import Database, ReadTx
from core.errors import Conflict, Forbidden, Invalid
from crm.documents import (
    KINDS,
    NewLine,
    add_document,
    add_item,
    change_document,
    drop_document,
    get_document,
    list_facts,
    list_following,
    list_lines,
    put_document,
    put_item,
)
from crm.documents.tables import document, document_facts
from crm.documents.verbs import Told
from crm.interactions import add_interaction, list_history
from crm.parties import add_contact, add_counterparty
from mailhub.mailboxes.uniting import merge, part_again
from tests.support.world import World


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.person("chief", is_admin=True)
    made.person("stranger")
    made.box("sales")
    made.grant("chief", "sales", "manage")
    return made


def test_a_document_is_written_and_another_on_its_basis(world: World) -> None:
    database, chief = world.database, world.viewer("chief")
    client = database.write_now(add_counterparty, "Beans")
    person = database.write_now(lambda tx: add_contact(tx, "Anna", counterparty_id=client))
    item = database.write_now(lambda tx: add_item(tx, "Pump", code="P-5", group="Pumps"))
    call = database.write_now(
        lambda tx: add_interaction(tx, chief, client, "call", body="Wants pumps", contact_id=person)
    )
    lines = [NewLine(quantity=2500, price=1001, item_id=item), NewLine("Delivery", price=500)]
    offer = database.write_now(
        lambda tx: add_document(
            tx, chief, client, kind="offer", number="15", date="2026-11-18", currency="uah", lines=lines,
            based_line_id=call,
        )
    )  # fmt: skip
    made = database.read_now(get_document, offer)
    assert (made.amount, made.currency, made.contact_id, made.profit) == (2503 + 500, "UAH", person, None)
    (line,) = [one for one in database.read_now(list_history, chief, client) if one.kind == "document"]
    assert (line.kind, line.subject, line.document_id, line.contact_id) == ("document", "15", offer, person)
    assert line.based_on is not None
    invoice = database.write_now(
        lambda tx: add_document(tx, chief, client, kind="invoice", date="2026-11-20", based_on_id=offer)
    )
    after = database.read_now(get_document, invoice)
    assert (after.amount, after.currency, after.contact_id, after.based_on_id) == (3003, "UAH", person, offer)
    assert database.read_now(list_lines, invoice) == database.read_now(list_lines, offer)
    assert [one.id for one in database.read_now(list_following, offer)] == [invoice]
    no = database.write_now(
        lambda tx: add_document(
            tx, chief, client, kind="refusal", date="2026-11-21", reason="Too  dear", based_on_id=offer, lines=[]
        )
    )
    assert (database.read_now(get_document, no).reason, database.read_now(list_lines, no)) == ("Too dear", [])
    assert database.write_now(drop_document, chief, invoice) == client
    assert [one.document_id for one in database.read_now(list_history, chief, client) if one.document_id] == [no, offer]


def test_what_is_wrong_is_told(world: World) -> None:
    database, chief = world.database, world.viewer("chief")
    client, other = (database.write_now(add_counterparty, name) for name in ("Beans", "Peas"))
    whole: Told = {"kind": "order", "date": "2026-11-18", "currency": "UAH", "amount": 5}
    theirs = database.write_now(lambda tx: add_document(tx, chief, other, **whole))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "bill"}, "kind"), ({"date": "18.11.2026"}, "date"), ({"date": None}, "date"),
        ({"currency": "UAHH"}, "currency"), ({"amount": 5.5}, "amount"), ({"profit": 10**16}, "profit"),
        ({"reason": "Too dear"}, "reason"), ({"lines": [NewLine(item_id=99)]}, "lines"),
        ({"lines": [NewLine()]}, "lines"),
        ({"based_on_id": theirs}, "based_on_id"), ({"legal_entity_id": 5}, "legal_entity_id"),
    ]  # fmt: skip
    for told, field in wrong:
        given: Any = whole | told
        with pytest.raises(Invalid) as problem:
            database.write_now(lambda tx, given=given: add_document(tx, chief, client, **given))
        assert problem.value.fields["field"] == field
    with pytest.raises(Forbidden):
        database.write_now(lambda tx: add_document(tx, world.viewer("stranger"), client, **whole))


def test_another_system_brings_the_same_twice(world: World) -> None:
    database, chief = world.database, world.viewer("chief")
    client, other = (database.write_now(add_counterparty, name) for name in ("Beans", "Peas"))
    told: Told = {"kind": "shipment", "date": "2026-10-31", "currency": "EUR", "amount": 100, "profit": 20}
    first = database.write_now(lambda tx: put_document(tx, chief, "ERP-1", client, **told))
    told = {"kind": "shipment", "date": "2026-11-01", "currency": "EUR", "amount": 150, "profit": 30}
    assert database.write_now(lambda tx: put_document(tx, chief, "ERP-1", client, **told)) == (first[0], False)
    facts = database.read_now(list_facts, client)
    assert [(one.month, one.documents, one.amount, one.profit) for one in facts] == [("2026-11", 1, 150, 30)]
    with pytest.raises(Conflict, match="another client"):
        database.write_now(lambda tx: put_document(tx, chief, "ERP-1", other, **told))
    item = database.write_now(lambda tx: put_item(tx, "ERP-2", "Pump"))
    assert database.write_now(lambda tx: put_item(tx, "ERP-2", "Big pump")) == item


def counted(tx: ReadTx) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """The facts that are kept, and those that the documents say."""
    said: dict[Any, list[int]] = {}
    for row in tx.rows(select(document)):
        sums = said.setdefault((row.counterparty_id, row.date[:7], row.kind, row.currency), [0, 0, 0])
        sums[0] += 1
        sums[1] += row.amount
        sums[2] += row.profit or 0
    kept = {
        (row.counterparty_id, row.month, row.kind, row.currency): [row.documents, row.amount, row.profit]
        for row in tx.rows(select(document_facts))
    }
    return kept, said


@pytest.mark.parametrize("seed", range(3))
def test_sums_by_month_stay_true(world: World, seed: int) -> None:
    database, chief, chance = world.database, world.viewer("chief"), random.Random(seed)
    clients = [database.write_now(add_counterparty, f"Client {one}") for one in range(3)]
    alive: list[int] = []
    for step in range(60):
        told: Told = {
            "date": f"2026-{chance.randint(9, 12):02d}-{chance.randint(1, 28):02d}",
            "currency": chance.choice(["UAH", "EUR"]),
            "amount": chance.randint(-5, 50),
            "profit": chance.randint(0, 9),
        }
        what = chance.random()
        if what < 0.5 or not alive:
            told["kind"] = chance.choice(KINDS)
            alive.append(
                database.write_now(lambda tx, told=told: add_document(tx, chief, chance.choice(clients), **told))
            )
        elif what < 0.8:
            database.write_now(lambda tx, told=told: change_document(tx, chief, chance.choice(alive), **told))
        else:
            database.write_now(drop_document, chief, alive.pop(chance.randrange(len(alive))))
        if step % 20 == 19:
            kept, gone = chance.sample(clients, 2)
            united = database.write_now(merge, chief, "counterparty", kept, gone)
            facts, said = database.read_now(counted)
            assert facts == said
            database.write_now(part_again, chief, united)
        facts, said = database.read_now(counted)
        assert facts == said
