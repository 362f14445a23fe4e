"""A mailing: what is planned, its states, and who may do what with it.

Whoever may answer from its mailbox sees and prepares it; whoever manages the mailbox starts it. To stop is safe, so
whoever prepares may do that too. Mailings leave from public mailboxes alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Row, Select, bindparam, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.parties import find_kept
from crm.parties.tables import contact, counterparty
from crm.parties.words import Of
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand
from crm.staff.rights import Right
from mailhub.campaigns.tables import mailing, mailing_choice, mailing_event, topic
from mailhub.mailboxes.boxes import get_mailbox, list_addresses_of
from mailhub.outbound.beginning import get_sender

TOPIC = "mailings"
State = Literal["draft", "scheduled", "sending", "paused", "done", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
People = Literal["main", "all"]
PEOPLE: tuple[People, ...] = get_args(People)
ChoiceKind = Literal["everybody", "group", "segment", "client", "contact"]
Pictures = Literal["hosted", "inside"]
PICTURES: tuple[Pictures, ...] = get_args(Pictures)
Tracking = Literal["off", "totals", "persons"]
TRACKING: tuple[Tracking, ...] = get_args(Tracking)
"""What is kept of openings and clicks: nothing, how many there were, or whose they were."""
CHOICE_KINDS: tuple[ChoiceKind, ...] = get_args(ChoiceKind)
MOST_CHOICES = 5_000
LONGEST_NAME = 120
MOST_DAYS = 365
UNAPPROVED: dict[str, Any] = {"approved_by": None, "approved_at": None}

MOVES: dict[tuple[State, State], str] = {
    ("draft", "scheduled"): "Somebody started it for a later moment.",
    ("draft", "sending"): "Somebody started it.",
    ("draft", "cancelled"): "Somebody put it away.",
    ("scheduled", "draft"): "Somebody took it off its moment.",
    ("scheduled", "sending"): "Its moment came.",
    ("scheduled", "cancelled"): "Somebody cancelled it.",
    ("sending", "paused"): "Somebody paused it, or it stopped by itself.",
    ("sending", "done"): "Nothing of it waits any more.",
    ("sending", "cancelled"): "Somebody cancelled what had not left.",
    ("paused", "sending"): "Somebody let it go on.",
    ("paused", "done"): "Nothing of it waits any more.",
    ("paused", "cancelled"): "Somebody cancelled what had not left.",
    ("done", "sending"): "Somebody wants those tried again that failed.",
}
"""Every move that is allowed, each with its sentence."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who shall get it (``takes``) or shall not; ``number`` 0 with ``everybody``."""

    takes: bool
    kind: ChoiceKind
    number: int = 0


@dataclass(frozen=True, slots=True)
class Mailing:
    """What stands in the table, as pages and programs see it. ``reasons`` counts those who were left out, by reason;
    ``faults`` is what the check found; ``counts`` counts the recipients by state as of ``counted_at``."""

    id: int
    name: str
    mailbox_id: int
    scope_id: int
    sender: str
    sender_name: str
    state: State
    letter_version: int
    people: People
    cap_days: int
    list_state: Literal["none", "working", "done"]
    list_run: int
    list_done: int
    list_total: int
    list_hash: bytes | None
    recipients_count: int
    excluded_count: int
    reasons: dict[str, int]
    frozen_at: int | None
    check_state: Literal["none", "working", "done"]
    check_run: int
    check_done: int
    checked_version: int
    faults: list[dict[str, Any]]
    checked_at: int | None
    start_at: int | None
    canary: int
    made_by: int | None
    sender_by: int | None
    difference: dict[str, Any] | None
    approved_by: int | None
    approved_at: int | None
    tracking: Tracking
    pictures: Pictures
    topic_id: int | None
    counts: dict[str, int]
    domains: dict[str, dict[str, int]]
    slices: dict[str, int] | None
    counted_at: int | None
    a_minute: int
    days: int
    since_hour: int
    until_hour: int
    zone: str
    warm_up: int
    rate: int
    started_by: int | None
    started_at: int | None
    ended_at: int | None
    created_by: int | None
    created_at: int
    changed_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened with a mailing; ``sentence`` is for the reader's language."""

    id: int
    user_id: int | None
    sentence: str
    fields: dict[str, Any]
    at: int


def shape_mailing(row: Row[Any]) -> Mailing:
    """A row of the table."""
    return Mailing(**{name: getattr(row, name) for name in Mailing.__slots__})


def _seen_by(viewer: Viewer, statement: Select[Any]) -> Select[Any]:
    scopes = sorted(one for one in viewer.full if viewer.may("answer", one))
    return statement.where(mailing.c.scope_id.in_(scopes))


def get_mailing(tx: ReadTx, viewer: Viewer, mailing_id: int) -> Mailing:
    """One of them. Raises NotFound, alike for what is not there and what is not theirs."""
    row = tx.row(_seen_by(viewer, select(mailing).where(mailing.c.id == mailing_id)))
    if row is None:
        raise NotFound("There is no mailing with the number %(id)s.", id=mailing_id)
    return shape_mailing(row)


def find_mailing(tx: ReadTx, viewer: Viewer, mailing_id: int | None) -> Mailing | None:
    """One of them, where the viewer may see it."""
    row = None if mailing_id is None else tx.row(_seen_by(viewer, select(mailing).where(mailing.c.id == mailing_id)))
    return None if row is None else shape_mailing(row)


def list_mailings(
    tx: ReadTx, viewer: Viewer, *, state: str | None = None, after: str | None = None, limit: int = 50
) -> Page[Mailing]:
    """Those of the viewer's mailboxes, the newest first. Raises Invalid for a state that is none, a bad cursor."""
    if state is not None and state not in STATES:
        raise Invalid("A mailing is %(states)s.", states=", ".join(STATES), field="state")
    statement = _seen_by(viewer, select(mailing)).order_by(mailing.c.id.desc())
    if state is not None:
        statement = statement.where(mailing.c.state == state)
    if after is not None:
        statement = statement.where(mailing.c.id < decode_cursor(after, (int,))[0])
    page = cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([shape_mailing(row) for row in page.items], page.next)


_LAST = select(mailing.c.tracking).where(mailing.c.scope_id == bindparam("id")).order_by(mailing.c.id.desc()).limit(1)


def add_mailing(tx: WriteTx, viewer: Viewer, name: str, mailbox_id: int) -> int:
    """A new one, still empty; openings and clicks are kept as in the last one of its mailbox. Raises NotFound,
    Forbidden, Invalid."""
    box = get_sender(tx, viewer, mailbox_id)
    if box.kind != "public":
        raise Invalid("Mailings leave from a public mailbox, so that colleagues see the answers.", field="mailbox_id")
    now = clock.now()
    made = tx.insert(
        mailing, name=_name(name), mailbox_id=box.id, scope_id=box.scope_id, sender=box.address, sender_name=box.name,
        reasons={}, faults=[], counts={}, domains={}, tracking=tx.value(_LAST, {"id": box.scope_id}) or "off",
        created_by=viewer.user_id, made_by=viewer.user_id, created_at=now, changed_at=now,
    )  # fmt: skip
    record_audit(tx, viewer.user_id, "mailing-added", str(made))
    _tell_pages(tx, made, box.scope_id)
    return made


def change_mailing(
    tx: WriteTx,
    viewer: Viewer,
    mailing_id: int,
    *,
    name: str | None = None,
    sender: str | None = None,
    sender_name: str | None = None,
    people: str | None = None,
    cap_days: int | None = None,
    canary: int | None = None,
    tracking: str | None = None,
    pictures: str | None = None,
    topic_id: int | None = None,
) -> None:
    """What is set beside letter and recipients, each if given. ``people``: of a company its main contact or all;
    ``cap_days``: nobody who got a mailing so many days ago (0: whatever they got); ``canary``: so many first, the rest
    when somebody lets it go on (0: all at once); ``tracking``: what is kept of openings and clicks; ``pictures``:
    whether those that were brought to it lie in this house (``hosted``) or go along in each letter (``inside``);
    ``topic_id``: what it is about (0: nothing that readers can choose). Raises NotFound, Forbidden, Invalid, Conflict
    once it was started."""
    row = hold_draft(tx, viewer, mailing_id)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _name(name)
    if sender is not None:
        values["sender"] = _sender(tx, row.mailbox_id, sender)
    if sender_name is not None:
        values["sender_name"] = " ".join(sender_name.split())[:LONGEST_NAME]
    if any(values.get(key, getattr(row, key)) != getattr(row, key) for key in ("sender", "sender_name")):
        values |= stale_check(row) | {"sender_by": viewer.user_id}  # letters may say it
    if canary is not None:
        values["canary"] = _bounded(canary, 1_000_000, "canary")
    if topic_id is not None and (topic_id or None) != row.topic_id:
        values["topic_id"] = _topic(tx, topic_id)
        values |= stale_list(row) | {"made_by": viewer.user_id}
    if tracking is not None:
        if tracking not in TRACKING:
            raise Invalid(
                "Openings and clicks are kept as one of these: %(ways)s.", ways=", ".join(TRACKING), field="tracking"
            )
        values["tracking"] = tracking
        values |= UNAPPROVED if tracking != row.tracking else {}
    if pictures not in (None, row.pictures):
        if pictures not in PICTURES:
            raise Invalid("Pictures are hosted, or they go inside the letter.", field="pictures")
        values |= {"pictures": pictures} | stale_check(row)  # inside there is a bound to their size
    if people is not None and people not in PEOPLE:
        raise Invalid("Of a company the main contact gets it, or all do.", field="people")
    if people not in (None, row.people) or cap_days not in (None, row.cap_days):
        values["people"] = people or row.people
        values["cap_days"] = row.cap_days if cap_days is None else _bounded(cap_days, MOST_DAYS, "cap_days")
        values |= stale_list(row) | {"made_by": viewer.user_id}
    change(tx, row, **values)


def set_choices(tx: WriteTx, viewer: Viewer, mailing_id: int, choices: list[Choice]) -> None:
    """Who shall get it and who shall not, from now on. The list has to be frozen anew. Raises NotFound, Forbidden,
    Invalid, Conflict once it was started."""
    row = hold_draft(tx, viewer, mailing_id)
    if len(choices) > MOST_CHOICES:
        raise Invalid("Choose at most %(most)s; make a group for more.", most=MOST_CHOICES, field="choices")
    tx.execute(mailing_choice.delete().where(mailing_choice.c.mailing_id == mailing_id))
    for one in dict.fromkeys(choices):
        if one.kind not in CHOICE_KINDS:
            raise Invalid("Recipients are chosen by %(kinds)s.", kinds=", ".join(CHOICE_KINDS), field="choices")
        number = 0 if one.kind == "everybody" else one.number
        tx.insert(mailing_choice, mailing_id=mailing_id, takes=int(one.takes), kind=one.kind, number=number)
    change(tx, row, **stale_list(row), made_by=viewer.user_id)


_CHOICES = (
    select(mailing_choice)
    .where(mailing_choice.c.mailing_id == bindparam("id"))
    .order_by(mailing_choice.c.takes.desc(), mailing_choice.c.kind, mailing_choice.c.number)
)


_PARTIES: dict[str, Of] = {"client": "counterparty", "contact": "contact"}
_GONE = {
    kind: select(one.c.id).where(one.c.id.in_(bindparam("ids", expanding=True)), one.c.merged_into.is_not(None))
    for kind, one in (("client", counterparty), ("contact", contact))
}


def list_choices(tx: ReadTx, mailing_id: int) -> list[Choice]:
    """Who shall get a mailing that the reader was allowed to open. Who was merged into somebody since is them now."""
    rows = tx.rows(_CHOICES, {"id": mailing_id})
    kept: dict[tuple[str, int], int] = {}
    for kind, of in _PARTIES.items():
        numbers = [row.number for row in rows if row.kind == kind]
        for number in tx.values(_GONE[kind], {"ids": numbers}) if numbers else ():
            kept[kind, number] = find_kept(tx, of, number)
    return [Choice(bool(row.takes), row.kind, kept.get((row.kind, row.number), row.number)) for row in rows]


def stale_list(row: Any) -> dict[str, Any]:
    """What has to be done again when somebody else shall get it."""
    return {"list_state": "none", "list_run": row.list_run + 1} | stale_check(row)


def stale_check(row: Any) -> dict[str, Any]:
    """What has to be done again when they shall get something else. An approval was of what it was then."""
    return {"check_state": "none", "check_run": row.check_run + 1, "check_done": 0, **UNAPPROVED}


def hold(tx: WriteTx, viewer: Viewer, mailing_id: int, right: Right = "answer") -> Row[Any]:
    """The row, held until the end of the unit. Raises NotFound, Forbidden."""
    get_mailing(tx, viewer, mailing_id)
    tx.lock(mailing, mailing_id)
    row = tx.get(mailing, mailing_id)
    demand(viewer, right, row.scope_id)
    return row


def hold_draft(tx: WriteTx, viewer: Viewer, mailing_id: int) -> Row[Any]:
    """The same of one that may still be changed. Raises Conflict for others."""
    row = hold(tx, viewer, mailing_id)
    if row.state != "draft":
        raise Conflict("This mailing was started and cannot be changed any more. Begin a new one.")
    return row


def change(tx: WriteTx, row: Any, **values: Any) -> None:
    """Write into a row that is held, and let the pages know."""
    tx.change(mailing, row.id, **values, changed_at=clock.now(), version=row.version + 1)
    _tell_pages(tx, row.id, row.scope_id)


def move_mailing(tx: WriteTx, row: Any, then: State, **values: Any) -> None:
    """Let a row that is held take another state. Raises Conflict for a move that the table does not have."""
    if (row.state, then) not in MOVES:
        raise Conflict("This mailing has moved on in the meantime.", now=row.state, then=then)
    change(tx, row, state=then, **values)


def note_event(tx: WriteTx, mailing_id: int, sentence: str, user_id: int | None = None, **fields: Any) -> None:
    """Write down what happened, for the page of the mailing. ``sentence`` is a message id."""
    now = clock.now()
    tx.insert(mailing_event, mailing_id=mailing_id, user_id=user_id, sentence=sentence, fields=fields, at=now)


def list_events(tx: ReadTx, mailing_id: int, most: int = 30) -> list[Event]:
    """What happened with a mailing that the reader was allowed to open, the newest first."""
    here = select(mailing_event).where(mailing_event.c.mailing_id == mailing_id)
    rows = tx.rows(here.order_by(mailing_event.c.id.desc()).limit(most))
    return [Event(row.id, row.user_id, row.sentence, row.fields, row.at) for row in rows]


def _tell_pages(tx: WriteTx, mailing_id: int, scope_id: int) -> None:
    record_change(tx, "mailing.changed", mailing_id, scope_id=scope_id)
    tx.announce(TOPIC)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    return name


def _topic(tx: ReadTx, topic_id: int) -> int | None:
    if topic_id == 0:
        return None
    if tx.value(select(topic.c.id).where(topic.c.id == topic_id, topic.c.ended_at.is_(None))) is None:
        raise Invalid("There is no such topic.", field="topic_id")
    return topic_id


def _sender(tx: ReadTx, mailbox_id: int, sender: str) -> str:
    box = get_mailbox(tx, mailbox_id)
    sender = sender.strip().lower() or box.address
    if sender != box.address and (sender.startswith("@") or sender not in list_addresses_of(tx, box.id)):
        raise Invalid("This mailbox does not write as %(address)s.", address=sender, field="sender")
    return sender


def _bounded(number: int, most: int, field: str) -> int:
    if not 0 <= number <= most:
        raise Invalid("A number from 0 to %(most)s, please.", most=most, field=field)
    return number
