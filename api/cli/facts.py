"""How facts are printed: lines for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import rich_click as click


def tell(sentence: str, facts: dict[str, Any], *, as_json: bool) -> None:
    """Say that something was done, or print what it was as one JSON object."""
    click.echo(as_line(facts) if as_json else sentence)


def tell_rows(names: Sequence[str], rows: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    """A list: one JSON array, or a table of the columns ``names`` for people (nothing but the array has the rest)."""
    found = list(rows)
    if as_json:
        click.echo(as_line(found))
        return
    cells = [
        [name.upper().replace("_", " ") for name in names],
        *([_cell(row[name]) for name in names] for row in found),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def as_line(value: Any) -> str:
    """JSON in one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    text = "" if value is None else str(value)
    return "".join(letter if letter.isprintable() else "�" for letter in text)
