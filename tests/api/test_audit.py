"""The audit log by person, act and period, page by page; a table that no spreadsheet executes; a chain that tells."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import text, update

from core.spreadsheet import safe_cell
from crm.staff.audit import record_audit
from crm.staff.tables import audit
from tests.api.world import World
from tests.support.programs import not_run

FORMULAS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "attacks" / "csv_formula.json"
DAY = 86_400
NOW = 1_895_000_000


async def fill(world: World) -> None:
    """Three days, two people, two acts."""
    for number in range(60):
        who = world.users["reader" if number % 2 else "owner"]
        act = "export-made" if number % 3 else "settings-changed"
        with time_machine.travel(NOW + number // 20 * DAY, tick=False):
            await world.database.write(record_audit, who, act, f"=cmd|{number}")


def test_by_person_act_and_period_page_by_page(world: World, loop: asyncio.Runner) -> None:
    async def walk() -> None:
        await fill(world)
        chief = world.program("administrator")

        async def ask(query: str) -> list[dict[str, object]]:
            found, after = [], ""
            while True:
                answer = (await chief.get(f"/api/v1/audit?limit=7&{query}{after}")).json()
                found += answer["items"]
                if answer["next"] is None:
                    return found
                after = f"&after={answer['next']}"

        reader = world.users["reader"]
        lines = await ask(f"user_id={reader}&action=export-made")
        assert len(lines) == 20
        assert [one["id"] for one in lines] == sorted((one["id"] for one in lines), reverse=True)
        assert {(one["user_id"], one["action"]) for one in lines} == {(reader, "export-made")}
        day = "since=2030-01-20T00:00:00Z&until=2030-01-21T00:00:00Z"  # the second of the three
        assert len(await ask(f"{day}&action=export-made")) in (13, 14)
        assert await ask("since=2031-01-01T00:00:00Z") == []
        assert await ask("until=2001-01-01T00:00:00Z") == []
        assert (await world.program("manager").get("/api/v1/audit")).status == 403
        assert (await chief.get("/api/v1/audit?since=tomorrow")).status == 400

    loop.run(walk())


def test_the_page_and_the_table(world: World, loop: asyncio.Runner) -> None:
    async def walk() -> None:
        await fill(world)
        chief = await world.browser("administrator")
        page = (await chief.get(f"/settings/audit?person={world.users['reader']}&action=export-made")).body.decode()
        assert page.count("=cmd|") == 20
        assert (await chief.get("/settings/audit?since=x")).status == 400
        table = await chief.get("/settings/audit.csv?action=settings-changed")
        rows = list(csv.reader(io.StringIO(table.body.decode("utf-8-sig"))))
        assert len(rows) == 21
        assert all(row[4].startswith("'=cmd|") for row in rows[1:])
        (last,) = (await chief.get("/api/v1/audit?action=audit-exported")).json()["items"]
        assert last["user_id"] == world.users["administrator"]
        for target in ("/settings/audit", "/settings/audit.csv"):
            assert (await world.program("reader").get(target)).status == 403

    loop.run(walk())


def test_a_line_that_was_changed_breaks_the_chain(world: World, loop: asyncio.Runner) -> None:
    async def walk() -> None:
        await fill(world)
        chief = world.program("administrator")
        whole = (await chief.get("/api/v1/audit/check")).json()
        assert whole["broken"] is None
        assert whole["lines"] >= 60
        await world.database.write(lambda tx: tx.execute(update(audit).where(audit.c.id == 9).values(subject="x")))
        assert (await chief.get("/api/v1/audit/check")).json()["broken"] == 9
        browser = await world.browser("administrator")
        form = {"content-type": "application/x-www-form-urlencoded"}
        page = await browser.ask("POST", "/settings/audit/check", body=b"x=1", headers=form)
        assert "9" in page.body.decode()

    loop.run(walk())


def test_cells_are_no_formulas() -> None:
    if not FORMULAS.exists():
        not_run("no corpora/attacks beside the project")
    texts = [case for case in json.loads(FORMULAS.read_text())["cases"] if case["type"] == "text"]
    assert len(texts) > 20
    for case in texts:
        assert safe_cell(case["value"]) in case["expect"]["csv"], case["id"]
    assert safe_cell("Ромашка = 5") == "Ромашка = 5"


@pytest.mark.parametrize("query", ["", "user_id = 1", "action = 'signed-in'", "at >= 5"])
def test_the_log_is_never_scanned(world: World, loop: asyncio.Runner, query: str) -> None:
    if not world.database.is_sqlite:
        return  # what PostgreSQL plans depends on how many rows there are

    def explain(tx) -> str:
        where = f"WHERE {query} AND id < 100" if query else "WHERE id < 100"
        order = "ORDER BY at LIMIT 1" if query.startswith("at") else "ORDER BY id DESC LIMIT 50"
        rows = tx.rows(text(f"EXPLAIN QUERY PLAN SELECT * FROM audit {where} {order}"))
        return " ".join(str(row) for row in rows)

    async def ask() -> str:
        return await world.database.read(explain)

    plan = loop.run(ask())
    assert "SCAN" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan
