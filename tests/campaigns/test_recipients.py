"""Who gets a mailing, and why others do not."""

from __future__ import annotations

import random
from functools import partial
from typing import get_args

import pytest

from core.database import Database, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.secrets import Keys
from crm.parties import list_people_of, merge_parties, record_consent
from crm.segments import add_members, add_segment
from mailhub.campaigns import again, leaving, mailings, omitting, preparing, recipients
from mailhub.campaigns.mailings import Choice
from mailhub.keeping.erasing import erase_rest
from mailhub.outbound.states import Kind
from mailhub.outbound.suppression import REASONS, find_obstacle, list_obstacles, may_send, suppress
from tests.campaigns.house import Marketing
from tests.support.world import letter


def reasons(house: Marketing, mailing_id: int) -> dict[str, str]:
    return {row.address or row.name: row.reason for row in house.rows(mailing_id)}


def test_everybody_who_is_left_out_stays_with_the_reason(house: Marketing) -> None:
    write, keys = house.database.write_now, house.stamp.keys
    house.client("One", ("Anna", ["Anna@client.example"]), ("Double", ["anna@CLIENT.example"]))
    house.client("Two", ("Gone", ["gone@client.example"]))
    house.client("Three", ("Left", ["left@client.example"]))
    house.client("Four", ("No", ["no@client.example"]))
    house.client("Five")
    spared = house.client("Six", ("Spared", ["spared@client.example"]))
    write(suppress, keys, "gone@client.example", "bounce")
    write(suppress, keys, "left@client.example", "unsubscribed")
    (refused,) = [one.id for one in house.database.read_now(list_people_of, house.clients[3])]
    write(partial(record_consent, given=False, source="A call"), refused)
    chosen = [Choice(True, "group", house.group()), Choice(False, "client", spared)]
    mailing_id = house.mailing("Hello", chosen, people="all")
    found = house.ready(mailing_id)
    assert {row.name: row.reason for row in house.rows(mailing_id)} == {
        "Anna": "", "Double": "twice", "Gone": "bounce", "Left": "unsubscribed", "No": "refused", "Five": "no_address",
        "Spared": "excluded",
    }  # fmt: skip
    assert (found.recipients_count, found.excluded_count) == (1, 6)
    assert found.reasons == dict.fromkeys(("twice", "bounce", "unsubscribed", "refused", "no_address", "excluded"), 1)
    again = house.mailing("Hello", chosen, people="all")
    assert house.ready(again).list_hash == found.list_hash, "the same list has the same hash"


def test_a_list_laid_in_small_pieces_is_the_same(house: Marketing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next piece is judged before the one behind it is written."""
    for number in range(7):
        people = [("A", [f"a{number // 2}@client.example"]), ("B", [f"B{number}@client.example"])]
        house.client(f"Client {number}", *people)
    whole = house.mailing("Hello", people="all")
    found = house.ready(whole)
    monkeypatch.setattr(preparing.Pieces, "FIRST", 1)
    monkeypatch.setattr(preparing.Pieces, "took", lambda *_: None)
    parts = house.mailing("Hello", people="all")
    again = house.ready(parts)
    assert (found.recipients_count, found.reasons) == (11, {"twice": 3})
    assert (again.recipients_count, again.reasons, again.list_hash) == (11, {"twice": 3}, found.list_hash)
    assert [(row.address, row.reason) for row in house.rows(parts)] == [
        (row.address, row.reason) for row in house.rows(whole)
    ]


def test_only_who_said_yes_where_that_is_asked_for(house: Marketing) -> None:
    house.explicit = True
    house.client("One", ("Anna", ["anna@client.example"]))
    house.client("Two", ("Yes", ["yes@client.example"]))
    (yes,) = [one.id for one in house.database.read_now(list_people_of, house.clients[1])]
    house.database.write_now(partial(record_consent, given=True, source="A form"), yes)
    mailing_id = house.mailing("Hello")
    house.ready(mailing_id)
    assert reasons(house, mailing_id) == {"anna@client.example": "no_consent", "yes@client.example": ""}


def test_the_address_and_the_contact_last_heard_from(house: Marketing) -> None:
    house.client("One", ("Anna", ["old@client.example", "new@client.example"]), ("Petro", ["petro@client.example"]))
    house.world.arrive(letter("A", "1@x", sender="old@client.example"), "news")
    house.world.arrive(letter("B", "2@x", sender="petro@client.example"), "news")
    house.world.arrive(letter("C", "3@x", sender="new@client.example"), "news")
    main, everybody = house.mailing("Hello"), house.mailing("Hello", people="all")
    for one in (main, everybody):
        house.ready(one)
    assert list(reasons(house, main)) == ["new@client.example"]
    assert list(reasons(house, everybody)) == ["new@client.example", "petro@client.example"]


def test_segments_choose_and_spare(house: Marketing) -> None:
    one = house.client("One", ("Anna", ["anna@client.example"]))
    two = house.client("Two", ("Petro", ["petro@client.example"]))
    write, ivan = house.database.write_now, house.world.viewer("ivan")
    both, best = (write(add_segment, ivan, name, "counterparties") for name in ("Both", "Best"))
    write(add_members, ivan, both, [one, two])
    write(add_members, ivan, best, [two])
    mailing_id = house.mailing("Hello", [Choice(True, "segment", both), Choice(False, "segment", best)])
    house.ready(mailing_id)
    assert reasons(house, mailing_id) == {"anna@client.example": "", "petro@client.example": "excluded"}


def test_a_hole_stops_the_start_until_those_are_left_out(house: Marketing) -> None:
    house.client("One", ("Anna", ["anna@client.example"]), city="Odesa")
    house.client("Two", ("Petro", ["petro@client.example"]))
    mailing_id = house.mailing("In {{ client.city }}")
    found = house.ready(mailing_id)
    assert [(one["kind"], one["what"], one["count"]) for one in found.faults] == [("hole", "client.city", 1)]
    with pytest.raises(Conflict):
        house.start(mailing_id)
    house.database.write_now(omitting.leave_out, house.world.viewer("ivan"), mailing_id)
    assert reasons(house, mailing_id)["petro@client.example"] == "no_value"
    house.start(mailing_id)
    assert house.see(mailing_id).recipients_count == 1


def test_another_letter_or_list_is_checked_again(house: Marketing) -> None:
    house.client("One", ("Anna", ["anna@client.example"]))
    mailing_id = house.mailing("Hello")
    house.ready(mailing_id)
    write, ivan = house.database.write_now, house.world.viewer("ivan")
    write(mailings.set_choices, ivan, mailing_id, [Choice(True, "client", house.clients[0])])
    with pytest.raises(Conflict):
        house.start(mailing_id)
    write(mailings.set_choices, ivan, mailing_id, [])
    with pytest.raises(Invalid):
        write(recipients.freeze_list, ivan, mailing_id)


def test_who_shall_not_get_it_does_not_under_another_card_either(house: Marketing) -> None:
    """Somebody who was left out by hand got it when a colleague merged the two cards before the list was frozen."""
    house.client("Twice", ("Anna", ["anna@client.example"]))
    house.client("Once", ("Petro", ["petro@client.example"]))
    gone, kept = house.clients
    left_out = house.mailing("Hello", [Choice(True, "everybody"), Choice(False, "client", gone)])
    by_hand = house.mailing("Hello", [Choice(True, "client", gone)])
    house.database.write_now(merge_parties, "counterparty", kept, gone)
    found = house.database.read_now(mailings.list_choices, left_out)
    assert found == [Choice(True, "everybody", 0), Choice(False, "client", kept)]
    house.ready(left_out)
    assert {one.reason for one in house.rows(left_out)} == {"excluded"}
    house.ready(by_hand)
    assert {one.reason for one in house.rows(by_hand)} == {""}


def test_who_is_forgotten_stands_on_no_list(house: Marketing) -> None:
    house.client("One", ("Anna", ["anna@client.example"]))
    house.client("Two", ("Petro", ["petro@client.example"]))
    mailing_id = house.mailing("Hello")
    house.ready(mailing_id)
    house.start(mailing_id)
    (anna,) = [one.id for one in house.database.read_now(list_people_of, house.clients[0])]
    house.database.write_now(erase_rest, anna, ["anna@client.example"])
    found = house.rows(mailing_id)
    assert [(one.address, one.name, one.state) for one in found] == [
        ("", "", "cancelled"), ("petro@client.example", "Petro", "queued"),
    ]  # fmt: skip
    token = leaving.leave_token(house.stamp.keys, found[0].id, house.stamp.epoch)
    for verb in (leaving.leave, leaving.come_back, partial(leaving.choose, wanted=())):
        with pytest.raises(NotFound):  # it said that nothing is no e-mail address
            house.database.write_now(verb, house.stamp.keys, token)


KINDS: tuple[Kind, ...] = get_args(Kind)
ADDRESSES = [f"{name}@client.example" for name in "abcdef"]


def test_the_rule_for_one_is_the_rule_for_many(database: Database) -> None:
    keys, chance = Keys([b"n" * 32, b"k" * 32]), random.Random(7)
    old = Keys([b"k" * 32])

    def compare(tx: WriteTx) -> None:
        tx.sql("DELETE FROM suppression")
        for _ in range(chance.randint(0, 8)):
            suppress(tx, chance.choice([keys, old]), chance.choice(ADDRESSES), chance.choice(REASONS))
        for kind in KINDS:
            stopped = list_obstacles(tx, keys, ADDRESSES, kind)
            assert {one for one in ADDRESSES if not may_send(tx, keys, one, kind)} == set(stopped)
            assert stopped == {one: find_obstacle(tx, keys, one, kind) for one in stopped}

    for _ in range(60):
        database.write_now(compare)


def test_many_are_left_out_and_tried_again_in_pieces(house: Marketing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(omitting, "AT_ONCE", 2)
    monkeypatch.setattr(again, "AT_ONCE", 2)
    for number in range(5):
        house.client(f"No {number}", ("A", [f"no{number}@client.example"]))
        house.client(f"Yes {number}", ("B", [f"yes{number}@client.example"]), city="Odesa")
    made = house.mailing("In {{ client.city }}")
    house.ready(made)
    write, ivan = house.database.write_now, house.world.viewer("ivan")
    assert write(omitting.leave_out, ivan, made) == 5
    seen = house.see(made)
    assert (seen.check_state, seen.recipients_count) == ("working", 8), "it cannot start before all are out"
    with pytest.raises(Conflict):
        house.start(made)
    house.prepare()
    seen = house.see(made)
    assert (seen.check_state, seen.recipients_count, seen.reasons, seen.faults) == ("done", 5, {"no_value": 5}, [])
    house.start(made)
    write(lambda tx: tx.sql("UPDATE recipient SET state = 'failed' WHERE state = 'queued'"))
    house.conduct()
    assert house.see(made).state == "done"
    assert write(again.retry_failed, ivan, made) == 5
    states = [row.state for row in house.rows(made)]
    assert (states.count("queued"), states.count("failed")) == (2, 3)
    write(
        lambda tx: tx.sql("UPDATE recipient SET state = 'failed', changed_at = changed_at + 1 WHERE state = 'queued'")
    )
    house.prepare()
    states = [row.state for row in house.rows(made)]
    assert (states.count("queued"), states.count("failed")) == (3, 2), "who fails once more is left alone"
    assert house.see(made).state == "sending"
