"""The house stands on its floors: imports point down, never up, never sideways, never inside a function.

The table is the one of docs/architecture.md. Rooms that stand on the same line do not know each other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

STEPS: dict[str, list[set[str]]] = {
    "core": [
        {"errors", "clock", "columns", "json_values", "suffixes", "disk", "spreadsheet", "zones"},
        {"resources", "language", "money"},
        {"settings", "log"},
        {"database", "rounds"},
        {"changes", "jobs", "limits", "marks", "blobs", "secrets", "fulltext", "paging", "fetch", "rules", "once"},
    ],
    "crm": [
        {"staff"},
        {"attributes", "working"},
        {"parties"},
        {"interactions"},
        {"planner"},
        {"execution", "documents", "marketing"},
        {"deals", "suppliers"},
        {"segments", "transfer", "doubles"},
        {"analytics"},
    ],
    "mailhub": [
        {"letters", "templating"},
        {"mailboxes"},
        {"outbound"},
        {"inviting"},
        {"ingest"},
        {"routing"},
        {"campaigns"},
        {"automatic"},
        {"notices", "keeping"},
        {"migrations"},
        {"runtime", "upkeep"},
        {"demo"},
    ],
    "api": [
        {"problems", "auth", "live", "heads"},
        {
            "exports",
            "uploads",
            "bulking",
            "handing",
            "fielding",
            "documenting",
            "inviting",
            "marketing",
            "mailing",
            "joining",
            "returning",
        },
        {"automatic", "supplying", "suppressing"},
        {"rest", "web", "public"},
        {"app"},
        {"cli"},
    ],
}
FLOORS = ["core", "crm", "mailhub", "api"]


def _modules() -> Iterator[tuple[Path, str, str]]:
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            parts = path.relative_to(ROOT / floor).with_suffix("").parts
            if "versions" in parts or "_data" in parts:
                continue
            yield path, floor, parts[0]


def _height(floor: str, room: str) -> int | None:
    for height, rooms in enumerate(STEPS[floor]):
        if room in rooms:
            return height
    return None


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import at line {node.lineno}: write the whole name"
            module = node.module or ""
            if module in FLOORS:
                for alias in node.names:
                    yield node, f"{module}.{alias.name}"
            else:
                yield node, module


def _faults(path: Path, floor: str, room: str) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    top_level = {id(node) for node in tree.body}
    guarded = {id(child) for node in tree.body if isinstance(node, ast.If | ast.Try) for child in ast.walk(node)}
    here = path.relative_to(ROOT)
    for node, name in _imports(tree):
        if id(node) not in top_level and id(node) not in guarded:
            yield f"{here}:{node.lineno} imports {name} inside a function"
        target, _, rest = name.partition(".")
        if target not in FLOORS:
            continue
        other = rest.partition(".")[0]
        if FLOORS.index(target) > FLOORS.index(floor):
            yield f"{here}:{node.lineno} looks up to {name}"
        elif target == floor and other and other != room and room != "__init__" and other != "__version__":
            mine, theirs = _height(floor, room), _height(floor, other)
            if theirs is None:
                yield f"{here}:{node.lineno} imports {name}, a room that is not in the table"
            elif mine is not None and theirs >= mine:
                yield f"{here}:{node.lineno} looks sideways or up to {name}"


def test_every_room_has_its_step() -> None:
    unknown = {
        f"{floor}/{room}" for _, floor, room in _modules() if room != "__init__" and _height(floor, room) is None
    }
    assert not unknown, f"give these rooms a step in the table: {sorted(unknown)}"


def test_imports_point_down() -> None:
    faults = [fault for path, floor, room in _modules() for fault in _faults(path, floor, room)]
    assert not faults, "\n".join(faults)


def test_a_planted_upward_import_is_seen(tmp_path: Path) -> None:
    planted = ROOT / "core" / "clock.py"
    copy = ast.parse(planted.read_text() + "\nimport mailhub.letters\n")
    names = [name for _, name in _imports(copy)]
    assert "mailhub.letters" in names
    assert FLOORS.index("mailhub") > FLOORS.index("core")


def test_only_the_database_commits() -> None:
    """Domain code that commits makes two facts out of one: a letter stored and its job lost."""
    offenders = [
        str(path.relative_to(ROOT))
        for path, floor, room in _modules()
        if (floor, room) != ("core", "database")
        and (".commit(" in path.read_text() or "COMMIT" in path.read_text().split('"""')[0])
        and room != "migrations"
    ]
    assert not offenders, f"only core/database commits: {offenders}"
