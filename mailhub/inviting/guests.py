"""Whom an event has or may invite, what each of them knows of it, and what they said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import bindparam, func, select

from core.database import ReadTx
from core.secrets import Keys
from crm.parties import Contact, find_contact
from crm.planner import Planned, parse_rule, parse_starts, write_rule
from crm.planner.tables import event, occurrence
from mailhub.inviting.calendars import Told
from mailhub.inviting.tables import event_answer, event_guest, event_invitation, event_request
from mailhub.outbound.ledger import list_of_messages
from mailhub.outbound.suppression import canonical_address, find_obstacle

Reply = Literal["", "accepted", "tentative", "declined", "counter"]
MOST_TIMES = 300
_INVITATION = select(event_invitation).where(event_invitation.c.event_id == bindparam("id"))
_GUESTS = select(event_guest).where(event_guest.c.event_id == bindparam("id")).order_by(event_guest.c.id)
_ANSWERS = select(event_answer).where(event_answer.c.guest_id.in_(bindparam("ids", expanding=True)))
_TAKEN = select(event_request.c.id).where(event_request.c.event_id == bindparam("id"))
_LAST = (
    select(func.max(occurrence.c.key))
    .where(occurrence.c.event_id == bindparam("id"), occurrence.c.key >= bindparam("since"))
    .where(occurrence.c.state != "dropped")
)
_OTHERWISE = (
    select(occurrence.c.key, occurrence.c.starts, occurrence.c.state)
    .where(occurrence.c.event_id == bindparam("id"), occurrence.c.key >= bindparam("since"))
    .where((occurrence.c.state == "dropped") | (occurrence.c.starts != occurrence.c.key))
    .order_by(occurrence.c.key)
    .limit(MOST_TIMES)
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody from outside who takes part or was asked to. ``told`` is what they know: the SEQUENCE of it, 0 for
    nothing, below zero that it does not take place for them. ``answer`` is to that; ``times`` answers to single times
    of a series. ``obstacle`` is why nobody writes to them ("no_address", or a reason of ``suppression``)."""

    contact_id: int | None
    name: str
    address: str
    wanted: bool
    told: int = 0
    id: int = 0
    message_id: int = 0
    answer: Reply = ""
    answered_at: int | None = None
    answer_id: int | None = None
    times: Mapping[str, Reply] = field(default_factory=dict)
    obstacle: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Guests:
    """All of them; ``mailbox_id`` is who invites, None before the first time. ``due`` are those who have to be told
    something: of the event, of its change, or that it is off. Nothing more is to come of what ``ended``; ``over`` is
    that which does not take place at all."""

    mailbox_id: int | None
    by_id: int | None
    words: str
    ended: bool
    over: bool
    guests: Sequence[Guest]
    due: Sequence[Guest]
    told: Told
    version: int


def list_guests(tx: ReadTx, keys: Keys, one: Planned, words: str | None = None) -> Guests:
    """The guests of an event that the caller may see, those whom it has and those whom it had. ``words`` are what its
    organiser wants to say to them, None for what they were told."""
    row = tx.get(event, one.event_id)
    kept = tx.row(_INVITATION, {"id": row.id})
    invited = tx.rows(_GUESTS, {"id": row.id})
    ended = row.ended_at is not None
    last = tx.value(_LAST, {"id": row.id, "since": row.starts}) if ended and row.rule else None
    over = ended and last is None
    if words is None:
        words = kept.words if kept else ""
    told = tell(tx, row, words, last)
    version = row.version
    if kept is not None:
        version = kept.version if kept.told == told.written() else max(row.version, kept.version + 1)
    wanted: dict[int, Contact] = {}
    ours = tx.row(_TAKEN, {"id": row.id}) is None  # who invited us is no guest of ours
    for contact_id in (one.contact_id, *one.contact_ids) if ours else ():
        person = find_contact(tx, contact_id)
        if person is not None:
            wanted.setdefault(person.id, person)
    taken_back = _list_taken_back(tx, invited)
    answers = _find_answers(tx, invited, kept.timed if kept else 0)
    knows = {old.id: old.told_before if old.message_id in taken_back else old.told for old in invited}
    whose = _find_whose(invited, knows, list(wanted.values()))
    there = {who.id for who in whose.values()}
    anew: dict[str, list[Contact]] = {}
    for who in wanted.values():
        if who.id not in there:
            anew.setdefault(canonical_address(who.emails[0]) if who.emails else f"#{who.id}", []).append(who)
    found: list[Guest] = []
    for old in invited:
        here = whose.get(old.id)
        person = here or find_contact(tx, old.contact_id)
        said = answers.get(old.id, {})
        whole = said.get("")
        found.append(
            Guest(
                contact_id=here.id if here else old.contact_id,
                name=_names([person, *(anew.pop(old.address, ()) if here else ())]),
                address=old.address,
                wanted=here is not None,
                told=knows[old.id],
                id=old.id,
                message_id=old.message_id,
                answer=whole.answer if whole else "",
                answered_at=whole.answered_at if whole else None,
                answer_id=whole.message_id if whole else None,
                times={key: each.answer for key, each in sorted(said.items()) if key},
                obstacle=_find_obstacle(tx, keys, old.address),
                language=person.language if person else "",
            )
        )
    for people in anew.values():
        first = people[0]
        address = first.emails[0] if first.emails else ""
        obstacle = _find_obstacle(tx, keys, address) if address else "no_address"
        found.append(Guest(first.id, _names(people), address, True, obstacle=obstacle, language=first.language))
    still = one.state == "open"
    return Guests(
        mailbox_id=kept.mailbox_id if kept else None,
        by_id=kept.by_id if kept else None,
        words=told.words,
        ended=ended,
        over=over,
        guests=found,
        due=[each for each in found if not each.obstacle and _is_due(each, over, version, still)],
        told=told,
        version=version,
    )


def tell(tx: ReadTx, row: Any, words: str, last: str | None = None) -> Told:
    """What guests are told of an event (its row) as it is now; a series of which nothing more is to come ends with the
    time ``last``."""
    moved, dropped, rule = [], [], row.rule
    if last is not None:
        rule = write_rule(replace(parse_rule(rule), count=0, until=parse_starts(last).date()))
    if row.rule:
        for each in tx.rows(_OTHERWISE, {"id": row.id, "since": row.starts}):
            if last is not None and each.key > last:
                break
            if each.state == "dropped":
                dropped.append(each.key)
            else:
                moved.append((each.key, each.starts))
    return Told(
        subject=row.subject,
        words=words,
        place=row.place,
        starts=row.starts,
        zone=row.zone,
        minutes=row.minutes,
        rule=rule,
        moved=tuple(moved),
        dropped=tuple(dropped),
    )


def _is_due(guest: Guest, over: bool, version: int, still: bool) -> bool:
    """Who knows nothing is invited to what is ``still`` to come."""
    if over or not guest.wanted:
        return guest.told > 0
    return guest.told < version and (still or guest.told > 0)


def _find_whose(invited: Sequence[Any], knows: Mapping[int, int], wanted: Sequence[Contact]) -> dict[int, Contact]:
    """Whose of those wanted each row is: their own, else another's that was told at an address of theirs. Who was told
    at several stays a guest at each: calling it off at one would take it out of the calendar behind both."""
    found: dict[int, Contact] = {}
    there: set[int] = set()
    for old in sorted(invited, key=lambda one: knows[one.id] <= 0):
        theirs = [who for who in wanted if old.address in _forms(who)]
        if knows[old.id] <= 0:
            theirs = [who for who in theirs if who.id not in there]
        theirs.sort(key=lambda who: (who.id != old.contact_id, who.id in there))
        if theirs:
            found[old.id] = theirs[0]
            there.add(theirs[0].id)
    return found


def _names(people: Iterable[Contact | None]) -> str:
    """What those are called who read at one address."""
    return ", ".join(one.name for one in people if one is not None)


def _forms(person: Contact) -> set[str]:
    return {canonical_address(one) for one in person.emails}


def _find_obstacle(tx: ReadTx, keys: Keys, address: str) -> str:
    return find_obstacle(tx, keys, address, "personal") or ""


def _list_taken_back(tx: ReadTx, invited: Sequence[Any]) -> set[int]:
    """Those of the last letters to guests that nobody got, because they were taken back before they left."""
    rows = list_of_messages(tx, [one.message_id for one in invited])
    return {message_id for message_id, found in rows.items() if all(one.state == "cancelled" for one in found)}


def _find_answers(tx: ReadTx, invited: Sequence[Any], timed: int) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in tx.rows(_ANSWERS, {"ids": [one.id for one in invited]}) if invited else ():
        if row.version >= timed:
            found.setdefault(row.guest_id, {})[row.key] = row
    return found
