"""Planning something, moving it, taking it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sqlalchemy import delete, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.interactions import HOUSE, Basis, demand_contact, find_basis
from crm.parties import get_contact, get_counterparty
from crm.planner.filling import fill_event, hold_print, remind_at_of
from crm.planner.reading import get_planned
from crm.planner.recurrence import first_time, parse_rule, write_rule
from crm.planner.shapes import KINDS, Plan, Planned
from crm.planner.tables import event, event_participant, occurrence
from crm.planner.times import get_zone, instant_of, parse_starts, show_starts
from crm.staff.people import get_user
from crm.staff.readable import Viewer, get_viewer

LONGEST_SUBJECT = 300
LONGEST_BODY = 20_000
LONGEST_PLACE = 300
LONGEST_MINUTES = 60 * 24 * 14
LONGEST_REMIND = 60 * 24 * 30
MOST_PARTICIPANTS = 50
TOPIC = "planner"
"""Announced when the next reminder may be another."""
Part = Literal["this", "all"]


def plan_event(tx: WriteTx, viewer: Viewer, plan: Plan, basis: Basis | None = None) -> int:
    """Plan something; on the basis of a line of the client's timeline its person and subject are carried over, and it
    is seen by who may see that line. A ``basis`` of its own is one that the viewer was let to. Returns its first
    occurrence. Raises NotFound, Forbidden, Invalid."""
    if plan.counterparty_id is not None:
        get_counterparty(tx, plan.counterparty_id)
    elif plan.based_on_id is not None:
        raise Invalid("Name the client.", field="counterparty_id")
    basis = basis or find_basis(tx, viewer, plan.counterparty_id or 0, plan.based_on_id)
    values = _read(plan, basis.subject)
    contact_id = plan.contact_id or basis.contact_id
    if plan.counterparty_id is not None:
        demand_contact(tx, plan.counterparty_id, contact_id)
    elif contact_id is not None:
        get_contact(tx, contact_id)
    people = _participants(tx, basis.scope_id, plan)
    now = clock.now()
    event_id = tx.insert(
        event,
        **values,
        **basis.ids,
        counterparty_id=plan.counterparty_id,
        contact_id=contact_id,
        scope_id=basis.scope_id,
        author_id=viewer.user_id,
        uid=f"{secrets.token_hex(16)}@mailhub",
        created_at=now,
    )
    tx.insert_many(event_participant, [{"event_id": event_id, **one} for one in people])
    hold_print(tx, values["zone"])
    if not fill_event(tx, tx.get(event, event_id), since=now):
        raise Invalid("This never takes place: its end is before now.", field="starts")
    _forget_past_reminders(tx, event_id)
    first = tx.value(select(occurrence.c.id).where(occurrence.c.event_id == event_id).order_by(occurrence.c.due_at))
    tell_of(tx, "event.planned", int(first), basis.scope_id, plan.counterparty_id)
    return int(first)


def change_event(tx: WriteTx, viewer: Viewer, occurrence_id: int, plan: Plan) -> int:
    """Plan it anew: of a series all that is still to come. What has taken place stays. What it is based on stays as it
    is. Returns the next occurrence. Raises NotFound, Forbidden, Invalid, Conflict for what is over."""
    one = hold_own(tx, viewer, occurrence_id)
    row = tx.get(event, one.event_id)
    values = _read(plan, row.subject)
    if plan.counterparty_id != row.counterparty_id:
        raise Invalid("Another client: plan it anew.", field="counterparty_id")
    if plan.counterparty_id is not None:
        demand_contact(tx, plan.counterparty_id, plan.contact_id)
    people = _participants(tx, row.scope_id, plan)
    tx.execute(delete(event_participant).where(event_participant.c.event_id == row.id))
    tx.insert_many(event_participant, [{"event_id": row.id, **who} for who in people])
    values["contact_id"] = plan.contact_id
    following = lay_anew(tx, row, values, min(clock.now(), one.due_at))
    if following is None:
        raise Invalid("This never takes place: its end is before now.", field="starts")
    tell_of(tx, "event.changed", following, row.scope_id, row.counterparty_id)
    return following


def lay_anew(tx: WriteTx, row: Any, values: Mapping[str, Any], since: int) -> int | None:
    """An event (its row) takes place otherwise: what is open is laid anew, of a series what is to come ``since`` then.
    Returns the next time, None where it has none."""
    ahead = (occurrence.c.event_id == row.id) & (occurrence.c.state == "open")
    if row.rule:
        ahead = ahead & (occurrence.c.due_at >= since)
    tx.execute(delete(occurrence).where(ahead))
    tx.change(event, row.id, **values, filled_until="", version=row.version + 1, ended_at=None)
    fresh = tx.get(event, row.id)
    hold_print(tx, fresh.zone)
    if not fill_event(tx, fresh, since=since):
        return None
    _forget_past_reminders(tx, row.id)
    coming = select(occurrence.c.id).where(occurrence.c.event_id == row.id, occurrence.c.state == "open")
    return int(tx.value(coming.order_by(occurrence.c.due_at)))


def move_planned(
    tx: WriteTx, viewer: Viewer, occurrence_id: int, starts: str, *, executor_id: int | None = None
) -> None:
    """Let this one take place at another local time, maybe in other hands; a series goes on as it was. Raises NotFound,
    Forbidden, Invalid, Conflict for what is over."""
    one = hold_own(tx, viewer, occurrence_id)
    local = parse_starts(starts)
    due = instant_of(local, get_zone(one.zone))
    hands = one.executor_id if executor_id is None else executor_id
    _demand_sees(tx, one.scope_id, hands, executor=True)
    remind_at = remind_at_of(due, one.remind_minutes)
    if remind_at is not None and remind_at <= clock.now():
        remind_at = None
    moved = {"starts": show_starts(local), "due_at": due, "executor_id": hands}
    tx.change(occurrence, occurrence_id, **moved, remind_at=remind_at, reminded_at=None, held_at=None)
    told = {"starts": moved["starts"], "executor_id": hands} if not one.rule else {}
    tx.change(event, one.event_id, version=one.version + 1, **told)
    tell_of(tx, "event.changed", occurrence_id, one.scope_id, one.counterparty_id)


def drop_planned(tx: WriteTx, viewer: Viewer, occurrence_id: int, part: Part = "this") -> None:
    """It does not take place: this one, or all that is still to come of a series. Raises NotFound, Forbidden, Conflict
    for what is over."""
    one = hold_own(tx, viewer, occurrence_id)
    gone = occurrence.c.id == occurrence_id
    if part == "all":
        gone = (occurrence.c.event_id == one.event_id) & (occurrence.c.state == "open")
        gone = gone & (occurrence.c.due_at >= one.due_at)
    now = clock.now()
    over = {"state": "dropped", "remind_at": None, "held_at": None, "done_at": now, "done_by_id": viewer.user_id}
    tx.execute(update(occurrence).where(gone).values(**over))
    ended = {"ended_at": now} if part == "all" or not one.rule else {}
    tx.change(event, one.event_id, version=one.version + 1, **ended)
    tell_of(tx, "event.dropped", occurrence_id, one.scope_id, one.counterparty_id)


def may_change(viewer: Viewer, one: Planned) -> bool:
    """Whose it is: of who does it, who planned it, who takes part, and who gives work to others."""
    mine = viewer.user_id in (one.executor_id, one.author_id, *one.user_ids)
    return mine or (viewer.may_somewhere("assign") if one.scope_id == HOUSE else viewer.may("assign", one.scope_id))


def hold_own(tx: WriteTx, viewer: Viewer, occurrence_id: int) -> Planned:
    """What is planned, held for a change by somebody who may. Raises NotFound, Forbidden, Conflict for what is over."""
    tx.lock(event, get_planned(tx, viewer, occurrence_id).event_id)
    tx.lock(occurrence, occurrence_id)
    one = get_planned(tx, viewer, occurrence_id)
    if not may_change(viewer, one):
        raise Forbidden("Only who planned this, who does it or takes part may change it.")
    if one.state != "open":
        raise Conflict("This is over already.")
    return one


def _read(plan: Plan, subject: str) -> dict[str, Any]:
    if plan.kind not in KINDS:
        raise Invalid("There is no kind “%(kind)s” of what can be planned.", kind=plan.kind, field="kind")
    subject, body = " ".join(plan.subject.split()) or subject, plan.body.strip()
    if not subject:
        raise Invalid("Write what is to be done.", field="subject")
    place = " ".join(plan.place.split())
    texts = (("subject", subject, LONGEST_SUBJECT), ("body", body, LONGEST_BODY), ("place", place, LONGEST_PLACE))
    for field, text, longest in texts:
        if len(text) > longest:
            raise Invalid("This text is longer than %(count)s characters.", count=longest, field=field)
    if not 0 <= plan.minutes <= LONGEST_MINUTES:
        raise Invalid("It cannot take that long.", field="minutes")
    if not -1 <= plan.remind_minutes <= LONGEST_REMIND:
        raise Invalid("Choose a reminder of at most thirty days before.", field="remind_minutes")
    get_zone(plan.zone)
    local, rule = parse_starts(plan.starts), ""
    if plan.rule:
        parsed = parse_rule(plan.rule)
        local, rule = first_time(parsed, local), write_rule(parsed)
    return {
        "kind": plan.kind,
        "subject": subject,
        "body": body,
        "place": place,
        "starts": show_starts(local),
        "zone": plan.zone,
        "minutes": plan.minutes,
        "rule": rule,
        "remind_minutes": plan.remind_minutes,
        "executor_id": plan.executor_id,
    }


def _participants(tx: ReadTx, scope_id: int, plan: Plan) -> list[Mapping[str, int | None]]:
    users = [one for one in dict.fromkeys(plan.user_ids) if one != plan.executor_id]
    contacts = list(dict.fromkeys(plan.contact_ids))
    if len(users) + len(contacts) > MOST_PARTICIPANTS:
        raise Invalid("At most %(count)s take part.", count=MOST_PARTICIPANTS, field="user_ids")
    _demand_sees(tx, scope_id, plan.executor_id, executor=True)
    _demand_all_see(tx, scope_id, users)
    for one in contacts:
        get_contact(tx, one)
    inside = [{"user_id": one, "contact_id": None} for one in users]
    return [*inside, *({"user_id": None, "contact_id": one} for one in contacts)]


def _demand_all_see(tx: ReadTx, scope_id: int, user_ids: Iterable[int]) -> None:
    for one in user_ids:
        _demand_sees(tx, scope_id, one)


def _demand_sees(tx: ReadTx, scope_id: int, user_id: int, *, executor: bool = False) -> None:
    """Nobody gets what they may not see."""
    try:
        their = get_viewer(tx, user_id)
    except NotFound as problem:
        raise NotFound("There is no user with the number %(id)s.", id=user_id) from problem
    sees = scope_id == HOUSE or scope_id in their.full or (executor and scope_id in their.assigned)
    if not sees:
        name = get_user(tx, user_id).name
        field = "executor_id" if executor else "user_ids"
        raise Invalid("%(name)s may not see the letter that this is about.", name=name, field=field)


def _forget_past_reminders(tx: WriteTx, event_id: int) -> None:
    """A reminder whose moment has passed when something is planned is none: whoever plans it knows."""
    here = (occurrence.c.event_id == event_id) & (occurrence.c.remind_at <= clock.now())
    tx.execute(update(occurrence).where(here, occurrence.c.state == "open").values(remind_at=None))


def tell_of(tx: WriteTx, kind: str, occurrence_id: int, scope_id: int, counterparty_id: int | None) -> None:
    """Let whoever follows the calendar know."""
    tx.announce(TOPIC)
    fields = {"counterparty_id": counterparty_id}
    record_change(tx, kind, occurrence_id, scope_id=None if scope_id == HOUSE else scope_id, fields=fields)
