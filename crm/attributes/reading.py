"""The fields as they are."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import bindparam, select

from core.database import ReadTx
from crm.attributes.shapes import Attribute, Choice, Holder, Type
from crm.attributes.tables import attribute
from crm.staff.tables import module_off

_USED = ~select(module_off.c.key).where(module_off.c.key == "fields").exists()
_OF = (
    select(attribute, _USED.label("used"))
    .where(attribute.c.of == bindparam("of"))
    .order_by(attribute.c.place, attribute.c.id)
)


def list_attributes(tx: ReadTx, of: Holder, *, ended: bool = False) -> list[Attribute]:
    """The fields of a kind of thing in their order; with ``ended`` all that there are, also those that are asked
    for no more, in a house that uses no fields of its own too."""
    rows = tx.rows(_OF, {"of": of})
    return [show(row) for row in rows if ended or (row.used and row.ended_at is None)]


def get_attribute(tx: ReadTx, attribute_id: int) -> Attribute:
    """Raises NotFound."""
    return show(tx.get(attribute, attribute_id))


def show(row: Any) -> Attribute:
    """A row as the room tells it."""
    return Attribute(
        id=row.id,
        of=cast("Holder", row.of),
        key=row.key,
        label=row.label,
        type=cast("Type", row.type),
        required=bool(row.required),
        listed=bool(row.listed),
        choices=tuple(Choice(one["key"], one["label"], bool(one.get("ended"))) for one in row.choices),
        group=row.group,
        place=row.place,
        currency=row.currency,
        ended=row.ended_at is not None,
    )
