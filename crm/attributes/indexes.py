"""Indexes follow use: what rules ask for gets one, what nobody asks for any more loses it. A job makes them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, delete, desc, func, select

from core.columns import metadata
from core.database import ExpressionIndex, ReadTx, WriteTx, list_indexes
from core.jobs import enqueue
from crm.attributes.asking import value_of
from crm.attributes.reading import get_attribute
from crm.attributes.tables import attribute, attribute_use

INDEX_JOB = "attributes.index"
"""The kind of the job that makes and drops indexes."""
MOST_INDEXES = 20
_NAME = "ix_attribute_value_"
_USES = select(attribute_use.c.attribute_id).where(attribute_use.c.by == bindparam("by"))
_FORGET = delete(attribute_use).where(attribute_use.c.by == bindparam("by"))


def set_uses(tx: WriteTx, by: str, attribute_ids: Collection[int]) -> None:
    """``by`` (``segment 12``) asks for these fields from now on, and for no others."""
    before = set(tx.values(_USES, {"by": by}))
    if before == set(attribute_ids):
        return
    tx.execute(_FORGET, {"by": by})
    tx.insert_many(attribute_use, [{"by": by, "attribute_id": one} for one in sorted(set(attribute_ids))])
    enqueue(tx, INDEX_JOB, {})


def list_wanted_indexes(tx: ReadTx) -> list[ExpressionIndex]:
    """What has to be laid or taken away now; the fields that most ask for come first, ``MOST_INDEXES`` of them. Several
    choices need none: they have rows."""
    count = func.count().label("count")
    most = (
        select(attribute_use.c.attribute_id)
        .join(attribute, attribute.c.id == attribute_use.c.attribute_id)
        .where(attribute.c.type != "choices", attribute.c.ended_at.is_(None))
        .group_by(attribute_use.c.attribute_id)
        .order_by(desc(count), attribute_use.c.attribute_id)
        .limit(MOST_INDEXES)
        .add_columns(count)
    )
    wanted = {f"{_NAME}{row.attribute_id}": row.attribute_id for row in tx.rows(most)}
    there = list_indexes(tx, _NAME)
    gone = [_index(tx, name, int(name.removeprefix(_NAME)), stands=False) for name in sorted(there - wanted.keys())]
    return gone + [_index(tx, name, one, stands=True) for name, one in wanted.items() if name not in there]


def _index(tx: ReadTx, name: str, attribute_id: int, *, stands: bool) -> ExpressionIndex:
    found = get_attribute(tx, attribute_id)
    table: Any = metadata.tables[found.of]
    return ExpressionIndex(name, table, value_of(found, table) if stands else None)
