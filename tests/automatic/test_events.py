"""What is planned writes to the client by itself: once, at its hour, with its reason."""

from __future__ import annotations

from email import message_from_bytes, policy
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.blobs import find_content
from core.errors import Conflict
from crm.interactions import list_timeline
from crm.planner import drop_planned, move_planned
from crm.planner.tables import occurrence
from mailhub.automatic import leaving, letters, occasions, rules, taking
from mailhub.automatic.letters import find_why
from mailhub.automatic.shapes import parse_told
from mailhub.automatic.trying import try_rule
from mailhub.campaigns.making import make_letter
from mailhub.mailboxes.tables import message, thread_event
from mailhub.outbound.suppression import suppress
from tests.automatic.house import DAY, FOOT, KYIV, Automatics
from tests.support.world import letter


def raw_of(house: Automatics, message_id: int) -> bytes:
    row = house.database.read_now(lambda tx: tx.get(message, message_id))
    content, _ = house.database.read_now(find_content, row.blob_id)
    assert content is not None
    return bytes(content)


def test_a_planned_event_sends_its_letter_once_and_says_why(house: Automatics) -> None:
    acme = house.client("Acme")
    rule_id = house.rule(minutes=-DAY)
    house.plan(acme, "Prices for spring", "2026-11-20T15:00")
    house.look()
    assert house.letters() == []
    house.until("2026-11-19T14:59")
    assert house.letters() == []
    house.until("2026-11-19T15:01")
    for _ in range(3):
        house.look()
    (sent,) = house.letters()
    assert (sent.state, sent.rule_id, sent.version, sent.address) == ("sent", rule_id, 1, "acme@client.example")
    (row,) = house.deliveries()
    assert (row.kind, row.state, row.recipient) == ("automatic", "queued", "acme@client.example")
    assert row.return_path.startswith("b+")
    assert sent.message_id is not None
    letter = message_from_bytes(raw_of(house, sent.message_id), policy=policy.default)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = letter.get_body(("plain",))
    assert body is not None
    assert "We meet on November 20, 2026 at 3:00" in body.get_content()
    lines = house.database.read_now(list_timeline, house.ivan, acme).items
    assert [line.subject for line in lines if line.direction == "out"] == ["Our meeting"]
    why = house.database.read_now(find_why, sent.message_id)
    assert why is not None
    assert why.facts["subject"] == "Prices for spring"
    told = house.database.read_now(lambda tx: tx.rows(select(thread_event)))
    assert [one.fields for one in told if "rule" in one.fields] == [{"rule": "Before meetings", "version": 1}]


def test_what_was_planned_too_late_sends_nothing(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=-DAY)
    house.plan(acme, "In two hours", "2026-11-18T12:00")
    house.until("2026-11-18T13:00", clock.MINUTE * 10)
    assert house.letters() == [], "its letter would have gone before it was planned"


def test_what_was_moved_is_told_anew_and_what_was_dropped_is_not(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=-DAY)
    moved = house.plan(acme, "Moved", "2026-11-20T15:00")
    dropped = house.plan(acme, "Dropped", "2026-11-21T15:00")
    house.until("2026-11-19T16:00")
    house.database.write_now(move_planned, house.ivan, moved, "2026-11-24T15:00")
    house.database.write_now(drop_planned, house.ivan, dropped)
    house.until("2026-11-26T16:00")
    assert [(one.state, one.facts["date"]) for one in house.letters()] == [
        ("sent", "2026-11-20"),
        ("sent", "2026-11-24"),
    ]


def test_an_answer_stops_the_next_letter(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=-60)
    house.plan(acme, "Every week", "2026-11-20T15:00", rule="FREQ=WEEKLY;COUNT=3")
    house.until("2026-11-20T16:00", clock.HOUR // 2)
    (first,) = house.letters()
    assert first.message_id is not None
    raw = raw_of(house, first.message_id)
    named = message_from_bytes(raw, policy=policy.default)["Message-ID"].strip("<>")
    answer = letter("Re: Our meeting", "a1@client.example", sender="Anna <acme@client.example>", references=named)
    house.world.now = house.now
    house.world.arrive(answer, "news")
    house.until("2026-12-05T16:00")
    assert house.states() == [("sent", ""), ("stopped", "answered"), ("stopped", "answered")]


def test_pause_and_calling_back(house: Automatics) -> None:
    acme = house.client("Acme")
    rule_id = house.rule(minutes=-60)
    house.plan(acme, "One", "2026-11-20T15:00")
    house.database.write_now(rules.pause_rule, house.ivan, rule_id)
    house.until("2026-11-20T15:30")
    assert house.letters() == []
    house.database.write_now(rules.switch_on, house.ivan, rule_id)
    house.look()
    assert house.states() == [("held", "off")], "it was paused for longer than a day"
    assert house.database.write_now(letters.withdraw_waiting, house.ivan, rule_id) == 1
    house.until("2026-11-22T15:30")
    assert house.states() == [("withdrawn", "")]
    assert house.deliveries() == []
    house.plan(acme, "Two", "2026-11-24T15:00")
    house.database.write_now(rules.stop_all, house.ivan)
    house.until("2026-11-24T14:10")
    assert len(house.letters()) == 1
    house.database.write_now(rules.let_all, house.ivan)
    house.look()
    (_, held) = house.letters()
    assert (held.state, held.reason) == ("held", "off")
    house.database.write_now(letters.release_letter, house.ivan, held.id)
    house.look()
    assert house.states()[1] == ("sent", "")


def test_a_rule_is_off_until_it_was_tried_as_it_stands(house: Automatics) -> None:
    rule_id = house.rule(on=False, minutes=-60)
    with pytest.raises(Conflict):
        house.database.write_now(rules.switch_on, house.ivan, rule_id)
    house.switch_on(rule_id)
    told = parse_told({"kind": "event", "minutes": -120})
    house.database.write_now(lambda tx, viewer: rules.change_rule(tx, viewer, rule_id, seen=1, told=told), house.ivan)
    assert house.database.read_now(rules.get_rule, house.ivan, rule_id).state == "off"
    with pytest.raises(Conflict):
        house.database.write_now(rules.switch_on, house.ivan, rule_id)


def test_what_is_held_goes_as_the_rule_was_mended(house: Automatics) -> None:
    """It was held for its field once more, however often its text was mended and it was let go."""
    client = house.client("Pivden")
    rule_id = house.rule("Dear people of {{ client.city }}", minutes=-60)
    house.plan(client, "Two", "2026-11-20T15:00")
    house.until("2026-11-20T14:10")
    (held,) = house.letters()
    assert (held.state, held.reason) == ("held", "no_value")
    source = "Dear people of {{ client.city|default('yours') }}"
    letter = rules.letter_data("markdown", source, make_letter("markdown", "Our meeting", source, FOOT))
    change = partial(rules.change_rule, seen=1, letters={"": letter})
    house.database.write_now(change, house.ivan, rule_id)
    house.switch_on(rule_id)
    house.database.write_now(letters.release_letter, house.ivan, held.id)
    house.look()
    (sent,) = house.letters()
    assert (sent.state, sent.version) == ("sent", 2)


def test_what_is_planned_in_another_mailbox_is_hidden_from_a_rule(house: Automatics) -> None:
    """Its subject stood in the trial, in the log and in the letter of a mailbox whose people may not see it."""
    acme, secret = house.client("Acme"), house.world.box("board").scope_id
    rule_id = house.rule("About {{ event.subject }}", minutes=-60)
    planned = house.plan(acme, "Takeover", "2026-11-20T15:00")
    house.database.write_now(lambda tx: tx.change(occurrence, planned, scope_id=secret))
    house.until("2026-11-20T16:00")
    assert house.letters() == []
    assert house.database.read_now(try_rule, house.ivan, house.means, KYIV, rule_id).count == 0


def test_more_than_are_asked_for_at_once_are_all_written_down(house: Automatics, monkeypatch: Any) -> None:
    for room in (occasions, taking):
        monkeypatch.setattr(room, "MOST", 3)
    acme = house.client("Acme")
    house.rule(minutes=-60)
    for minute in range(0, 56, 8):
        house.plan(acme, f"At {minute}", f"2026-11-20T15:{minute:02}")
    house.until("2026-11-20T15:00")
    assert len(house.letters()) == 7


def test_who_said_no_gets_none_and_a_field_that_nobody_knows_holds_it(house: Automatics) -> None:
    acme, unknown = house.client("Acme"), house.client("Pivden")
    house.rule("Dear {{ contact.name }} of {{ client.city }}", minutes=-60)
    house.database.write_now(suppress, house.stamp.keys, "acme@client.example", "unsubscribed")
    house.plan(acme, "One", "2026-11-20T15:00")
    house.plan(unknown, "Two", "2026-11-20T15:00")
    house.until("2026-11-20T14:30")
    assert house.states() == [("left_out", "unsubscribed"), ("held", "no_value")]
    assert house.deliveries() == []


def test_a_reader_leaves_by_the_address_in_the_letter(house: Automatics) -> None:
    acme = house.client("Acme")
    house.rule(minutes=-60)
    house.plan(acme, "One", "2026-11-20T15:00")
    house.plan(acme, "Two", "2026-11-21T15:00")
    house.until("2026-11-20T14:30")
    (sent,) = house.letters()
    assert sent.message_id is not None
    raw = raw_of(house, sent.message_id)
    token = message_from_bytes(raw, policy=policy.default)["List-Unsubscribe"].strip("<>").rpartition("/u/")[2]
    reader = house.database.write_now(leaving.leave, house.stamp.keys, token)
    assert (reader.left, reader.address) == (True, "a…e@client.example")
    house.until("2026-11-21T14:30")
    assert house.states() == [("sent", ""), ("left_out", "refused")]
