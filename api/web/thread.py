"""The open thread: from what a verb read to what ``templates/web/_thread.html`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.web.composer import Composer, Writing, make_composer, see_writing
from api.web.deliveries import make_lines
from api.web.doubts import Doubts, see_doubts
from api.web.events import make_events, with_splits
from api.web.letters import Display, Entry, make_letter
from api.web.notes import Noted, Noting, make_notes, make_noting, see_notes
from api.web.place import Place
from api.web.planned_lines import Planned, make_planned
from api.web.requests import SeenRequests, make_asked, see_requests
from api.web.shapes import Person, Speaker, colour_of, executor_of, lateness, make_person, make_when
from api.web.sharing import SharingMenu, see_sharing
from api.web.work import SeenWork, Work, make_work, see_work
from core.clock import iso
from core.database import ReadTx
from crm.parties import find_contact, get_counterparty
from crm.staff.people import User, list_users
from crm.staff.readable import Viewer
from crm.staff.rights import list_people_with
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.reading import Message, OpenThread
from mailhub.outbound.ledger import Delivery, list_of_messages

UNFOLDED_TAIL = 4
FEW = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """A thread with the names that stand behind its numbers."""

    open: OpenThread
    staff: dict[int, User]
    able: list[int]
    matched: list[tuple[str | None, str | None]]
    """Who may be meant by the sender's address: contact and client, by name."""
    deliveries: dict[int, list[Delivery]]
    writing: Writing | None
    """None for a reader who may not answer."""
    doubts: Doubts
    noted: Noted
    work: SeenWork
    requests: SeenRequests
    sharing: SharingMenu | None = None
    """None for who may not share it."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when an answer is due."""

    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """The mailbox of a thread."""

    name: str
    colour: str
    personal: bool


@dataclass(frozen=True, slots=True)
class Older:
    """The read letters before the last few, folded together."""

    count: int
    text: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Acts:
    """Where the buttons of a thread post to."""

    assign: str
    close: str
    reopen: str
    unread: str
    junk: str
    mergeable: str


@dataclass(frozen=True, slots=True)
class Thread:
    """See templates/web/_thread.html."""

    id: int
    url: str
    back_url: str
    back_title: str
    subject: str
    lang: str | None
    state: str
    mailbox: Box
    deadline: Deadline | None
    executor: Person | None
    executors: list[Person]
    may_change: bool
    urls: Acts
    older: Older | None
    entries: list[Entry]
    newest: int
    earlier_url: str | None
    composer: Composer | None
    noting: Noting | None
    planned: list[Planned]
    work: Work
    sharing: SharingMenu | None = None
    throw_url: str | None = None


def see_names(tx: ReadTx, viewer: Viewer, opened: OpenThread) -> Seen:
    """The names around a thread, on the snapshot it was read on."""
    staff = {user.id: user for user in list_users(tx)}
    able = list_people_with(tx, opened.row.scope_id, "answer")
    pairs = opened.match.get("pairs", [])
    matched = [
        (
            person.name if (person := find_contact(tx, contact_id)) else None,
            get_counterparty(tx, counterparty_id).name if counterparty_id is not None else None,
        )
        for contact_id, counterparty_id in pairs
    ]
    row = opened.row
    may_answer = viewer.may("answer", row.scope_id, row.executor_id)
    return Seen(
        opened,
        staff,
        able,
        matched,
        list_of_messages(tx, [one.id for one in opened.messages if one.direction == "out"]),
        see_writing(tx, viewer, row) if may_answer else None,
        see_doubts(tx, opened.messages, staff.values()),
        see_notes(tx, viewer, row),
        see_work(tx, viewer, row),
        see_requests(tx, viewer, row.mailbox_id, opened.messages),
        sharing=see_sharing(tx, viewer, row),
    )


def make_thread(
    speaker: Speaker,
    place: Place,
    seen: Seen,
    displays: Mapping[int, Display],
    *,
    title: str,
    pictures_of: int | None = None,
) -> Thread:
    """The thread, opened from a place whose name is ``title``; ``pictures_of`` is the one that shows its pictures."""
    row, viewer, before = seen.open.row, speaker.viewer, seen.open.before
    may_answer = viewer.may("answer", row.scope_id, row.executor_id)
    letters = [
        make_letter(
            speaker,
            message,
            displays.get(message.id),
            folded=message is not seen.open.messages[-1],
            pictures_url=None
            if message.id == pictures_of
            else place.thread(row.id, pictures=message.id, before=before),
            doubt=seen.doubts.tell(speaker, message),
            sending=make_lines(speaker, place, seen.deliveries.get(message.id, ()), may_act=may_answer),
            asked=make_asked(speaker, place.act(row.id, "invitation"), seen.requests, message.id, may_answer),
        )
        for message in seen.open.messages
    ]
    if may_answer:
        letters = with_splits(place, row.id, letters)
    older, shown = _fold_older(speaker, letters)
    first = shown[0].at if older and shown else 0
    events = make_events(speaker, place, seen.open, may_change=may_answer)
    why = _why(speaker, seen)
    notes = make_notes(speaker, place, seen.open, seen.noted)
    told = sorted([*shown, *why, *events, *notes], key=lambda entry: max(entry.at, first))
    return Thread(
        id=row.id,
        url=place.thread(row.id),
        back_url=place.url,
        back_title=title,
        subject=row.subject,
        lang=row.language or None,
        state=row.state,
        mailbox=Box(
            row.mailbox_address.partition("@")[0] + "@",
            colour_of(row.mailbox_kind, row.mailbox_colour),
            row.mailbox_kind == "personal",
        ),
        deadline=_deadline(speaker, row),
        executor=executor_of(row, viewer),
        executors=_executors(seen, viewer),
        may_change=may_answer,
        urls=Acts(
            **{name: place.act(row.id, name) for name in ("assign", "close", "reopen", "unread", "junk", "mergeable")}
        ),
        older=older,
        entries=told,
        newest=max(seen.open.messages, key=lambda one: (one.landed_at, one.id)).id if seen.open.messages else 0,
        earlier_url=place.thread(row.id, before=seen.open.earlier) if seen.open.earlier is not None else None,
        composer=make_composer(speaker, place, seen.open, seen.writing) if seen.writing else None,
        noting=make_noting(place, row, seen.noted),
        work=make_work(speaker, place, row, seen.work),
        planned=make_planned(speaker, place, seen.writing.drafts) if seen.writing else [],
        sharing=seen.sharing,
        throw_url=f"/threads/{row.id}/trash" if may_answer else None,
    )


def needs_display(opened: OpenThread) -> list[Message]:
    """The letters in HTML, newest first."""
    return [message for message in reversed(opened.messages) if message.parsed["has_html"]]


def _fold_older(speaker: Speaker, letters: list[Entry]) -> tuple[Older | None, list[Entry]]:
    if len(letters) <= FEW:
        return None, letters
    hidden, shown = letters[:-UNFOLDED_TAIL], letters[-UNFOLDED_TAIL:]
    days = list(dict.fromkeys(speaker.language.format_list_time(speaker.now, entry.at) for entry in hidden))
    span = f"{days[0]} – {days[-1]}" if len(days) > 1 else days[0]
    text = speaker.language.ngettext("older letter, %(when)s", "older letters, %(when)s", len(hidden), when=span)
    return Older(len(hidden), text, hidden), shown


def _executors(seen: Seen, viewer: Viewer) -> list[Person]:
    row = seen.open.row
    if viewer.may("assign", row.scope_id, row.executor_id):
        ids = list(dict.fromkeys([*seen.able, *([viewer.user_id] if viewer.is_admin else [])]))
    else:
        ids = [viewer.user_id] if viewer.may("answer", row.scope_id) and row.executor_id is None else []
    people = [seen.staff[one] for one in ids if one in seen.staff]
    return [
        make_person(one.name, me=one.id == viewer.user_id, person_id=one.id, current=one.id == row.executor_id)
        for one in sorted(people, key=lambda one: (one.id != viewer.user_id, one.name))
    ]


def _deadline(speaker: Speaker, row: ThreadRow) -> Deadline | None:
    state = lateness(row, speaker.now)
    if state is None or row.due_at is None:
        return None
    when = speaker.language.format_list_time(speaker.now, row.due_at)
    hour = speaker.language.format_time(row.due_at)
    due = when if when == hour else f"{when}, {hour}"
    span = speaker.language.format_span(abs(speaker.now - row.due_at))
    if state == "late":
        return Deadline("late", speaker.say("Answer was due %(when)s, %(span)s late", when=due, span=span))
    word = "soon" if state == "soon" else "none"
    return Deadline(word, speaker.say("Answer by %(when)s, %(span)s left", when=due, span=span))


def _why(speaker: Speaker, seen: Seen) -> list[Entry]:
    """How the sender was recognised: the grey line behind the first letter."""
    opened = seen.open
    if not opened.messages or opened.earlier is not None:
        return []
    first = opened.messages[0]
    sentence = _why_sentence(speaker, seen, first)
    if sentence is None:
        return []
    when = make_when(speaker, first.received_at, long=True)
    assert when is not None
    icon = "building" if opened.row.counterparty_id is not None else "user-question"
    lines = [Entry("event", iso(first.received_at), when.text, first.dated_at, sentence, icon=icon)]
    if opened.claims is not None and opened.claims.id != opened.row.id:
        subject = opened.claims.subject or speaker.say("no subject")
        claim = speaker.say("It claims to answer “%(subject)s”, but its sender has no say there.", subject=subject)
        lines.append(Entry("event", when.iso, when.text, first.dated_at, claim, icon="alert-triangle"))
    return lines


def _why_sentence(speaker: Speaker, seen: Seen, first: Message) -> str | None:
    by, matched, address = seen.open.match.get("by"), seen.matched, first.from_address
    if by == "hand" or not first.from_trusted or first.id in seen.doubts.clients:
        return None
    if len(matched) > 1:
        return speaker.say("The address %(address)s may belong to several clients.", address=address)
    if matched and by == "address":
        contact, client = matched[0]
        if contact and client:
            fields = {"address": address, "contact": contact, "client": client}
            return speaker.say("Recognised by the address %(address)s: %(contact)s of %(client)s.", **fields)
        name = client or contact or ""
        return speaker.say("Recognised by the address %(address)s: %(client)s.", address=address, client=name)
    if matched and by == "domain":
        domain, client = address.rpartition("@")[2], matched[0][1] or ""
        return speaker.say("Recognised by the domain %(domain)s: %(client)s.", domain=domain, client=client)
    if seen.open.match.get("refused"):
        return speaker.say("The address %(address)s was called “not a client”.", address=address)
    return speaker.say("No client has the address %(address)s or its domain.", address=address)
