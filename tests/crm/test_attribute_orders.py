"""Fields that users add, as columns of a list: what is no order of it, and how many have an index."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from core.database import Database, WriteTx
from core.errors import Invalid
from core.paging import encode_cursor
from crm.attributes import MOST_INDEXES, add_attribute, change_attribute, list_wanted_indexes, set_uses
from crm.parties import list_counterparties
from tests.crm.test_attributes import add_all


def test_what_is_no_order_of_the_list(database: Database) -> None:
    fields = {one.type: one for one in database.write_now(add_all)}
    for kind in ("choices", "number"):
        database.write_now(partial(change_attribute, listed=True), fields[kind].id)  # type: ignore[index]
    wrong: list[dict[str, Any]] = [{"sort": "own_nothing"}, {"sort": "own_choices"}, {"sort": "own_text"}]
    wrong += [{"sort": "own_number", "after": encode_cursor((1, text, 1))} for text in ("nan", "x")]
    for told in wrong:
        with pytest.raises(Invalid):
            database.read_now(partial(list_counterparties, **told))


def test_so_many_indexes_and_no_more(database: Database) -> None:
    def ask(tx: WriteTx) -> list[int]:
        made = [add_attribute(tx, "counterparty", f"Field {one}", "text").id for one in range(MOST_INDEXES + 5)]
        set_uses(tx, "segment 1", made)
        set_uses(tx, "segment 2", made[-3:])
        return made

    made = database.write_now(ask)
    wanted = {index.name for index in database.read_now(list_wanted_indexes)}
    assert len(wanted) == MOST_INDEXES
    assert {f"ix_attribute_value_{one}" for one in made[-3:]} <= wanted
