"""What people say of a thread, for its head and its tools: put aside, tags, followers, urgency, another mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.moments import Opens, list_moments, say_moment
from api.web.place import Place
from api.web.shapes import TAG_COLOURS, Person, Speaker, make_person, short_name
from core.clock import iso
from core.database import ReadTx
from crm.staff.people import list_names
from crm.staff.readable import Viewer
from crm.working import find_calendar
from mailhub.mailboxes.attention import is_answer_needed
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.following import list_followers
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.moving import list_targets
from mailhub.mailboxes.tag_rows import Tag


@dataclass(frozen=True, slots=True)
class SeenWork:
    """What the work on a thread needs beside its row; ``targets`` are the mailboxes it may be moved to."""

    followers: dict[int, str]
    targets: Sequence[Mailbox]
    opens: Opens | None
    answer_needed: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that is offered."""

    when: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TagChip:
    """A tag on a thread: its list, and what takes it off."""

    id: int
    name: str
    colour: str
    url: str


@dataclass(frozen=True, slots=True)
class Target:
    """A mailbox to move to."""

    id: int
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class WorkUrls:
    """Where the buttons post to."""

    snooze: str
    take_up: str
    tags: str
    tag: str
    follow: str
    urgent: str
    answer: str
    move: str


@dataclass(frozen=True, slots=True)
class Work:
    """See templates/web/_work_tools.html and _work_marks.html. ``answer_needed`` is None where nobody waits anyway."""

    snoozed: str | None
    snoozed_iso: str
    moments: list[Moment]
    earliest: str
    tags: list[TagChip]
    urgent: bool
    following: bool
    followers: list[Person]
    answer_needed: bool | None
    targets: list[Target]
    urls: WorkUrls


def see_opens(tx: ReadTx, mailbox_id: int) -> Opens | None:
    """When a mailbox begins to work again, by its calendar."""
    calendar = find_calendar(tx, get_mailbox(tx, mailbox_id).calendar_key)
    return None if calendar is None else lambda at: calendar.add(at, 0)


def see_work(tx: ReadTx, viewer: Viewer, row: ThreadRow) -> SeenWork:
    """Read it, on the snapshot of the thread."""
    followers = list_names(tx, list_followers(tx, row.id))
    may_answer = viewer.may("answer", row.scope_id, row.executor_id)
    return SeenWork(
        followers,
        list_targets(tx, viewer, row.mailbox_id) if may_answer else [],
        see_opens(tx, row.mailbox_id),
        is_answer_needed(tx, row.id),
    )


def make_work(speaker: Speaker, place: Place, row: ThreadRow, seen: SeenWork) -> Work:
    """The work on a thread, opened from a place."""
    names = {
        "later": speaker.say("Later today"),
        "tomorrow": speaker.say("Tomorrow morning"),
        "monday": speaker.say("On Monday"),
        "week": speaker.say("In a week"),
    }
    language, now = speaker.language, speaker.now
    moments = list_moments(now, language.zone, seen.opens)
    urls = {name: place.act(row.id, name.replace("_", "-")) for name in WorkUrls.__slots__}
    asked = row.waiting_for is not None or not seen.answer_needed
    return Work(
        snoozed=None if row.snoozed_until is None else say_moment(language, now, row.snoozed_until),
        snoozed_iso="" if row.snoozed_until is None else iso(row.snoozed_until),
        moments=[Moment(when, names[when], say_moment(language, now, at)) for when, at in moments.items()],
        earliest=f"{language.moment(now):%Y-%m-%dT%H:%M}",
        tags=[make_chip(one) for one in row.tags],
        urgent=bool(row.urgent),
        following=speaker.viewer.user_id in seen.followers,
        followers=[make_person(name, me=one == speaker.viewer.user_id) for one, name in seen.followers.items()],
        answer_needed=seen.answer_needed if asked else None,
        targets=[Target(box.id, short_name(box), box.address) for box in seen.targets],
        urls=WorkUrls(**urls),
    )


def make_chip(tag: Tag) -> TagChip:
    """A tag as it stands on pages."""
    return TagChip(tag.id, tag.name, TAG_COLOURS[tag.colour], f"/tags/{tag.id}")
