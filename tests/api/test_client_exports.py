"""Clients leave as tables: what a spreadsheet would run stays text in both forms, and comes back as it was."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from functools import partial
from pathlib import Path

import pytest
import time_machine
from python_calamine import CalamineWorkbook

from api.exports import Workbook, written
from api.web.client_import_words import field_words
from api.web.shapes import Speaker
from core import clock
from core.language import LANGUAGES
from core.spreadsheet import bare_cell, safe_cell
from crm.attributes import add_attribute
from crm.parties import Phone, add_contact, add_counterparty, record_consent
from crm.segments import add_members, add_segment
from crm.staff.audit import list_audit
from crm.staff.sessions import PROOF
from crm.transfer.exporting import CLIENT_FIELDS, PERSON_FIELDS
from crm.transfer.fields import guess_mapping, own_field, own_header
from crm.transfer.imports import list_own
from tests.api.world import World
from tests.support.programs import not_run

FORMULAS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "attacks" / "csv_formula.json"
TRIGGERS = tuple("=+-@\t\r＝＋－＠")


def texts() -> list[str]:
    if not FORMULAS.exists():
        not_run("the table of formulas is not here")
    return [str(case["value"]) for case in json.loads(FORMULAS.read_text())["cases"] if case["type"] == "text"]


def test_no_cell_of_a_text_table_is_a_formula() -> None:
    values = texts()
    rows = list(csv.reader(io.StringIO(written([[value] for value in values]).decode(), newline=""), delimiter=";"))
    assert [bare_cell(cell) for (cell,) in rows] == values
    assert not [cell for (cell,) in rows if cell.lstrip(' \ufeff\u00a0\u200b"').startswith(TRIGGERS)]


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    values, path = texts(), tmp_path / "clients.xlsx"
    book = Workbook(path, ["Name"])
    book.write([[value] for value in values])
    book.close()
    with zipfile.ZipFile(path) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    cells = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert len(cells) == len(values) + 1
    assert all(isinstance(cell, str) for (cell,) in cells)
    told = [" ".join(cell.split()) for (cell,) in cells[1:]]
    assert told == [" ".join(value.split()) for value in values]


@pytest.mark.parametrize("code", LANGUAGES)
def test_an_import_understands_our_headers(world: World, loop: asyncio.Runner, code: str) -> None:
    viewer = loop.run(world.viewer("administrator"))
    words = field_words(Speaker(viewer, world.house.catalogs.language(code, "UTC"), 0))
    for fields in (CLIENT_FIELDS, PERSON_FIELDS):
        assert guess_mapping([words[one] for one in fields]) == list(fields)
        assert guess_mapping(fields) == list(fields)


def test_what_is_in_view_leaves_and_is_written_down(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        write = world.database.write
        firm = await write(
            add_counterparty, "=1+1 Willow", emails=["info@willow.example"], phones=[Phone("+35924123456")]
        )
        person = await write(add_contact, "Marina", counterparty_id=firm)
        await write(record_consent, person, given=True, source="The fair")
        chief = world.program("administrator")
        answer = await chief.get("/api/v1/client-exports/counterparties?q=willow")
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig")), delimiter=";"))
        assert rows[0][: len(CLIENT_FIELDS)] == list(CLIENT_FIELDS)
        assert [row[0] for row in rows[1:]] == [safe_cell("=1+1 Willow")]
        people = await chief.get("/api/v1/client-exports/contacts?q=marina&format=xlsx")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(people.body)).get_sheet_by_index(0).to_python()
        assert sheet[1][:2] == ["Marina", "=1+1 Willow"]
        assert (await world.program("reader").get("/api/v1/client-exports/counterparties")).status == 403
        browser = await world.browser("administrator")
        page = await browser.get("/clients/export?format=csv&q=willow")
        assert "Willow" in page.body.decode()
        with time_machine.travel((clock.now() + PROOF) // clock.SECOND + 1, tick=False):
            refused = await browser.get("/clients/export?format=csv&q=willow")
        there = "/prove?next=/clients/export%3Fformat%3Dcsv%26q%3Dwillow"
        assert (refused.status, refused.headers["location"]) == (303, there)
        acts = [entry.action for entry in await world.database.read(list_audit, None, 9)]
        assert acts.count("clients-exported") == 3
        assert not list(world.house.exports.glob(".export-*"))

    loop.run(go())


def test_what_users_added_leaves_and_comes_back(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        write = world.database.write
        for label, kind in (
            ("Region of sale", "text"),
            ("Limit", "money"),
            ("Since", "date"),
            ("Own trucks", "yes_no"),
        ):
            await write(partial(add_attribute, currency="EUR" if kind == "money" else ""), "counterparty", label, kind)
        told = {"region_of_sale": "=Odesa", "limit": 120050, "since": "2026-11-18", "own_trucks": True}
        firm = await write(partial(add_counterparty, attributes=told), "Willow")
        other = await write(add_counterparty, "Poplar")
        viewer = await world.viewer("administrator")
        segment = await write(add_segment, viewer, "Some", "counterparties")
        await write(add_members, viewer, segment, [firm])
        chief = world.program("administrator")
        answer = await chief.get(f"/api/v1/client-exports/counterparties?segment_id={segment}")
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig")), delimiter=";"))
        assert [row[0] for row in rows] == ["client.name", "Willow"]
        told_here = dict(zip(rows[0], rows[1], strict=True))
        own = [told_here[f"client.own.{key}"] for key in ("region_of_sale", "limit", "since", "own_trucks")]
        assert own == ["'=Odesa", "1200.50", "2026-11-18", "yes"]
        fields = (await chief.get("/api/v1/client-imports/fields")).json()["items"]
        assert "client.own.limit" in fields
        known = await world.database.read(list_own)
        assert guess_mapping(rows[0], known) == rows[0]
        assert guess_mapping([own_header(one) for one in known], known) == [own_field(one) for one in known]
        wrong = await chief.get(f"/api/v1/client-exports/contacts?segment_id={segment}")
        assert wrong.status == 400
        assert other

    loop.run(go())
