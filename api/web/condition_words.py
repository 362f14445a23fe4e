"""Lines of conditions as chips with everything that can be chosen in them; for rules and views alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.web.condition_form import DAYS, OFFERED, SEVERAL, Line
from api.web.shapes import Speaker
from core.rules import Field, Param, Vocabulary, split_key
from core.rules.sentences import WORDS

Choice = tuple[str, str, bool]
"""Value, words, chosen."""
Names = Mapping[str, Mapping[int, str]]
"""What references may name, by ``Field.of``: numbers and what they are called."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is told of a field, in the form: ``kind`` is ``several`` (one of ``choices``), ``days``, ``day`` or
    ``currency``."""

    name: str
    label: str
    kind: str
    value: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class LineView:
    """One condition of the form. ``opens`` says that a group begins with it; ``kind`` is what its value is chosen by:
    ``none``, ``text``, ``number``, ``two``, ``several``, ``date``."""

    number: int
    word: str
    inner: bool
    opens: bool
    fields: list[Choice]
    ops: list[Choice]
    field: str
    kind: str
    value: str
    second: str
    unit: str
    choices: list[Choice]
    chosen: str
    asks: list[Ask]


def show_lines(
    speaker: Speaker, joined: str, lines: Sequence[Line], vocabulary: Vocabulary, names: Names
) -> list[LineView]:
    """The lines of a form."""
    return [_line(speaker, joined, lines, number, vocabulary, names) for number in range(len(lines))]


def show_joined(speaker: Speaker, joined: str) -> tuple[list[Choice], str]:
    """How the lines are joined, to be chosen, and how those of a group are."""
    every, some = speaker.say("all of these are true"), speaker.say("any of these is true")
    return chosen_of([("all", every), ("any", some)], joined), some if joined == "all" else every


def chosen_of(choices: Sequence[tuple[str, str]], chosen: str) -> list[Choice]:
    """Choices with the one that stands."""
    return [(value, words, value == chosen) for value, words in choices]


def _line(
    speaker: Speaker, joined: str, lines: Sequence[Line], number: int, vocabulary: Vocabulary, names: Names
) -> LineView:
    line = lines[number]
    field, every = vocabulary.get(line.field), joined == "all"
    inside = line.inner and number > 0 and lines[number - 1].inner
    joins = every is not inside
    word = "" if number == 0 or (line.inner and not inside) else speaker.say("and") if joins else speaker.say("or")
    if line.inner and not inside and number > 0:
        word = speaker.say("and") if every else speaker.say("or")
    choices = _choices(speaker, field, line, names)
    numbers = [*line.values, "", ""]
    return LineView(
        number=number,
        word=word,
        inner=line.inner,
        opens=line.inner and not inside,
        fields=chosen_of(_offered(speaker, vocabulary, line.field), split_key(line.field)[0]),
        ops=_ops(speaker, field, line.op),
        field=split_key(line.field)[0],
        kind=_kind(field, line.op.removeprefix("-")),
        value=", ".join(line.values) if field.type in SEVERAL else _called(field, numbers[0], names),
        second=numbers[1],
        unit=speaker.say("days") if line.op in DAYS else speaker.say(field.unit) if field.unit else "",
        choices=choices,
        chosen=f" {speaker.say('or')} ".join(words for _, words, chosen in choices if chosen),
        asks=[_ask(speaker, number, one, field.told.get(one.key), names) for one in field.params],
    )


def _offered(speaker: Speaker, vocabulary: Vocabulary, key: str) -> list[tuple[str, str]]:
    """What may be asked, and what the line asks already."""
    asked = vocabulary.base(key)
    offered = {one.key: one for one in vocabulary} | {asked.key: asked}
    return [(one.key, speaker.say(one.label)) for one in offered.values()]


def _ask(speaker: Speaker, number: int, param: Param, told: object, names: Names) -> Ask:
    choices: list[Choice] = []
    if param.type in ("choice", "reference"):
        known = param.choices if param.type == "choice" else {str(key): name for key, name in _named(param, names)}
        said = speaker.say if param.type == "choice" else str
        listed = [("", speaker.say(param.anything)), *((key, said(words)) for key, words in known.items())]
        choices = chosen_of(listed, "" if told is None else str(told))
    kind = "several" if choices else str(param.type)
    return Ask(f"with_{number}_{param.key}", speaker.say(param.label), kind, str(told or ""), choices)


def _named(param: Param, names: Names) -> list[tuple[int, str]]:
    return sorted(names.get(param.of, {}).items(), key=lambda pair: pair[1])


def _called(field: Field, value: str, names: Names) -> str:
    """A client by its name; everything else as it is."""
    return names.get(field.of, {}).get(int(value), value) if field.of == "clients" and value.isdigit() else value


def _kind(field: Field, op: str) -> str:
    if op == "is_empty" or field.type == "flag":
        return "none"
    if field.of == "clients":
        return "client"
    if field.type in ("choice", "choices", "reference", "references") or (
        field.type == "list" and field.of and op != "starts_with"
    ):
        return "several"
    if field.type in ("moment", "day"):
        return "number" if op in DAYS else "date"
    if field.type == "number":
        return "two" if op == "between" else "number"
    return "text"


def _ops(speaker: Speaker, field: Field, chosen: str) -> list[Choice]:
    words = WORDS[field.type]
    offered = list(dict.fromkeys([*OFFERED[field.type], chosen]))
    return chosen_of([(op, speaker.say(words[op.removeprefix("-")][op.startswith("-")])) for op in offered], chosen)


def _choices(speaker: Speaker, field: Field, line: Line, names: Names) -> list[Choice]:
    if field.type in ("choice", "choices"):
        return [(key, speaker.say(words), key in line.values) for key, words in field.choices.items()]
    if field.type in ("reference", "references"):
        by_name = sorted(names.get(field.of, {}).items(), key=lambda pair: pair[1])
        return [(str(number), name, str(number) in line.values) for number, name in by_name]
    if field.type == "list":
        chosen = [one.strip() for value in line.values for one in value.split(",")]
        known = sorted(names.get(field.of, {}).values())
        return [(name, name, name in chosen) for name in dict.fromkeys([*known, *filter(None, chosen)])]
    return []
