"""What somebody has to hear of: the bell, the page of notices, and how one wants to hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.desk import After, Asked, Desk, Id, html, lead
from api.web.forms import read_form, read_id
from api.web.place import Place
from api.web.shapes import Person, Speaker, make_person, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.mailboxes.notice_tables import KINDS, Kind, Way
from mailhub.mailboxes.notice_wishes import get_wishes, set_wishes
from mailhub.mailboxes.notices import Notice, count_notices, get_notice, list_notices, mark_notices
from mailhub.notices.mornings import HOURS, find_hour, set_hour
from mailhub.notices.words import say_notice

IN_THE_BELL = 10
ICONS: dict[Kind, str] = {
    "assigned": "user-check",
    "mentioned": "at",
    "letter": "mail",
    "bounced": "mail-exclamation",
    "unsent": "clock",
    "reminder": "clock",
    "escalation": "alarm",
    "snooze": "alarm",
    "planned": "calendar",
    "promise": "alarm",
}
OfKind = Annotated[str, QueryParameter(name="kind", max_length=20)]


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice."""

    id: int
    icon: str
    text: str
    url: str
    who: Person | None
    time_iso: str
    time_text: str
    read: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """How one kind is heard of."""

    kind: Kind
    way: Way


@dataclass(frozen=True, slots=True)
class Heard:
    """What the page reads."""

    page: Page[Notice]
    new: int
    wishes: dict[Kind, Way]
    hour: int | None
    around: Around


@dataclass(frozen=True, slots=True)
class NoticePage:
    """See templates/web/notices.html."""

    lines: list[NoticeLine]
    new: int
    mentions: bool
    more_url: str | None
    wishes: list[Wish]
    hours: list[tuple[int, bool]]


def make_line(speaker: Speaker, notice: Notice) -> NoticeLine:
    """One notice, with the address that opens it and marks it as read."""
    when = make_when(speaker, notice.at, long=True)
    assert when is not None
    return NoticeLine(
        id=notice.id,
        icon=ICONS[notice.kind],
        text=say_notice(speaker.language, speaker.now, notice),
        url=f"/notices/{notice.id}",
        who=make_person(notice.by) if notice.by else None,
        time_iso=when.iso,
        time_text=when.text,
        read=notice.read,
    )


def place_of(notice: Notice) -> str:
    """Where a notice leads: its thread, at the note or the letter that it is about; what is planned; the client."""
    if notice.planned is not None:
        return f"/calendar/{notice.planned.id}"
    if notice.promise is not None:
        return f"/promises/{notice.promise.id}"
    if notice.row is None:
        client_id = notice.fields.get("client_id")
        return "/calendar" if client_id is None else f"/clients/{client_id}"
    anchor = (
        f"#note-{notice.note_id}" if notice.note_id else f"#letter-{notice.message_id}" if notice.message_id else ""
    )
    return Place("open", notice.row.mailbox_id).thread(notice.row.id) + anchor


@get("/notices", include_in_schema=False)
async def page(door: NamedDependency[Door], request: Asked, after: After = None, kind: OfKind = "") -> Response[str]:
    """All of them, newest first; or only where one was named."""
    desk = Desk(door, request)
    only: Kind | None = "mentioned" if kind == "mentioned" else None

    def see(tx: ReadTx, viewer: Viewer) -> Heard:
        found = list_notices(tx, viewer, kind=only, after=after)
        wishes, hour = get_wishes(tx, viewer), find_hour(tx, viewer)
        return Heard(found, count_notices(tx, viewer), wishes, hour, see_around(tx, viewer))

    def render(viewer: Viewer, found: Heard) -> str:
        speaker = desk.speaker(viewer)
        shown = NoticePage(
            [make_line(speaker, one) for one in found.page.items],
            found.new,
            only is not None,
            _more(found.page.next, kind if only else ""),
            [Wish(each, way) for each, way in found.wishes.items()],
            [(one, one == found.hour) for one in HOURS],
        )
        return desk.render("notices.html", speaker, found.around, "mentions" if only else "notices", notices=shown)

    return html(await door.page(render, see))


def _more(after: str | None, kind: str) -> str | None:
    return f"/notices?after={after}{f'&kind={kind}' if kind else ''}" if after else None


@get("/notices/{notice_id:int}", include_in_schema=False)
async def opened(door: NamedDependency[Door], request: Asked, notice_id: Id) -> Response[str]:
    """To what a notice is about; it is read from now on."""
    return lead(request, await door.write(_open, notice_id))


def _open(tx: WriteTx, viewer: Viewer, notice_id: int) -> str:
    notice = get_notice(tx, viewer, notice_id)
    mark_notices(tx, viewer, ids=[notice_id])
    return place_of(notice)


@get("/fragments/notices", include_in_schema=False)
async def bell(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The bell with its number and the newest."""
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> tuple[Page[Notice], int]:
        return list_notices(tx, viewer, limit=IN_THE_BELL), count_notices(tx, viewer)

    def render(viewer: Viewer, found: tuple[Page[Notice], int]) -> str:
        speaker = desk.speaker(viewer)
        lines = [make_line(speaker, one) for one in found[0].items]
        return desk.render("_bell.html", speaker, None, "notices", bell={"new": found[1], "lines": lines})

    return html(await door.page(render, see))


@post("/notices/read", include_in_schema=False, status_code=200)
async def mark(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """All are read, or one is, or is new again."""
    form = await read_form(request)
    notice_id = read_id(form, "notice_id")
    ids = [notice_id] if notice_id is not None else []
    await door.write(mark_notices, ids=ids, read=form.get("read", "yes") == "yes")
    return lead(request, "/notices")


@post("/notices/wishes", include_in_schema=False, status_code=200)
async def wish(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """How one wants to hear of each kind, and at which hour of what is planned."""
    form, zone = await read_form(request), Desk(door, request).zone
    wishes: dict[str, str] = {kind: form[kind] for kind in KINDS if kind in form}

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_wishes(tx, viewer, wishes)
        if "hour" in form:
            set_hour(tx, viewer, read_id(form, "hour"), zone)

    await door.write(verb)
    return lead(request, "/notices")


ROUTES = [page, opened, bell, mark, wish]
