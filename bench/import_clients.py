"""How fast tables of clients come in, and how long other writes wait meanwhile.

    python -m bench.import_clients [--rows 20000] [--messy] [--url postgresql://…]

A row is a client with a tax number, an address and a telephone and one contact with an address and a telephone. The
loop of the server reads, tries and takes it in over a fresh database; all the while somebody writes every 20 ms in the
lane of people. Floor 2,000 rows a second, aim 5,000; nobody waits over 150 ms (p99). The processor time of a row in
this process (another one reads) is told beside: on a busy machine it is what can be trusted. ``--messy`` brings a
workbook as people keep them instead (``tests/support/messy_table``), and says what has to become of its rows.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from core import jobs
from core.database import Database, WriteTx, open_database
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.transfer.imports import load_import, run_import, start_import, try_import
from mailhub.migrations import upgrade
from mailhub.routing.table_worker import Reading
from mailhub.routing.tables_read import look_at
from mailhub.routing.transferring import Transferring, table_file
from tests.support.messy_table import write_messy

HEADERS = ("Company", "Tax number", "E-mail", "Phone", "Contact", "Contact e-mail", "Contact phone", "Position")


def write_table(path: Path, rows: int) -> dict[str, int]:
    """A table of clients, all different. Returns what becomes of them, as ``write_messy``."""
    with path.open("w", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(HEADERS)
        for n in range(rows):
            out.writerow([
                f"Верба {n} ТОВ", 10_000_000 + n, f"info@verba{n}.example", f"+38044{n:07d}", f"Марина Верба{n}",
                f"marina@verba{n}.example", f"+38067{n:07d}", "Закупівлі",
            ])  # fmt: skip
    return {"rows": rows, "new": rows, "refused": 0, "again": 0}


async def run(database: Database, folder: Path, rows: int, *, messy: bool = False) -> list[Figure]:
    """The rates of the dry run and of the import, and the waits beside it."""
    user_id = await database.write(partial(add_user, is_admin=True), "chief@firm.example", "Chief")
    boot = await database.write(jobs.start_boot)
    viewer = await database.read(get_viewer, user_id)
    sent = folder / "sent"
    told = await asyncio.to_thread(write_messy if messy else write_table, sent, rows)
    found = await database.write(start_import, viewer, "c.csv", 1, await look_at(Reading(str(sent))))
    sent.rename(table_file(folder, found.id))
    loop = Transferring(database, boot, folder, "Europe/Kyiv")
    waits: list[float] = []
    beside = asyncio.create_task(_write_beside(database, waits))
    await database.write(try_import, viewer, found.id, found.mapping, {})
    begin = time.monotonic()
    await loop.once()
    tried = time.monotonic() - begin
    await database.write(run_import, viewer, found.id)
    waits.clear()
    begin, worked = time.monotonic(), time.process_time()
    await loop.once()
    took, worked = time.monotonic() - begin, time.process_time() - worked
    beside.cancel()
    done = await database.read(load_import, found.id)
    counts = [done.counts.get(name, 0) for name in ("rows", "new", "refused", "same")]
    assert done.state == "done", (done.state, done.error)
    assert counts == [told[name] for name in ("rows", "new", "refused", "again")], (counts, told)
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)] * 1000
    return [
        Figure("dry run of clients", rows / tried, "rows/s", more=True),
        Figure("import of clients", rows / took, "rows/s", floor=2000, aim=5000, more=True),
        Figure("processor time of a row", worked / rows * 1_000_000, "µs"),
        Figure("a write beside it, p99", p99, "ms", floor=150, aim=50, note=f"longest {waits[-1] * 1000:.0f}"),
    ]


async def _write_beside(database: Database, waits: list[float]) -> None:
    def nothing(_tx: WriteTx) -> None:
        return None

    while True:
        begin = time.monotonic()
        await database.write(nothing)
        waits.append(time.monotonic() - begin)
        await asyncio.sleep(0.02)


def measure(options: argparse.Namespace) -> list[Figure]:
    """Import a table into a new database."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = options.url or f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        database = open_database(url)
        try:
            return asyncio.run(run(database, Path(folder), options.rows, messy=options.messy))
        finally:
            database.close()


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--messy", action="store_true", help="a workbook as people keep them")
    parser.add_argument("--url", default="", help="an empty database; SQLite in a folder of its own without")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(0 if print_figures(measure(read_options())) else 1)
