"""A workbook as people keep them, a few hundred rows: tried, brought in over crashes, sent again, taken back. The long
form is ``python -m bench.import_clients --messy``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core import jobs
from core.database import Database
from crm.parties import update_counterparty
from crm.parties.tables import contact, counterparty
from crm.transfer.imports import load_import, run_import
from mailhub.routing import transferring
from tests.crm.test_transfer import House, snapshot
from tests.support.messy_table import write_messy

ROWS = 120


class Killed(BaseException):
    """As if the process ended here."""


def _work_over_crashes(house: House, monkeypatch: pytest.MonkeyPatch) -> int:
    """Every other part dies, before its commit or after it; a new process goes on. Returns how many have died."""
    real, begun, died = transferring.run_rows, 0, 0
    stored = transferring._Running._store

    def dying(*told: Any) -> Any:
        nonlocal begun
        begun += 1
        state = real(*told)
        if begun % 3 == 2:
            raise Killed
        return state

    async def ending(self: Any, part: Any) -> Any:
        state = await stored(self, part)
        if begun % 3 == 0:
            raise Killed
        return state

    monkeypatch.setattr(transferring, "run_rows", dying)
    monkeypatch.setattr(transferring._Running, "_store", ending)
    while True:
        try:
            house.work()
        except Killed:
            died += 1
            house.database.write_now(lambda tx: tx.execute(update(jobs.boot).values(seen_at=0)))
            house.boot = house.database.write_now(jobs.start_boot)
            assert house.database.write_now(jobs.beat, house.boot)
            continue
        monkeypatch.undo()
        return died


def test_a_messy_workbook(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(database, tmp_path)
    told = write_messy(tmp_path / "messy.xlsx", ROWS)
    data = (tmp_path / "messy.xlsx").read_bytes()
    before = database.read_now(snapshot)
    tried = house.try_it(data)
    assert tried.headers[:2] == ["Код", "Найменування"]  # the title over them is no part of them
    said = {"rows": told["rows"], "new": told["new"], "refused": told["refused"], "same": told["again"]}
    people = {"new_clients": told["new"], "new_people": told["new"]}
    assert tried.counts == said | people
    assert database.read_now(snapshot) == before
    house.write(run_import, tried.id)
    assert _work_over_crashes(house, monkeypatch) >= 2
    done = database.read_now(load_import, tried.id)
    assert (done.state, done.counts) == ("done", tried.counts)
    for table in (counterparty, contact):
        count = select(func.count()).select_from(table)
        assert database.read_now(lambda tx, count=count: tx.value(count)) == told["new"]
    assert {row.n for row in house.rows(done.id).values()} == {row.n for row in house.rows(tried.id).values()}
    again = house.try_it(data)
    assert again.counts == {"rows": told["rows"], "same": told["new"] + told["again"], "refused": told["refused"]}
    changed = house.rows(done.id)[4].client_id
    database.write_now(update_counterparty, changed, city="Odesa")
    undone = house.undo(done.id)
    assert (undone.state, undone.counts["undone"], undone.counts["stays"]) == ("undone", told["new"] - 1, 1)
    left = [row.client_id for row in house.rows(done.id).values() if row.outcome == "stays"]
    assert left == database.read_now(lambda tx: tx.values(select(counterparty.c.id))) == [changed]
