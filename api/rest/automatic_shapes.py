"""Letters that go by themselves in the shapes of the interface."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.rest.shapes import Body, Number, moment
from mailhub.automatic.letters import Automatic
from mailhub.automatic.shapes import Kind, Rule, Told, parse_told, told_data
from mailhub.automatic.trying import Coming, Tried

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Text = Annotated[str, msgspec.Meta(max_length=200_000)]
Subject = Annotated[str, msgspec.Meta(max_length=300)]
Language = Annotated[str, msgspec.Meta(max_length=10)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class When(Body):
    """When a rule writes. ``minutes`` before (negative), at or after the moment; with ``date`` whole days of 1,440,
    ``at_minute`` is the minute of the day. ``what`` is the kind of what is planned or of a document, ``words`` have to
    stand in its subject; ``field`` is ``contact.birthday`` or ``counterparty.attributes.KEY``; ``number`` the segment
    or tag it is about. ``segment_id`` narrows to who is in it then (0: everybody)."""

    kind: Kind
    minutes: Annotated[int, msgspec.Meta(ge=-600_000, le=600_000)] = 0
    what: Annotated[str, msgspec.Meta(max_length=40)] = ""
    words: Annotated[str, msgspec.Meta(max_length=100)] = ""
    field: Annotated[str, msgspec.Meta(max_length=100)] = ""
    yearly: bool = False
    at_minute: Annotated[int, msgspec.Meta(ge=0, le=1439)] = 540
    number: Count = 0
    segment_id: Count = 0
    hours: str = "any"
    cap_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    until_answer: bool = True


class NewRule(Body):
    """A rule with its letter in Markdown, for everybody who has no letter in their language."""

    mailbox_id: Number
    name: Name
    when: When
    subject: Subject
    markdown: Text


class ChangedRule(Body):
    """What is to be otherwise; ``version`` is the one that its writer had before them. A letter is that in
    ``language``; without ``markdown`` no letter is changed."""

    version: Number
    name: Name | None = None
    when: When | None = None
    subject: Subject = ""
    markdown: Text | None = None
    language: Language = ""


class RuleView(msgspec.Struct):
    """A rule. ``tried``: this version was tried on what has been, so that it may be switched on. ``letters`` by
    language, ``""`` is for everybody who has no other; ``counts`` are its letters by state."""

    id: int
    name: str
    mailbox_id: int
    state: str
    version: int
    tried: bool
    when: When
    letters: dict[str, dict[str, str]]
    counts: dict[str, int]


class LetterView(msgspec.Struct):
    """A letter of a rule, and why it went or did not: the rule, its version, and ``facts`` of the occasion."""

    id: int
    rule_id: int
    rule: str
    version: int
    state: str
    reason: str
    subject_kind: str
    subject_id: int
    counterparty_id: int | None
    contact_id: int | None
    address: str
    facts: dict[str, Any]
    due_at: str | None
    send_at: str | None
    sent_at: str | None
    thread_id: int | None
    message_id: int | None


class WouldView(msgspec.Struct):
    """A letter that would have gone, or was left out for a ``reason``."""

    at: str | None
    name: str
    address: str
    reason: str
    counterparty_id: int | None
    contact_id: int | None
    facts: dict[str, Any]


class TriedView(msgspec.Struct):
    """What the rule would have done since then: ``count`` occasions (``more``: at least so many), of which the newest
    were judged one by one."""

    since: str | None
    count: int
    more: bool
    going: int
    letters: list[WouldView]


class ComingView(msgspec.Struct):
    """A letter that will go, if nothing changes."""

    at: str | None
    rule_id: int
    rule: str
    name: str
    counterparty_id: int | None
    contact_id: int | None
    letter_id: int | None
    facts: dict[str, Any]


def read_when(when: When) -> Told:
    """Raises Invalid."""
    return parse_told(msgspec.to_builtins(when))


def show_rule(one: Rule, counts: dict[str, int]) -> RuleView:
    letters = {
        language: {name: letter[name] for name in ("format", "subject", "source")}
        for language, letter in one.letters.items()
    }
    when = When(**told_data(one.told))
    return RuleView(one.id, one.name, one.mailbox_id, one.state, one.version, one.tried, when, letters, counts)


def show_automatic(one: Automatic) -> LetterView:
    moments: dict[str, Any] = {name: moment(getattr(one, name)) for name in ("due_at", "send_at", "sent_at")}
    same = {name: getattr(one, name) for name in LetterView.__struct_fields__ if name not in moments}
    return LetterView(**same, **moments)


def show_tried(one: Tried) -> TriedView:
    letters = [
        WouldView(
            moment(each.at), each.name, each.address, each.reason, each.counterparty_id, each.contact_id, each.facts
        )
        for each in one.letters
    ]
    return TriedView(moment(one.since), one.count, one.more, one.going, letters)


def show_coming(one: Coming) -> ComingView:
    return ComingView(
        moment(one.at), one.rule_id, one.rule, one.name, one.counterparty_id, one.contact_id, one.letter_id, one.facts
    )
