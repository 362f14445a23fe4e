"""Rows of lists: from what a verb read to what ``templates/web/_row.html`` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.web.moments import say_moment
from api.web.place import Place
from api.web.shapes import TAG_COLOURS, Person, Pill, Speaker, colour_of, executor_of, lateness, make_pill
from core.clock import iso
from mailhub.mailboxes.finding import Hit, Piece
from mailhub.mailboxes.lists import ThreadRow

MOST_TAGS = 2
SECTIONS = ("late", "soon", "time")


@dataclass(frozen=True, slots=True)
class Marked:
    """What a search found in a row: subject and line in pieces, hits apart; where nothing was found in the text, the
    line is empty."""

    subject: tuple[Piece, ...]
    line: tuple[Piece, ...]
    in_file: bool


@dataclass(frozen=True, slots=True)
class TagMark:
    """A tag in a row."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Row:
    """See templates/web/_row.html."""

    id: int
    url: str
    live_url: str
    who: str
    client_name: str | None
    subject: str
    snippet: str
    lang: str | None
    time_iso: str
    time_text: str
    pill: Pill | None
    unread: bool
    letters: int
    attachments: int
    executor: Person | None
    colour: str | None
    gone: str | None
    current: bool
    me: int
    assign_url: str | None
    close_url: str | None
    snooze_url: str | None = None
    tags: tuple[TagMark, ...] = ()
    urgent: bool = False
    snoozed: str | None = None
    undelivered: bool = False
    found: Marked | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one head; ``continued`` when the head stands on the page before."""

    key: str | None
    count: int | None
    continued: bool
    rows: list[Row]


def make_row(
    speaker: Speaker, place: Place, found: ThreadRow, *, open_id: int | None = None, read: bool = False
) -> Row:
    """A row in this place; ``read`` when it is just being opened."""
    viewer = speaker.viewer
    may_answer = viewer.may("answer", found.scope_id, found.executor_id)
    may_take = viewer.may("assign", found.scope_id, found.executor_id) or (may_answer and found.executor_id is None)
    waits = lateness(found, speaker.now) is not None
    return Row(
        id=found.id,
        url=place.thread(found.id),
        live_url=place.fragment(f"rows/{found.id}"),
        who=found.who or found.who_address,
        client_name=found.counterparty_name if found.counterparty_name != found.who else None,
        subject=found.subject,
        snippet=found.snippet,
        lang=found.language or None,
        time_iso=iso(found.last_message_at),
        time_text=speaker.language.format_list_time(speaker.now, found.last_message_at),
        pill=make_pill(speaker, found.waiting_since, found.due_at) if waits and found.waiting_since else None,
        unread=bool(found.unread) and not read,
        letters=found.message_count,
        attachments=found.attachment_count,
        executor=executor_of(found, viewer),
        colour=colour_of(found.mailbox_kind, found.mailbox_colour) if place.mailbox_id is None else None,
        gone=_why_gone(speaker, place, found),
        current=found.id == open_id,
        me=viewer.user_id,
        assign_url=place.act(found.id, "assign") if may_take and found.state == "open" else None,
        close_url=place.act(found.id, "close") if may_answer and found.state in ("open", "snoozed") else None,
        snooze_url=place.act(found.id, "snooze") if may_answer and found.state == "open" else None,
        undelivered=found.undelivered,
        tags=tuple(TagMark(one.name, TAG_COLOURS[one.colour]) for one in found.tags[:MOST_TAGS]),
        urgent=bool(found.urgent),
        snoozed=say_moment(speaker.language, speaker.now, found.snoozed_until) if found.snoozed_until else None,
    )


def mark_hits(sections: Sequence[Section], hits: Sequence[Hit]) -> list[Section]:
    """The rows with what was found in them."""
    found = {hit.row.id: Marked(hit.subject, hit.excerpt, hit.in_file) for hit in hits}
    return [replace(one, rows=[replace(row, found=found.get(row.id)) for row in one.rows]) for one in sections]


def belongs(place: Place, found: ThreadRow, user_id: int) -> bool:
    """True when a thread stands in this list, as the list itself would say."""
    if place.saved is not None:
        return True  # what a view asks is not asked again of a row that stands there
    if place.tag is not None:
        return any(one.id == place.tag for one in found.tags)
    if place.mailbox_id is not None and found.mailbox_id != place.mailbox_id:
        return False
    if place.view == "waiting":
        return found.state == "open" and found.waiting_for == "us"
    if place.view == "mine":
        return found.state == "open" and found.executor_id == user_id
    return place.view in ("all", found.state)


def make_sections(
    speaker: Speaker,
    place: Place,
    rows: Sequence[ThreadRow],
    *,
    open_id: int | None,
    after: str = "",
    late: bool = False,
    whole: bool = False,
) -> list[Section]:
    """By lateness in the list of what waits and in a view that is sorted so (``late``), else one section without a
    head. ``after`` is the section in which the page before ended: its head and those above it are not repeated.
    A section that ends on this page says how many it has; the last one only when nothing follows (``whole``)."""
    if not rows:
        return []
    if place.view != "waiting" and not late:
        return [Section(None, None, bool(after), [make_row(speaker, place, row, open_id=open_id) for row in rows])]
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        key = lateness(row, speaker.now) or "time"
        by_key.setdefault(key, []).append(make_row(speaker, place, row, open_id=open_id))
    told = SECTIONS.index(after) if after in SECTIONS else -1
    last = max(SECTIONS.index(key) for key in by_key)
    return [
        Section(key, len(by_key[key]) if number < last or whole else None, number <= told, by_key[key])
        for number, key in enumerate(SECTIONS)
        if key in by_key
    ]


def _why_gone(speaker: Speaker, place: Place, found: ThreadRow) -> str | None:
    """Why a row that is still shown stands in this list no more."""
    if belongs(place, found, speaker.viewer.user_id):
        return None
    if found.state != place.view and found.state == "closed":
        return speaker.say("Closed")
    if found.state == "spam":
        return speaker.say("Marked as junk")
    if found.snoozed_until is not None:
        when = say_moment(speaker.language, speaker.now, found.snoozed_until)
        return speaker.say("Put aside until %(when)s", when=when)
    if place.tag is not None:
        return speaker.say("Does not have this tag any more")
    if place.view == "mine":
        name = found.executor_name
        return speaker.say("Given to %(name)s", name=name) if name else speaker.say("Nobody has it any more")
    return speaker.say("Answered") if place.view == "waiting" else speaker.say("Is open again")
