"""Membership follows what happens: a consumer of the feed asks the rules of whom a change is about, and rows with a
moment say whom to ask although nothing happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from time import perf_counter

from sqlalchemy import bindparam, delete, func, select, update

from core import clock
from core.changes import Change, find_position, list_changes, move_consumer
from core.database import ReadTx, WriteTx
from core.rules import split_key
from crm.segments.asking import BY_NEW_RULE, BY_RULE, ask_parties, list_belonging, tell_parties
from crm.segments.rules import CONSUMER, Asked, ask_again, list_asked
from crm.segments.shapes import BY_HAND, TABLES, Of
from crm.segments.tables import segment, segment_due, segment_left, segment_member
from crm.segments.verbs import put_in, take_out

MOST_CHANGES = 500
AT_ONCE = 20
"""So many parties are asked before the clock is looked at."""
LONGEST = 0.03
"""A unit that took so many seconds lets others write."""
_PARTIES: Mapping[str, Of] = {"counterparty": "counterparties", "contact": "contacts"}
_NAMED: tuple[tuple[str, Of], ...] = (("counterparty_id", "counterparties"), ("contact_id", "contacts"))
_REJOINED = ("counterparty.merged", "counterparty.parted")
_ANY = select(segment.c.id).where(segment.c.ended_at.is_(None)).limit(1)
_ANY_DUE = select(func.min(segment_due.c.due_at))


def has_news(tx: ReadTx) -> bool:
    """Whether something happened that segments have not followed yet; a house without segments follows nothing."""
    return tx.row(_ANY) is not None and bool(list_changes(tx, find_position(tx, CONSUMER), 1))


def find_next_due(tx: ReadTx) -> int | None:
    """When a rule may answer otherwise next because time passes."""
    found: int | None = tx.value(_ANY_DUE)
    return found


def follow_part(tx: WriteTx) -> bool:
    """Ask the rules of those whom the next changes are about, as many as fit into a short unit, and move on. Returns
    whether there may be more."""
    tx.lock_key(CONSUMER)
    changes = list_changes(tx, find_position(tx, CONSUMER), MOST_CHANGES)
    if not changes:
        return False
    asked = list_asked(tx)
    began, done = perf_counter(), 0
    while done < len(changes) and (done == 0 or perf_counter() - began < LONGEST):
        some = _some(changes[done:])
        _follow(tx, asked, some)
        done += len(some)
    move_consumer(tx, CONSUMER, changes[done - 1].position)
    return done < len(changes) or len(changes) == MOST_CHANGES


def _some(changes: Sequence[Change]) -> Sequence[Change]:
    """The next changes, about so many parties at a time."""
    about: set[tuple[Of, int]] = set()
    for number, change in enumerate(changes):
        about.update(_about(change))
        if len(about) >= AT_ONCE:
            return changes[: number + 1]
    return changes


def _about(change: Change) -> list[tuple[Of, int]]:
    """Whom a change is about, as it says itself."""
    noun, fields = change.kind.partition(".")[0], change.fields
    found: list[tuple[Of, int]] = []
    if noun == "segment":
        if change.cause not in (BY_RULE, BY_NEW_RULE):  # what rules move was asked on at once
            found += [(fields["of"], one) for one in fields.get("party_ids", ())]
        return found
    if noun in _PARTIES:
        found.append((_PARTIES[noun], change.entity_id))
    for name, of in (*_NAMED, ("gone_id", _PARTIES.get(noun))):
        if of is not None and isinstance(fields.get(name), int):
            found.append((of, fields[name]))
    return found


def _follow(tx: WriteTx, asked: Sequence[Asked], changes: Sequence[Change]) -> None:
    waiting: dict[Of, set[int]] = defaultdict(set)
    for change in changes:
        _move_by_hand(tx, change)
        for of, party_id in _about(change):
            waiting[of].add(party_id)
    for kind, asks in (("item.regrouped", _asks_groups), ("marketing.rechanneled", _asks_channels)):
        if any(change.kind == kind for change in changes):
            for segment_id in sorted({one.segment_id for one in asked if asks(one)}):
                ask_again(tx, segment_id)  # whose documents name it, or whom it touched, may be anybody
    for kind in _PARTIES.values():
        _forget_gone(tx, kind, waiting[kind])
    if any(one.of == "counterparties" for one in asked):
        waiting["counterparties"].update(list_belonging(tx, "contacts", waiting["contacts"]))
    if any(key.startswith("clients.") for one in asked for key in one.keys):
        waiting["contacts"].update(list_belonging(tx, "counterparties", waiting["counterparties"]))
    whole = {one for change in changes if change.kind in _REJOINED for _, one in _about(change)}
    waiting["contacts"].update(list_belonging(tx, "counterparties", whole))  # what they were at both is said once now
    ask_parties(tx, asked, waiting)


def _asks_groups(one: Asked) -> bool:
    return any(key == "documents.groups" or "group" in split_key(key)[1] for key in one.keys)


def _asks_channels(one: Asked) -> bool:
    return any("channel" in split_key(key)[1] for key in one.keys)


_BY_HAND_OF = (
    select(segment_member.c.segment_id)
    .join(segment, segment.c.id == segment_member.c.segment_id)
    .where(segment_member.c.party_id == bindparam("party_id"), segment_member.c.version == BY_HAND)
    .where(segment.c.of == bindparam("of"), segment.c.version == BY_HAND, segment.c.ended_at.is_(None))
)


def _move_by_hand(tx: WriteTx, change: Change) -> None:
    """Whoever was put into a segment by hand and is one with another now, is there as that other; and back."""
    noun, _, what = change.kind.partition(".")
    gone_id = change.fields.get("gone_id")
    if noun not in _PARTIES or what not in ("merged", "parted") or gone_id is None:
        return
    of, kept_id = _PARTIES[noun], change.entity_id
    if what == "merged":
        for segment_id in tx.values(_BY_HAND_OF, {"of": of, "party_id": gone_id}):
            inside = tx.values(_BY_HAND_OF, {"of": of, "party_id": kept_id})
            take_out(tx, segment_id, [gone_id], cause="merge")
            tell_parties(tx, segment_id, of, "left", [gone_id], cause="merge")
            if segment_id not in inside:
                put_in(tx, segment_id, [kept_id], None)
                tell_parties(tx, segment_id, of, "entered", [kept_id], cause="merge")
        return
    here = (segment_left.c.party_id == gone_id) & (segment_left.c.cause == "merge") & (segment.c.of == of)
    here = here & (segment.c.version == BY_HAND) & segment.c.ended_at.is_(None)
    left = select(segment_left.c.segment_id).join(segment, segment.c.id == segment_left.c.segment_id).where(here)
    for segment_id in tx.values(left.distinct()):
        if segment_id not in tx.values(_BY_HAND_OF, {"of": of, "party_id": gone_id}):
            put_in(tx, segment_id, [gone_id], None)
            tell_parties(tx, segment_id, of, "entered", [gone_id], cause="merge")


def _forget_gone(tx: WriteTx, of: Of, party_ids: set[int]) -> None:
    """Those who were forgotten are in nothing, and were in nothing."""
    if not party_ids:
        return
    party = TABLES[of]
    there = set(tx.values(select(party.c.id).where(party.c.id.in_(sorted(party_ids)))))
    gone = sorted(party_ids - there)
    if gone:
        forget_parties(tx, of, gone)


def forget_parties(tx: WriteTx, of: Of, party_ids: Sequence[int]) -> None:
    """Take away what segments know of these, with when they were in them and why."""
    of_kind = select(segment.c.id).where(segment.c.of == of)
    counted = select(segment_member.c.segment_id, segment_member.c.version, func.count().label("count"))
    here = segment_member.c.party_id.in_(party_ids) & segment_member.c.segment_id.in_(of_kind)
    for row in tx.rows(counted.where(here).group_by(segment_member.c.segment_id, segment_member.c.version)):
        kept = tx.get(segment, row.segment_id)
        if row.version == kept.version:
            tx.change(segment, row.segment_id, size=kept.size - row.count)
        elif row.version == kept.preparing:
            tx.change(segment, row.segment_id, next_size=kept.next_size - row.count)
    for table in (segment_member, segment_left, segment_due):
        theirs = table.c.party_id.in_(party_ids) & table.c.segment_id.in_(of_kind)
        tx.execute(delete(table).where(theirs))


def forget_reasons(tx: WriteTx, of: Of, party_ids: Sequence[int]) -> None:
    """Take away what segments keep of how these were: it may name somebody who is to be forgotten."""
    of_kind = select(segment.c.id).where(segment.c.of == of)
    for table in (segment_member, segment_left):
        theirs = table.c.party_id.in_(party_ids) & table.c.segment_id.in_(of_kind)
        tx.execute(update(table).where(theirs).values(why=None))


def ask_due(tx: WriteTx) -> bool:
    """Ask the rules whose moment has come, as many as fit into a short unit. Returns whether there may be more."""
    tx.lock_key(CONSUMER)
    began, asked = perf_counter(), list_asked(tx)
    while perf_counter() - began < LONGEST:
        come = select(segment_due).where(segment_due.c.due_at <= clock.now()).order_by(segment_due.c.due_at)
        rows = tx.rows(come.limit(AT_ONCE))
        if not rows:
            return False
        waiting: dict[Of, set[int]] = defaultdict(set)
        kinds = {(one.segment_id, one.version): one for one in asked}
        for row in rows:
            if (one := kinds.get((row.segment_id, row.version))) is not None:
                waiting[one.of].add(row.party_id)
            here = (segment_due.c.segment_id == row.segment_id) & (segment_due.c.party_id == row.party_id)
            tx.execute(delete(segment_due).where(here, segment_due.c.version == row.version))
        ask_parties(tx, asked, waiting)
    return True
