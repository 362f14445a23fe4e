"""Segments by hand: who is put in, who goes out, and what is told of it."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from sqlalchemy import select

from core import clock
from core.changes import Position, list_changes
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.documents import add_document
from crm.documents.verbs import Told
from crm.parties import (
    add_contact,
    add_counterparty,
    affiliate,
    merge_parties,
    unmerge_parties,
    update_contact,
    update_counterparty,
)
from crm.parties.tables import counterparty
from crm.segments import (
    add_members,
    add_segment,
    change_rule,
    drop_members,
    end_segment,
    explain_why,
    get_segment,
    list_members,
    list_segments,
    list_segments_of,
    list_stays,
    parse_segment_rule,
    rename_segment,
    select_members,
)
from crm.segments.following import find_next_due
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant, add_scope
from tests.support.segment_play import begin, compare, follow_all, live


def make_viewer(tx: WriteTx, name: str = "olena", right: str = "answer") -> Viewer:
    """Somebody who has a right in one public mailbox."""
    user_id = add_user(tx, f"{name}@firm.example", name)
    add_grant(tx, add_scope(tx, "public"), right, user_id=user_id)  # type: ignore[arg-type]
    return get_viewer(tx, user_id)


def test_put_in_and_taken_out_by_hand(database: Database) -> None:
    def verb(tx: WriteTx) -> None:
        viewer = make_viewer(tx)
        one, two, three = (add_counterparty(tx, name) for name in ("One", "Two", "Three"))
        segment_id = add_segment(tx, viewer, " Best  clients ", "counterparties")
        assert add_members(tx, viewer, segment_id, [two, one, two]) == 2
        assert add_members(tx, viewer, segment_id, [two, three]) == 1
        assert get_segment(tx, segment_id).size == 3
        assert drop_members(tx, viewer, segment_id, [one, 10**6]) == 1
        assert sorted(tx.values(select_members(segment_id))) == [two, three]
        inside = counterparty.c.id.in_(select_members(segment_id))
        assert tx.values(select(counterparty.c.name).where(inside).order_by(counterparty.c.id)) == ["Two", "Three"]
        page = list_members(tx, segment_id, limit=1)
        rest = list_members(tx, segment_id, after=page.next, limit=5)
        assert {one.name for one in (*page.items, *rest.items)} == {"Two", "Three"}
        assert [stay.name for stay in list_segments_of(tx, "counterparties", two)] == ["Best clients"]
        assert list_segments_of(tx, "contacts", two) == []
        ((stay,), cause) = list_stays(tx, "counterparties", one), "hand"
        assert stay.left_at is not None
        assert stay.entered_at <= stay.left_at
        assert stay.cause == cause

    database.write_now(verb)
    told = [one for one in database.read_now(list_changes, Position()) if one.kind.startswith("segment.")]
    moves = [(one.kind, len(one.fields["party_ids"])) for one in told if "party_ids" in one.fields]
    assert moves == [("segment.entered", 2), ("segment.entered", 1), ("segment.left", 1)]


def test_names_rights_and_ends(database: Database) -> None:
    def verb(tx: WriteTx) -> None:
        viewer, reader = make_viewer(tx), make_viewer(tx, "petro", "see")
        kept, gone = add_counterparty(tx, "Kept"), add_counterparty(tx, "Gone")
        merge_parties(tx, "counterparty", kept, gone)
        segment_id = add_segment(tx, viewer, "Garden", "counterparties")
        with pytest.raises(Conflict):
            add_segment(tx, viewer, "GARDEN", "contacts")
        with pytest.raises(Invalid):
            add_segment(tx, viewer, " ", "contacts")
        with pytest.raises(Forbidden):
            add_segment(tx, reader, "Mine", "contacts")
        with pytest.raises(Forbidden):
            add_members(tx, reader, segment_id, [kept])
        with pytest.raises(NotFound):
            add_members(tx, viewer, segment_id, [10**6])
        with pytest.raises(Conflict):
            add_members(tx, viewer, segment_id, [gone])
        add_members(tx, viewer, segment_id, [kept])
        rename_segment(tx, viewer, segment_id, "garden")
        assert [one.name for one in list_segments(tx, "counterparties")] == ["garden"]
        end_segment(tx, viewer, segment_id)
        assert tx.values(select_members(segment_id)) == []
        assert list_segments_of(tx, "counterparties", kept) == []
        with pytest.raises(NotFound):
            get_segment(tx, segment_id)
        add_segment(tx, viewer, "Garden", "contacts")

    database.write_now(verb)


def test_two_rules_that_change_places_are_asked_in_the_end(database: Database) -> None:
    """The rule that stands of the one names the other, whose new rule names the one: no circle, as each is written."""
    play = begin(database, 1)

    def lay(tx: WriteTx) -> tuple[int, int]:
        assert play.viewer is not None
        inner = add_segment(tx, play.viewer, "Inner", "counterparties", rule=leaf("people", "ge", 0))
        outer = add_segment(tx, play.viewer, "Outer", "counterparties", rule=leaf("segments", "contains", inner))
        return inner, outer

    def change(tx: WriteTx, inner: int, outer: int) -> None:
        assert play.viewer is not None
        change_rule(tx, play.viewer, outer, leaf("people", "ge", 1), "UTC")
        change_rule(tx, play.viewer, inner, leaf("segments", "contains", outer), "UTC")

    inner, outer = database.write_now(lay)
    follow_all(play)
    database.write_now(change, inner, outer)
    follow_all(play)
    database.read_now(compare, clock.now())
    assert database.read_now(lambda tx: get_segment(tx, inner).size == get_segment(tx, outer).size > 0)


TOLD = {"kind": "order", "days": 90, "currency": "UAH"}


def test_what_was_bought_in_the_last_days(database: Database) -> None:
    """Orders of the last 90 days above 10,000 UAH: entered with the order, left on the morning after the ninetieth day,
    with the sum that was so."""
    play = begin(database, 1)
    today = play.now

    def lay(tx: WriteTx) -> tuple[int, int]:
        assert play.viewer is not None
        rule = {"field": "documents.amount", "with": TOLD, "op": "gt", "value": 10_000}
        segment_id = add_segment(tx, play.viewer, "Good", "counterparties", rule=rule, zone="Europe/Kyiv")
        client, other = play.clients[:2]
        day = clock.to_datetime(today - 89 * clock.DAY).date().isoformat()
        told: Told = {"kind": "order", "currency": "UAH", "date": day, "amount": 700_000}
        for number in (client, client, other):
            add_document(tx, play.viewer, number, **told)
        add_document(tx, play.viewer, other, **(told | {"kind": "offer"}))  # type: ignore[arg-type]
        add_document(tx, play.viewer, other, **(told | {"currency": "EUR"}))  # type: ignore[arg-type]
        return segment_id, client

    def members(tx: ReadTx) -> list[int]:
        return tx.values(select_members(segment_id))

    with patch.object(clock, "now", lambda: play.now):
        segment_id, client = database.write_now(lay)
        follow_all(play)
        assert database.read_now(members) == [client]
        why = database.read_now(explain_why, segment_id, client)
        assert (why.reasons[0].value, why.reasons[0].answer) == (1_400_000, True)
        play.now = today + clock.DAY
        follow_all(play)
        assert database.read_now(members) == [client]
        due = database.read_now(find_next_due)
        assert due is not None
        assert clock.to_datetime(due).isoformat() == "2026-11-19T22:00:00+00:00", "midnight, there"
        play.now = due
        follow_all(play)
        assert database.read_now(members) == []
        (stay,) = database.read_now(list_stays, "counterparties", client)
        assert (stay.left_at, stay.cause) == (due, "rule")


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("documents.amount", {"kind": "order"}),
        ("documents", {"kind": "parcel"}),
        ("documents", {"days": 0}),
        ("documents", {"since": "yesterday"}),
        ("documents.amount", {"currency": "uah)"}),
        ("documents.groups", {"kind": "order"}),
        ("city", {"days": 1}),
    ],
)
def test_what_cannot_be_told_is_refused(database: Database, field: str, told: dict[str, object]) -> None:
    data = {"field": field, "with": told, "op": "is_empty", "value": True}
    with pytest.raises(Invalid) as refused:
        database.read_now(parse_segment_rule, data, "counterparties")
    assert refused.value.fields["field"] == "with"


def test_a_position_that_goes_with_a_merge_is_followed(database: Database) -> None:
    """Who was at both clients is at one, as that one says."""
    play = begin(database, 1)

    def lay(tx: WriteTx) -> tuple[int, int, int, int]:
        assert play.viewer is not None
        rule = leaf("positions", "contains", "director")
        segment_id = add_segment(tx, play.viewer, "Directors", "contacts", rule=rule)
        kept, gone = add_counterparty(tx, "Kept"), add_counterparty(tx, "Gone")
        person = add_contact(tx, "Anna", counterparty_id=kept)
        affiliate(tx, person, gone, "Director")
        return segment_id, person, kept, gone

    def inside(tx: ReadTx) -> list[int]:
        return tx.values(select_members(segment_id))

    segment_id, person, kept, gone = database.write_now(lay)
    follow_all(play)
    assert database.read_now(inside) == [person]
    merge_id = database.write_now(merge_parties, "counterparty", kept, gone)
    follow_all(play)
    database.read_now(compare, clock.now())
    assert database.read_now(inside) == []
    database.write_now(unmerge_parties, merge_id, {})
    follow_all(play)
    database.read_now(compare, clock.now())
    assert database.read_now(inside) == [person]


def test_clients_of_who_enters_are_asked_although_another_leaves_at_once(database: Database) -> None:
    play = begin(database, 1)

    def lay(tx: WriteTx) -> tuple[int, list[int], list[int]]:
        assert play.viewer is not None
        buyers = add_segment(tx, play.viewer, "Buyers", "contacts", rule=leaf("position", "contains", "buyer"))
        outer = add_segment(tx, play.viewer, "Sell", "counterparties", rule=leaf("people.segments", "contains", buyers))
        clients = [add_counterparty(tx, name) for name in ("One", "Two")]
        people = [add_contact(tx, "Anna", counterparty_id=one) for one in clients]
        update_contact(tx, people[1], position="Buyer")
        return outer, clients, people

    outer, clients, people = database.write_now(lay)
    follow_all(play)
    assert database.read_now(lambda tx: tx.values(select_members(outer))) == clients[1:]

    def change_places(tx: WriteTx) -> None:
        update_counterparty(tx, clients[0], city="Odesa")  # so that clients are asked before their people have moved
        update_contact(tx, people[0], position="Buyer")
        update_contact(tx, people[1], position="")

    database.write_now(change_places)
    follow_all(play)
    database.read_now(compare, clock.now())
    assert database.read_now(lambda tx: tx.values(select_members(outer))) == clients[:1]


def leaf(field: str, op: str, value: object) -> dict[str, object]:
    return {"field": field, "op": op, "value": value}


@pytest.mark.parametrize("seed", range(3))
def test_what_is_followed_is_what_the_rule_says(database: Database, seed: int) -> None:
    """Any sequence of changes: the long form is ``python -m bench.soak segments``."""
    play = begin(database, seed)
    for _ in range(4):
        live(play, 25)
