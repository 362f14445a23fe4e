"""The values of a thing are written: its JSON columns and, of several choices, a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, delete, literal, select

from core.database import ReadTx, WriteTx
from crm.attributes.reading import list_attributes
from crm.attributes.shapes import Attribute, Holder, Values
from crm.attributes.tables import attribute, attribute_choice
from crm.attributes.values import fold_values, read_values

_ANY = select(literal(1)).select_from(attribute).where(attribute.c.of == bindparam("of")).limit(1)
_FORGET = delete(attribute_choice).where(
    attribute_choice.c.of == bindparam("of"), attribute_choice.c.holder_id == bindparam("id")
)


def set_values(
    tx: WriteTx, of: Holder, table: Table, holder_id: int, told: Mapping[str, object] | None, *, whole: bool = False
) -> list[str]:
    """Change the values of the row ``holder_id`` of ``table`` by what is told of them (``read_values``); None tells
    nothing. Returns the keys of those that are others now. Raises Invalid, NotFound."""
    if told is None or (not told and not whole):
        return []
    if not told and tx.value(_ANY, {"of": of}) is None:
        return []
    known = list_attributes(tx, of, ended=True)
    before = tx.get(table, holder_id).attributes or {}
    after = read_values(known, before, told, whole=whole)
    return lay_values(tx, of, table, holder_id, before, after, known)


def lay_values(
    tx: WriteTx,
    of: Holder,
    table: Table,
    holder_id: int,
    before: Mapping[str, Any] | None,
    after: Values,
    known: Sequence[Attribute] | None = None,
) -> list[str]:
    """Let the row have these values and no others. Returns the keys of those that are others now."""
    before = before or {}
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if not changed:
        return []
    if known is None:
        known = list_attributes(tx, of, ended=True)
    tx.change(table, holder_id, attributes=after or None, attributes_folded=fold_values(known, after) or None)
    several = [one.key for one in known if one.type == "choices"]
    if any(key in several for key in changed):
        tx.execute(_FORGET, {"of": of, "id": holder_id})
        rows = [
            {"of": of, "key": key, "choice": choice, "holder_id": holder_id}
            for key in several
            for choice in after.get(key, ())  # type: ignore[union-attr]
        ]
        tx.insert_many(attribute_choice, rows)
    return changed


def forget_choices(tx: WriteTx, of: Holder, holder_id: int) -> None:
    """Of a thing whose row is gone, or goes."""
    tx.execute(_FORGET, {"of": of, "id": holder_id})


def values_of(tx: ReadTx, table: Table, holder_id: int) -> Values:
    """What a row has. Raises NotFound."""
    return dict(tx.get(table, holder_id).attributes or {})
