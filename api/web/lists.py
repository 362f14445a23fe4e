"""A list of threads: from what a verb read to what ``templates/web/_list.html`` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from api.web.found import Somebody, make_known
from api.web.place import IN_A_MAILBOX, Place
from api.web.rows import SECTIONS, Section, make_sections, mark_hits
from api.web.shapes import Speaker, short_name
from api.web.shell import Around
from core.database import ReadTx
from core.errors import Invalid, NotFound
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import list_mailboxes
from mailhub.mailboxes.finding import Hit, Known, find_known, find_threads, parse_search
from mailhub.mailboxes.lists import ThreadRow, list_threads
from mailhub.mailboxes.tag_rows import Tag
from mailhub.mailboxes.tags import get_tag
from mailhub.mailboxes.views import SavedView, get_view, list_view


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a place."""

    rows: Sequence[ThreadRow]
    next: str | None
    view: SavedView | None = None
    unfinished: bool = False
    looked_back_to: int | None = None
    hits: Sequence[Hit] = ()
    known: Known | None = None
    problem: Invalid | None = None
    tag: Tag | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Another look at the same mailbox."""

    url: str
    title: str
    current: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Where one may go on."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Empty:
    """What is said where there are no rows."""

    title: str
    text: str
    step: Step | None


@dataclass(frozen=True, slots=True)
class List:
    """See templates/web/_list.html."""

    title: str
    url: str
    total: int | None
    sections: list[Section]
    next_url: str | None
    news_url: str
    orders: list[Order]
    empty: Empty | None
    words: str
    finds: bool
    bulk_url: str
    choices_url: str
    rows_url: str
    older: str | None = None
    edit_url: str | None = None
    known: Sequence[Somebody] = ()


def see_list(tx: ReadTx, viewer: Viewer, place: Place, after: str | None, zone: tzinfo = UTC) -> Listed:
    """A page of a place; ``zone`` is whose days a search means.

    Raises NotFound for a mailbox that is not there or not theirs, Invalid for a bad cursor.
    """
    scope_id = None
    if place.mailbox_id is not None:
        boxes = list_mailboxes(tx, viewer)
        scope_id = next((box.scope_id for box in boxes if box.id == place.mailbox_id), None)
        if scope_id is None:
            raise NotFound("There is no mailbox with the number %(id)s.", id=place.mailbox_id)
    if place.tag is not None:
        tag = get_tag(tx, place.tag)
        page = list_threads(tx, viewer, "all", tag_id=tag.id, after=after)
        return Listed(page.items, page.next, tag=tag)
    if place.view == "all":
        return _see_found(tx, viewer, place, after, zone)
    if place.saved is not None:
        view = get_view(tx, viewer, place.saved)
        looked = list_view(tx, viewer, view, after=after)
        return Listed(looked.items, looked.next, view, looked.unfinished, looked.looked_back_to)
    page = list_threads(tx, viewer, place.view, scope_id=scope_id, after=after)
    return Listed(page.items, page.next)


def _see_found(tx: ReadTx, viewer: Viewer, place: Place, after: str | None, zone: tzinfo) -> Listed:
    """A page of a search; one that cannot be read is a page that says why."""
    try:
        search = parse_search(place.words, zone=zone)
        found = find_threads(tx, viewer, search, after=after)
    except Invalid as problem:
        if problem.fields.get("field") == "after":
            raise
        return Listed([], None, problem=problem)
    known = find_known(tx, search) if after is None else None
    rows = [hit.row for hit in found.hits]
    return Listed(rows, found.next, None, found.older, found.looked_back_to, found.hits, known)


def title_of(speaker: Speaker, place: Place, around: Around) -> str:
    """The name of a place, the same in rail, head and "back"."""
    if place.saved is not None:
        return next((view.name for view, _ in around.views if view.id == place.saved), "")
    if place.tag is not None:
        return speaker.say("Tag")
    boxes = around.boxes
    if place.mailbox_id is not None:
        return next((short_name(box) for box in boxes if box.id == place.mailbox_id), "")
    if place.view == "all":
        return speaker.say("Search")
    return {
        "waiting": speaker.say("Waiting for us"),
        "mine": speaker.say("Assigned to me"),
        "open": speaker.say("All open"),
        "snoozed": speaker.say("Put aside"),
        "closed": speaker.say("Closed"),
        "spam": speaker.say("Junk"),
    }[place.view]


def make_list(
    speaker: Speaker, place: Place, found: Listed, around: Around, *, open_id: int | None = None, section: str = ""
) -> List:
    """The list; ``section`` is where the page before ended."""
    totals = {"waiting": around.counters.waiting, "all": len(found.rows) if place.words and not found.next else None}
    sections = make_sections(
        speaker,
        place,
        found.rows,
        open_id=open_id,
        after=section,
        late=found.view is not None and found.view.late,
        whole=found.next is None,
    )
    if found.hits:
        sections = mark_hits(sections, found.hits)
    last = (sections[-1].key or "rows") if sections else ""
    if section in SECTIONS and last in SECTIONS:
        last = max(section, last, key=SECTIONS.index)
    return List(
        title=found.tag.name if found.tag else title_of(speaker, place, around),
        url=place.url,
        total=totals.get(place.view) if place.mailbox_id is None and place.saved is None else None,
        sections=sections,
        next_url=place.page(found.next, last) if found.next else None,
        news_url=place.fragment("news"),
        orders=_looks(speaker, place),
        empty=None if sections or found.unfinished else _empty(speaker, place, found, around),
        words=place.words,
        finds=place.view == "all" and place.tag is None,
        bulk_url=place.all("bulk"),
        choices_url=place.fragment("choices"),
        rows_url=place.fragment("rows"),
        older=_older(speaker, found) if found.unfinished else None,
        known=make_known(speaker, found.known) if found.known is not None else (),
        edit_url=f"/views/{found.view.id}/edit" if found.view is not None and found.view.own else None,
    )


def _looks(speaker: Speaker, place: Place) -> list[Order]:
    if place.mailbox_id is None:
        return []
    names = {"open": speaker.say("Open"), "closed": speaker.say("Closed"), "spam": speaker.say("Junk")}
    return [Order(Place(view, place.mailbox_id).url, names[view], view == place.view) for view in IN_A_MAILBOX]


def _older(speaker: Speaker, found: Listed) -> str:
    """How far a view has looked: nobody may take what it shows for all that there is."""
    day = speaker.language.format_date(found.looked_back_to or speaker.now)
    return speaker.say("Looked back to %(day)s. Look further back", day=day)


def _empty_tag(speaker: Speaker) -> Empty:
    text = speaker.say("Open a thread and press L to put it on. Its threads stand here, whatever their state.")
    return Empty(speaker.say("No thread has this tag"), text, Step("/open", speaker.say("All open threads")))


def _empty(speaker: Speaker, place: Place, found: Listed, around: Around) -> Empty:
    if found.problem is not None:
        said = speaker.say(found.problem.sentence, **found.problem.fields)
        return Empty(speaker.say("This cannot be looked for"), said, None)
    if place.tag is not None:
        return _empty_tag(speaker)
    all_open = Step("/open", speaker.say("All open threads"))
    if place.view == "all":
        if not place.words:
            text = speaker.say(
                "Words, “phrases”, -without, from: to: subject: file: has:pdf is:open client: mailbox: tag: before: "
                "after"
            )
            return Empty(speaker.say("What are you looking for?"), text, None)
        begin = place.words.rstrip()
        step = None
        if begin[-1:].isalnum():
            step = Step(Place("all", None, f"{begin}*").url, speaker.say("Also words that begin so"))
        text = speaker.say("All the words must stand in one letter, in its text, subject, names or files.")
        return Empty(speaker.say("Nothing found"), text, step)
    if not around.boxes:
        text = speaker.say("Ask an administrator for the right to see a mailbox. Its letters come here at once.")
        return Empty(speaker.say("You see no mailbox yet"), text, None)
    if place.saved is not None:
        text = speaker.say("Threads that fit the conditions of this view come here by themselves.")
        return Empty(speaker.say("Nothing fits this view"), text, None)
    if place.mailbox_id is not None:
        text = speaker.say("Letters to this mailbox come here by themselves.")
        return Empty(speaker.say("Nothing here"), text, None)
    title, text = {
        "waiting": (
            speaker.say("Nobody waits for us"),
            speaker.say("A letter from a client comes here and stays until somebody answers it."),
        ),
        "mine": (
            speaker.say("Nothing is assigned to you"),
            speaker.say("Take a thread from those that wait, or let somebody give you one."),
        ),
        "open": (speaker.say("No open threads"), speaker.say("Every thread that is not closed stands here.")),
        "snoozed": (
            speaker.say("Nothing is put aside"),
            speaker.say("What you put aside until a moment stands here, and comes back at it or with a new letter."),
        ),
        "closed": (speaker.say("No closed threads"), speaker.say("What is done comes here and can be opened again.")),
        "spam": (speaker.say("No junk"), speaker.say("Letters that a filter or somebody called junk come here.")),
    }[place.view]
    return Empty(title, text, all_open if place.view in ("waiting", "mine") else None)
