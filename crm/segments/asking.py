"""Rules are asked of some parties, and who is in a segment follows: entries and exits, with what was so then."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, select, tuple_, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.rules import UNKNOWN, At, Condition, evaluate
from crm.parties.tables import affiliation
from crm.segments.facts import read_facts
from crm.segments.rules import Asked
from crm.segments.shapes import Of
from crm.segments.tables import segment, segment_due, segment_left, segment_member
from crm.segments.windows import read_windows, turn_of

MOST_TOLD = 500
"""So many parties stand in one change."""
LONGEST_LIST = 50
BY_RULE, BY_NEW_RULE = "rule", "new rule"
"""The causes of entries and exits in the feed: what happened to a party, or that the rule was written anew."""
Facts = MutableMapping[str, Any]
Place = tuple[int, int, int]
"""Segment, version, party."""


@dataclass(slots=True)
class Moves:
    """What asking has found: rows to write and to take away, and who entered and left by the rules that stand."""

    entered: list[dict[str, Any]] = field(default_factory=list)
    gone: list[Place] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    due: dict[Place, int | None] = field(default_factory=dict)
    told: dict[tuple[Of, int, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    sizes: dict[tuple[int, bool], int] = field(default_factory=lambda: defaultdict(int))


_INSIDE = select(
    segment_member.c.segment_id, segment_member.c.version, segment_member.c.party_id, segment_member.c.entered_at
).where(
    segment_member.c.party_id.in_(bindparam("ids", expanding=True)),
    segment_member.c.segment_id.in_(bindparam("segments", expanding=True)),
)
_DUE = select(segment_due).where(
    segment_due.c.party_id.in_(bindparam("ids", expanding=True)),
    segment_due.c.segment_id.in_(bindparam("segments", expanding=True)),
)


def ask_parties(tx: WriteTx, asked: Sequence[Asked], waiting: Mapping[Of, Collection[int]]) -> int:
    """Ask every rule of these parties and write what follows. Who enters or leaves a segment that a rule about the
    other kind names takes along those who belong together with them. Returns how many were asked."""
    rest: dict[Of, set[int]] = {of: set(ids) for of, ids in waiting.items()}
    count = 0
    while of := next((of for of, ids in rest.items() if ids), None):
        ids = sorted(rest[of])
        rest[of] = set()
        count += len(ids)
        moved = _ask_kind(tx, [one for one in asked if one.of == of], ids)
        other: Of = "contacts" if of == "counterparties" else "counterparties"
        named = {number for one in asked if one.of == other for number in one.names}
        along = {party for number, parties in moved.items() if number in named for party in parties}
        if along:
            rest.setdefault(other, set()).update(list_belonging(tx, of, along))
    return count


def list_belonging(tx: ReadTx, of: Of, party_ids: Iterable[int]) -> list[int]:
    """The people of clients, or the clients of people."""
    ids = sorted(set(party_ids))
    here, there = affiliation.c.counterparty_id, affiliation.c.contact_id
    if of == "contacts":
        here, there = there, here
    return tx.values(select(there).where(here.in_(ids)).distinct()) if ids else []


def _ask_kind(tx: WriteTx, asked: Sequence[Asked], ids: list[int]) -> dict[int, list[int]]:
    """Ask rules about one kind. Returns segment → who entered or left it."""
    if not asked:
        return {}
    words, now = asked[0].words, clock.now()
    keys = frozenset(key for one in asked for key in one.keys)
    spans = frozenset(key for one in asked for key in one.windows)
    facts = read_facts(tx, words, ids, keys - spans)
    of_days = {
        zone: read_windows(tx, words, ids, spans, At(now, zone)) for zone in {one.zone for one in asked if one.windows}
    }
    reached = _settle_parties(tx, asked, ids)  # what is not settled yet moves in both versions, so that it is told once
    named = {"ids": ids, "segments": sorted({one.segment_id for one in asked})}
    inside = {(row.segment_id, row.version, row.party_id): row.entered_at for row in tx.rows(_INSIDE, named)}
    timed = [one for one in asked if one.timed]
    due = {}
    if timed:
        due = {(row.segment_id, row.version, row.party_id): row.due_at for row in tx.rows(_DUE, named)}
    moves = Moves()
    for one in asked:
        at = At(now, one.zone)
        numbers = of_days.get(one.zone, {}) if one.windows else {}
        for party_id in ids:
            theirs: Facts | None = facts.get(party_id)
            if theirs is not None and party_id in numbers:
                theirs = ChainMap(theirs, numbers[party_id])  # what moves in mind is written into the first
            place = (one.segment_id, one.version, party_id)
            true = theirs is not None and evaluate(one.rule, words, theirs.__getitem__, at) is True
            if true and place not in inside:
                assert theirs is not None
                _enter(moves, one, party_id, theirs, now)
                if party_id > reached.get(one.segment_id, party_id):
                    moves.entered.append({**moves.entered[-1], "version": one.settling})
            elif not true and place in inside:
                _leave(moves, one, party_id, theirs, inside[place], now)
                if party_id > reached.get(one.segment_id, party_id):
                    moves.gone.append((one.segment_id, one.settling or 0, party_id))
            if one.timed:
                moment = None if theirs is None else find_turn(one, theirs, now)
                if moment != due.get(place):
                    moves.due[place] = moment
    _write(tx, moves)
    moved: dict[int, list[int]] = defaultdict(list)
    for (_of, number, _what), parties in moves.told.items():
        moved[number] += parties
    return moved


def _enter(moves: Moves, one: Asked, party_id: int, facts: Facts, now: int) -> None:
    row = {"segment_id": one.segment_id, "version": one.version, "party_id": party_id, "entered_at": now}
    moves.entered.append({**row, "why": keep_why(one, facts, now)})
    moves.sizes[one.segment_id, one.stands] += 1
    if one.stands:
        moves.told[one.of, one.segment_id, "entered"].append(party_id)
        _move_in_mind(facts, one.segment_id, inside=True)


def _leave(moves: Moves, one: Asked, party_id: int, facts: Facts | None, entered_at: int, now: int) -> None:
    moves.gone.append((one.segment_id, one.version, party_id))
    moves.sizes[one.segment_id, one.stands] -= 1
    if not one.stands:
        return
    row = {"segment_id": one.segment_id, "party_id": party_id, "entered_at": entered_at, "left_at": now}
    why = None if facts is None else keep_why(one, facts, now)
    moves.left.append({**row, "cause": "rule" if facts is not None else "merge", "why": why, "by_id": None})
    moves.told[one.of, one.segment_id, "left"].append(party_id)
    if facts is not None:
        _move_in_mind(facts, one.segment_id, inside=False)


def _move_in_mind(facts: Facts, segment_id: int, *, inside: bool) -> None:
    """Rules that are asked later in this pass know of it."""
    known = facts.get("segments")
    if known is None:
        return
    facts["segments"] = [*known, segment_id] if inside else [one for one in known if one != segment_id]


def keep_why(one: Asked, facts: Facts, now: int) -> dict[str, Any]:
    """What the rule asked for, as it is now, as the row keeps it."""
    values = {key: facts[key] for key in sorted(one.keys)}
    short = {key: value[:LONGEST_LIST] if isinstance(value, list) else value for key, value in values.items()}
    return {"at": now, "version": one.version, "values": short}


def find_turn(one: Asked, facts: Facts, now: int) -> int | None:
    """When the time alone may turn the answer; None where it hangs on no moment that is still to come."""
    timed = {condition.field for condition in one.timed}
    moments = [turn for condition in one.timed if (turn := _turn(one, condition, facts, now))]
    if not moments:
        return None
    rest: Facts = {**facts, **dict.fromkeys(timed, UNKNOWN)}
    if evaluate(one.rule, one.words, rest.__getitem__, At(now, one.zone)) is not None:
        return None
    return min(moments)


def _turn(one: Asked, condition: Condition, facts: Facts, now: int) -> int | None:
    """When this condition turns next: days after the moment it asks for, or at that moment itself; a day turns when
    the next one begins there; a number of the last days when one of them falls out of them or comes into them."""
    if condition.field in one.windows:
        moment: int | None = facts[turn_of(condition.field)]
        return moment
    value = facts[condition.field]
    if value is None:
        return None
    if one.words.get(condition.field).type == "day":
        begins = datetime.combine(date.fromisoformat(value), time(), tzinfo=one.zone)
        over = clock.from_datetime(begins + timedelta(days=condition.value + 1))
        value = clock.from_datetime(begins)
    else:
        over = int(value + condition.value * clock.DAY + 1)
    turns = [over, value] if condition.op == "within_days" else [over]
    return min((turn for turn in turns if turn > now), default=None)


_DROP = delete(segment_member).where(
    segment_member.c.segment_id == bindparam("of_segment"),
    segment_member.c.version == bindparam("of_version"),
    segment_member.c.party_id == bindparam("of_party"),
)


def _write(tx: WriteTx, moves: Moves) -> None:
    for segment_id, version, party_id in moves.gone:
        tx.later(_DROP, of_segment=segment_id, of_version=version, of_party=party_id)
    tx.do_waiting()
    tx.insert_many(segment_member, moves.entered)
    tx.insert_many(segment_left, moves.left)
    set_due(tx, moves.due)
    for (segment_id, stands), more in moves.sizes.items():
        add_size(tx, segment_id, more, stands=stands)
    for (of, segment_id, what), parties in moves.told.items():
        tell_parties(tx, segment_id, of, what, parties)


def set_due(tx: WriteTx, due: Mapping[Place, int | None]) -> None:
    """When these rules are to be asked of these parties again; None is never."""
    if not due:
        return
    place = tuple_(segment_due.c.segment_id, segment_due.c.version, segment_due.c.party_id)
    tx.execute(delete(segment_due).where(place.in_(list(due))))
    rows = [
        {"segment_id": number, "version": version, "party_id": party_id, "due_at": moment}
        for (number, version, party_id), moment in due.items()
        if moment is not None
    ]
    tx.insert_many(segment_due, rows)


def add_size(tx: WriteTx, segment_id: int, more: int, *, stands: bool) -> None:
    """There are so many more in a segment, or in what is being prepared for it."""
    column: ColumnElement[int] = segment.c.size if stands else segment.c.next_size
    if more:
        tx.execute(update(segment).where(segment.c.id == segment_id).values({column: column + more}))


def tell_parties(
    tx: WriteTx, segment_id: int, of: Of, what: str, party_ids: Sequence[int], cause: str = "rule"
) -> None:
    """Say in the feed who ``entered`` or ``left``, so many in one change."""
    for begin in range(0, len(party_ids), MOST_TOLD):
        fields = {"of": of, "party_ids": list(party_ids[begin : begin + MOST_TOLD])}
        record_change(tx, f"segment.{what}", segment_id, fields=fields, cause=cause)


def _settle_parties(tx: WriteTx, asked: Sequence[Asked], ids: Sequence[int]) -> dict[int, int]:
    """Of these parties: say who entered and left when the rule that stands took the place of the one before. Returns
    how far each segment that is being settled was settled already."""
    settling = [one for one in asked if one.settling is not None]
    if not settling:
        return {}
    here = segment.c.id.in_([one.segment_id for one in settling])
    reached = {row.id: int(row.reached) for row in tx.rows(select(segment.c.id, segment.c.reached).where(here))}
    for one in settling:
        assert one.settling is not None
        late = [party_id for party_id in ids if party_id > reached[one.segment_id]]
        gone, came = settle(tx, one, one.settling, segment_member.c.party_id.in_(late)) if late else ([], [])
        old = {"segment_id": one.segment_id, "version": one.settling, "entered_at": clock.now()}
        tx.insert_many(segment_member, [{**old, "party_id": party_id} for party_id in came])
        before = (segment_member.c.segment_id == one.segment_id) & (segment_member.c.version == one.settling)
        tx.execute(delete(segment_member).where(before, segment_member.c.party_id.in_(gone)))
    return reached


def settle(tx: WriteTx, one: Asked, before: int, which: ColumnElement[bool]) -> tuple[list[int], list[int]]:
    """Compare who is in a segment with who was by the version ``before``, as far as ``which`` says: exits are written,
    both are told. Returns who left and who came."""
    rows = tx.rows(
        select(segment_member.c.version, segment_member.c.party_id, segment_member.c.entered_at).where(
            segment_member.c.segment_id == one.segment_id, which, segment_member.c.version.in_((one.version, before))
        )
    )
    new = {row.party_id for row in rows if row.version == one.version}
    old = {row.party_id: row.entered_at for row in rows if row.version == before}
    gone, came = sorted(old.keys() - new), sorted(new - old.keys())
    same = {"segment_id": one.segment_id, "left_at": clock.now(), "cause": "rule", "why": None, "by_id": None}
    tx.insert_many(segment_left, [{**same, "party_id": party, "entered_at": old[party]} for party in gone])
    tell_parties(tx, one.segment_id, one.of, "left", gone, cause=BY_NEW_RULE)
    tell_parties(tx, one.segment_id, one.of, "entered", came, cause=BY_NEW_RULE)
    return gone, came
