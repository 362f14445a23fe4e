"""Whether a spreadsheet makes a formula of what leaves the house: every export is filled with a table of attacks and
converted by LibreOffice without a window.

    python -m bench.formulas [--table ../shared/corpora/attacks/csv_formula.json]

Each export of text goes to a workbook and each workbook to another, with formulas in text looked for on the way in; the
cells of the outcome that are formulas are counted. The same table without our care goes first: where nothing of it
becomes a formula, this measures nothing. Ends with 1 when a cell of ours became one.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from api.exports import Workbook, written
from core.database import open_database
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.transfer.exporting import CLIENT_FIELDS, PERSON_FIELDS, list_lines
from mailhub.migrations import upgrade

TABLE = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "attacks" / "csv_formula.json"
SECONDS = 180
_EVALUATE = "59,34,76,1,,0,false,true,false,false,false,0,true"
"""How text is read: the delimiter, quotes, UTF-8, special numbers looked for, formulas worked out."""


def read_table(path: Path) -> list[str]:
    """The texts of the attacks. Raises SystemExit where there are none."""
    if not path.exists():
        raise SystemExit(f"There is no table of formulas at {path}. Say with --table where it is.")
    cases = json.loads(path.read_text())["cases"]
    return [str(case["value"]) for case in cases if case["type"] == "text"]


def fill(folder: Path, attacks: Sequence[str]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Clients and people who are called so, as their exports tell them: (name, headers, lines)."""
    url = f"sqlite:///{folder / 'house.db'}"
    upgrade(url)
    database = open_database(url)
    try:
        user_id = database.write_now(partial(add_user, is_admin=True), "chief@bench.example", "Chief")
        viewer = database.read_now(get_viewer, user_id)
        for attack in attacks:
            client = database.write_now(partial(add_counterparty, about=attack, city=attack), attack)
            database.write_now(partial(add_contact, counterparty_id=client, about=attack, position=attack), attack)
        clients = database.read_now(lambda tx: list_lines(tx, viewer, "counterparty", []).items)
        people = database.read_now(lambda tx: list_lines(tx, viewer, "contact", []).items)
    finally:
        database.close()
    return [("clients", list(CLIENT_FIELDS), clients), ("people", list(PERSON_FIELDS), people)]


def lay_exports(folder: Path, attacks: Sequence[str]) -> dict[str, Path]:
    """Every form in which tables leave, by what it is."""
    laid: dict[str, Path] = {}
    for name, headers, lines in fill(folder, attacks):
        laid[f"{name}, text"] = _lay(folder / f"{name}.csv", b"\xef\xbb\xbf" + written([headers, *lines]))
        book = Workbook(folder / f"{name}.xlsx", headers)
        book.write(lines)
        book.close()
        laid[f"{name}, workbook"] = folder / f"{name}.xlsx"
    cells = [[one, "a", one] for one in attacks]
    laid["reports, text"] = _lay(folder / "report.csv", b"\xef\xbb\xbf" + written(cells))
    laid["lists and the audit log, text"] = _lay(folder / "list.csv", b"\xef\xbb\xbf" + written(cells, ","))
    return laid


def lay_bare(folder: Path, attacks: Sequence[str]) -> Path:
    """The table as it would leave without our care."""
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([[one, "a", one] for one in attacks])
    return _lay(folder / "bare.csv", out.getvalue().encode())


def _lay(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def convert(program: str, path: Path, folder: Path) -> Path:
    """The file as LibreOffice saves it. Raises SystemExit where it does not."""
    out = folder / "converted"
    how = [program, f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--norestore"]
    if path.suffix == ".csv":
        told = _EVALUATE if ";" in path.read_text("utf-8-sig").splitlines()[0] else _EVALUATE.replace("59", "44", 1)
        how.append(f"--infilter=CSV:{told}")
    how += ["--convert-to", "xlsx", "--outdir", str(out), str(path)]
    done = subprocess.run(how, capture_output=True, text=True, timeout=SECONDS, check=False)
    made = out / f"{path.stem}.xlsx"
    if done.returncode or not made.exists():
        raise SystemExit(f"LibreOffice did not convert {path.name}: {done.stderr.strip() or done.stdout.strip()}")
    return made.rename(out / f"{path.stem}-{path.suffix[1:]}.xlsx")


def count_formulas(path: Path) -> int:
    """The cells of a workbook that are formulas or links."""
    with zipfile.ZipFile(path) as packed:
        sheets = [one for one in packed.namelist() if one.startswith("xl/worksheets/sheet")]
        texts = [packed.read(one).decode() for one in sheets]
    return sum(text.count("<f>") + text.count("<f ") + text.count("<hyperlink ") for text in texts)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert every export and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE)
    asked = parser.parse_args(argv)
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        print(
            "LibreOffice is not here: apt-get install --no-install-recommends libreoffice-calc-nogui", file=sys.stderr
        )
        return 2
    attacks = read_table(asked.table)
    with tempfile.TemporaryDirectory(prefix="mailhub-formulas-") as held:
        folder = Path(held)
        bare = count_formulas(convert(program, lay_bare(folder, attacks), folder))
        print(f"{'without our care':<32} {bare} formulas of {2 * len(attacks)} cells")
        found = 0
        for name, path in lay_exports(folder, attacks).items():
            count = count_formulas(convert(program, path, folder))
            print(f"{name:<32} {count} formulas of {len(attacks)} texts")
            found += count
    if not bare:
        print("Nothing became a formula even without our care: this LibreOffice measures nothing.", file=sys.stderr)
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
