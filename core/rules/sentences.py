"""A rule said as a sentence, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any as Anything

from core.clock import from_datetime
from core.language import Language
from core.rules.tree import All, Condition, Not, Rule
from core.rules.vocabulary import Field, Type, Vocabulary

# What stands between a field and its value; the second is said when it is not so.
WORDS: dict[Type, dict[str, tuple[str, str]]] = {
    "text": {
        "contains": ("contains", "does not contain"),
        "eq": ("is exactly", "is not exactly"),
        "ne": ("is not exactly", "is exactly"),
        "in": ("is exactly", "is not exactly"),
        "starts_with": ("begins with", "does not begin with"),
        "is_empty": ("is empty", "is not empty"),
    },
    "number": {
        "eq": ("is", "is not"),
        "ne": ("is not", "is"),
        "lt": ("is less than", "is at least"),
        "le": ("is at most", "is more than"),
        "gt": ("is more than", "is at most"),
        "ge": ("is at least", "is less than"),
        "between": ("is between", "is not between"),
        "is_empty": ("is not known", "is known"),
    },
    "moment": {
        "lt": ("is before", "is since"),
        "ge": ("is since", "is before"),
        "between": ("is between", "is not between"),
        "older_than_days": ("is longer ago than", "is within the last"),
        "within_days": ("is within the last", "is longer ago than"),
        "is_empty": ("is not known", "is known"),
    },
    "choice": {
        "eq": ("is", "is not"),
        "ne": ("is not", "is"),
        "in": ("is", "is not"),
        "is_empty": ("is not known", "is known"),
    },
    "reference": {
        "eq": ("is", "is not"),
        "ne": ("is not", "is"),
        "in": ("is", "is not"),
        "is_empty": ("is not known", "is known"),
    },
    "flag": {"eq": ("yes", "no")},
    "texts": {
        "contains": ("contain", "do not contain"),
        "in": ("include", "do not include"),
        "starts_with": ("include one that begins with", "include none that begins with"),
        "is_empty": ("are none", "are some"),
    },
    "choices": {
        "contains": ("include", "do not include"),
        "in": ("include", "do not include"),
        "is_empty": ("are none", "are some"),
    },
    "references": {
        "contains": ("include", "do not include"),
        "in": ("include", "do not include"),
        "is_empty": ("are none", "are some"),
    },
    "list": {
        "contains": ("include", "do not include"),
        "in": ("include", "do not include"),
        "starts_with": ("include one that begins with", "include none that begins with"),
        "is_empty": ("are none", "are some"),
    },
}
WORDS["day"] = WORDS["moment"]
Name = Callable[[Field, int], str]
"""What a reference is called."""


@dataclass(frozen=True, slots=True)
class Wording:
    """In which language, and how what references name is called."""

    language: Language
    name: Name


def say_rule(rule: Rule, vocabulary: Vocabulary, wording: Wording) -> str:
    """The rule as a part of a sentence, in small letters and without a full stop; '' for the rule without
    conditions."""
    return _say(rule, vocabulary, wording, outermost=True)


def say_condition(field: Field, condition: Condition, wording: Wording, *, negated: bool = False) -> str:
    """One condition."""
    say = wording.language.gettext
    label = say_label(field, wording)
    if field.type == "flag":
        return label if condition.value is not negated else say("not: %(what)s", what=label)
    negated = negated is not (condition.op == "is_empty" and not condition.value)
    words = say(WORDS[field.type][condition.op][negated])
    if condition.op == "is_empty":
        return f"{label} {words}"
    return f"{label} {words} {say_value(field, condition, wording)}"


def say_label(field: Field, wording: Wording) -> str:
    """What is asked, with what was told of it: ``the number of documents (orders, of the last 90 days)``."""
    language = wording.language
    said = []
    for param in field.params:
        value = field.told.get(param.key)
        if value is None or param.type == "currency":  # the sum itself says it
            continue
        if param.type == "choice":
            said.append(language.gettext(param.choices[value]))
        elif param.type == "reference":
            said.append(wording.name(replace(field, of=param.of), value))
        elif param.type == "days":
            said.append(language.ngettext("of the last %(n)s day", "of the last %(n)s days", value))
        elif param.type == "day":
            said.append(language.gettext("since %(day)s", day=_day(value, language)))
    label = language.gettext(field.label)
    return f"{label} ({', '.join(said)})" if said else label


def say_value(field: Field, condition: Condition, wording: Wording) -> str:
    """What it is compared with."""
    language, value = wording.language, condition.value
    if condition.op in ("older_than_days", "within_days"):
        return language.ngettext("%(n)s day", "%(n)s days", value)
    said = [_one(field, one, wording) for one in (value if isinstance(value, tuple) else (value,))]
    if condition.op == "between":
        return language.gettext("%(first)s and %(second)s", first=said[0], second=said[1])
    joined = _join(said, language.gettext("or"))
    return f"{joined} {language.gettext(field.unit)}" if field.unit else joined


def _one(field: Field, value: Anything, wording: Wording) -> str:
    if field.type in ("choice", "choices"):
        return wording.language.gettext(field.choices[value])
    if field.type in ("reference", "references"):
        return wording.name(field, value)
    if field.type in ("moment", "day"):
        return _day(value, wording.language)
    if field.type == "number":
        return wording.language.format_number(value)
    return f"“{value}”"


def _day(day: str, language: Language) -> str:
    noon = datetime.combine(date.fromisoformat(day), time(12), tzinfo=language.zone)
    return language.format_date(from_datetime(noon))


def _say(rule: Rule, vocabulary: Vocabulary, wording: Wording, *, outermost: bool) -> str:
    say = wording.language.gettext
    if isinstance(rule, Condition):
        return say_condition(vocabulary.get(rule.field), rule, wording)
    if isinstance(rule, Not):
        if isinstance(rule.of, Condition):
            return say_condition(vocabulary.get(rule.of.field), rule.of, wording, negated=True)
        return say("not (%(what)s)", what=_say(rule.of, vocabulary, wording, outermost=True))
    parts = [_say(one, vocabulary, wording, outermost=False) for one in rule.of]
    if len(parts) == 1:
        return parts[0]
    joined = f" {say('and') if isinstance(rule, All) else say('or')} ".join(parts)
    if not parts:
        return "" if isinstance(rule, All) else say("never")
    return joined if outermost else f"({joined})"


def _join(parts: list[str], last: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"
