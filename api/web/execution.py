"""Execution: what is late, whose, since when, and who answered in time; for who manages a mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.exports import written
from api.web.desk import After, Asked, Desk, html
from api.web.shapes import Speaker, make_person, make_pill, make_when
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx
from core.errors import Invalid
from core.paging import Page
from crm.execution import list_away
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.report import (
    LATENESS,
    NOBODY,
    Answered,
    Answers,
    Lateness,
    Load,
    count_answers,
    count_load,
    list_answered,
    list_managed,
    list_waiting,
)
from mailhub.mailboxes.report import Asked as Wanted

BoxOf = Annotated[str, QueryParameter(name="mailbox", max_length=20)]
Whose = Annotated[str, QueryParameter(name="who", max_length=20)]
Show = Annotated[str, QueryParameter(name="show", max_length=20)]
Days = Annotated[str, QueryParameter(name="days", max_length=4)]
PERIODS = (7, 30)
MOST_ROWS = 10_000
PART = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What of it is asked for, as it stands in the address. ``show`` is a lateness, ``kept`` or ``missed`` for answers
    that went in time or late, or empty for all that waits."""

    mailbox_id: int | None
    who: int | None
    show: str
    days: int

    @property
    def lateness(self) -> Lateness | None:
        """How late what waits is to be, None for any."""
        return self.show if self.show in LATENESS else None

    @property
    def since(self) -> int:
        """From when on answers count."""
        return clock.now() - self.days * clock.DAY

    def url(self, path: str = "/execution", **changed: Any) -> str:
        """The same with something else in it."""
        fields = {"mailbox": self.mailbox_id, "who": self.who, "show": self.show, "days": self.days} | changed
        usual = {"days": PERIODS[0]}
        kept = {name: one for name, one in fields.items() if one not in (None, "") and one != usual.get(name)}
        return f"{path}?{urlencode(kept)}" if kept else path


@dataclass(frozen=True, slots=True)
class Found:
    """What the page reads."""

    loads: list[Load]
    away: set[int]
    answers: list[Answers]
    waiting: Page[ThreadRow] | None
    answered: Page[Answered] | None
    managed: frozenset[int]
    around: Around


def read_filters(mailbox: str, who: str, show: str, days: str) -> Filters:
    """Raises Invalid for what does not stand in an address of ours."""
    if show not in ("", "kept", "missed", *LATENESS) or days not in ("", *map(str, PERIODS)):
        raise Invalid("There is no such list.", field="show")
    for text in (mailbox, who):
        if text and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Invalid("There is no such list.", field="who")
    return Filters(int(mailbox) if mailbox else None, int(who) if who else None, show, int(days or PERIODS[0]))


def see_execution(tx: ReadTx, viewer: Viewer, asked: Filters, after: str | None) -> Found:
    """Raises Forbidden, NotFound, Invalid."""
    loads = count_load(tx, viewer, asked.mailbox_id)
    waiting = answered = None
    if asked.show in ("kept", "missed"):
        answered = list_answered(
            tx,
            viewer,
            asked.since,
            mailbox_id=asked.mailbox_id,
            executor_id=asked.who,
            in_time=asked.show == "kept",
            after=after,
        )
    else:
        waiting = list_waiting(tx, viewer, Wanted(asked.mailbox_id, asked.who, asked.lateness), after=after)
    return Found(
        loads,
        list_away(tx, [one.executor_id for one in loads if one.executor_id is not None], clock.now()),
        count_answers(tx, viewer, asked.since, asked.mailbox_id),
        waiting,
        answered,
        frozenset(list_managed(tx, viewer)),
        see_around(tx, viewer),
    )


@get("/execution", include_in_schema=False)
async def show_page(
    door: NamedDependency[Door],
    request: Asked,
    mailbox: BoxOf = "",
    who: Whose = "",
    show: Show = "",
    days: Days = "",
    after: After = None,
) -> Response[str]:
    """The page; without a list asked for it shows what is late."""
    desk, asked = Desk(door, request), read_filters(mailbox, who, show, days)

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("execution.html", speaker, found.around, "execution", **shape(speaker, asked, found))

    return html(await door.page(render, see_execution, asked, after))


@get("/execution.csv", include_in_schema=False)
async def export(
    door: NamedDependency[Door], request: Asked, mailbox: BoxOf = "", who: Whose = "", show: Show = "", days: Days = ""
) -> Response[bytes]:
    """The rows of the list as a table for spreadsheets."""
    asked = read_filters(mailbox, who, show, days)
    wanted = Wanted(asked.mailbox_id, asked.who, asked.lateness)

    def verb(tx: ReadTx, viewer: Viewer) -> list[ThreadRow]:
        rows: list[ThreadRow] = []
        after: str | None = None
        while len(rows) < MOST_ROWS:
            page = list_waiting(tx, viewer, wanted, after=after, limit=PART)
            rows += page.items
            after = page.next
            if after is None:
                break
        return rows

    rows = await door.read(verb)
    say = Desk(door, request).speaker(door.viewer).say
    head = [say("Thread"), say("Mailbox"), say("Client"), say("From"), say("Waits since"), say("Due"), say("Executor")]
    return Response(
        table_of(head, rows),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="execution.csv"'},
    )


def table_of(head: list[str], rows: list[ThreadRow]) -> bytes:
    """CSV with the mark by which spreadsheets know UTF-8; nothing in it is a formula."""
    lines = [head]
    for row in rows:
        since, due = clock.iso(row.waiting_since or 0), clock.iso(row.due_at or 0)
        who, client, executor = row.who or row.who_address, row.counterparty_name or "", row.executor_name or ""
        lines.append([row.subject, row.mailbox_address, client, who, since, due, executor])
    return b"\xef\xbb\xbf" + written(lines, ",")


def shape(speaker: Speaker, asked: Filters, found: Found) -> dict[str, Any]:
    """What the template shows."""
    page = found.waiting or found.answered
    late, waiting = sum(one.late for one in found.loads), sum(one.waiting for one in found.loads)
    sentence = speaker.say("Nothing waits for an answer.")
    if waiting:
        sentence = speaker.say("Late: %(late)s of %(waiting)s that wait for an answer.", late=late, waiting=waiting)
    return {
        "sentence": sentence,
        "boxes": [
            (box.id, box.address, box.id == asked.mailbox_id)
            for box in found.around.boxes
            if box.scope_id in found.managed
        ],
        "asked": asked,
        "loads": [_load(asked, one, found.away) for one in found.loads],
        "answers": [_answers(speaker, asked, one) for one in found.answers],
        "periods": [(days, asked.url(days=days), days == asked.days) for days in PERIODS],
        "rows": [_waiting(speaker, row) for row in (found.waiting.items if found.waiting else ())],
        "answered": [_answered(speaker, one) for one in (found.answered.items if found.answered else ())],
        "all_url": asked.url(who=None, show=""),
        "tabs": [(one, asked.url(show=one), asked.show == one) for one in ("", *LATENESS)],
        "csv_url": asked.url("/execution.csv"),
        "more_url": asked.url(after=page.next) if page and page.next else None,
    }


def _load(asked: Filters, one: Load, away: set[int]) -> dict[str, Any]:
    who = one.executor_id or NOBODY
    parts = [(kind, getattr(one, kind), asked.url(who=who, show=kind)) for kind in LATENESS if getattr(one, kind)]
    return {
        "person": make_person(one.name, person_id=one.executor_id) if one.executor_id else None,
        "url": asked.url(who=who, show=""),
        "current": asked.who == who,
        "count": one.waiting,
        "parts": parts,
        "away": one.executor_id in away,
    }


def _answers(speaker: Speaker, asked: Filters, one: Answers) -> dict[str, Any]:
    who = one.executor_id or NOBODY
    return {
        "name": one.name,
        "kept": (one.in_time, asked.url(who=who, show="kept")),
        "missed": (one.late, asked.url(who=who, show="missed")),
        "share": one.in_time * 100 // (one.in_time + one.late),
        "longest": speaker.language.format_span(one.longest),
    }


def _row(speaker: Speaker, row: ThreadRow) -> dict[str, Any]:
    return {
        "url": f"/threads/{row.id}",
        "who": row.who or row.who_address,
        "client": row.counterparty_name,
        "subject": row.subject,
        "lang": row.language or None,
        "mailbox": row.mailbox_address,
        "executor": make_person(row.executor_name or "", me=row.executor_id == speaker.viewer.user_id)
        if row.executor_id
        else None,
    }


def _waiting(speaker: Speaker, row: ThreadRow) -> dict[str, Any]:
    due = row.due_at or 0
    overdue = speaker.now - due
    return _row(speaker, row) | {
        "since": make_when(speaker, row.waiting_since, long=True),
        "due": make_when(speaker, due, long=True),
        "overdue": speaker.language.format_span(overdue) if overdue >= 0 else None,
        "state": make_pill(speaker, row.waiting_since or 0, due).state,
    }


def _answered(speaker: Speaker, one: Answered) -> dict[str, Any]:
    return _row(speaker, one.row) | {
        "since": make_when(speaker, one.since, long=True),
        "due": make_when(speaker, one.due_at, long=True),
        "answered": make_when(speaker, one.answered_at, long=True),
        "took": speaker.language.format_span(one.answered_at - one.since),
        "late": one.answered_at > one.due_at,
    }


ROUTES = [show_page, export]
