"""The grey lines of a thread: what happened with it, with what can be done about it; and where its subject changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from api.web.letters import Act, Entry
from api.web.moments import say_moment
from api.web.place import Place
from api.web.shapes import Speaker, make_when
from core.clock import parse_iso
from mailhub.letters.subject import parse_base_subject
from mailhub.mailboxes.attention import NEEDED, NOT_NEEDED, NOT_URGENT, URGENT, URGENT_BY_RULE
from mailhub.mailboxes.continuing import GOES_ON, GOES_ON_WITH
from mailhub.mailboxes.gathering import OFFER
from mailhub.mailboxes.joining import MERGED, SPLIT, SPLIT_FROM, TAKEN_OUT
from mailhub.mailboxes.moving import MOVED
from mailhub.mailboxes.reading import Message, OpenThread, ThreadEvent
from mailhub.mailboxes.snoozing import SNOOZED, TAKEN_UP, WOKEN
from mailhub.mailboxes.tags import TAGGED, TAGGED_BY_RULE, UNTAGGED

_ICONS = {
    "Closed.": "check",
    "Opened again.": "arrow-back-up",
    "Marked as junk.": "shield-exclamation",
    MERGED: "git-merge",
    OFFER: "git-merge",
    SPLIT: "arrows-split-2",
    SPLIT_FROM: "arrows-split-2",
    TAKEN_OUT: "arrows-split-2",
    SNOOZED: "alarm-snooze",
    WOKEN: "alarm-snooze",
    TAKEN_UP: "arrow-back-up",
    TAGGED: "tag",
    UNTAGGED: "tag",
    TAGGED_BY_RULE: "tag",
    URGENT: "flag",
    NOT_URGENT: "flag",
    URGENT_BY_RULE: "flag",
    NOT_NEEDED: "message-off",
    NEEDED: "mail",
    MOVED: "folder-symlink",
    GOES_ON: "git-merge",
    GOES_ON_WITH: "git-merge",
}
_WRITTEN = ("letter", "invitation")


def make_events(speaker: Speaker, place: Place, opened: OpenThread, *, may_change: bool) -> list[Entry]:
    """What happened, each with its buttons for who may press them, and the other thread for who may see it."""
    undone: set[int] = set()
    lines = []
    for event in reversed(opened.events):
        other_id = event.fields.get("thread", 0)
        acts = _acts(speaker, place, opened, event) if may_change and other_id not in undone else ()
        if acts:
            undone.add(other_id)
        lines.append(_event(speaker, place, opened, event, acts))
    offers = _changed_subjects(speaker, place, opened) if may_change and not opened.merged else []
    return [*reversed(lines), *offers]


def with_splits(place: Place, thread_id: int, letters: Sequence[Entry]) -> list[Entry]:
    """Letters that can be split off: all but the first."""
    url = place.act(thread_id, "split")
    return [*letters[:1], *(replace(letter, split_url=url) for letter in letters[1:])]


def _event(speaker: Speaker, place: Place, opened: OpenThread, event: ThreadEvent, acts: tuple[Act, ...]) -> Entry:
    fields = event.fields
    if "moment" in fields:
        fields = {**fields, "moment": say_moment(speaker.language, event.at, parse_iso(fields["moment"]))}
    text = speaker.language.gettext(event.sentence, **fields)
    if event.user_name:
        text = speaker.say("%(sentence)s, by %(name)s", sentence=text.removesuffix("."), name=event.user_name)
    when = make_when(speaker, event.at, long=True)
    assert when is not None
    other = opened.related.get(event.fields.get("thread", 0))
    return Entry(
        kind="event",
        time_iso=when.iso,
        time_text=when.text,
        at=event.at,
        text=text,
        icon=_ICONS.get(event.sentence, "arrow-right"),
        other=(other.subject or speaker.say("no subject"), place.thread(other.id)) if other else None,
        acts=acts,
    )


def _acts(speaker: Speaker, place: Place, opened: OpenThread, event: ThreadEvent) -> tuple[Act, ...]:
    here, other_id = opened.row.id, event.fields.get("thread")
    fields = {"thread_id": str(other_id)}
    if event.sentence == MERGED and other_id in opened.merged:
        return (Act(speaker.say("Take it out again"), place.act(here, "unmerge"), fields),)
    if event.sentence == SPLIT_FROM and opened.split_off:
        return (Act(speaker.say("Give the letters back"), place.act(here, "unsplit"), {}),)
    if event.sentence == OFFER and other_id in opened.related:
        return (Act(speaker.say("Merge them"), place.act(here, "merge"), fields),)
    return ()


def _changed_subjects(speaker: Speaker, place: Place, opened: OpenThread) -> list[Entry]:
    """Where a letter goes on under another subject, it may be the beginning of another conversation; what machines
    answer has a subject of its own, and begins none, nor do answers to invitations and calling them off."""
    offers, before = [], parse_base_subject(opened.row.subject)
    for message in opened.messages:
        said = message.parsed.get("invitation") or {}
        if message.kind not in _WRITTEN or said.get("method") in ("REPLY", "COUNTER", "CANCEL"):
            continue
        subject = parse_base_subject(message.subject)
        if subject and before and subject != before and message is not opened.messages[0]:
            offers.append(_offer(speaker, place, opened, message))
        before = subject or before
    return offers


def _offer(speaker: Speaker, place: Place, opened: OpenThread, message: Message) -> Entry:
    when = make_when(speaker, message.dated_at, long=True)
    assert when is not None
    return Entry(
        kind="event",
        time_iso=when.iso,
        time_text=when.text,
        at=message.dated_at - 1,
        text=speaker.say("The subject is another from here on: “%(subject)s”", subject=message.subject),
        icon="arrows-split-2",
        acts=(
            Act(
                speaker.say("Make it a thread of its own"),
                place.act(opened.row.id, "split"),
                {"message_id": str(message.id)},
            ),
        ),
    )
