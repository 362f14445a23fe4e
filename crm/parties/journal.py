"""What goes from one party to another, written down so that it can come back: columns of rows, and whole rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, literal, select, update

from core.columns import Json, metadata
from core.database import ReadTx, WriteTx
from crm.attributes import lay_values
from crm.parties.merge_tables import merge_move
from crm.parties.personal import fold_said
from crm.parties.tables import affiliation, contact, counterparty, party_word
from crm.parties.words import Of

STAYS = ("manager_change", "letter_facts", "document_facts", "person_request")
"""What is told of one alone: who answered for a client, what is counted, what somebody asked to know."""

_VALUE = "attributes."
_FOLDED = "_folded"


@cache
def naming(of: Of) -> tuple[tuple[Table, bool], ...]:
    """The tables whose rows name a party of this kind, each with whether its rows have ids of their own."""
    column = f"{of}_id"
    found = [one for one in metadata.sorted_tables if column in one.c and one.name not in (*STAYS, party_word.name)]
    return tuple((one, "id" in one.c) for one in found if one is not table_of(of))


def table_of(of: Of) -> Table:
    """The table of the parties of this kind."""
    return counterparty if of == "counterparty" else contact


@dataclass(frozen=True, slots=True)
class Journal:
    """The moves of one merge, as they are made."""

    tx: WriteTx
    merge_id: int

    def move(self, column: ColumnElement[Any], old: int, new: int) -> int:
        """Let the rows that name ``old`` name ``new``. Returns how many."""
        table, name = column.table, str(column.key)
        told = [literal(self.merge_id), literal(table.name), table.c.id, literal(name)]
        rows = select(*told, literal(old, Json), literal(new, Json)).where(column == old)
        names = ["merge_id", "table_name", "row_id", "column_name", "old", "new"]
        moved = self.tx.execute(insert(merge_move).from_select(names, rows))
        if moved:
            self.tx.execute(update(table).where(column == old).values({name: new}))
        return moved

    def set(self, table: Table, row_id: int, name: str, old: Any, new: Any) -> None:
        """Let a column of a row have another value."""
        self._note(table, row_id, name, old, new)
        self.tx.change(table, row_id, **{name: new})

    def learn(self, table: Table, row_id: int, values: dict[str, Any]) -> None:
        """Note that a row gets these values of fields, which it did not have; the caller lays them."""
        for key, value in values.items():
            self._note(table, row_id, f"{_VALUE}{key}", None, value)

    def replace(self, table: Table, old: dict[str, Any], new: dict[str, Any] | None) -> None:
        """Let a whole row be another, or none."""
        self._note(table, 0, "", old, new)
        self.tx.execute(delete(table).where(_is(table, old)))
        if new is not None:
            self.tx.insert(table, **new)

    def _note(self, table: Table, row_id: int, name: str, old: Any, new: Any) -> None:
        values = {"table_name": table.name, "row_id": row_id, "column_name": name, "old": old, "new": new}
        self.tx.insert(merge_move, merge_id=self.merge_id, **values)


def count_moves(tx: ReadTx, of: Of, party_id: int) -> dict[str, int]:
    """How many rows of each table name this party; tables without one are not there. What is of mailboxes is not
    counted: who asks may not see all of it."""
    found = {}
    for table, _ in naming(of):
        if "scope_id" in table.c:
            continue
        count = len(tx.values(select(literal(1)).where(table.c[f"{of}_id"] == party_id).limit(_COUNTED)))
        if count:
            found[table.name] = count
    return found


_COUNTED = 10_000


def take_back(tx: WriteTx, of: Of, merge_id: int, stays: dict[str, Collection[int]]) -> None:
    """Let what a merge moved be as it was, where it still is as the merge left it. ``stays`` are ids, by table, of rows
    that somebody has put where they are since."""
    here = merge_move.c.merge_id == merge_id
    whole = select(merge_move).where(here, merge_move.c.column_name == "").order_by(merge_move.c.id)
    _take_back_rows(tx, tx.rows(whole))
    own = table_of(of).name
    for row in tx.rows(select(merge_move).where(here, merge_move.c.column_name != "", merge_move.c.table_name == own)):
        _take_back_value(tx, of, row)
    kinds = select(merge_move.c.table_name, merge_move.c.column_name, merge_move.c.old, merge_move.c.new)
    for row in tx.rows(kinds.where(here, merge_move.c.column_name != "", merge_move.c.table_name != own).distinct()):
        table = metadata.tables[row.table_name]
        column = table.c[row.column_name]
        rows = select(merge_move.c.row_id).where(
            here, merge_move.c.table_name == row.table_name, merge_move.c.column_name == row.column_name
        )
        there = [column == row.new, table.c.id.in_(rows)]
        if kept := stays.get(row.table_name):
            there.append(table.c.id.not_in(sorted(kept)))
        tx.execute(update(table).where(*there).values({row.column_name: row.old}))


def _take_back_value(tx: WriteTx, of: Of, move: Any) -> None:
    table = metadata.tables[move.table_name]
    row = tx.row(select(table).where(table.c.id == move.row_id))
    if row is not None and move.column_name.startswith(_VALUE):
        key, values = move.column_name.removeprefix(_VALUE), row.attributes or {}
        if values.get(key) == move.new:
            lay_values(tx, of, table, move.row_id, values, {one: values[one] for one in values if one != key})
    elif move.column_name.endswith(_FOLDED):
        return  # goes with what it is folded from: that may say the same otherwise written by now
    elif row is not None and getattr(row, move.column_name) == move.new:
        back = {move.column_name: move.old}
        tx.change(table, move.row_id, **back, **fold_said(back))


def _take_back_rows(tx: WriteTx, moves: Sequence[Any]) -> None:
    for move in reversed(moves):
        table = metadata.tables[move.table_name]
        if move.new is not None and not tx.execute(delete(table).where(_is(table, move.new))):
            continue  # somebody has changed it or taken it away since
        if move.old is not None and not _is_there(tx, table, move.old) and _has_its_own(tx, move.old):
            tx.insert(table, **move.old)


def _is(table: Table, row: dict[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name].is_not_distinct_from(value) for name, value in row.items()))


def _is_there(tx: ReadTx, table: Table, row: dict[str, Any]) -> bool:
    """Whether a row of this key is there: of its id, of its primary key, or of all it says."""
    key = [column.name for column in table.primary_key] or list(row)
    return bool(tx.values(select(literal(1)).where(_is(table, {name: row[name] for name in key})).select_from(table)))


def _has_its_own(tx: ReadTx, row: dict[str, Any]) -> bool:
    """Whether those whom a row names have not been forgotten."""
    for name, table in ((affiliation.c.contact_id.key, contact), (affiliation.c.counterparty_id.key, counterparty)):
        if row.get(name) is not None and tx.value(select(table.c.id).where(table.c.id == row[name])) is None:
            return False
    return True
