"""Items and groups of items, and the reasons of refusals: found by their names, made where there are none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, bindparam, func, select, tuple_

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.paging import Page, cut_page, decode_cursor
from crm.documents.shapes import Item, Named
from crm.documents.tables import document_line, item, item_group, refusal_reason

LONGEST_NAME = 300
LONGEST_CODE = 100
_SOLD = select(document_line.c.id).where(document_line.c.item_id == bindparam("item_id")).limit(1)
_BY_EXTERNAL = select(item.c.id).where(item.c.external_id == bindparam("external_id"))


def add_item(
    tx: WriteTx, name: str, *, code: str = "", unit: str = "", group: str = "", external_id: str | None = None
) -> int:
    """Add an item. Raises Invalid, Conflict where the ``external_id`` is taken."""
    if external_id is not None and find_item_by_external(tx, external_id) is not None:
        raise Conflict("There is already an item with the external id %(id)s.", id=external_id)
    values = _read(name, code, unit) | {"group_id": ensure_group(tx, group), "external_id": external_id}
    return tx.insert(item, created_at=clock.now(), **values)


def change_item(
    tx: WriteTx,
    item_id: int,
    *,
    name: str | None = None,
    code: str | None = None,
    unit: str | None = None,
    group: str | None = None,
    ended: bool | None = None,
) -> None:
    """Change what is given. Raises NotFound, Invalid."""
    tx.lock(item, item_id)
    now = tx.get(item, item_id)
    values = _read(
        now.name if name is None else name, now.code if code is None else code, now.unit if unit is None else unit
    )
    if group is not None:
        values["group_id"] = ensure_group(tx, group)
    if ended is not None:
        values["ended_at"] = clock.now() if ended else None
    tx.change(item, item_id, **values)
    if values.get("group_id", now.group_id) != now.group_id and tx.row(_SOLD, {"item_id": item_id}) is not None:
        record_change(tx, "item.regrouped", item_id)


def put_item(tx: WriteTx, external_id: str, name: str, *, code: str = "", unit: str = "", group: str = "") -> int:
    """The item of another system under its number there: added, or changed to be as told. Raises Invalid."""
    tx.lock_key("item", external_id)
    there = find_item_by_external(tx, external_id)
    if there is None:
        return add_item(tx, name, code=code, unit=unit, group=group, external_id=external_id)
    change_item(tx, there, name=name, code=code, unit=unit, group=group, ended=False)
    return there


def find_item_by_external(tx: ReadTx, external_id: str) -> int | None:
    """The item with this number in another system, or None."""
    found = tx.value(_BY_EXTERNAL, {"external_id": external_id})
    return None if found is None else int(found)


def get_item(tx: ReadTx, item_id: int) -> Item:
    """Raises NotFound."""
    return _item(tx.get(item, item_id))


def items_of(tx: ReadTx, ids: set[int]) -> dict[int, Item]:
    """Items by their ids."""
    return {row.id: _item(row) for row in tx.get_all(item, ids)}


def items_named(tx: ReadTx, names: Iterable[str]) -> dict[str, int]:
    """Items called exactly so, by their folded names; of two of a name the older one."""
    wanted = sorted({fold(" ".join(name.split())) for name in names})
    rows = tx.rows(
        select(item.c.name_folded, item.c.id).where(item.c.name_folded.in_(wanted), item.c.ended_at.is_(None))
    )
    return {row.name_folded: row.id for row in sorted(rows, key=lambda row: -row.id)}


def list_items(
    tx: ReadTx,
    *,
    words: str = "",
    group_id: int | None = None,
    ended: bool = True,
    after: str | None = None,
    limit: int = 50,
) -> Page[Item]:
    """Items by name; ``words`` is how their names begin. Without ``ended`` only those that are still in use. Raises
    Invalid for a bad cursor."""
    statement = select(item).order_by(item.c.name_folded, item.c.id).limit(limit + 1)
    if group_id is not None:
        statement = statement.where(item.c.group_id == group_id)
    if not ended:
        statement = statement.where(item.c.ended_at.is_(None))
    if words.strip():
        begins = fold(" ".join(words.split()))
        statement = statement.where(item.c.name_folded >= begins, item.c.name_folded < begins + "\U0010ffff")
    if after is not None:
        statement = statement.where(tuple_(item.c.name_folded, item.c.id) > tuple_(*decode_cursor(after, (str, int))))
    page = cut_page(tx.rows(statement), limit, lambda row: (row.name_folded, row.id))
    return Page([_item(row) for row in page.items], page.next)


def ensure_group(tx: WriteTx, name: str) -> int | None:
    """The group of this name, made where there is none; None for no name. Raises Invalid."""
    return _ensure(tx, item_group, name, "group") if name.strip() else None


def ensure_reason(tx: WriteTx, name: str) -> int | None:
    """The reason of this name, made where there is none; None for no name. Raises Invalid."""
    return _ensure(tx, refusal_reason, name, "reason") if name.strip() else None


def list_groups(tx: ReadTx) -> list[Named]:
    """All groups of items, by name."""
    return [Named(row.id, row.name) for row in tx.rows(select(item_group).order_by(item_group.c.name_folded))]


def count_in_groups(tx: ReadTx) -> dict[int, int]:
    """How many items that are in use each group has; groups without any are not there."""
    counted = select(item.c.group_id, func.count().label("items")).where(item.c.group_id.is_not(None))
    rows = tx.rows(counted.where(item.c.ended_at.is_(None)).group_by(item.c.group_id))
    return {row.group_id: int(row.items) for row in rows}


def rename_group(tx: WriteTx, group_id: int, name: str) -> None:
    """Call a group of items otherwise. Raises NotFound, Invalid, Conflict where another one is called so."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    folded = fold(name)
    tx.lock_key(item_group.name, folded)
    found = tx.value(select(item_group.c.id).where(item_group.c.name_folded == folded))
    if found not in (None, group_id):
        raise Conflict("There is already a group called “%(name)s”.", name=name, field="name")
    tx.lock(item_group, group_id)
    tx.change(item_group, group_id, name=name, name_folded=folded)


def list_reasons(tx: ReadTx) -> list[Named]:
    """All reasons of refusals, by name."""
    rows = tx.rows(select(refusal_reason).order_by(refusal_reason.c.name_folded))
    return [Named(row.id, row.name, row.ended_at is not None) for row in rows]


def _ensure(tx: WriteTx, table: Table, name: str, field: str) -> int:
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or "\0" in name:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field=field)
    folded = fold(name)
    tx.lock_key(table.name, folded)
    found = tx.value(select(table.c.id).where(table.c.name_folded == folded))
    return int(found) if found is not None else tx.insert(table, name=name, name_folded=folded)


def _read(name: str, code: str, unit: str) -> dict[str, Any]:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    for value, field in ((code, "code"), (unit, "unit")):
        if len(value) > LONGEST_CODE or "\0" in value:
            raise Invalid("A code has at most %(most)s characters.", most=LONGEST_CODE, field=field)
    return {"name": name, "name_folded": fold(name), "code": code.strip(), "unit": unit.strip()}


def _item(row: Any) -> Item:
    return Item(row.id, row.name, row.code, row.unit, row.group_id, row.external_id, row.ended_at is not None)
