"""Rules for letters that go by themselves as sentences, and what became of their letters in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.web.document_words import document_kinds
from api.web.shapes import Speaker
from core import clock
from core.database import ReadTx
from crm.attributes import Holder, list_attributes
from crm.documents import KINDS as DOCUMENTS
from crm.planner import KINDS as PLANNED
from crm.segments import list_segments
from mailhub.automatic.shapes import BIRTHDAY, Rule, Told
from mailhub.mailboxes.tags import list_tags

PARTS = {
    "event": "calendar", "segment_in": "segments", "segment_out": "segments", "document": "documents",
    "field": "fields",
}  # fmt: skip
"""Kinds of rules that wait for something in a part of the house, which may be turned off."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers and keys in rules are called."""

    segments: dict[int, str] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


def read_names(tx: ReadTx) -> Names:
    """All that a rule may name."""
    dates, fields = dict[str, str](), dict[str, str]()
    holders: tuple[Holder, ...] = ("counterparty", "contact")
    for of in holders:
        there = {f"{of}.attributes.{one.key}": one for one in list_attributes(tx, of)}
        dates |= {name: one.label for name, one in there.items() if one.type == "date"}
        fields |= {name: one.label for name, one in there.items()}
    segments = {one.id: one.name for one in list_segments(tx)}
    return Names(segments, {one.id: one.name for one in list_tags(tx)}, dates, fields)


def list_dates(speaker: Speaker, names: Names) -> dict[str, str]:
    """The dates that a rule may go by, with what they are called."""
    own = {
        f"contact.{BIRTHDAY}": speaker.say("Birthday of the person"),
        f"counterparty.{BIRTHDAY}": speaker.say("Birthday of the client"),
    }
    return own | (names.dates if speaker.viewer.uses("fields") else {})


def planned_kinds(speaker: Speaker) -> dict[str, str]:
    """What is planned, by kind; '' for all."""
    sentences = {
        "call": "Call", "meeting": "Meeting", "negotiation": "Negotiation", "task": "Task", "other": "Other",
    }  # fmt: skip
    return {"": speaker.say("Anything planned")} | {one: speaker.say(sentences[one]) for one in PLANNED}


def document_choices(speaker: Speaker) -> dict[str, str]:
    """Documents, by kind; '' for all."""
    kinds = document_kinds(speaker)
    return {"": speaker.say("Any document")} | {one: kinds[one] for one in DOCUMENTS}


def kind_names(speaker: Speaker) -> dict[str, str]:
    """What a rule may wait for."""
    sentences = {
        "event": "Something planned: a meeting, a call",
        "date": "A date, such as a birthday",
        "silence": "Nobody answered our letter",
        "segment_in": "Somebody comes into a segment",
        "segment_out": "Somebody leaves a segment",
        "letter": "A conversation begins",
        "document": "A document is entered",
        "assigned": "A conversation is given to somebody",
        "tag": "A conversation gets a tag",
        "field": "A field of a client or person changes",
    }
    return {key: speaker.say(sentence) for key, sentence in sentences.items() if is_used(speaker, key)}


def is_used(speaker: Speaker, kind: str) -> bool:
    """Whether what a rule of this kind waits for is in no part that is turned off."""
    return kind not in PARTS or speaker.viewer.uses(PARTS[kind])


def say_rule(speaker: Speaker, told: Told, names: Names) -> str:
    """When it writes, as a sentence."""
    if not is_used(speaker, told.kind):
        return speaker.say("For something that is turned off in the settings")
    span = speaker.language.format_span_long(abs(told.minutes) * clock.MINUTE)
    gone = speaker.say("gone")
    if told.kind == "silence":
        return speaker.say("When nobody answered our letter for %(span)s", span=span)
    if told.kind in ("event", "date"):
        what = planned_kinds(speaker).get(told.what, gone)
        if told.kind == "date":
            what = list_dates(speaker, names).get(told.field, gone)
        if told.minutes < 0:
            said = speaker.say("%(what)s: %(span)s before", what=what, span=span)
        elif told.minutes > 0:
            said = speaker.say("%(what)s: %(span)s after", what=what, span=span)
        elif told.kind == "date":
            said = speaker.say("%(what)s: on the day", what=what)
        else:
            said = speaker.say("%(what)s: when it begins", what=what)
        if told.kind == "date":
            hour = f"{told.at_minute // 60}:{told.at_minute % 60:02}"
            every = speaker.say("every year") if told.yearly else ""
            return ", ".join(part for part in (said, every, speaker.say("at %(time)s", time=hour)) if part)
        return said
    name = (names.tags if told.kind == "tag" else names.segments).get(told.number, gone)
    kinds = {
        "segment_in": speaker.say("When somebody comes into “%(name)s”", name=name),
        "segment_out": speaker.say("When somebody leaves “%(name)s”", name=name),
        "letter": speaker.say("When a conversation begins"),
        "document": speaker.say("When this is entered: %(what)s", what=document_choices(speaker).get(told.what, gone)),
        "assigned": speaker.say("When a conversation is given to somebody"),
        "tag": speaker.say("When a conversation gets the tag “%(name)s”", name=name),
        "field": speaker.say("When “%(name)s” changes", name=names.fields.get(told.field, gone)),
    }
    said = kinds[told.kind]
    return speaker.say("%(said)s, %(span)s later", said=said, span=span) if told.minutes else said


def say_bounds(speaker: Speaker, told: Told, names: Names) -> list[str]:
    """What else has to be so."""
    said = []
    if told.words:
        said.append(speaker.say("with “%(words)s” in the subject", words=told.words))
    if told.segment_id and speaker.viewer.uses("segments"):
        said.append(speaker.say("only who is in “%(name)s”", name=names.segments.get(told.segment_id, "?")))
    if told.hours == "working":
        said.append(speaker.say("in working hours where they live"))
    if told.cap_days:
        said.append(
            speaker.language.ngettext(
                "nobody who got one in %(n)s day", "nobody who got one in %(n)s days",
                told.cap_days,
            )
        )  # fmt: skip
    if told.until_answer and told.kind in ("event", "silence"):
        said.append(speaker.say("an answer stops the rest"))
    return said


def say_state(speaker: Speaker, rule: Rule) -> str:
    """Whether it writes."""
    sentences = {"on": "on", "paused": "paused", "off": "off"}
    if rule.state == "off" and not rule.tried:
        return speaker.say("off until it was tried")
    return speaker.say(sentences[rule.state])


def say_fate(speaker: Speaker, state: str, reason: str) -> str:
    """What became of a letter."""
    sentences = {
        "waiting": "waits", "held": "held back", "sent": "went", "left_out": "did not go", "stopped": "did not go",
        "withdrawn": "called back",
    }  # fmt: skip
    said = speaker.say(sentences[state])
    return f"{said}: {say_reason(speaker, reason)}" if reason else said


def say_reason(speaker: Speaker, reason: str) -> str:
    """Why it did not go."""
    sentences = {
        "off": "the server was off, or the rule paused, when its hour came",
        "fault": "it could not be written",
        "no_value": "a field of it is not known",
        "no_address": "no address is known",
        "no_letter_address": "the address is none",
        "refused": "they said no to such letters",
        "no_consent": "no yes is on record",
        "bounce": "letters to the address come back",
        "complaint": "its reader called a letter of ours junk",
        "unsubscribed": "its reader wants no such letters",
        "hand": "somebody decided not to write there",
        "topic": "they do not want to hear of a topic",
        "not_in_segment": "they are not in the segment",
        "too_often": "they got an automatic letter lately",
        "over": "it does not take place, or is over",
        "answered": "they answered",
        "rule_gone": "the rule is no more",
    }
    return speaker.say(sentences[reason]) if reason in sentences else reason
