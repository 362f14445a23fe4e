"""Import of clients: a table is dropped into the page, its columns are named, it is tried, taken in, and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from api.auth import Door
from api.exports import written
from api.uploads import look_in_another_way, receive_table
from api.web.client_import_words import (
    MOVING,
    columns_may_mean,
    outcome_words,
    rows_may_be_taken,
    shape_columns,
    shape_import,
    shape_row,
)
from api.web.desk import After, Asked, Desk, Id, html, lead
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import Invalid
from core.paging import Page
from crm.attributes import Attribute
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from crm.transfer.imports import (
    PartyImport,
    cancel_import,
    decide_row,
    get_import,
    list_imports,
    list_own,
    may_import,
    pause_import,
    resume_import,
    run_import,
    try_import,
    undo_import,
)
from crm.transfer.planning import MATCHES
from crm.transfer.report import ImportRow, list_rows

SHOWN, ROWS_SHOWN, EXPORTED_AT_A_TIME = 30, 50, 1000
BACK = "/clients/import"
ENCODINGS = ("utf-8", "cp1251", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic", "cp1252", "cp1258", "utf-16")
DELIMITERS = (";", ",", "\t", "|")
Kind = Annotated[str, QueryParameter(name="kind", max_length=20)]
_OPTIONS = ("found", "bad", "doubtful", "kind", "source", "what", "currency", "client", "item", "vat")
Outcome = Annotated[str, QueryParameter(name="outcome", max_length=20)]
_VERBS = {
    "run": run_import, "pause": pause_import, "resume": resume_import, "cancel": cancel_import, "undo": undo_import,
}  # fmt: skip


def see_imports(tx: ReadTx, viewer: Viewer) -> tuple[Page[PartyImport], dict[int, str], Around]:
    """Raises Forbidden."""
    names = {user.id: user.name for user in list_users(tx)}
    return list_imports(tx, viewer, limit=SHOWN), names, see_around(tx, viewer)


def see_import(tx: ReadTx, viewer: Viewer, transfer_id: int) -> tuple[PartyImport, str, list[Attribute], Around]:
    """Raises NotFound, Forbidden."""
    found = get_import(tx, viewer, transfer_id)
    names = {user.id: user.name for user in list_users(tx)}
    return found, names.get(found.user_id, ""), list_own(tx, found.kind), see_around(tx, viewer)


@get(BACK, include_in_schema=False)
async def imports(door: NamedDependency[Door], request: Asked, kind: Kind = "clients") -> Response[str]:
    """Where one begins, and what was imported before."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[Page[PartyImport], dict[int, str], Around]) -> str:
        page, names, around = found
        speaker = desk.speaker(viewer)
        lines = [shape_import(speaker, one, names.get(one.user_id, "")) for one in page.items]
        offered = may_import(viewer, "documents")
        return desk.render(
            "client_imports.html", speaker, around, "clients", imports=lines, kind=kind, documents=offered
        )

    return html(await door.page(render, see_imports))


@post(BACK, include_in_schema=False, request_max_body_size=None)
async def send(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """A table, and on to its columns."""
    made = await receive_table(door, request)
    return lead(request, f"{BACK}/{made.id}")


@get("/clients/import/{transfer_id:int}", include_in_schema=False)
async def one_import(door: NamedDependency[Door], request: Asked, transfer_id: Id) -> Response[str]:
    """What its columns mean, what it would do, how far it is."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[PartyImport, str, list[Attribute], Around]) -> str:
        one, who, own, around = found
        speaker = desk.speaker(viewer)
        return desk.render("client_import.html", speaker, around, "clients", **_shape(desk, speaker, one, who, own))

    return html(await door.page(render, see_import, transfer_id))


@get("/clients/import/{transfer_id:int}/state", include_in_schema=False)
async def state(door: NamedDependency[Door], request: Asked, transfer_id: Id) -> Response[str]:
    """How far it is now: what the page asks for while it moves."""
    desk = Desk(door, request)

    still: list[bool] = []

    def render(viewer: Viewer, found: tuple[PartyImport, str, list[Attribute], Around]) -> str:
        one, who, own, _ = found
        speaker = desk.speaker(viewer)
        still.append(one.state not in MOVING)
        return desk.render("_client_import.html", speaker, None, "clients", **_shape(desk, speaker, one, who, own))

    answer = html(await door.page(render, see_import, transfer_id))
    if still[-1]:  # what can be done now stands in the whole page
        answer.headers["HX-Refresh"] = "true"
    return answer


@post("/clients/import/{transfer_id:int}", include_in_schema=False)
async def act(door: NamedDependency[Door], request: Asked, transfer_id: Id) -> Response[str]:
    """What the person decides: how to read it, what its columns mean, to run it, to take it back."""
    fields = await read_form(request)
    wanted = fields.get("act", "")
    if wanted == "try":
        found = await door.read(get_import, transfer_id)
        mapping = [fields.get(f"column_{number}", "") for number in range(len(found.headers))]
        options = {name: fields[name] for name in _OPTIONS if name in fields}
        match = [one for one in MATCHES if fields.get(f"match_{one}")]
        await door.write(try_import, transfer_id, mapping, options | {"match": match})
    elif wanted == "look":
        told = [fields.get(name, "") for name in ("sheet", "delimiter", "encoding")]
        await look_in_another_way(door, transfer_id, *told)
    elif wanted == "decide":
        n, client_id = read_id(fields, "n"), read_id(fields, "client_id")
        await door.write(decide_row, transfer_id, n or 0, client_id or 0)
        return lead(request, f"{BACK}/{transfer_id}/rows?outcome=doubtful")
    elif wanted in _VERBS:
        await door.write(_VERBS[wanted], transfer_id)
    else:
        raise Invalid("Choose what to do.", field="act")
    return lead(request, f"{BACK}/{transfer_id}")


@get("/clients/import/{transfer_id:int}/rows", include_in_schema=False)
async def rows(
    door: NamedDependency[Door], request: Asked, transfer_id: Id, outcome: Outcome = "", after: After = None
) -> Response[str]:
    """What became of its rows."""
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> tuple[PartyImport, str, list[Attribute], Around, Page[ImportRow]]:
        page = list_rows(tx, viewer, transfer_id, outcome=outcome, after=after, limit=ROWS_SHOWN)
        return (*see_import(tx, viewer, transfer_id), page)

    def render(viewer: Viewer, found: tuple[PartyImport, str, list[Attribute], Around, Page[ImportRow]]) -> str:
        one, who, own, around, page = found
        speaker = desk.speaker(viewer)
        words = outcome_words(speaker, one.kind)
        shown = _shape(desk, speaker, one, who, own) | {
            "rows": [shape_row(speaker, row, words) for row in page.items],
            "next_url": f"?outcome={outcome}&after={page.next}" if page.next else None,
            "outcome": outcome,
            "decided": one.decisions,
            "decidable": one.state == "tried",
        }
        return desk.render("client_import_rows.html", speaker, around, "clients", **shown)

    return html(await door.page(render, see))


@get("/clients/import/{transfer_id:int}/rows.csv", include_in_schema=False)
async def report(door: NamedDependency[Door], request: Asked, transfer_id: Id, outcome: Outcome = "") -> Stream:
    """The report by row as a table; rows that stayed out with their cells, to be mended and sent again."""
    desk = Desk(door, request)
    found = await door.read(get_import, transfer_id)
    viewer = await door.read(lambda _tx, viewer: viewer)
    said = {"Content-Disposition": f'attachment; filename="import-{transfer_id}.csv"'}
    lines = _report(door, desk.speaker(viewer), found, outcome)
    return Stream(lines, media_type="text/csv", headers=said)


async def _report(door: Door, speaker: Speaker, found: PartyImport, outcome: str) -> AsyncIterator[bytes]:
    say, words = speaker.say, outcome_words(speaker, found.kind)
    yield b"\xef\xbb\xbf"
    yield written([[say("Row"), say("What became of it"), say("Name"), say("Why"), *found.headers]])
    after: str | None = None
    while True:
        page = await door.read(list_rows, found.id, outcome=outcome, after=after, limit=EXPORTED_AT_A_TIME)
        lines = [
            [str(row.n), words.get(row.outcome, row.outcome), row.name,
             say(row.reason, **row.reason_fields) if row.reason else "", *row.cells]
            for row in page.items
        ]  # fmt: skip
        yield await asyncio.to_thread(written, lines)
        if page.next is None:
            return
        after = page.next


def _shape(desk: Desk, speaker: Speaker, one: PartyImport, who: str, own: Sequence[Attribute]) -> dict[str, Any]:
    understood = sum(bool(field) for field in one.mapping)
    return {
        "one": shape_import(speaker, one, who),
        "columns": shape_columns(one),
        "fields": columns_may_mean(speaker, one.kind, own),
        "understood": (understood, len(one.headers)),
        "options": rows_may_be_taken(speaker, one.kind),
        "chosen": one.options,
        "currency": desk.door.house.settings.company.currency,
        "about": one.about,
        "encodings": list(dict.fromkeys([one.about.get("encoding", ""), *ENCODINGS])),
        "delimiters": {";": ";", ",": ",", "\t": speaker.say("tab"), "|": "|"},
        "remembered": one.about.get("remembered_at") is not None,
        "open": one.state in ("ready", "tried", "failed") and one.started_at is None,
        "takes": speaker.language.ngettext(
            "Import %(n)s row", "Import %(n)s rows", sum(one.counts.get(key, 0) for key in ("new", "changed"))
        ),
    }


ROUTES = [imports, send, one_import, state, act, rows, report]
