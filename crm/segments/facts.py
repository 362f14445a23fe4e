"""What clients and contacts are at this moment, read for rules that are asked of one of them at a time.

The values come out of the same SQL that sets are asked with, so that only the questions themselves are answered twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select

from core.database import ReadTx
from core.rules import MANY, At, Field, Vocabulary
from crm.segments.shapes import TABLES
from crm.segments.windows import Facts, read_windows, windows_in


def read_facts_at(
    tx: ReadTx, words: Vocabulary, party_ids: Sequence[int], keys: Collection[str], at: At
) -> dict[int, Facts]:
    """As ``read_facts``, with the numbers of the last days as they are then, and when they turn."""
    timed = windows_in(words, keys)
    found = read_facts(tx, words, party_ids, frozenset(keys) - timed)
    for party_id, numbers in read_windows(tx, words, sorted(found), timed, at).items():
        found[party_id] |= numbers
    return found


def read_facts(tx: ReadTx, words: Vocabulary, party_ids: Sequence[int], keys: Collection[str]) -> dict[int, Facts]:
    """These fields of these parties: field → its value, a list for what has members. Numbers of the last days are no
    facts without a day, and not among them. Those who are not there, or were merged into another, are left out."""
    if not party_ids:
        return {}
    asked = _ask(words, frozenset(keys))
    ids = {"ids": list(party_ids)}
    found: dict[int, Facts] = {}
    for row in tx.rows(asked.statement, ids):
        found[row[0]] = {one.key: _read(one, row[place]) for place, one in enumerate(asked.plain, start=1)}
    for one, statement in asked.listed:
        for facts in found.values():
            facts[one.key] = []
        for row in tx.rows(statement, ids):
            if row.owner in found:
                found[row.owner][one.key].append(row.value)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """Fields that stand in one column each, with the query for all of them; those with members, a query each."""

    plain: tuple[Field, ...]
    statement: Select[Any]
    listed: tuple[tuple[Field, Select[Any]], ...]


@lru_cache(maxsize=64)
def _ask(words: Vocabulary, keys: frozenset[str]) -> _Asked:
    """Statements that were made once are said without being built anew."""
    party = TABLES[words.of]
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    plain, listed = [], []
    columns: list[ColumnElement[Any]] = [party.c.id]
    for one in (words.get(key) for key in sorted(keys)):
        if one.members is not None:
            listed.append((one, one.members.where(one.members.selected_columns.owner.in_(ids))))
        else:
            shown = one.column if one.raw is None else one.raw
            assert shown is not None, "what sets cannot be asked is no word here"
            plain.append(one)
            columns.append(shown.label(f"v{len(plain)}"))
    statement = select(*columns).where(party.c.id.in_(ids), party.c.merged_into.is_(None))
    return _Asked(tuple(plain), statement, tuple(listed))


def _read(field: Field, value: Any) -> Any:
    return (value or []) if field.type in MANY else value
