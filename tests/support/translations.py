"""What people read, gathered from the sources: ``python -m tests.support.translations`` brings the files up to date.

Python is read by its syntax tree: the sentence of an error (``NotFound("…")``), of ``gettext``, ``ngettext``, ``say``,
of the line that ``tell`` adds to a thread, and whatever is assigned to one of the NAMED tables. Templates are read by
Jinja's own extraction. Nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "templates" / "locale"
TEMPLATE = LOCALE / "mailhub.pot"
LANGUAGES = ("uk", "ru", "bg", "vi")
FOLDERS = ("core", "crm", "mailhub", "api")
NOT_SHOWN = (
    *("api/cli/", "core/settings/", "core/resources.py", "core/database/engine.py"),
    *(
        "mailhub/ingest/office.py",
        "mailhub/ingest/smtp/",
        "mailhub/letters/refusals.py",
        "mailhub/migrations/",
        "mailhub/upkeep/",
        "mailhub/runtime.py",
        "mailhub/demo/performance.py",
    ),
)
"""What only the terminal and other mail servers read: they are spoken to in English."""
ERRORS = frozenset((
    "NotFound", "Forbidden", "Conflict", "Invalid", "TooMuch", "Unavailable", "SignInNeeded", "SignInRefused",
    "ProofNeeded",
))  # fmt: skip
TROUBLES = frozenset(["Trouble", "Lost", "Insecure", "AskPerson"])
FIRST = ERRORS | TROUBLES | {"gettext", "say", "WorkerFailed"}
PLACES = {
    "Field": 2,
    "Param": 2,
    "tell": 2,
    "note_event": 2,
    "DemoPerson": 3,
    "changed": 4,
    "Verdict": 1,
    "Finding": 1,
    "Provider": 5,
    "_wrong": 1,
}
NAMED = frozenset((
    "REFUSED", "UNREACHED", "REPLIED", "USED", "FAILED", "OUR_FAULT", "REFUSED_TEMPLATE", "SENT_AWAY",
    "CHECK_BOTH", "TOO_LARGE", "NOT_GIVEN", "DRAFT", "sentence", "sentences", "TITLES", "_MISSING", "_BY_STATUS",
    "ACTIONS", "STOPPED_AT", "MERGED", "TAKEN_OUT", "SPLIT", "SPLIT_FROM", "CAME_BACK", "OFFER", "NOBODY_ASSIGNED",
    "WORDS", "KINDS_OF_LETTERS", "PROOFS", "WEEKDAYS", "LANGUAGES_OF_LETTERS", "NO_ACCESS", "NOBODY_FITS", "NO_JUNK",
    "STATES_OF_THREADS", "WAITS_FOR", "SPOKEN_LANGUAGES", "NOT_LETTERS", "STOPPED", "SERVER_ENDED", "NEVER_CAME",
    "NO_IMPORT", "CANNOT",
    "SNOOZED", "WOKEN", "TAKEN_UP", "TAGGED", "UNTAGGED", "TAGGED_BY_RULE", "NOT_NEEDED", "NEEDED", "URGENT",
    "NOT_URGENT", "THROWN", "BROUGHT_BACK", "URGENT_BY_RULE", "MOVED", "GOES_ON", "GOES_ON_WITH", "KNOWN",
    "COMES", "MAY_COME", "DOES_NOT_COME", "ANOTHER_TIME", "GUESTS_DO_NOT_KNOW",
    "MOVED_BY_ORGANIZER", "CALLED_OFF_BY_ORGANIZER", "CHANGE_NOT_TAKEN", "NOT_COMING",
    "MANY_HELD", "LATE_PROMISE", "GIVEN_PROMISE", "MAYBE_KEPT", "HANDED",
    "MANY_LATE", "MANY_SOON", "MOVED_BY_RULE", "NO_WAY", "PRIORITIES", "WRONG", "NO_ADDRESS", "TEXT_FIELDS", "NOT_OURS",
    "WENT", "NOT_USED", "KINDS_OF_CLIENTS", "LAST_SAID", "ROLES_SAID", "SAID_OF_MAILINGS",
    "KINDS_OF_DOCUMENTS", "LEFT_OUT", "TOUCHED_BY",
))  # fmt: skip
_CODE = frozenset(["not-found", "not-possible", "too-much", "invalid", "fault"])

Found = tuple[str, int, str | tuple[str, str]]


def gather() -> Catalog:
    """Every sentence with where it stands."""
    catalog = Catalog(project="mailhub", charset="utf-8")
    for path, line, sentence in [*_of_python(), *_of_templates()]:
        catalog.add(sentence, locations=[(path, line)])
    return catalog


def update() -> None:
    """Write the template and bring every language up to date; what is new stands there untranslated."""
    template = gather()
    LOCALE.mkdir(exist_ok=True)
    _write(TEMPLATE, template)
    for code in LANGUAGES:
        path = po_file(code)
        catalog = read(code) if path.exists() else Catalog(locale=code, project="mailhub", charset="utf-8")
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        _write(path, catalog)


def po_file(code: str) -> Path:
    """The translations into a language."""
    return LOCALE / code / "LC_MESSAGES" / "mailhub.po"


def read(code: str) -> Catalog:
    """The translations as they stand."""
    with po_file(code).open("rb") as file:
        return read_po(file, locale=code)


def compile_into(folder: Path) -> None:
    """``<folder>/<language>/LC_MESSAGES/mailhub.mo``, as a build makes them."""
    for code in LANGUAGES:
        path = folder / code / "LC_MESSAGES" / "mailhub.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_mo(file, read(code))


def _write(path: Path, catalog: Catalog) -> None:
    # A date that changes with every run would make every update a change.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.header_comment, catalog.fuzzy = "# mailhub", False
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)


def _of_templates() -> Iterator[Found]:
    for path in sorted((ROOT / "templates" / "web").glob("*.html")):
        with path.open("rb") as file:
            options = {"trimmed": "true", "newstyle_gettext": "true"}
            for line, function, sentence, _ in babel_extract(file, ("_", "gettext", "ngettext"), (), options):
                parts = [sentence] if isinstance(sentence, str) else list(sentence)
                found = (parts[0], parts[1]) if function == "ngettext" else parts[0]
                yield str(path.relative_to(ROOT)), line, found


def _of_python() -> Iterator[Found]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name.startswith(NOT_SHOWN):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                for sentence in _sentences(node):
                    yield name, getattr(node, "lineno", 1), sentence


def _sentences(node: ast.AST) -> Iterator[str | tuple[str, str]]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"defects.append", "self.defects.append"}:
        yield from filter(None, map(_text, node.args))
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id in NAMED for target in targets):
            yield from _texts(node.value)
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    if name == "ngettext" and len(node.args) > 1:
        one, many = (_text(argument) for argument in node.args[:2])
        if one and many:
            yield one, many
    place = 0 if name in FIRST else PLACES.get(name)
    if place is not None and len(node.args) > place:
        text = _text(node.args[place])
        if text and not (name == "say" and text.isupper()):  # a command to a mail server
            yield text


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(node: ast.AST) -> Iterator[str]:
    """The sentences inside a table: its values, not its keys."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value)
    elif isinstance(node, ast.Tuple | ast.List):
        for value in node.elts:
            yield from _texts(value)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    else:
        text = _text(node)
        if text and text not in _CODE:
            yield text


if __name__ == "__main__":
    update()
    for code in LANGUAGES:
        missing = sum(1 for message in read(code) if message.id and not message.string)
        sys.stdout.write(f"{code}: {missing} to translate\n")
