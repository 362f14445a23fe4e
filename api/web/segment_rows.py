"""What the pages of segments show: rows, members, sentences, and why somebody is in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.web.shapes import Speaker, When, make_when
from core.rules import Rule, Vocabulary, list_conditions, say_rule
from core.rules.sentences import say_condition
from crm.segments import Member, Segment, Why
from crm.segments.naming import Names, list_clients_named, say_fact, wording_of


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A line of the list; ``rule`` is its sentence, empty for one by hand."""

    url: str
    name: str
    of: str
    size: str
    rule: str
    busy: bool


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Who is in a segment."""

    id: int
    name: str
    url: str | None
    since: When | None
    by: str
    why_url: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A condition and what was so; ``mark`` is yes, no or unknown."""

    sentence: str
    mark: str
    value: str


@dataclass(frozen=True, slots=True)
class WhyView:
    """See templates/web/segment_why.html."""

    name: str
    since: When | None
    at: When | None
    by: str
    by_hand: bool
    reasons: list[ReasonRow]


def say_kind(speaker: Speaker, of: str) -> str:
    """What is in it."""
    return speaker.say("clients") if of == "counterparties" else speaker.say("people")


def say_segment(speaker: Speaker, words: Vocabulary, rule: Rule | None, names: Names) -> str:
    """Its rule as a sentence without a full stop; empty for one by hand."""
    if rule is None:
        return ""
    said = say_rule(rule, words, wording_of(speaker.language, names))
    return said[:1].upper() + said[1:]


def clients_in(words: Vocabulary, rule: Rule | None) -> set[int]:
    """The clients that a rule names."""
    conditions = [] if rule is None else list(list_conditions(rule))
    return list_clients_named((words.get(one.field), one.value) for one in conditions)


def show_row(speaker: Speaker, one: Segment, sentence: str) -> SegmentRow:
    """A line of the list."""
    size = speaker.language.format_number(one.size)
    return SegmentRow(f"/segments/{one.id}", one.name, say_kind(speaker, one.of), size, sentence, one.busy)


def show_member(
    speaker: Speaker, segment: Segment, one: Member, url: str | None, users: Mapping[int, str]
) -> MemberRow:
    """A line of the members; ``url`` is their own page."""
    by = users.get(one.by_id, "") if one.by_id is not None else ""
    since = make_when(speaker, one.entered_at)
    return MemberRow(one.party_id, one.name, url, since, by, f"/segments/{segment.id}/why/{one.party_id}")


def show_why(speaker: Speaker, why: Why, names: Names) -> WhyView:
    """The sentences of a rule with what was so."""
    wording = wording_of(speaker.language, names)
    marks = {True: "yes", False: "no", None: "unknown"}
    reasons = []
    for one in why.reasons:
        field = why.words.get(one.condition.field)
        said = say_condition(field, one.condition, wording)
        value = say_fact(field, one.value, wording) or speaker.say("nothing")
        reasons.append(ReasonRow(said[:1].upper() + said[1:], marks[one.answer], value))
    return WhyView(
        name=why.name,
        since=make_when(speaker, why.entered_at, long=True),
        at=make_when(speaker, why.at, long=True),
        by=names["users"].get(why.by_id, "") if why.by_id is not None else "",
        by_hand=why.rule is None,
        reasons=reasons,
    )
