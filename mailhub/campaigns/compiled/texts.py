"""What a letter to many says, cut into pieces and holes: for the compiled letter, and for whoever wants to read what a
recipient gets without its frame. Both fill the same holes, so what is shown and checked is what is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from mailhub.campaigns.compiled.contexts import escape_html, escape_plain
from mailhub.campaigns.compiled.language import UnfilledError, clean_values, make_sandbox, parse
from mailhub.campaigns.compiled.pieces import Holes, Pieces
from mailhub.templating import REFUSED_TEMPLATE


@dataclass(frozen=True, slots=True)
class Source:
    """The frozen template: Jinja of the small kind. ``html`` may be '' for a letter of text alone."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """The parts of a template, as texts and numbers of holes; ``html`` is empty where there is none."""

    subject: Pieces
    text: Pieces
    html: Pieces


def cut_source(source: Source, holes: Holes) -> Cut:
    """Raises Invalid for what is no template, and for fields in places where no value may stand."""
    subject = parse(source.subject.strip())
    escape_plain(subject)
    _drop_last_line_end(subject.body)
    text = parse(source.text)
    escape_plain(text)
    html: Pieces = []
    if source.html:
        tree = parse(source.html)
        escape_html(tree)
        html = holes.cut(tree)
    return Cut(holes.cut(subject), holes.cut(text), html)


@dataclass(frozen=True, slots=True)
class Said:
    """What a letter says to one recipient. ``missing`` are fields that nobody knows: they stand there as
    ``[contact.name]``, and a letter with one is not sent."""

    subject: str
    text: str
    html: str
    missing: tuple[str, ...]


class Texts:
    """A template that is filled for reading, as often as one likes."""

    def __init__(self, source: Source) -> None:
        """Raises Invalid as ``cut_source``."""
        self._holes = Holes(make_sandbox())
        self._cut = cut_source(source, self._holes)

    def fill(self, values: Mapping[str, Any]) -> Said:
        """What it says with these values. Raises Invalid for what cannot be filled whatever is known."""
        known = clean_values(values)
        missing: dict[str, None] = {}
        filled: list[str] = []
        for fill in self._holes.fills:
            try:
                filled.append(fill(known))
            except UnfilledError as problem:
                if not problem.field:
                    raise Invalid(REFUSED_TEMPLATE, what=str(problem), field="text") from problem
                missing[problem.field] = None
                filled.append(f"[{problem.field}]")
        subject, text, html = (
            "".join([filled[one] if isinstance(one, int) else one for one in pieces])
            for pieces in (self._cut.subject, self._cut.text, self._cut.html)
        )
        return Said(subject, text, html, tuple(missing))


def _drop_last_line_end(body: list[Any]) -> None:
    """A subject is one line."""
    if body:
        body.pop()
