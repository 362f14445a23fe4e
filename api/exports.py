"""Clients on their way out over HTTP, as a table of text or a workbook: a part at a time, no cell a formula."""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import xlsxwriter  # type: ignore[import-untyped]
from litestar.response import Stream

from api.auth import Door
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page
from core.spreadsheet import safe_cell
from crm.attributes import Attribute
from crm.parties.words import Of
from crm.segments import get_segment, select_members
from crm.segments.shapes import TABLES
from crm.staff.readable import Viewer
from crm.transfer.exporting import begin_export, list_lines

Format = Literal["csv", "xlsx"]
BLOCK = 1 << 18
DAY_SECONDS = 86_400
ROWS_OF_A_SHEET = 1_000_000
LONGEST_CELL = 32_767
_MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is taken along: clients or contacts, found by words, of a free group, of a segment."""

    of: Of
    how: Format
    words: str = ""
    group_id: int | None = None
    segment_id: int | None = None


async def export_clients(
    door: Door, wanted: Wanted, headers: Sequence[str], label: Callable[[Attribute], str], *, media: str = ""
) -> Stream:
    """An answer with clients (or contacts); a person has to show that it is them, since so much leaves at once.
    ``label`` is the header of a field that users added, ``media`` how it is announced where not as what it is. Raises
    Forbidden, ProofNeeded, NotFound, Invalid."""
    own = await door.write(door.proved(_begin, programs=True), wanted)
    headers = [*headers, *map(label, own)]
    pages = _pages(door, wanted, own)
    of, how = wanted.of, wanted.how
    body = _as_text(headers, pages) if how == "csv" else _as_workbook(door.house.exports, headers, pages)
    name = "clients" if of == "counterparty" else "contacts"
    said = {"Content-Disposition": f'attachment; filename="{name}.{how}"'}
    return Stream(body, media_type=media or _MEDIA[how], headers=said)


def _begin(tx: WriteTx, viewer: Viewer, wanted: Wanted) -> list[Attribute]:
    """Raises Forbidden, NotFound, Invalid."""
    own = begin_export(tx, viewer, wanted.of, wanted.how, wanted.words, wanted.group_id, wanted.segment_id)
    if wanted.segment_id is not None and TABLES[get_segment(tx, wanted.segment_id).of].name != wanted.of:
        raise Invalid("This segment is of others. Choose one of the same kind.", field="segment")
    _list(tx, viewer, wanted, own, None)
    return own


def _list(tx: ReadTx, viewer: Viewer, wanted: Wanted, own: Sequence[Attribute], after: str | None) -> Page[list[str]]:
    among = None if wanted.segment_id is None else select_members(wanted.segment_id)
    words, group_id = wanted.words, wanted.group_id
    return list_lines(tx, viewer, wanted.of, own, words=words, group_id=group_id, among=among, after=after)


async def _pages(door: Door, wanted: Wanted, own: Sequence[Attribute]) -> AsyncIterator[Sequence[list[str]]]:
    after: str | None = None
    while True:
        page = await door.read(_list, wanted, own, after)
        yield page.items
        if page.next is None:
            return
        after = page.next


async def _as_text(headers: Sequence[str], pages: AsyncIterator[Sequence[list[str]]]) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf" + written([list(headers)])
    async for lines in pages:
        yield await asyncio.to_thread(written, lines)


def written(lines: Iterable[Sequence[str]], delimiter: str = ";") -> bytes:
    """Lines of a table of text; no cell of it is a formula."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([safe_cell(cell) for cell in line] for line in lines)
    return out.getvalue().encode()


async def _as_workbook(
    folder: Path, headers: Sequence[str], pages: AsyncIterator[Sequence[list[str]]]
) -> AsyncIterator[bytes]:
    path = folder / f".export-{secrets.token_hex(8)}.xlsx"
    try:
        book = await asyncio.to_thread(Workbook, path, headers)
        async for lines in pages:
            await asyncio.to_thread(book.write, lines)
        await asyncio.to_thread(book.close)
        file = await asyncio.to_thread(path.open, "rb")
        with file:
            while block := await asyncio.to_thread(file.read, BLOCK):
                yield block
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


class Workbook:
    """A workbook on its way into a file, in constant memory. Every cell is text, whatever it looks like."""

    def __init__(self, path: Path, headers: Sequence[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book: Any = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent), **safe})
        self._book.set_properties({"created": datetime.fromtimestamp(clock.now() // clock.DAY * DAY_SECONDS, UTC)})
        self._bold = self._book.add_format({"bold": True})
        self._headers = headers
        self._row = ROWS_OF_A_SHEET
        self._sheet: Any = None
        self._begin()

    def write(self, lines: Sequence[Sequence[str]]) -> None:
        """More lines; after a million another sheet begins."""
        for line in lines:
            if self._row >= ROWS_OF_A_SHEET:
                self._begin()
            for column, cell in enumerate(line):
                if cell:
                    self._sheet.write_string(self._row, column, cell[:LONGEST_CELL])
            self._row += 1

    def close(self) -> None:
        """The file is whole."""
        self._book.close()

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for column, header in enumerate(self._headers):
            self._sheet.write_string(0, column, header, self._bold)
        self._row = 1
