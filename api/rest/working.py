"""``/working-calendar`` and what mailboxes and clients are promised: by when an answer is due."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.shapes import Body, Id, Number
from core.database import ReadTx, WriteTx
from crm.execution import (
    Way,
)
from crm.parties import find_hours, get_counterparty
from crm.staff.people import get_user
from crm.staff.readable import Viewer
from crm.working import Calendar, calendar_data, parse_calendar
from mailhub.mailboxes.boxes import get_mailbox, rule_mailbox
from mailhub.mailboxes.terms import (
    Terms,
    find_house_calendar,
    find_own_calendar,
    get_managed,
    set_client_hours,
    set_house_calendar,
    set_mailbox_calendar,
    set_terms,
    terms_of,
)

Hours = Annotated[int, msgspec.Meta(ge=0, le=720)]


class CalendarView(msgspec.Struct):
    """A working calendar as ``zone``, ``hours``, ``country``, ``region`` and ``days``; null: every hour counts."""

    calendar: dict[str, Any] | None


class NewCalendar(Body):
    """``{zone, hours: seven lists of [from, to], country?, region?, days?: [{date, hours, name?}]}``; null for none."""

    calendar: dict[str, Any] | None


class TermsBody(Body):
    """Working hours for the first answer and the next ones (0: alike); the reminder after so many per cent of the time
    or so many working minutes before its end (0: not so); whom what is late is told (empty: who manages it)."""

    answer_hours: Hours = 8
    next_hours: Hours = 0
    remind_share: Annotated[int, msgspec.Meta(ge=0, le=99)] = 75
    remind_minutes: Annotated[int, msgspec.Meta(ge=0, le=10080)] = 0
    escalates: bool = True
    escalate_to: Annotated[tuple[Number, ...], msgspec.Meta(max_length=20)] = ()


class RoutingBody(Body):
    """How new threads of a mailbox get their executor."""

    way: Way
    default_executor_id: Number | None = None


class ClientHours(Body):
    """The working hours in which a client may expect the first answer and the next ones; 0: as anybody."""

    answer_hours: Hours
    next_hours: Hours = 0


def _show_calendar(calendar: Calendar | None) -> CalendarView:
    return CalendarView(None if calendar is None else calendar_data(calendar))


def _show_terms(terms: Terms) -> TermsBody:
    return TermsBody(
        answer_hours=terms.answer_hours,
        next_hours=terms.next_hours,
        remind_share=terms.remind_share,
        remind_minutes=terms.remind_minutes,
        escalates=terms.escalates,
        escalate_to=terms.escalate_to,
    )


@get("/working-calendar", tags=["execution"])
async def show_house_calendar(door: NamedDependency[Door]) -> CalendarView:
    """When the house works."""
    return _show_calendar(await door.read(lambda tx, _viewer: find_house_calendar(tx)))


@put("/working-calendar", tags=["execution"])
async def keep_house_calendar(door: NamedDependency[Door], data: JSONBody[NewCalendar]) -> CalendarView:
    """Say when the house works (administrators); who waits already is due anew."""
    calendar = None if data.calendar is None else parse_calendar(data.calendar)
    await door.write(set_house_calendar, calendar)
    return _show_calendar(calendar)


@get("/mailboxes/{mailbox_id:int}/working-calendar", tags=["execution"])
async def show_box_calendar(door: NamedDependency[Door], mailbox_id: Id) -> CalendarView:
    """The calendar that a mailbox which you manage has of its own; null: that of the house."""

    def verb(tx: WriteTx, viewer: Viewer) -> Calendar | None:
        return find_own_calendar(tx, get_managed(tx, viewer, mailbox_id))

    return _show_calendar(await door.write(verb))


@put("/mailboxes/{mailbox_id:int}/working-calendar", tags=["execution"])
async def keep_box_calendar(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[NewCalendar]) -> CalendarView:
    """Give a mailbox that you manage a calendar of its own, or null for that of the house."""
    calendar = None if data.calendar is None else parse_calendar(data.calendar)
    await door.write(set_mailbox_calendar, mailbox_id, calendar)
    return _show_calendar(calendar)


@get("/mailboxes/{mailbox_id:int}/terms", tags=["execution"])
async def show_terms(door: NamedDependency[Door], mailbox_id: Id) -> TermsBody:
    """What a mailbox that you manage promises."""
    return _show_terms(await door.write(lambda tx, viewer: terms_of(get_managed(tx, viewer, mailbox_id))))


@put("/mailboxes/{mailbox_id:int}/terms", tags=["execution"])
async def keep_terms(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[TermsBody]) -> TermsBody:
    """Say what a mailbox that you manage promises; who waits already is due anew."""
    terms = Terms(
        data.answer_hours,
        data.next_hours,
        data.remind_share,
        data.remind_minutes,
        data.escalates,
        tuple(dict.fromkeys(data.escalate_to)),
    )

    def verb(tx: WriteTx, viewer: Viewer) -> Terms:
        set_terms(tx, viewer, mailbox_id, terms)
        return terms_of(get_mailbox(tx, mailbox_id))

    return _show_terms(await door.write(verb))


@put("/mailboxes/{mailbox_id:int}/routing", tags=["execution"])
async def keep_routing(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[RoutingBody]) -> RoutingBody:
    """Say how new threads of a mailbox that you manage get their executor."""

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        if data.default_executor_id is not None:
            get_user(tx, data.default_executor_id)
        rule_mailbox(tx, viewer, mailbox_id, way=data.way, default_executor_id=data.default_executor_id)

    await door.write(verb)
    return data


@get("/counterparties/{counterparty_id:int}/hours", tags=["execution"])
async def show_client_hours(door: NamedDependency[Door], counterparty_id: Id) -> ClientHours:
    """How soon a client may expect to be answered."""

    def verb(tx: ReadTx, _viewer: Viewer) -> tuple[int, int]:
        get_counterparty(tx, counterparty_id)
        return find_hours(tx, counterparty_id)

    answer, further = await door.read(verb)
    return ClientHours(answer_hours=answer, next_hours=further)


@put("/counterparties/{counterparty_id:int}/hours", tags=["execution"])
async def keep_client_hours(
    door: NamedDependency[Door], counterparty_id: Id, data: JSONBody[ClientHours]
) -> ClientHours:
    """Agree with a client on how soon it is answered (who manages a mailbox)."""
    await door.write(set_client_hours, counterparty_id, data.answer_hours, data.next_hours)
    return data


ROUTES = [
    show_house_calendar,
    keep_house_calendar,
    show_box_calendar,
    keep_box_calendar,
    show_terms,
    keep_terms,
    keep_routing,
    show_client_hours,
    keep_client_hours,
]
