"""A workbook as people keep them: a title above merged headers, columns without anything, numbers where text is meant
and text where numbers are, formulas, cells that could not be computed, and the same client again and again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

HEADERS = (
    "Код", "Найменування", "", "ЄДРПОУ", "Пошта", "Телефон", "Місто", "Контактна особа", "Email", "День народження",
)  # fmt: skip
OVER = 7
"""From this column on a header over several says that they are of the person."""
AGAIN, WRONG, UNCOMPUTED, EMPTY = 10, 25, 40, 60
"""Every so manieth row repeats the client before it, has a broken address, a cell that failed, nothing."""


def write_messy(path: Path, rows: int) -> dict[str, int]:
    """Write so many rows. Returns what becomes of them by what an import says: ``rows``, ``new``, ``refused``,
    ``again`` (those of clients who came before)."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Контрагенти")
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet.merge_range(0, 0, 0, 5, "Контрагенти станом на сьогодні")
    sheet.merge_range(1, OVER, 1, len(HEADERS) - 1, "Контакт")
    sheet.write_row(2, 0, HEADERS)
    for n, one in _numbered(rows):
        at = n + 2
        sheet.write(at, 0, one)  # a code as a number
        sheet.write_formula(at, 1, f'="Верба "&A{at + 1}', None, f"Верба {one}")
        if n % UNCOMPUTED == 7:
            sheet.write_formula(at, 6, "=VLOOKUP(A1,B:B,1,0)", None, "#N/A")
        else:
            sheet.write(at, 6, "Київ" if one % 2 else True)
        sheet.write_number(at, 3, 30_000_000 + one)
        sheet.write_string(at, 4, "зламана" if n % WRONG == 0 else f"Info{one}@Verba.example ")
        sheet.write_number(at, 5, 380_440_000_000 + one)
        sheet.write_string(at, 7, f"  Марина\u00a0Верба {one}")
        sheet.write_string(at, 8, f"m{one}@verba.example")
        sheet.write_number(at, 9, 30_000 + one % 5_000, day)
    book.close()
    return _count(rows)


def write_messy_text(path: Path, rows: int, encoding: str) -> dict[str, int]:
    """The same as a text with semicolons, as a spreadsheet saves it: what formulas came to, one line of headers below
    the title. Returns what ``write_messy`` does."""
    over = [f"Контакт {name}" if column > OVER else name for column, name in enumerate(HEADERS)]
    last = 1
    with path.open("w", encoding=encoding, newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(["Контрагенти станом на сьогодні", *[""] * (len(HEADERS) - 1)])
        out.writerow(over)
        for n, one in _numbered(rows):
            out.writerows([[""] * len(HEADERS)] * (n - last))
            last = n + 1
            city = "#N/A" if n % UNCOMPUTED == 7 else "Київ" if one % 2 else "ІСТИНА"
            day = date(1982, 2, 18) + timedelta(days=one % 5_000)
            out.writerow([
                one, f"Верба {one}", "", 30_000_000 + one, "зламана" if n % WRONG == 0 else f"Info{one}@Verba.example ",
                380_440_000_000 + one, city, f"  Марина\u00a0Верба {one}", f"m{one}@verba.example", f"{day:%d.%m.%Y}",
            ])  # fmt: skip
    return _count(rows)


def _numbered(rows: int) -> Iterator[tuple[int, int]]:
    """The rows that say something, each with the number of its client."""
    for n in range(1, rows + 1):
        if n % EMPTY:
            yield n, n - 1 if n % AGAIN == 0 else n


def _count(rows: int) -> dict[str, int]:
    counts = {"rows": 0, "new": 0, "refused": 0, "again": 0}
    for n, _ in _numbered(rows):
        counts["rows"] += 1
        counts["refused" if n % WRONG == 0 else "again" if n % AGAIN == 0 else "new"] += 1
    return counts
