"""The timeline on a client's page: what happened, by kinds, and what one writes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.fielding import demand_required
from api.web.client_words import kind_words, line_kinds, one_kind
from api.web.desk import Asked, Desk, Id, lead
from api.web.document_words import document_kinds, say_sum
from api.web.field_form import Input, make_inputs, read_inputs
from api.web.field_words import Line as Told
from api.web.field_words import show_values
from api.web.forms import read_form, read_id
from api.web.marketing_words import touch_ways
from api.web.place import Place
from api.web.shapes import Person, Speaker, make_person
from core import clock
from core.clock import iso
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page
from crm.attributes import Attribute, list_attributes
from crm.documents import Document, documents_of
from crm.interactions import (
    HIDDEN,
    KINDS,
    TOUCH,
    Interaction,
    add_interaction,
    count_kinds,
    drop_interaction,
    get_interaction,
    list_timeline,
    may_write,
    say_channel,
)
from crm.marketing import MarketingEvent, marketing_events_of
from crm.parties import Channel, list_channels, list_people_of
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
    "document": "file-text",
    "mailing": "send",
    "touch": "user-check",
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
    documents: dict[int, Document] = field(default_factory=dict)
    own: Sequence[Attribute] = ()
    channels: Sequence[Channel] = ()
    events: dict[int, MarketingEvent] = field(default_factory=dict)


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
    own: list[Told]
    url: str | None
    based_on: tuple[str, str | None] | None
    author: Person | None
    mine: bool
    channel: tuple[int, str] | None
    may_say: bool
    may_base: bool
    base_url: str
    time_iso: str
    time_text: str
    day: str | None = None
    """What day begins with this line."""


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
    own: list[tuple[str, list[Input]]]
    channels: list[tuple[int, str]]


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
    page = list_timeline(tx, viewer, client_id, kinds=[kind] if kind else (), after=after, limit=SHOWN)
    return Past(
        base=base,
        page=page,
        documents=documents_of(tx, [line.document_id for line in page.items if line.document_id]),
        kinds=count_kinds(tx, viewer, client_id),
        kind=kind,
        people={one.id: one.name for one in list_people_of(tx, client_id)},
        users={one.id: one.name for one in list_users(tx)},
        own=list_attributes(tx, "interaction", ended=viewer.uses("fields")),
        channels=list_channels(tx) if viewer.uses("marketing") else (),
        events=marketing_events_of(tx, [line.marketing_event_id for line in page.items if line.marketing_event_id]),
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
        lines=_by_days(speaker, [_line(speaker, line, past, here) for line in past.page.items], past.page.items),
        next_url=f"{here}?{urlencode(asked)}" if past.page.next else None,
        write_url=f"{here}/written",
        kinds=[(kind, name, ICONS[kind]) for kind, name in one_kind(speaker).items()],
        people=sorted(past.people.items(), key=lambda one: one[1].casefold()),
        may_write=may_write(speaker.viewer),
        base=past.base,
        now_text=local.strftime("%Y-%m-%dT%H:%M"),
        own=make_inputs(past.own, {}),
        channels=[(one.id, one.name) for one in past.channels if not one.ended],
    )


def _by_days(speaker: Speaker, lines: list[Line], items: Sequence[Interaction]) -> list[Line]:
    """The first line of each day says which it is."""
    today = speaker.language.moment(speaker.now).toordinal()
    before: int | None = None
    told = []
    for line, item in zip(lines, items, strict=True):
        day = speaker.language.moment(item.happened_at).toordinal()
        name = {0: speaker.say("Today"), 1: speaker.say("Yesterday")}.get(today - day)
        told.append(
            line if day == before else replace(line, day=name or speaker.language.format_date(item.happened_at))
        )
        before = day
    return told


def _line(speaker: Speaker, line: Interaction, past: Past, here: str) -> Line:
    letter = line.kind in ("letter", HIDDEN)
    icon = ("arrow-up-right" if line.direction == "out" else "arrow-down-left") if letter else ICONS[line.kind]
    subject = speaker.say("There was a letter") if line.kind == HIDDEN else line.subject
    if letter and not subject:
        subject = speaker.say("no subject")
    author = past.users.get(line.author_id or 0)
    base = line.based_on
    more = speaker.language.ngettext("%(n)s minute", "%(n)s minutes", line.minutes) if line.minutes else ""
    told, url = "" if letter else line_kinds(speaker)[line.kind], _thread_url(line.thread_id)
    if document := past.documents.get(line.document_id or 0):
        told, url = document_kinds(speaker)[document.kind], f"/documents/{document.id}"
        subject, more = subject or told, say_sum(speaker, document.amount, document.currency)
    if event := past.events.get(line.marketing_event_id or 0):
        told, subject, url = touch_ways(speaker)[line.touch], event.name, f"/marketing/{event.id}"
    if line.mailing_id is not None:
        url = f"/mailings/{line.mailing_id}"
    return Line(
        id=line.id,
        icon=icon,
        kind=told if told != subject else "",
        who=past.people.get(line.contact_id or 0, ""),
        subject=subject,
        body=line.body,
        more=more,
        own=[told for part in show_values(speaker, past.own, line.attributes) for told in part.lines],
        url=url,
        based_on=(base.subject or speaker.say("no subject"), _thread_url(base.thread_id)) if base else None,
        author=make_person(author, me=line.author_id == speaker.viewer.user_id) if author else None,
        mine=line.author_id == speaker.viewer.user_id and line.kind in (*KINDS, TOUCH),
        channel=next(((one.id, one.name) for one in past.channels if one.id == line.channel_id), None),
        may_say=line.kind == "letter" and line.may_answer,
        may_base=line.id > 0,
        base_url=f"{here}?base={line.id}#write",
        time_iso=iso(line.happened_at),
        time_text=speaker.language.format_time(line.happened_at),
    )


def _thread_url(thread_id: int | None) -> str | None:
    return Place("all").thread(thread_id) if thread_id is not None else None


@post("/clients/{client_id:int}/written", include_in_schema=False, status_code=200)
async def written(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """A note, a call, a meeting: written into the timeline, or one's own line taken away. A mistake is a toast beside
    what was written."""
    form = await read_form(request, LONGEST_WRITTEN)
    zone = Desk(door, request).zone
    removed, line = read_id(form, "remove"), read_id(form, "channel_of")

    def write(tx: WriteTx, viewer: Viewer) -> None:
        if removed is not None:
            drop_interaction(tx, viewer, removed)
            return
        if line is not None:
            say_channel(tx, viewer, line, read_id(form, "channel_id"))
            return
        own = read_inputs(list_attributes(tx, "interaction"), form)
        if own is not None:
            demand_required(tx, "interaction", own)
        add_interaction(
            tx,
            viewer,
            client_id,
            form.get("kind", "note"),
            subject=form.get("subject", ""),
            body=form.get("body", ""),
            contact_id=read_id(form, "contact_id"),
            minutes=read_id(form, "minutes") or 0,
            happened_at=read_local(form.get("happened_at", ""), zone),
            channel_id=read_id(form, "channel_id"),
            based_on_id=read_id(form, "based_on_id"),
            attributes=own,
        )

    await door.write(write)
    return lead(request, f"/clients/{client_id}")


def read_local(text: str, zone: ZoneInfo) -> int | None:
    """The moment of a day and an hour there, None for nothing. Raises Invalid."""
    if not text.strip():
        return None
    try:
        read = datetime.fromisoformat(text).replace(tzinfo=zone)
        return int(read.timestamp()) * clock.SECOND
    except (ValueError, OverflowError) as problem:
        raise Invalid("Choose a day and an hour.", field="happened_at") from problem


ROUTES = [written]
