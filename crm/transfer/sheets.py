"""Tables as files: CSV in any encoding and with any delimiter, and the sheets of a workbook; cells come out as text.

What is above the headers is skipped; a header over several columns, right above them, stands before those below it.
Formulas are what they said when the file was saved; nothing is computed here.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from core.errors import Invalid
from core.spreadsheet import bare_cell
from crm.transfer.fields import known_words

Decode = Callable[[bytes], tuple[str, str]]
"""Bytes to text and the name of the encoding that it was in."""
DELIMITERS = (";", ",", "\t", "|")
LARGEST_UNPACKED = 1 << 30
LARGEST_TEXT = 1 << 28
MOST_COLUMNS = 200
MOST_ROWS = 1_000_000
LONGEST_CELL = 10_000
_LOOKED_AT = 25  # rows among which the headers are looked for
_DIGITS = 15
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
WRONG = {
    "no_table": "This file is neither a table of text (CSV) nor a workbook (XLSX). Save it as one of these.",
    "empty": "There is nothing in this file: no row of headers with rows below it.",
}


@dataclass(slots=True)
class Table:
    """An opened file. ``rows`` gives (number, cells) below the headers, empty lines left out, numbered as a spreadsheet
    does. ``sheets`` are the names of all sheets of a workbook."""

    format: str
    headers: list[str]
    rows: Callable[[], Iterator[tuple[int, list[str]]]]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)


def open_table(
    path: Path, decode: Decode, *, sheet: str = "", delimiter: str = "", known: Callable[[str], str] = known_words
) -> Table:
    """Find out what a file is and where its headers are, by the words of headers that are ``known``. Raises Invalid for
    what is no table."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith((_ZIP, _OLD)):
        return _open_workbook(path, sheet, known, packed=head.startswith(_ZIP))
    return _open_text(path, decode, delimiter, known)


def _open_text(path: Path, decode: Decode, delimiter: str, known: Callable[[str], str]) -> Table:
    if path.stat().st_size > LARGEST_TEXT:
        raise Invalid("This table is too large. Send it in several parts.")
    text, encoding = decode(path.read_bytes())
    text = text.removeprefix("\ufeff").replace("\0", "")
    if text[:4].lower() == "sep=":  # a line in which spreadsheets name the delimiter
        first, _, text = text.partition("\n")
        delimiter = delimiter or first.rstrip("\r")[4:5]
    lines = text.splitlines(keepends=True)
    chosen = delimiter if delimiter in DELIMITERS else _find_delimiter(lines[:200])
    csv.field_size_limit(LARGEST_TEXT)

    def read() -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(lines, delimiter=chosen)
        try:
            for n, cells in enumerate(reader, start=1):
                yield n, [bare_cell(_clean(one)) for one in cells]
        except csv.Error as problem:
            raise Invalid("The table breaks off: %(reason)s", reason=str(problem)) from problem

    headers, below = _find_headers(read, (), known)
    return Table("csv", headers, _below(read, below, len(headers)), encoding, chosen)


def _find_delimiter(lines: Sequence[str]) -> str:
    """The one that cuts most lines into the same number of cells, more than one."""
    best, chosen = (0, 0), DELIMITERS[0]
    for one in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines, delimiter=one) if any(row)]
        usual = max(set(counts), key=counts.count, default=1)
        told = (counts.count(usual), usual) if usual > 1 else (0, 0)
        if told > best:
            best, chosen = told, one
    return chosen


def _open_workbook(path: Path, wanted: str, known: Callable[[str], str], *, packed: bool) -> Table:
    if packed:
        _refuse_bomb(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = list(book.sheet_names)
        chosen = book.get_sheet_by_name(wanted) if wanted in names else _fullest(book, names)
    except (CalamineError, OSError, ValueError, IndexError) as problem:
        raise Invalid(WRONG["no_table"]) from problem
    if chosen is None:
        raise Invalid(WRONG["empty"])
    # Calamine counts from the first used cell; a spreadsheet from the first row.
    first = (chosen.start or (0, 0))[0]

    def read() -> Iterator[tuple[int, list[str]]]:
        for n, cells in enumerate(chosen.iter_rows(), start=1 + first):
            yield n, [_clean(_as_text(one)) for one in cells]

    merged = _merged(chosen)
    headers, below = _find_headers(read, merged, known)
    return Table("xlsx", headers, _below(read, below, len(headers)), sheet=chosen.name, sheets=names)


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(one.file_size for one in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise Invalid(WRONG["no_table"]) from problem
    if size > LARGEST_UNPACKED:
        raise Invalid("This table is too large. Send it in several parts.")


def _fullest(book: CalamineWorkbook, names: Sequence[str]) -> CalamineSheet | None:
    """The first sheet with at least two rows; of those that have fewer, none."""
    for name in names:
        found = book.get_sheet_by_name(name)
        if found.height > 1:
            return found
    return None


def _merged(sheet: CalamineSheet) -> list[tuple[int, int, int]]:
    """(row, first column, last column) of headers that stand over several columns, as ``iter_rows`` counts."""
    row, column = sheet.start or (0, 0)
    ranges = sheet.merged_cell_ranges or []
    return [(top - row, left - column, right - column) for (top, left), (_, right) in ranges if right > left]


def _find_headers(
    read: Callable[[], Iterator[tuple[int, list[str]]]],
    merged: Sequence[tuple[int, int, int]],
    known: Callable[[str], str],
) -> tuple[list[str], int]:
    """The headers, and the number of the row that they stand in: of the first rows the one that says most of what we
    know; else the first with two cells."""
    top: list[tuple[int, list[str]]] = []
    for n, cells in read():
        top.append((n, cells))
        if len(top) == _LOOKED_AT:
            break
    told = [(sum(bool(known(one)) for one in cells if one), n, at) for at, (n, cells) in enumerate(top)]
    best = max(told, key=lambda one: (one[0], -one[2]), default=(0, 0, 0))
    if best[0] == 0:
        best = next(((0, n, at) for _, n, at in told if sum(map(bool, top[at][1])) > 1), best)
    if not top or len(top) < 2 or not any(top[best[2]][1]):
        raise Invalid(WRONG["empty"])
    _, number, at = best
    headers = list(top[at][1])
    while headers and not headers[-1]:
        headers.pop()
    for row, left, right in merged:
        whole = left == 0 and right >= len(headers) - 1  # a title, as is what stands further above
        above = top[row][1] if 0 <= row == at - 1 and not whole else []
        over = above[left] if left < len(above) else ""
        for column in range(left, min(right + 1, len(headers))):
            headers[column] = f"{over} {headers[column]}".strip()
    if len(headers) > MOST_COLUMNS:
        raise Invalid("A table has at most %(count)s columns here.", count=MOST_COLUMNS)
    return headers, number


def _below(
    read: Callable[[], Iterator[tuple[int, list[str]]]], headers: int, width: int
) -> Callable[[], Iterator[tuple[int, list[str]]]]:
    def rows() -> Iterator[tuple[int, list[str]]]:
        count = 0
        for n, cells in read():
            if n <= headers or not any(cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise Invalid("This table has more than %(count)s rows. Send it in several parts.", count=MOST_ROWS)
            yield n, [*cells[:width], *[""] * (width - len(cells))]

    return rows


def _clean(text: str) -> str:
    return text[:LONGEST_CELL].strip(" \t\r\n\u00a0\u200b\ufeff")


def _as_text(cell: Any) -> str:
    """What a cell says, whatever its type: 380441234567 and not 380441234567.0, days as 2026-11-22."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        return f"{Decimal(f'{cell:.{_DIGITS}g}'):f}"  # as a spreadsheet shows it: 0.3, and not 0.30000000000000004
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta | int):
        return str(cell)
    return ""
