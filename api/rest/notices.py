"""``/notices``: what you have to hear of, and how you want to."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from api.auth import Door
from api.problems import Pages, language_of
from api.rest.shapes import After, Body, Limit, Number
from core import clock
from core.database import ReadTx, WriteTx
from core.language import Language
from crm.staff.readable import Viewer
from mailhub.mailboxes.notice_tables import Kind, Way
from mailhub.mailboxes.notice_wishes import get_wishes, set_wishes
from mailhub.mailboxes.notices import Notice, count_notices, list_notices, mark_notices
from mailhub.notices.mornings import HOURS, find_hour, set_hour
from mailhub.notices.words import say_notice

Asked = Request[Any, Any, Any]


class NoticeView(msgspec.Struct):
    """One notice. ``text`` says it in your language; ``thread_id``, ``planned_id`` or ``promise_id`` is what it is
    about; none of them for a summary."""

    id: int
    kind: str
    text: str
    thread_id: int | None
    planned_id: int | None
    promise_id: int | None
    by: str | None
    message_id: int | None
    note_id: int | None
    at: str
    read: bool


class Notices(msgspec.Struct):
    """A page of them, and how many are new (99 stands for that many or more)."""

    items: list[NoticeView]
    next: str | None
    new: int


class Marked(Body):
    """Which of your notices to mark: these, those of threads, or all when none are named."""

    ids: Annotated[list[Number], msgspec.Meta(max_length=1000)] = msgspec.field(default_factory=list)
    thread_ids: Annotated[list[Number], msgspec.Meta(max_length=1000)] = msgspec.field(default_factory=list)
    read: bool = True


class Count(msgspec.Struct):
    """How many were marked."""

    count: int


class Morning(Body):
    """At which hour (5 to 11, by the clock of the house) the letter of the morning comes; null for never."""

    hour: Annotated[int, msgspec.Meta(ge=HOURS[0], le=HOURS[-1])] | None


class Wishes(Body):
    """For each kind: `app` (in the application), `mail` (there and by mail), `none`."""

    ways: dict[Kind, Way]


def show_notice(language: Language, notice: Notice) -> NoticeView:
    """A notice in the shape of the interface."""
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        text=say_notice(language, clock.now(), notice),
        thread_id=notice.row.id if notice.row else None,
        planned_id=notice.planned.id if notice.planned else None,
        promise_id=notice.promise.id if notice.promise else None,
        by=notice.by,
        message_id=notice.message_id,
        note_id=notice.note_id,
        at=clock.iso(notice.at),
        read=notice.read,
    )


def _wishes(tx: ReadTx, viewer: Viewer) -> dict[Kind, Way]:
    return get_wishes(tx, viewer)


def _change_wishes(tx: WriteTx, viewer: Viewer, ways: dict[Kind, Way]) -> dict[Kind, Way]:
    set_wishes(tx, viewer, {str(kind): way for kind, way in ways.items()})
    return get_wishes(tx, viewer)


@get("/notices", tags=["notices"])
async def list_all(
    door: NamedDependency[Door],
    request: Asked,
    limit: Limit = 50,
    after: After = None,
    kind: FromQuery[Kind | None] = None,
    new: FromQuery[bool] = False,
) -> Notices:
    """What you were told of and may still see, newest first."""

    def verb(tx: ReadTx, viewer: Viewer) -> Notices:
        page = list_notices(tx, viewer, kind=kind, only_new=new, after=after, limit=limit)
        return Notices([show_notice(language, one) for one in page.items], page.next, count_notices(tx, viewer))

    pages: Pages = request.app.state.pages
    language = language_of(request, pages)
    return await door.read(verb)


@post("/notices/read", tags=["notices"], status_code=200)
async def mark(door: NamedDependency[Door], data: JSONBody[Marked]) -> Count:
    """Mark notices as read, or as new again. A read one does not go out by mail any more."""
    marked = await door.write(mark_notices, ids=data.ids, thread_ids=data.thread_ids, read=data.read)
    return Count(marked)


@get("/notices/wishes", tags=["notices"])
async def wishes(door: NamedDependency[Door]) -> Wishes:
    """How you want to hear of each kind."""
    return Wishes(ways=await door.read(_wishes))


@put("/notices/wishes", tags=["notices"])
async def change_wishes(door: NamedDependency[Door], data: JSONBody[Wishes]) -> Wishes:
    """Choose for some kinds or all; what is not named stays."""
    return Wishes(ways=await door.write(_change_wishes, data.ways))


@get("/notices/morning", tags=["notices"])
async def morning(door: NamedDependency[Door]) -> Morning:
    """Whether you get a letter each morning with what is planned and promised for the day."""
    return Morning(hour=await door.read(find_hour))


@put("/notices/morning", tags=["notices"])
async def change_morning(door: NamedDependency[Door], data: JSONBody[Morning]) -> Morning:
    """Choose its hour, or none. On a day without anything to do there is none."""
    await door.write(set_hour, data.hour, ZoneInfo(door.house.settings.company.timezone))
    return data


ROUTES = [list_all, mark, wishes, change_wishes, morning, change_morning]
