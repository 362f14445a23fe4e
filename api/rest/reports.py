"""``/reports/execution``: what is late, whose, since when, and who answered in time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.rest.shapes import After, Items, Limit, moment, page_of
from api.rest.threads import ThreadView, show_thread
from core import clock
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.report import (
    Answered,
    Answers,
    Asked,
    Load,
    count_answers,
    count_load,
    list_answered,
    list_waiting,
)

BoxOf = Annotated[int | None, QueryParameter(name="mailbox_id", ge=1, le=2**63 - 1)]
Whose = Annotated[int | None, QueryParameter(name="executor_id", ge=0, le=2**63 - 1, description="0 for nobody's.")]
Late = Annotated[Literal["late", "soon", "time"] | None, QueryParameter(name="lateness")]
Days = Annotated[int, QueryParameter(name="days", ge=1, le=366, description="Of how many days, up to now.")]
InTime = Annotated[bool | None, QueryParameter(name="in_time")]


class LoadView(msgspec.Struct):
    """What waits for us with one executor; null for what has nobody."""

    executor_id: int | None
    name: str
    late: int
    soon: int
    in_time: int


class AnswersView(msgspec.Struct):
    """How many answers went in time and how many late; ``longest_seconds`` is the longest wait."""

    executor_id: int | None
    name: str
    in_time: int
    late: int
    longest_seconds: int


class ReportView(msgspec.Struct):
    """What waits by executor, and who answered in the last days."""

    waiting: list[LoadView]
    answered: list[AnswersView]


class AnsweredView(msgspec.Struct):
    """One answer behind the numbers."""

    thread: ThreadView
    executor_id: int | None
    first: bool
    waiting_since: str | None
    due_at: str | None
    answered_at: str | None


@get("/reports/execution", tags=["execution"])
async def show_report(door: NamedDependency[Door], mailbox_id: BoxOf = None, days: Days = 7) -> ReportView:
    """What waits by executor and who answered in time, in the mailboxes that you manage."""
    since = clock.now() - days * clock.DAY

    def verb(tx: ReadTx, viewer: Viewer) -> tuple[list[Load], list[Answers]]:
        return count_load(tx, viewer, mailbox_id), count_answers(tx, viewer, since, mailbox_id)

    loads, answers = await door.read(verb)
    return ReportView(
        [LoadView(one.executor_id, one.name, one.late, one.soon, one.time) for one in loads],
        [AnswersView(one.executor_id, one.name, one.in_time, one.late, one.longest // clock.SECOND) for one in answers],
    )


@get("/reports/execution/waiting", tags=["execution"])
async def list_waiting_threads(
    door: NamedDependency[Door],
    mailbox_id: BoxOf = None,
    executor_id: Whose = None,
    lateness: Late = None,
    limit: Limit = 50,
    after: After = None,
) -> Items[ThreadView]:
    """What waits for us in the mailboxes that you manage, the longest overdue first."""
    asked = Asked(mailbox_id, executor_id, lateness)
    page = await door.read(lambda tx, viewer: list_waiting(tx, viewer, asked, after=after, limit=limit))
    return page_of(page, show_thread)


@get("/reports/execution/answered", tags=["execution"])
async def list_answered_threads(
    door: NamedDependency[Door],
    mailbox_id: BoxOf = None,
    executor_id: Whose = None,
    in_time: InTime = None,
    days: Days = 7,
    limit: Limit = 50,
    after: After = None,
) -> Items[AnsweredView]:
    """The answers behind the numbers, newest first."""
    since = clock.now() - days * clock.DAY
    filters: dict[str, Any] = {"mailbox_id": mailbox_id, "executor_id": executor_id, "in_time": in_time}
    page = await door.read(lambda tx, viewer: list_answered(tx, viewer, since, after=after, limit=limit, **filters))
    return page_of(page, _show_answered)


def _show_answered(one: Answered) -> AnsweredView:
    times = moment(one.since), moment(one.due_at), moment(one.answered_at)
    return AnsweredView(show_thread(one.row), one.executor_id, one.first, *times)


ROUTES = [show_report, list_waiting_threads, list_answered_threads]
