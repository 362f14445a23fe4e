"""What the pages and the interface do alike with the fields that users add: for administrators, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.attributes import (
    Attribute,
    Holder,
    add_attribute,
    change_attribute,
    end_attribute,
    get_attribute,
    list_attributes,
    order_attributes,
    read_values,
    restore_attribute,
)
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin

NAMES: dict[str, Holder] = {
    "counterparties": "counterparty",
    "contacts": "contact",
    "documents": "document",
    "interactions": "interaction",
}
"""What the interface calls the things that have fields."""


def read_holder(name: str) -> Holder:
    """Raises Invalid."""
    found = NAMES.get(name)
    if found is None:
        raise Invalid("There are no fields of “%(of)s”. There are: %(known)s.",
                      of=name[:60], known=", ".join(NAMES), field="of")  # fmt: skip
    return found


def make_field(tx: WriteTx, viewer: Viewer, of: Holder, label: str, kind: Any, **more: Any) -> Attribute:
    """Add a field. Raises Forbidden, Invalid, Conflict."""
    demand_admin(viewer)
    made = add_attribute(tx, of, label, kind, **more)
    record_audit(tx, viewer.user_id, "field-added", str(made.id), of=of, key=made.key)
    return made


def change_field(
    tx: WriteTx, viewer: Viewer, attribute_id: int, ended: bool | None = None, **changes: Any
) -> Attribute:
    """Change what is given; ``ended``: retire it or bring it back. Raises Forbidden, NotFound, Invalid, Conflict."""
    demand_admin(viewer)
    changed = change_attribute(tx, attribute_id, **changes)
    if ended is not None and ended != changed.ended:
        changed = (end_attribute if ended else restore_attribute)(tx, attribute_id)
    record_audit(tx, viewer.user_id, "field-changed", str(attribute_id), of=changed.of, key=changed.key)
    return changed


def order_fields(tx: WriteTx, viewer: Viewer, of: Holder, ids: Sequence[int]) -> None:
    """Put fields into this order. Raises Forbidden, Invalid."""
    demand_admin(viewer)
    order_attributes(tx, of, ids)
    record_audit(tx, viewer.user_id, "fields-ordered", "", of=of)


def move_field(tx: WriteTx, viewer: Viewer, attribute_id: int, steps: int) -> Attribute:
    """One field so many places up (-1) or down (1) among those that are asked for. Raises Forbidden, NotFound."""
    moved = get_attribute(tx, attribute_id)
    ids = [one.id for one in list_attributes(tx, moved.of)]
    if attribute_id in ids:
        place = max(0, min(len(ids) - 1, ids.index(attribute_id) + steps))
        ids.remove(attribute_id)
        ids.insert(place, attribute_id)
    order_fields(tx, viewer, moved.of, ids)
    return moved


def demand_required(tx: ReadTx, of: Holder, told: Mapping[str, object]) -> None:
    """Whoever adds a thing by hand or by a program fills in what is required. Raises Invalid."""
    read_values(list_attributes(tx, of), None, told, whole=True)
