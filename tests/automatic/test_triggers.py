"""What rules wait for besides what is planned: dates, silence, letters, documents, tags, hands, segments."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.changes import KEPT, record_change
from crm.attributes.verbs import add_attribute
from crm.documents import add_document
from crm.parties import update_contact, update_counterparty
from crm.planner import instant_of
from crm.segments import add_members, add_segment
from crm.staff.modules import turn_off, turn_on
from mailhub.automatic import following, occasions, rules, trying
from mailhub.automatic.trying import list_coming, try_rule
from mailhub.letters.values import Address
from mailhub.mailboxes.tables import thread
from mailhub.outbound.beginning import begin_letter
from mailhub.outbound.writing import Answer
from tests.automatic.house import DAY, KYIV, Automatics
from tests.support.world import letter


def test_a_birthday_every_year_also_of_the_twenty_ninth_of_february(house: Automatics) -> None:
    house.at("2027-02-20T10:00")
    house.client("Acme", birthday="1988-02-29")
    house.client("Pivden", birthday="--03-01")
    house.rule("Best wishes on {{ date.day }}", kind="date", field="contact.birthday", yearly=True, at_minute=9 * 60)
    coming = house.database.read_now(lambda tx: list_coming(tx, house.ivan, KYIV))
    assert [clock.iso(one.at)[:10] for one in coming] == ["2027-02-28", "2027-03-01"]
    house.until("2027-03-02T10:00", 4 * clock.HOUR)
    assert [(one.state, one.address) for one in house.letters()] == [
        ("sent", "acme@client.example"),
        ("sent", "pivden@client.example"),
    ]
    house.at("2028-02-28T08:00")
    house.look()
    house.until("2028-03-01T12:00", 4 * clock.HOUR)
    ours = [one for one in house.letters() if one.address == "acme@client.example"]
    assert len(ours) == 2
    assert ours[1].due_at == instant_of(datetime.fromisoformat("2028-02-29T09:00"), KYIV)


def test_thirty_days_before_a_contract_ends(house: Automatics) -> None:
    house.database.write_now(lambda tx: add_attribute(tx, "counterparty", "Contract ends", "date"))
    acme = house.client("Acme")
    write = house.database.write_now
    write(lambda tx: update_counterparty(tx, acme, attributes={"contract_ends": "2026-12-25"}))
    told = {"kind": "date", "field": "counterparty.attributes.contract_ends", "minutes": -30 * DAY}
    house.rule("Your contract ends on {{ date.day }}", **told)
    house.until("2026-11-26T10:00")
    (sent,) = house.letters()
    assert (sent.state, sent.due_at) == ("sent", instant_of(datetime.fromisoformat("2026-11-25T09:00"), KYIV))


def _write(house: Automatics, address: str) -> None:
    answer = Answer(text="Our offer", subject="Offer", to=(Address("Anna", address),))
    house.database.write_now(begin_letter, house.stamp, house.ivan, house.world.box("news").id, answer)


def test_no_answer_for_five_days(house: Automatics) -> None:
    for name in ("Silent", "Quick"):
        house.client(name)
    house.rule("Did you see “{{ letter.subject }}”?", kind="silence", minutes=5 * DAY)
    _write(house, "silent@client.example")
    _write(house, "quick@client.example")
    house.until("2026-11-20T10:00")
    house.world.now = house.now
    house.world.arrive(letter("Re: Offer", "q@client.example", sender="Anna <quick@client.example>"), "news")
    house.until("2026-11-30T10:00")
    assert [(one.state, one.address) for one in house.letters()] == [("sent", "silent@client.example")]
    assert len({row.id for row in house.database.read_now(lambda tx: tx.rows(select(thread)))}) == 3, "in its thread"


def test_what_happens_is_followed_once_and_tried(house: Automatics) -> None:
    acme = house.client("Acme")
    group = house.database.write_now(lambda tx: add_segment(tx, house.ivan, "Wholesale", "counterparties"))
    begun = house.rule("We have your letter.", kind="letter", name="Receipt")
    entered = house.rule("Welcome", kind="segment_in", number=group, name="Welcome")
    papers = house.rule("{{ document.number }} is ready", kind="document", what="invoice", name="Invoices")
    house.world.now = house.now
    house.world.arrive(letter("Prices", "p1@client.example", sender="Anna <acme@client.example>"), "news")
    again = letter(
        "Re: Prices", "p2@client.example", sender="Anna <acme@client.example>", references="p1@client.example"
    )
    house.world.arrive(again, "news")
    house.database.write_now(lambda tx: add_members(tx, house.ivan, group, [acme]))
    make = partial(add_document, kind="invoice", number="15", date="2026-11-18", currency="UAH", amount=10000)
    house.database.write_now(lambda tx: make(tx, house.ivan, acme))
    for _ in range(3):
        house.look()
    assert sorted((one.rule_id, one.state) for one in house.letters()) == [
        (begun, "sent"), (entered, "sent"), (papers, "sent"),
    ]  # fmt: skip
    for rule_id in (begun, entered, papers):
        tried = house.database.read_now(lambda tx, one=rule_id: try_rule(tx, house.ivan, house.means, KYIV, one))
        assert (tried.count, tried.going) == (1, 1)
        assert tried.since == house.now - KEPT, (
            "what happened is known from the changes, and no longer than they are kept"
        )


def test_a_field_that_changes(house: Automatics) -> None:
    """Whoever types it: once a day for each of them; an import begins nothing, nor does another field."""
    write = house.database.write_now
    for label in ("Level", "Colour"):
        write(lambda tx, label=label: add_attribute(tx, "counterparty", label, "text"))
    acme, other = house.client("Acme"), house.client("Other")
    rule_id = house.rule("Your conditions are new", kind="field", field="counterparty.attributes.level")

    def say(client: int, **values: str) -> None:
        write(lambda tx: update_counterparty(tx, client, attributes=values))

    say(acme, level="gold")
    say(acme, level="silver")
    say(other, colour="red")
    write(lambda tx: record_change(tx, "counterparty.changed", other, fields={"attributes": ["level"]}, cause="import"))
    house.look()
    assert [(one.state, one.address) for one in house.letters()] == [("sent", "acme@client.example")]
    house.on(clock.DAY)
    say(acme, level="silver")
    house.look()
    assert len(house.letters()) == 1, "it says what it said before"
    say(acme, level="bronze")
    house.look()
    assert [one.state for one in house.letters()] == ["sent", "sent"]
    tried = house.database.read_now(lambda tx: try_rule(tx, house.ivan, house.means, KYIV, rule_id))
    assert (tried.count, tried.more) == (2, False)


@pytest.mark.parametrize("alone", [True, False])
def test_what_happens_while_a_rule_is_paused_is_kept(house: Automatics, alone: bool) -> None:
    """Whether another rule follows what happens or none does."""
    acme = house.client("Acme")
    rule_id = house.rule("A document", kind="document")
    if not alone:
        house.rule("A tag", kind="tag", number=77, name="Tagged")
    write = house.database.write_now
    write(rules.pause_rule, house.ivan, rule_id)
    make = partial(add_document, kind="invoice", date="2026-11-18", currency="UAH", amount=1)
    write(lambda tx: make(tx, house.ivan, acme, number="1"))
    house.look()
    house.on(2 * clock.DAY)
    write(lambda tx: make(tx, house.ivan, acme, number="2"))
    house.look()
    assert house.deliveries() == []
    house.switch_on(rule_id)
    house.look()
    assert house.states() == [("held", "off"), ("sent", "")], "what waited for over a day is a person's"


def test_nothing_goes_by_itself_while_the_part_is_off(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule("A document", kind="document")
    house.rule(minutes=-60)
    write = house.database.write_now
    write(turn_off, house.ivan.user_id, "mailings")
    house.plan(acme, "One", "2026-11-18T15:00")
    make = partial(add_document, kind="invoice", date="2026-11-18", currency="UAH", amount=1)
    write(lambda tx: make(tx, house.ivan, acme, number="1"))
    house.until("2026-11-18T14:30")
    assert house.letters() == []
    write(turn_on, house.ivan.user_id, "automatic")
    house.look()
    assert house.states() == [("sent", ""), ("sent", "")]


def test_a_trial_has_a_bound_and_says_so(house: Automatics, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = house.client("Acme")
    papers = house.rule("A document", kind="document", hours="working")
    meetings = house.rule(minutes=-60, hours="working", words="prices", name="Meetings")
    for number in range(4):
        told = {"kind": "invoice", "number": str(number), "date": "2026-11-18", "currency": "UAH", "amount": 1}
        house.database.write_now(lambda tx, told=told: add_document(tx, house.ivan, acme, **told))
        house.plan(acme, "Prices" if number % 2 else "Other", f"2026-11-18T1{number}:30")
    house.on(clock.DAY)
    monkeypatch.setattr(occasions, "PAGE", 1)

    def try_one(rule_id: int) -> tuple[int, bool]:
        found = house.database.read_now(lambda tx: try_rule(tx, house.ivan, house.means, KYIV, rule_id))
        return found.count, found.more

    assert (try_one(papers), try_one(meetings)) == ((4, False), (2, False))
    monkeypatch.setattr(following, "PART", 1)
    monkeypatch.setattr(following, "MOST_PARTS", 2)
    count, more = try_one(papers)
    assert (count <= 2, more) == (True, True), "so many changes are looked at, and no more"
    monkeypatch.setattr(following, "MOST_PARTS", 1000)
    assert try_one(papers) == (4, False)
    monkeypatch.setattr(trying, "MOST_COUNTED", 1)
    assert (try_one(papers), try_one(meetings)) == ((1, True), (1, True))


def test_a_rule_that_is_switched_on_while_all_are_stopped_takes_nothing_from_others(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule("A document", kind="document")
    house.on(clock.MINUTE)
    house.database.write_now(rules.stop_all, house.ivan)
    told: Any = {"kind": "offer", "date": "2026-11-18", "currency": "EUR", "amount": 100}
    house.database.write_now(lambda tx: add_document(tx, house.ivan, acme, **told))
    house.rule("Another", kind="document", what="invoice", name="Invoices")
    house.database.write_now(rules.let_all, house.ivan)
    house.look()
    assert house.states() == [("sent", "")]


def test_a_person_is_known_by_what_changed(house: Automatics) -> None:
    house.client("Acme")
    house.database.write_now(lambda tx: update_contact(tx, house.made["Acme"], birthday="1990-11-20"))
    house.rule("Best wishes", kind="date", field="contact.birthday", yearly=True)
    house.until("2026-11-20T12:00")
    assert house.states() == [("sent", "")]
