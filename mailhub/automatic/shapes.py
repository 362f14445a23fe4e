"""What a rule for letters that go by themselves says, as plain values, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from core import clock
from core.errors import Invalid

Kind = Literal[
    "event", "date", "silence", "segment_in", "segment_out", "letter", "document", "assigned", "tag", "field"
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
TIMED = frozenset({"event", "date", "silence"})
"""What comes by the clock; all else comes with something that happens."""
State = Literal["waiting", "held", "sent", "left_out", "stopped", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
REASONS = (
    "no_address", "no_letter_address", "refused", "no_consent", "bounce", "complaint", "unsubscribed", "hand",
    "not_in_segment", "too_often", "no_value", "over", "answered", "rule_gone", "spared",
)  # fmt: skip
"""Why a letter did not go."""
People = Literal["main", "all"]
Hours = Literal["any", "working"]
LONGEST_MINUTES = 60 * 24 * 400
MOST_CAP = 365
BIRTHDAY = "birthday"


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule says beside its letters.

    ``minutes`` before (negative), at or after the moment; with ``date`` whole days, and ``at_minute`` is the minute of
    the day. ``what`` narrows an event or a document to its kind; ``words`` has to stand in its subject; ``field`` is
    ``contact.birthday`` or ``counterparty.attributes.KEY``, with ``field`` the one that changes;
    ``number`` is the segment or the tag that it is about.
    ``segment_id`` 0: everybody, else who is in it when the letter goes. ``hours``: any, or the working hours and no
    holiday where the person lives. ``cap_days``: nobody whom a letter of any rule reached so many days ago.
    ``until_answer``: an answer ends what this rule still had for them."""

    kind: Kind
    minutes: int = 0
    what: str = ""
    words: str = ""
    field: str = ""
    yearly: bool = False
    at_minute: int = 9 * 60
    number: int = 0
    segment_id: int = 0
    hours: Hours = "any"
    cap_days: int = 0
    until_answer: bool = True


_TYPES: dict[str, type] = {
    "minutes": int, "at_minute": int, "number": int, "segment_id": int, "cap_days": int,
    "what": str, "words": str, "field": str, "yearly": bool, "until_answer": bool,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it stands now; ``tried`` says whether it may be switched on. ``letters`` by language."""

    id: int
    name: str
    mailbox_id: int
    scope_id: int
    state: Literal["off", "on", "paused"]
    version: int
    tried: bool
    since: int | None
    looked_at: int | None
    told: Told
    letters: dict[str, dict[str, Any]]
    created_by: int | None
    changed_at: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """A time at which a rule has a letter for somebody: ``due_at`` is the moment that the rule names."""

    subject_kind: str
    subject_id: int
    due_key: str
    due_at: int
    counterparty_id: int | None
    contact_id: int | None
    facts: dict[str, Any] = field(default_factory=dict)
    thread_id: int | None = None


def parse_told(data: object) -> Told:
    """Read what a rule says. Raises Invalid, with the field."""
    if not isinstance(data, Mapping) or data.get("kind") not in KINDS:
        raise Invalid("Say when the letter goes.", field="kind")
    unknown = set(data) - {one.name for one in fields(Told)}
    if unknown:
        raise Invalid("A rule for letters has no “%(name)s”.", name=sorted(unknown)[0], field="kind")
    told = Told(**data)
    for name, kind in _TYPES.items():
        value = getattr(told, name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Invalid("This is not what belongs here.", field=name)
    _demand(abs(told.minutes) <= LONGEST_MINUTES, Invalid("At most 400 days before or after.", field="minutes"))
    _demand(
        told.minutes >= 0 or told.kind in ("event", "date"),
        Invalid("Only what is known ahead has a before.", field="minutes"),
    )
    _demand(
        told.kind != "silence" or told.minutes > 0, Invalid("Say after how long without an answer.", field="minutes")
    )
    _demand(0 <= told.at_minute < 24 * 60, Invalid("Choose an hour of the day.", field="at_minute"))
    _demand(told.hours in get_args(Hours), Invalid("Letters go at any hour, or in working hours.", field="hours"))
    _demand(0 <= told.cap_days <= MOST_CAP, Invalid("A number from 0 to 365, please.", field="cap_days"))
    _demand(
        0 <= told.segment_id < 2**63 and 0 <= told.number < 2**63,
        Invalid("There is no such number.", field="segment_id"),
    )
    _demand(len(told.words) <= 100 and len(told.what) <= 40, Invalid("That is too long.", field="words"))
    if told.kind == "date":
        _demand(told.minutes % (24 * 60) == 0, Invalid("Before or after a date one counts in days.", field="minutes"))
        party, _, name = told.field.partition(".")
        _demand(party in ("contact", "counterparty") and bool(name), Invalid("Choose a date.", field="field"))
    if told.kind == "field":
        party, _, name = told.field.partition(".")
        known = party in ("contact", "counterparty") and name.startswith("attributes.")
        _demand(known, Invalid("Choose a field.", field="field"))
    if told.kind in ("segment_in", "segment_out"):
        _demand(told.number > 0, Invalid("Choose a segment.", field="number"))
    if told.kind == "tag":
        _demand(told.number > 0, Invalid("Choose a tag.", field="number"))
    return told


def told_data(told: Told) -> dict[str, Any]:
    """As ``parse_told`` reads it."""
    return asdict(told)


def shift(told: Told) -> int:
    """How far behind its moment a letter goes, in microseconds; negative is before."""
    return told.minutes * clock.MINUTE


def _demand(holds: bool, otherwise: Invalid) -> None:
    if not holds:
        raise otherwise
