"""The timeline on a client's page: what happened, by kinds, and what one writes into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.client_words import kind_words, line_kinds, one_kind
from api.web.desk import Asked, Desk, Id
from api.web.forms import read_form, read_id
from api.web.place import Place
from api.web.shapes import Person, Speaker, make_person, make_when
from core import clock
from core.clock import iso
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page
from crm.interactions import (
    HIDDEN,
    KINDS,
    Interaction,
    add_interaction,
    count_kinds,
    drop_interaction,
    get_interaction,
    list_timeline,
    may_write,
)
from crm.parties import list_people_of
from crm.staff.people import list_users
from crm.staff.readable import Viewer

ICONS = {
    "call": "phone",
    "meeting": "users",
    "negotiation": "users",
    "wish": "mood-smile",
    "note": "note",
    "task": "circle-check",
    "promise": "heart-handshake",
    "change": "arrow-right",
}
SHOWN = 50
LONGEST_WRITTEN = 21_000


@dataclass(frozen=True, slots=True)
class Past:
    """A page of what happened, with who was there."""

    page: Page[Interaction]
    kinds: dict[str, int]
    kind: str
    people: dict[int, str]
    users: dict[int, str]
    base: Interaction | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line; see templates/web/_timeline.html."""

    id: int
    icon: str
    kind: str
    who: str
    subject: str
    body: str
    more: str
    url: str | None
    based_on: tuple[str, str | None] | None
    author: Person | None
    mine: bool
    may_base: bool
    base_url: str
    time_iso: str
    time_text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """See templates/web/_timeline.html."""

    filters: list[tuple[str, str, int, bool]]
    lines: list[Line]
    next_url: str | None
    write_url: str
    kinds: list[tuple[str, str, str]]
    people: list[tuple[int, str]]
    may_write: bool
    now_text: str
    base: Interaction | None


def see_timeline(tx: ReadTx, viewer: Viewer, client_id: int, kind: str, after: str | None, base_id: int | None) -> Past:
    """``base_id`` is the line on whose basis something is to be written. Raises Invalid for a bad cursor or kind,
    NotFound for a line that is not seen there."""
    if kind and kind not in (*ICONS, "letter"):
        raise Invalid("There is no kind “%(kind)s” of what happened.", kind=kind, field="kind")
    base = None
    if base_id is not None:
        owner, base = get_interaction(tx, viewer, base_id)
        if owner != client_id:
            raise NotFound("There is nothing with the number %(id)s in a history.", id=base_id)
    return Past(
        base=base,
        page=list_timeline(tx, viewer, client_id, kinds=[kind] if kind else (), after=after, limit=SHOWN),
        kinds=count_kinds(tx, viewer, client_id),
        kind=kind,
        people={one.id: one.name for one in list_people_of(tx, client_id)},
        users={one.id: one.name for one in list_users(tx)},
    )


def make_timeline(speaker: Speaker, client_id: int, past: Past) -> Timeline:
    """The lines, the filters that have any, and what may be written."""
    here = f"/clients/{client_id}"
    filters = [("", speaker.say("All"), sum(past.kinds.values()))]
    filters += [(kind, name, past.kinds[kind]) for kind, name in kind_words(speaker).items() if past.kinds.get(kind)]
    asked = {"after": past.page.next or ""} | ({"kind": past.kind} if past.kind else {})
    local = datetime.fromtimestamp(speaker.now / clock.SECOND, tz=speaker.language.zone)
    return Timeline(
        filters=[
            (f"{here}?kind={kind}" if kind else here, name, count, kind == past.kind) for kind, name, count in filters
        ],
        lines=[_line(speaker, line, past, here) for line in past.page.items],
        next_url=f"{here}?{urlencode(asked)}" if past.page.next else None,
        write_url=f"{here}/written",
        kinds=[(kind, name, ICONS[kind]) for kind, name in one_kind(speaker).items()],
        people=sorted(past.people.items(), key=lambda one: one[1].casefold()),
        may_write=may_write(speaker.viewer),
        base=past.base,
        now_text=local.strftime("%Y-%m-%dT%H:%M"),
    )


def _line(speaker: Speaker, line: Interaction, past: Past, here: str) -> Line:
    when = make_when(speaker, line.happened_at, long=True)
    assert when is not None
    letter = line.kind in ("letter", HIDDEN)
    icon = ("arrow-up-right" if line.direction == "out" else "arrow-down-left") if letter else ICONS[line.kind]
    subject = speaker.say("There was a letter") if line.kind == HIDDEN else line.subject
    if letter and not subject:
        subject = speaker.say("no subject")
    author = past.users.get(line.author_id or 0)
    base = line.based_on
    return Line(
        id=line.id,
        icon=icon,
        kind="" if letter else line_kinds(speaker)[line.kind],
        who=past.people.get(line.contact_id or 0, ""),
        subject=subject,
        body=line.body,
        more=speaker.language.ngettext("%(n)s minute", "%(n)s minutes", line.minutes) if line.minutes else "",
        url=_thread_url(line.thread_id),
        based_on=(base.subject or speaker.say("no subject"), _thread_url(base.thread_id)) if base else None,
        author=make_person(author, me=line.author_id == speaker.viewer.user_id) if author else None,
        mine=line.author_id == speaker.viewer.user_id and line.kind in KINDS,
        may_base=line.id > 0,
        base_url=f"{here}?base={line.id}#write",
        time_iso=iso(line.happened_at),
        time_text=when.text,
    )


def _thread_url(thread_id: int | None) -> str | None:
    return Place("all").thread(thread_id) if thread_id is not None else None


@post("/clients/{client_id:int}/written", include_in_schema=False, status_code=303)
async def written(door: NamedDependency[Door], request: Asked, client_id: Id) -> Redirect:
    """A note, a call, a meeting: written into the timeline, or one's own line taken away."""
    form = await read_form(request, LONGEST_WRITTEN)
    zone = Desk(door, request).zone
    removed = read_id(form, "remove")

    def write(tx: WriteTx, viewer: Viewer) -> None:
        if removed is not None:
            drop_interaction(tx, viewer, removed)
            return
        add_interaction(
            tx,
            viewer,
            client_id,
            form.get("kind", "note"),
            subject=form.get("subject", ""),
            body=form.get("body", ""),
            contact_id=read_id(form, "contact_id"),
            minutes=read_id(form, "minutes") or 0,
            happened_at=_read_moment(form.get("happened_at", ""), zone),
            based_on_id=read_id(form, "based_on_id"),
        )

    await door.write(write)
    return Redirect(f"/clients/{client_id}", status_code=303)


def _read_moment(text: str, zone: ZoneInfo) -> int | None:
    if not text.strip():
        return None
    try:
        read = datetime.fromisoformat(text).replace(tzinfo=zone)
        return int(read.timestamp()) * clock.SECOND
    except (ValueError, OverflowError) as problem:
        raise Invalid("Choose a day and an hour.", field="happened_at") from problem


ROUTES = [written]
