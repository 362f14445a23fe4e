"""The page of a mailing: to whom, what, the check, when, and what came of it. See templates/web/mailing.html."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.mailing import list_chosen
from api.web.letter_fields import name_fields
from api.web.mailing_charts import draw_time, draw_way
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx
from crm.parties import list_groups, names_of
from crm.segments import list_segments
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from mailhub.campaigns.approving import is_approved, may_approve, needs_approval
from mailhub.campaigns.differing import list_alerts
from mailhub.campaigns.letters import Letter, list_letters
from mailhub.campaigns.mailings import Choice, Event, Mailing, find_mailing, get_mailing, list_events
from mailhub.campaigns.pictures import Picture, list_pictures
from mailhub.campaigns.results import Recipient, find_first, find_neighbours, get_recipient, list_recipients, list_some
from mailhub.campaigns.speed import forecast_end, plan_days
from mailhub.campaigns.topics import Topic, list_topics
from mailhub.campaigns.visits import LinkSum, sum_visits
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_addresses_of

STEPS = ("whom", "what", "check", "when", "results")
FIELDS = ("contact.name", "contact.position", "client.name", "client.city", "manager.name", "manager.email")
STATES = ("sent", "deferred", "failed", "unknown", "bounced", "complained", "queued", "sending", "cancelled", "held")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the page was asked for."""

    step: str = ""
    recipient: int | None = None
    view: str = ""
    words: str = ""
    after: str | None = None
    language: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose."""

    value: int
    name: str
    size: int | None
    takes: bool
    leaves: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads."""

    one: Mailing
    box: Mailbox
    senders: list[str]
    choices: list[Choice]
    groups: list[Option]
    segments: list[Option]
    clients: dict[int, str]
    letters: list[Letter]
    events: list[Event]
    users: dict[int, str]
    colleagues: dict[int, str]
    shown: Recipient | None
    before: int | None
    behind: int | None
    people: Sequence[Recipient]
    links: list[LinkSum]
    topics: list[Topic]
    pictures: list[Picture]
    more: str | None
    may_start: bool
    may_approve: bool
    approved: bool
    last: Mailing | None
    beside: dict[int, str]
    new: Sequence[Recipient]
    left: Sequence[Recipient]
    plan: dict[str, list[int]]
    around: Around


def see_mailing(tx: ReadTx, viewer: Viewer, mailing_id: int, asked: Asked) -> Seen:
    """All that one step shows. Raises NotFound, Invalid."""
    one = get_mailing(tx, viewer, mailing_id)
    choices = list_chosen(tx, mailing_id)
    box = get_mailbox(tx, one.mailbox_id)
    taken: dict[tuple[str, int], bool] = {(choice.kind, choice.number): choice.takes for choice in choices}

    def option(kind: str, number: int, name: str, size: int | None) -> Option:
        takes = taken.get((kind, number))
        return Option(number, name, size, takes is True, takes is False)

    first = asked.recipient or (find_first(tx, mailing_id) if one.list_state == "done" else None)
    shown = get_recipient(tx, viewer, mailing_id, first) if first is not None else None
    before, behind = find_neighbours(tx, mailing_id, first) if first is not None else (None, None)
    staff = list_users(tx)
    told = one.difference or {"mailing_id": None, "twice": [], "new_ids": [], "left_ids": []}
    page = list_recipients(tx, viewer, mailing_id, view=asked.view, words=asked.words, after=asked.after, limit=50)
    return Seen(
        one=one,
        box=box,
        senders=sorted({box.address, *(at for at in list_addresses_of(tx, box.id) if not at.startswith("@"))}),
        choices=choices,
        groups=[option("group", group.id, group.name, None) for group in list_groups(tx)],
        segments=[
            option("segment", each.id, each.name, each.size)
            for each in (list_segments(tx) if viewer.uses("segments") else ())
        ],
        clients=names_of(tx, {choice.number for choice in choices if choice.kind == "client"}),
        letters=list_letters(tx, mailing_id, one.letter_version),
        events=list_events(tx, mailing_id),
        users={user.id: user.name for user in staff},
        colleagues={user.id: user.name for user in staff if not user.disabled and user.id != viewer.user_id},
        shown=shown,
        before=before,
        behind=behind,
        people=page.items,
        topics=[each for each in list_topics(tx) if not each.ended or each.id == one.topic_id],
        pictures=list_pictures(tx, viewer, mailing_id),
        links=sum_visits(tx, mailing_id) if one.tracking != "off" else [],
        more=page.next,
        may_start=viewer.may("manage", one.scope_id),
        may_approve=may_approve(tx, viewer, one),
        approved=is_approved(tx, one),
        last=find_mailing(tx, viewer, told["mailing_id"]),
        beside={
            found.id: found.name for each in told["twice"] if (found := find_mailing(tx, viewer, each["mailing_id"]))
        },
        new=list_some(tx, told["new_ids"]),
        left=list_some(tx, told["left_ids"]),
        plan=plan_days(tx, viewer, mailing_id) if asked.step == "when" else {},
        around=see_around(tx, viewer),
    )


def make_mailing(
    speaker: Speaker, seen: Seen, asked: Asked, typed: Mapping[str, str], problem: str, above: int = 0
) -> dict[str, Any]:
    """The page for its reader; ``typed`` is a form that came back with a ``problem``; above so many
    recipients (``above``, 0: never) somebody else approves."""
    one, language = seen.one, speaker.language
    letter = next((each for each in seen.letters if each.language == asked.language), None)
    step = asked.step if asked.step in STEPS else _step_of(one)
    stopping = [fault for fault in one.faults if fault["stops"]]
    done = sum(one.counts.get(state, 0) for state in ("sent", "bounced", "complained"))
    working = "working" in (one.list_state, one.check_state) or one.state in ("sending", "scheduled")
    ready = one.state == "draft" and one.check_state == "done" and one.checked_version == one.letter_version
    waits = needs_approval(one, above) and not seen.approved
    approver = seen.users.get(one.approved_by or 0) if seen.approved else None
    return {
        "one": one,
        "step": step,
        "steps": _steps(one, step, seen, stopping),
        "box": seen.box,
        "seen": seen,
        "letter": letter,
        "languages": sorted({each.language for each in seen.letters} | {asked.language}),
        "language": asked.language,
        "fields": name_fields(speaker, FIELDS),
        "typed": defaultdict(str, typed),
        "counts": defaultdict(int, one.counts),
        "problem": problem,
        "asked": asked,
        "stopping": stopping,
        "looking": [fault for fault in one.faults if not fault["stops"]],
        "can_start": ready and not stopping and seen.may_start and not waits,
        "can_approve": ready and not stopping and waits and seen.may_approve,
        "unapproved": ready and not stopping and waits,
        "approved": (approver, make_when(speaker, one.approved_at, long=True)),
        "alerts": list_alerts(one.difference, one.recipients_count),
        "difference": one.difference if ready or one.state != "draft" else None,
        "working": working and one.state != "paused",
        "done": done,
        "share": round(100 * done / one.recipients_count) if one.recipients_count else 0,
        "states": list(_bar(one)),
        "time": draw_time(speaker, one.slices),
        "way": draw_way(one),
        "domains": [_domain(name, counts) for name, counts in one.domains.items()],
        "people": [(row, make_when(speaker, row.sent_at)) for row in seen.people],
        "events": [_event(speaker, event, seen.users) for event in seen.events],
        "start": make_when(speaker, one.start_at, long=True),
        "started": make_when(speaker, one.started_at, long=True),
        "frozen": make_when(speaker, one.frozen_at, long=True),
        "ends": make_when(speaker, forecast_end(one, clock.now())),
        "week": [(1 << day, language.locale.days["format"]["abbreviated"][day]) for day in range(7)],
        "number": language.format_number,
    }  # fmt: skip


def _event(speaker: Speaker, event: Event, users: Mapping[int, str]) -> tuple[When | None, str, str | None]:
    """When it was, what, and whose doing."""
    said = speaker.say(event.sentence, **event.fields)
    return make_when(speaker, event.at), said, users.get(event.user_id or 0)


def _step_of(one: Mailing) -> str:
    if one.state != "draft":
        return "results"
    if not one.letter_version:
        return "whom" if one.list_state == "none" and one.version == 1 else "what"
    return "check" if one.check_state != "done" else "when"


def _steps(one: Mailing, step: str, seen: Seen, stopping: Sequence[Any]) -> list[tuple[str, bool, bool, bool]]:
    """Each step: its key, whether it is shown, done, or has something to mend."""
    done = {
        "whom": bool([each for each in seen.choices if each.takes]),
        "what": bool(one.letter_version),
        "check": one.check_state == "done" and one.checked_version == one.letter_version and not stopping,
        "when": one.state != "draft",
        "results": one.state == "done",
    }
    return [(key, key == step, done[key], key == "check" and bool(stopping)) for key in STEPS]


def _bar(one: Mailing) -> Iterator[tuple[str, int, float, float]]:
    """Each state with its count, and where its part of the bar begins and how wide it is, in hundredths."""
    begin = 0.0
    for state in STATES:
        count = one.counts.get(state, 0)
        if count:
            width = round(100 * count / max(one.recipients_count, 1), 2)
            yield state, count, round(begin, 2), width
            begin += width


def _domain(name: str, counts: Mapping[str, int]) -> tuple[str, int, int, int, int]:
    """A domain: sent, in all, put off, failed or come back."""
    sent = sum(counts.get(state, 0) for state in ("sent", "complained"))
    failed = sum(counts.get(state, 0) for state in ("failed", "bounced"))
    return name, sent, sum(counts.values()), counts.get("deferred", 0), failed
