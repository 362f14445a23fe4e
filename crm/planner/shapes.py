"""What is planned, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["call", "meeting", "negotiation", "task", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["open", "done", "dropped"]


@dataclass(frozen=True, slots=True)
class Planned:
    """One time that something takes place. ``starts`` is the local time in ``zone``, ``due_at`` its instant; ``moved``
    when that is not what the rule says. ``remind_minutes`` before it the executor is reminded, -1 for never.
    ``held`` is a reminder that came while the house was off."""

    id: int
    event_id: int
    kind: Kind
    state: State
    subject: str
    body: str
    starts: str
    zone: str
    minutes: int
    due_at: int
    rule: str
    moved: bool
    remind_minutes: int
    counterparty_id: int | None
    contact_id: int | None
    executor_id: int
    author_id: int
    scope_id: int
    held: bool
    result: str
    result_id: int | None
    done_at: int | None
    uid: str
    version: int
    based_thread_id: int | None
    based_on_id: int | None
    user_ids: tuple[int, ...] = ()
    contact_ids: tuple[int, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be planned. ``starts`` is a local time (``2026-11-22T10:00``) in ``zone``; ``rule`` an RFC 5545 rule,
    empty for once; ``user_ids`` and ``contact_ids`` are who else takes part; ``place`` is where."""

    kind: str
    subject: str
    starts: str
    zone: str
    executor_id: int
    body: str = ""
    minutes: int = 30
    rule: str = ""
    remind_minutes: int = -1
    counterparty_id: int | None = None
    contact_id: int | None = None
    based_on_id: int | None = None
    user_ids: tuple[int, ...] = ()
    contact_ids: tuple[int, ...] = ()
    place: str = ""
