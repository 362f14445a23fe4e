"""Random lives of a small house with segments: whatever happens in whatever order, who is in a segment by what was
followed is who its rule is true of when everybody is asked in SQL."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update

from core import clock
from core.changes import record_change
from core.database import Database, ReadTx, WriteTx
from core.errors import HouseError
from core.rules import At, as_condition, evaluate, list_conditions, parse_rule
from crm.attributes import NewChoice, add_attribute
from crm.documents import (
    NewLine,
    add_document,
    add_item,
    change_document,
    change_item,
    drop_document,
    list_groups,
)
from crm.execution.promises import Made, drop_promise, make_promise
from crm.interactions import forget_thread, interaction, record_letter, set_waiting
from crm.marketing import Party, add_marketing_event, change_marketing_event, drop_touch, list_touches, touch_parties
from crm.parties import (
    add_channel,
    add_contact,
    add_counterparty,
    affiliate,
    list_merges,
    merge_parties,
    part,
    record_consent,
    set_groups,
    unmerge_parties,
    update_contact,
    update_counterparty,
)
from crm.parties.tables import affiliation, consent, contact, party_address
from crm.segments import add_members, add_segment, change_rule, drop_members, get_segment, select_members
from crm.segments.facts import read_facts_at
from crm.segments.following import ask_due, find_next_due, follow_part, forget_parties, has_news
from crm.segments.preparing import has_unprepared, prepare_part
from crm.segments.reading import list_segments
from crm.segments.shapes import TABLES
from crm.segments.tables import segment_left, segment_member
from crm.segments.words import words_of
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant, add_scope

BEGAN = 1_795_000_000 * clock.SECOND
CITIES = ("", "Київ", "КИЇВ", "Odesa", "odesa ", "100%")
POSITIONS = ("", "Директор", "головний директор", "Buyer", "buyer")
ZONES = ("Europe/Kyiv", "UTC", "Asia/Ho_Chi_Minh")


@dataclass
class Play:
    """A house, and the dice."""

    database: Database
    dice: random.Random
    now: int = BEGAN
    viewer: Viewer | None = None
    scopes: list[int] = field(default_factory=list)
    clients: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    segments: dict[int, str] = field(default_factory=dict)
    by_hand: dict[int, str] = field(default_factory=dict)
    promises: list[int] = field(default_factory=list)
    documents: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    threads: int = 0
    refused: int = 0


def begin(database: Database, seed: int) -> Play:
    """A house with clients, people, mailboxes of both kinds, fields that people added, and a few segments."""
    play = Play(database, random.Random(seed))
    with patch.object(clock, "now", lambda: play.now):
        database.write_now(_lay, play)
    return play


def _lay(tx: WriteTx, play: Play) -> None:
    user_id = add_user(tx, "olena@firm.example", "Olena", is_admin=True)
    play.scopes = [add_scope(tx, "public"), add_scope(tx, "public"), add_scope(tx, "personal", user_id)]
    add_grant(tx, play.scopes[0], "answer", user_id=user_id)
    play.viewer = get_viewer(tx, user_id)
    for of in ("counterparty", "contact"):
        add_attribute(tx, of, "Grade", "number", key="grade")  # type: ignore[arg-type]
        add_attribute(tx, of, "Since", "date", key="since")  # type: ignore[arg-type]
        add_attribute(tx, of, "Remark", "text", key="remark")  # type: ignore[arg-type]
        choices = [NewChoice("Red", "red"), NewChoice("Blue", "blue")]
        add_attribute(tx, of, "Colours", "choices", key="colours", choices=choices)  # type: ignore[arg-type]
    play.items = [add_item(tx, name, group=group) for name, group in (("Pump", "Pumps"), ("Rye", "Seeds"), ("Oil", ""))]
    play.channels = [add_channel(tx, name) for name in ("Fair", "Radio")]
    told = {"kind": "exhibition", "currency": "EUR"}
    play.events = [
        add_marketing_event(tx, play.viewer, name=name, channel_id=play.channels[0], **told)  # type: ignore[arg-type]
        for name in ("Agro", "Garden")
    ]
    play.groups = [one.id for one in list_groups(tx)]
    for number in range(6):
        play.clients.append(add_counterparty(tx, f"Client {number}"))
    for number in range(5):
        play.people.append(add_contact(tx, f"Person {number}", counterparty_id=play.dice.choice(play.clients)))


def live(play: Play, steps: int) -> None:
    """So many things happen; now and then segments follow, wholly or for a part. In the end everything is followed and
    compared. Raises AssertionError with what differs."""
    with patch.object(clock, "now", lambda: play.now):
        for _ in range(steps):
            try:
                play.database.write_now(lambda tx: play.dice.choice(_ACTS)(tx, play))
            except HouseError:
                play.refused += 1
            if play.dice.random() < 0.3:
                _follow_some(play)
        follow_all(play)
        play.database.read_now(compare, play.now)


def follow_all(play: Play) -> None:
    """Until nothing waits."""
    while _turn(play):
        pass


def _follow_some(play: Play) -> None:
    for _ in range(play.dice.randrange(4)):
        if not _turn(play):
            return


def _turn(play: Play) -> bool:
    """One part of what waits."""
    database = play.database
    if database.read_now(has_news):
        database.write_now(follow_part)
        return True
    following = database.read_now(find_next_due)
    if following is not None and following <= play.now:
        database.write_now(ask_due)
        return True
    return database.read_now(has_unprepared) and database.write_now(prepare_part, play.dice.randint(1, 4)) is not None


def compare(tx: ReadTx, now: int) -> None:
    """Each segment against its rule, asked of everybody in SQL and one by one; sizes, and what is kept of stays."""
    for one in list_segments(tx):
        members = sorted(tx.values(select_members(one.id)))
        assert one.size == len(members), f"{one.name} counts {one.size}, it has {len(members)}"
        if one.rule is None:
            continue
        assert not one.busy
        words, party, at = words_of(tx, one.of), TABLES[one.of], At(now, ZoneInfo(one.zone))
        rule = parse_rule(one.rule, words)
        there = select(party.c.id).where(party.c.merged_into.is_(None)).order_by(party.c.id)
        asked = tx.values(there.where(as_condition(rule, words, at)))
        assert members == asked, f"followed {members}, asked {asked}: {one.rule} in {one.zone}"
        keys = {leaf.field for leaf in list_conditions(rule)}
        facts = read_facts_at(tx, words, tx.values(there), keys, at)
        alone = [number for number, known in facts.items() if evaluate(rule, words, known.__getitem__, at)]
        assert sorted(alone) == asked, f"one by one {sorted(alone)}, asked {asked}: {one.rule}"
    open_versions = select(segment_member.c.segment_id, segment_member.c.version).distinct()
    standing = {one.id: one.standing for one in list_segments(tx)}
    for row in tx.rows(open_versions):
        assert standing.get(row.segment_id, row.version) == row.version, "rows of a version that does not stand"
    for row in tx.rows(select(segment_left)):
        assert row.entered_at <= row.left_at


def _client(play: Play) -> int:
    return play.dice.choice(play.clients)


def _person(play: Play) -> int:
    return play.dice.choice(play.people)


def _values(play: Play) -> dict[str, Any]:
    dice = play.dice
    day = clock.to_datetime(play.now - dice.randrange(-2, 5) * clock.DAY).date().isoformat()
    said = {
        "grade": dice.choice([None, 1, 2.5]),
        "since": dice.choice([None, day]),
        "remark": dice.choice([None, "Добрий", "добре"]),
        "colours": dice.choice([None, ["red"], ["red", "blue"]]),
    }
    return dict(dice.sample(sorted(said.items()), 2))


def _change_client(tx: WriteTx, play: Play) -> None:
    dice = play.dice
    assert play.viewer is not None
    told: dict[str, Any] = {
        "city": dice.choice(CITIES), "language": dice.choice(["", "uk", "de"]), "attributes": _values(play),
        "manager_id": dice.choice([0, play.viewer.user_id]),
        "channel_id": dice.choice([0, *play.channels]),
        "roles": dice.sample(["customer", "supplier"], dice.randrange(3)),
        "domains": dice.choice([[], ["one.example"], ["two.example", "one.example"]]),
    }  # fmt: skip
    update_counterparty(tx, _client(play), **dict(dice.sample(sorted(told.items()), 2)))  # type: ignore[arg-type]


def _change_person(tx: WriteTx, play: Play) -> None:
    told: dict[str, Any] = {
        "position": play.dice.choice(POSITIONS), "language": play.dice.choice(["", "bg"]), "attributes": _values(play)
    }  # fmt: skip
    update_contact(tx, _person(play), **dict(play.dice.sample(sorted(told.items()), 2)))  # type: ignore[arg-type]


def _letter(tx: WriteTx, play: Play) -> None:
    play.threads += 1
    scope_id, client = play.dice.choice(play.scopes), _client(play)
    record_letter(
        tx, client, scope_id, contact_id=None, direction=play.dice.choice(["in", "out"]), subject="s",  # type: ignore[arg-type]
        happened_at=play.now - play.dice.choice([0, 1, 5]) * clock.DAY, thread_id=play.threads,
        message_id=play.threads, executor_id=None, counts=play.dice.random() < 0.9,
    )  # fmt: skip
    set_waiting(tx, client, scope_id, play.dice.choice([None, play.now]))


def _promise(tx: WriteTx, play: Play) -> None:
    assert play.viewer is not None
    due_at = play.now + play.dice.randint(1, 5) * clock.DAY
    made = Made(_client(play), "Ten pumps", due_at, play.viewer.user_id, side=play.dice.choice(["us", "them"]))
    play.promises.append(make_promise(tx, play.viewer, made))


def _touch(tx: WriteTx, play: Play) -> None:
    """Somebody was touched; a touch is taken away; an event is of another channel."""
    assert play.viewer is not None
    dice, event_id = play.dice, play.dice.choice(play.events)
    what, touches = dice.random(), list_touches(tx, event_id).items
    if what < 0.2:
        change_marketing_event(tx, play.viewer, event_id, channel_id=dice.choice([0, *play.channels]))
    elif what < 0.4 and touches:
        drop_touch(tx, play.viewer, event_id, dice.choice(touches).id)
    else:
        client = _client(play)
        people = tx.values(select(affiliation.c.contact_id).where(affiliation.c.counterparty_id == client))
        party = Party(client, dice.choice([None, *people]))
        at = play.now - dice.choice([0, 1, 3]) * clock.DAY
        touch_parties(tx, play.viewer, event_id, [party], dice.choice(["met", "visited"]), at=at)


def _drop_promise(tx: WriteTx, play: Play) -> None:
    assert play.viewer is not None
    if play.promises:
        drop_promise(tx, play.viewer, play.dice.choice(play.promises))


def _merge(tx: WriteTx, play: Play) -> None:
    of = play.dice.choice(["counterparty", "contact"])
    party = play.clients if of == "counterparty" else play.people
    merge_parties(tx, of, play.dice.choice(party), play.dice.choice(party))  # type: ignore[arg-type]


def _part_again(tx: WriteTx, play: Play) -> None:
    of = play.dice.choice(["counterparty", "contact"])
    party = _client(play) if of == "counterparty" else _person(play)
    open_ = [one for one in list_merges(tx, of, party) if one.undone_at is None]  # type: ignore[arg-type]
    if open_:
        unmerge_parties(tx, open_[0].id, {})


def _forget(tx: WriteTx, play: Play) -> None:
    """A person is erased, with everything that names them."""
    person = _person(play)
    if len(play.people) < 3 or tx.row(select(contact).where(contact.c.merged_into == person)) is not None:
        return
    if tx.get(contact, person).merged_into is not None:
        return
    clients = tx.values(select(affiliation.c.counterparty_id).where(affiliation.c.contact_id == person))
    if tx.row(select(party_address).where(party_address.c.contact_id == person)) is not None:
        return
    for table in (affiliation, consent):
        tx.execute(delete(table).where(table.c.contact_id == person))
    tx.execute(update(interaction).where(interaction.c.contact_id == person).values(contact_id=None))
    tx.execute(delete(contact).where(contact.c.id == person))
    play.people.remove(person)
    forget_parties(tx, "contacts", [person])
    for client in clients:
        record_change(tx, "counterparty.changed", client)


def _rule(play: Play, of: str, depth: int = 0) -> dict[str, Any]:
    dice = play.dice
    if depth < 3 and dice.random() < 0.45:
        some = [_rule(play, of, depth + 1) for _ in range(dice.randint(1, 3))]
        return dice.choice([{"all": some}, {"any": some}, {"not": some[0]}])
    day = clock.to_datetime(play.now - dice.randrange(-2, 4) * clock.DAY).date().isoformat()
    moments = [("older_than_days", dice.randrange(4)), ("within_days", dice.randrange(4)), ("is_empty", True),
               ("lt", day), ("ge", day)]  # fmt: skip
    timed = ["added"] if of == "contacts" else [
        "letters.last_in", "letters.last_out", "letters.waiting", "promises.ours", "talks.last", "added"
    ]  # fmt: skip
    leaves = [_touched(play), _touched(play)]
    for _ in range(10):
        op, value = dice.choice([*moments, *moments[:2]])
        leaves.append({"field": dice.choice([*timed, "attributes.since"]), "op": op, "value": value})
    leaves += [
        {"field": "attributes.grade", "op": "gt", "value": 1},
        {"field": "attributes.remark", "op": "starts_with", "value": "ДОБР"},
        {"field": "attributes.colours", "op": "contains", "value": dice.choice(["red", "blue"])},
        {"field": "language", "op": "eq", "value": dice.choice(["uk", "bg"])},
    ]
    own = [number for number, kind in (play.segments | play.by_hand).items() if kind == of]
    other = [number for number, kind in (play.segments | play.by_hand).items() if kind != of]
    if own:
        leaves.append({"field": "segments", "op": "contains", "value": dice.choice(own)})
    across = "people.segments" if of == "counterparties" else "clients.segments"
    if other:
        leaves.append({"field": across, "op": "contains", "value": dice.choice(other)})
    if of == "counterparties" and dice.random() < 0.3:
        return dice.choice(_document_leaves(play))
    leaves += _client_leaves(play) if of == "counterparties" else _person_leaves(play)
    return dice.choice(leaves)


def _touched(play: Play) -> dict[str, Any]:
    dice = play.dice
    told = {"event": dice.choice(play.events), "channel": dice.choice(play.channels), "way": "met"}
    some = dict(dice.sample(sorted(told.items()), dice.randrange(3)))
    op = dice.choice(["older_than_days", "within_days"])
    return {"field": "touched", "op": op, "value": dice.randrange(4)} | ({"with": some} if some else {})


def _client_leaves(play: Play) -> list[dict[str, Any]]:
    dice = play.dice
    ops, cities = ["eq", "contains", "starts_with"], ["київ", "ODE", "100%"]
    return [
        {"field": "city", "op": dice.choice(ops), "value": dice.choice(cities)},
        {"field": "city", "op": "is_empty", "value": dice.choice([True, False])},
        {"field": "roles", "op": "contains", "value": dice.choice(["customer", "supplier"])},
        {"field": "domains", "op": "contains", "value": "ONE.example"},
        {"field": "people", "op": "ge", "value": dice.randrange(3)},
        {"field": "people.positions", "op": dice.choice(["contains", "starts_with"]), "value": "ДИРЕКТОР"},
        {"field": "groups", "op": "is_empty", "value": dice.choice([True, False])},
        {"field": "letters.last_from", "op": "eq", "value": dice.choice(["us", "them"])},
        {"field": "letters", "op": "ge", "value": dice.randrange(3)},
        {"field": "channel.since", "op": dice.choice(["older_than_days", "within_days"]), "value": dice.randrange(4)},
        {"field": dice.choice(["channel", "channel.first"]), "op": "eq", "value": dice.choice(play.channels)},
        {"field": "manager", "op": "is_empty", "value": dice.choice([True, False])},
    ]  # fmt: skip


def _person_leaves(play: Play) -> list[dict[str, Any]]:
    dice = play.dice
    return [
        {"field": "position", "op": "contains", "value": "buyer"},
        {"field": "positions", "op": "contains", "value": "директор"},
        {"field": "consent", "op": "eq", "value": dice.choice(["yes", "no"])},
        {"field": "clients.city", "op": "contains", "value": "odesa"},
        {"field": "clients.managers", "op": "is_empty", "value": dice.choice([True, False])},
        {"field": "clients", "op": "is_empty", "value": dice.choice([True, False])},
    ]


def _new_segment(tx: WriteTx, play: Play) -> None:
    if len(play.segments) > 6:
        _edit_segment(tx, play)
        return
    assert play.viewer is not None
    of = play.dice.choice(["counterparties", "contacts"])
    name, zone = f"Segment {play.dice.random()}", play.dice.choice(ZONES)
    rule = None if play.dice.random() < 0.2 and len(play.by_hand) < 3 else _rule(play, of)
    made = add_segment(tx, play.viewer, name, of, rule=rule, zone=zone)  # type: ignore[arg-type]
    (play.by_hand if rule is None else play.segments)[made] = of


def _edit_segment(tx: WriteTx, play: Play) -> None:
    assert play.viewer is not None
    if play.segments:
        segment_id, of = play.dice.choice(sorted(play.segments.items()))
        change_rule(tx, play.viewer, segment_id, _rule(play, of), play.dice.choice(ZONES))


def _by_hand(tx: WriteTx, play: Play) -> None:
    assert play.viewer is not None
    if not play.by_hand:
        return
    segment_id = play.dice.choice(sorted(play.by_hand))
    party = _client(play) if get_segment(tx, segment_id).of == "counterparties" else _person(play)
    verb = play.dice.choice([add_members, add_members, drop_members])
    verb(tx, play.viewer, segment_id, [party])


def _time(_tx: WriteTx, play: Play) -> None:
    play.now += play.dice.choice([clock.HOUR, 7 * clock.HOUR, clock.DAY, 2 * clock.DAY + 1])


def _new_client(tx: WriteTx, play: Play) -> None:
    if len(play.clients) < 12:
        play.clients.append(add_counterparty(tx, f"New {len(play.clients)}", city=play.dice.choice(CITIES)))


def _groups(tx: WriteTx, play: Play) -> None:
    set_groups(tx, _client(play), play.dice.choice([[], ["Garden"]]))


def _affiliate(tx: WriteTx, play: Play) -> None:
    affiliate(tx, _person(play), _client(play), play.dice.choice(POSITIONS))


def _leave(tx: WriteTx, play: Play) -> None:
    part(tx, _person(play), _client(play))


def _consent(tx: WriteTx, play: Play) -> None:
    record_consent(tx, _person(play), given=play.dice.random() < 0.5, source="A letter")


def _document(tx: WriteTx, play: Play) -> None:
    """A document is written, another day or sum is found to be right, or it is taken away."""
    assert play.viewer is not None
    dice = play.dice
    day = clock.to_datetime(play.now - dice.randrange(-2, 5) * clock.DAY).date().isoformat()
    if play.documents and dice.random() < 0.4:
        one = dice.choice(play.documents)
        if dice.random() < 0.5:
            play.documents.remove(one)
            drop_document(tx, play.viewer, one)
        else:
            change_document(tx, play.viewer, one, date=day, amount=dice.randrange(3) * 10_000)
        return
    items = [play.items[dice.randrange(len(play.items))]] if dice.random() < 0.5 else []
    lines = [NewLine(quantity=1000, price=dice.randrange(3) * 10_000, item_id=one) for one in items]
    play.documents.append(
        add_document(
            tx, play.viewer, _client(play), kind=dice.choice(["order", "shipment"]), date=day,
            currency=dice.choice(["UAH", "EUR"]), amount=None if lines else dice.randrange(3) * 10_000,
            profit=dice.choice([None, 5_000]), lines=lines,
        )
    )  # fmt: skip


def _regroup(tx: WriteTx, play: Play) -> None:
    change_item(tx, play.dice.choice(play.items), group=play.dice.choice(["Pumps", "Seeds", ""]))


def _told(play: Play, *names: str) -> dict[str, Any]:
    dice = play.dice
    day = clock.to_datetime(play.now - dice.randrange(-1, 4) * clock.DAY).date().isoformat()
    may: dict[str, Any] = {
        "kind": dice.choice(["order", "shipment"]), "days": dice.randint(1, 4), "since": day,
        "group": dice.choice(play.groups), "currency": dice.choice(["UAH", "EUR"]),
    }  # fmt: skip
    return {name: may[name] for name in names if name == "currency" or dice.random() < 0.5}


def _document_leaves(play: Play) -> list[dict[str, Any]]:
    dice, ops = play.dice, ["gt", "le", "eq"]
    sums = ("kind", "days", "since", "currency")
    last = _told(play, "kind", "group")
    return [
        {"field": "documents", "with": _told(play, "kind", "days", "since", "group"), "op": dice.choice(ops),
         "value": dice.randrange(3)},
        {"field": "documents", "with": {"days": dice.randint(1, 4)}, "op": dice.choice(ops), "value": 0},
        {"field": "documents.amount", "with": _told(play, *sums, "group"), "op": dice.choice(ops),
         "value": dice.randrange(4) * 100},
        {"field": "documents.profit", "with": _told(play, *sums), "op": "ge", "value": 50},
        {"field": "documents.last", "with": last, "op": "older_than_days", "value": dice.randrange(4)},
        {"field": "documents.first", "with": last, "op": "is_empty", "value": dice.choice([True, False])},
        {"field": "documents.groups", "op": "contains", "value": dice.choice(play.groups)},
    ]  # fmt: skip


def _forget_thread(tx: WriteTx, play: Play) -> None:
    forget_thread(tx, play.dice.randint(1, max(1, play.threads)))


Act = Callable[[WriteTx, Play], None]
_ACTS: tuple[Act, ...] = (
    _change_client, _change_client, _change_person, _letter, _letter, _promise, _drop_promise, _merge, _part_again,
    _forget, _new_segment, _new_segment, _edit_segment, _by_hand, _time, _time, _new_client, _groups, _affiliate,
    _leave, _consent, _forget_thread, _document, _document, _document, _regroup,
    _touch, _touch,
)  # fmt: skip
