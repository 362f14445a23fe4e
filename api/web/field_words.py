"""Fields that users added, in words: values as people read them, types and what they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.web.shapes import Speaker
from crm.attributes import Attribute, Holder, Type, say_value

Line = tuple[str, str, str | None]
"""A label, a value, and where it leads."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Values under one heading; '' for those under none."""

    name: str
    lines: list[Line]


def type_words(speaker: Speaker) -> dict[Type, str]:
    """What types are called."""
    say = speaker.say
    return {
        "text": say("Text"), "number": say("Number"), "money": say("Sum of money"), "date": say("Date"),
        "choice": say("One of a list"), "choices": say("Several of a list"), "yes_no": say("Yes or no"),
        "link": say("Link"),
    }  # fmt: skip


def holder_words(speaker: Speaker) -> dict[Holder, str]:
    """What has fields."""
    say = speaker.say
    holders: dict[Holder, str] = {"counterparty": say("Clients"), "contact": say("People")}
    holders |= {"document": say("Documents")} if speaker.viewer.uses("documents") else {}
    return holders | {"interaction": say("History")}


def say_field(speaker: Speaker, one: Attribute, value: Any) -> str:
    """A value as the reader writes it; '' for none."""
    if value is None:
        return ""
    if one.type == "yes_no":
        return speaker.say("Yes") if value else speaker.say("No")
    return say_value(speaker.language.locale, one, value)


def show_values(speaker: Speaker, attributes: Sequence[Attribute], values: Mapping[str, Any]) -> list[Heading]:
    """What is known: first what stands under no heading, then the headings in their order."""
    found: dict[str, list[Line]] = {}
    for one in attributes:
        if one.key in values:
            said = say_field(speaker, one, values[one.key])
            found.setdefault(one.group, []).append((one.label, said, said if one.type == "link" else None))
    return [Heading(name, lines) for name, lines in sorted(found.items(), key=lambda one: one[0] != "")]
