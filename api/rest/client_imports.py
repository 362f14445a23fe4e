"""``/client-imports``: tables of clients on their way in, tried first, and taken back when they were wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from api.auth import Door
from api.problems import Pages, language_of
from api.rest.shapes import After, Body, Id, Items, Limit, StrictRequest, moment, page_of
from api.uploads import look_in_another_way, receive_table
from core.errors import Invalid
from core.language import Language
from crm.transfer.fields import offered_of, own_field
from crm.transfer.imports import (
    PartyImport,
    cancel_import,
    decide_row,
    get_import,
    list_imports,
    list_own,
    pause_import,
    resume_import,
    run_import,
    try_import,
    undo_import,
)
from crm.transfer.meanings import ABOUT, MEANINGS
from crm.transfer.planning import BAD, CLIENT, DOUBTFUL, FOUND, ITEM, MATCHES, VAT
from crm.transfer.report import SHOWN_OUTCOMES, ImportRow, list_rows

Outcome = Annotated[str, QueryParameter(name="outcome", max_length=20, description=f"One of {SHOWN_OUTCOMES}.")]
Kind = Annotated[str, QueryParameter(name="kind", max_length=20, description=f"One of {ABOUT}.")]
Row = Annotated[int, PathParameter(ge=0, le=2**31)]
_Choice = Annotated[str, msgspec.Meta(max_length=20)]


class OptionsView(Body):
    """How rows are taken in. `match`: by what clients who are here are found, none: every row is new. `found`: what a
    row does to one who is here. `bad`: what becomes of a row that says something wrong. `doubtful`: of one that may
    mean several. `kind`: what a client is that does not say it. `source`: where consents without one come from.

    Of documents: `what` and `currency` (empty: that of the company) of those that do not say them; what is done
    where the `client` or an `item` is not here; whether `vat` is inside of the sums of lines."""

    match: list[_Choice] = msgspec.field(default_factory=lambda: list(MATCHES))
    found: _Choice = FOUND[0]
    bad: _Choice = BAD[0]
    doubtful: _Choice = DOUBTFUL[0]
    kind: _Choice = "company"
    source: Annotated[str, msgspec.Meta(max_length=300)] = ""
    what: _Choice = "shipment"
    currency: Annotated[str, msgspec.Meta(max_length=3)] = ""
    client: _Choice = CLIENT[0]
    item: _Choice = ITEM[0]
    vat: _Choice = VAT[0]


class ClientImportView(msgspec.Struct):
    """An import of clients, or of documents (`kind`). `mapping` names for each column of `headers` what it means,
    empty: it is left out. `counts` are rows by what became of them, `new_clients` and `new_people` among it, of
    documents `new_documents`, `changed_documents` and `new_items`, too; `rate` is rows a second."""

    id: int
    started_by: int
    kind: str
    name: str
    state: str
    size: int
    about: dict[str, Any]
    headers: list[str]
    sample: list[list[str]]
    total: int
    mapping: list[str]
    options: OptionsView
    decisions: dict[str, int]
    counts: dict[str, int]
    error: str
    rate: float | None
    seconds_left: float | None
    created_at: str | None
    started_at: str | None
    finished_at: str | None


class DoubtView(msgspec.Struct):
    """A client that a row may mean."""

    id: int
    name: str


class ImportRowView(msgspec.Struct):
    """What became of a row; `n` is its number in the file. `changes` are values before and after."""

    n: int
    outcome: str
    name: str
    counterparty_id: int | None
    contact_id: int | None
    document_id: int | None
    reason: str
    doubts: list[DoubtView]
    changes: dict[str, list[Any]]
    cells: list[str]


class Try(Body):
    """What the columns mean (of `fields`, empty: left out), and how rows are taken in."""

    mapping: Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(max_length=200)]
    options: OptionsView = msgspec.field(default_factory=OptionsView)


class Look(Body):
    """How else the file is to be read; empty: as it seems."""

    sheet: Annotated[str, msgspec.Meta(max_length=200)] = ""
    delimiter: Annotated[str, msgspec.Meta(max_length=1)] = ""
    encoding: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Decision(Body):
    """The client that a doubtful row means; 0: a new one."""

    counterparty_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Fields(msgspec.Struct):
    """What columns may mean."""

    items: list[str]


def show_import(one: PartyImport, language: Language) -> ClientImportView:
    """An import in the shape of the interface, its error in the reader's language."""
    same = {name: getattr(one, name) for name in ClientImportView.__struct_fields__ if name in PartyImport.__slots__}
    return ClientImportView(**same | {
        "started_by": one.user_id,
        "options": OptionsView(**asdict(one.options) | {"match": list(one.options.match)}),
        "decisions": {str(n): client_id for n, client_id in one.decisions.items()},
        "error": language.gettext(one.error, **one.error_fields) if one.error else "",
        "rate": None if one.rate is None else round(one.rate, 1),
        "seconds_left": None if one.seconds_left is None else round(one.seconds_left),
        "created_at": moment(one.created_at),
        "started_at": moment(one.started_at),
        "finished_at": moment(one.finished_at),
    })  # fmt: skip


def show_row(row: ImportRow, language: Language) -> ImportRowView:
    """A row in the shape of the interface."""
    return ImportRowView(
        n=row.n,
        outcome=row.outcome,
        name=row.name,
        counterparty_id=row.client_id,
        contact_id=row.person_id,
        document_id=row.document_id,
        reason=language.gettext(row.reason, **row.reason_fields) if row.reason else "",
        doubts=[DoubtView(client_id, name) for client_id, name in row.doubts],
        changes={name: list(pair) for name, pair in row.changes.items()},
        cells=row.cells,
    )


def _language(request: StrictRequest) -> Language:
    pages: Pages = request.app.state.pages
    return language_of(request, pages)


@get("/client-imports", tags=["client imports"])
async def list_all(
    door: NamedDependency[Door], request: StrictRequest, after: After = None, limit: Limit = 50
) -> Items[ClientImportView]:
    """The imports of clients, newest first."""
    page, language = await door.read(list_imports, after=after, limit=limit), _language(request)
    return page_of(page, lambda one: show_import(one, language))


@get("/client-imports/fields", tags=["client imports"])
async def list_fields(door: NamedDependency[Door], kind: Kind = "clients") -> Fields:
    """What the columns of a table may mean."""
    if kind not in ABOUT:
        raise Invalid("There is no kind “%(kind)s” of imports.", kind=kind, field="kind")
    means = MEANINGS[kind].fields
    own, fields = await door.read(lambda tx, viewer: (list_own(tx, kind), offered_of(means, viewer)))
    return Fields([*fields, *map(own_field, own)])


@get("/client-imports/{transfer_id:int}", tags=["client imports"])
async def get_one(door: NamedDependency[Door], request: StrictRequest, transfer_id: Id) -> ClientImportView:
    """One import and how far it is."""
    return show_import(await door.read(get_import, transfer_id), _language(request))


@get("/client-imports/{transfer_id:int}/rows", tags=["client imports"])
async def list_its_rows(
    door: NamedDependency[Door], request: StrictRequest, transfer_id: Id, outcome: Outcome = "", after: After = None,
    limit: Limit = 50,
) -> Items[ImportRowView]:  # fmt: skip
    """What became of its rows, or would in the dry run."""
    page, language = (
        await door.read(list_rows, transfer_id, outcome=outcome, after=after, limit=limit),
        _language(request),
    )
    return page_of(page, lambda one: show_row(one, language))


@post("/client-imports", tags=["client imports"], request_max_body_size=None)
async def send_one(door: NamedDependency[Door], request: StrictRequest) -> ClientImportView:
    """Send a table as a form (multipart/form-data) with `file`: CSV in any encoding and with any delimiter, or XLSX;
    with `kind` = `documents` its rows are lines of documents. Nothing is taken in yet: say what the columns mean, and
    let it be tried."""
    return show_import(await receive_table(door, request), _language(request))


@post("/client-imports/{transfer_id:int}/look", tags=["client imports"], status_code=200)
async def look_at_one(
    door: NamedDependency[Door], request: StrictRequest, transfer_id: Id, data: JSONBody[Look]
) -> ClientImportView:
    """Read the file in another way: another sheet, delimiter or encoding."""
    found = await look_in_another_way(door, transfer_id, data.sheet, data.delimiter, data.encoding)
    return show_import(found, _language(request))


@post("/client-imports/{transfer_id:int}/try", tags=["client imports"], status_code=200)
async def try_one(
    door: NamedDependency[Door], request: StrictRequest, transfer_id: Id, data: JSONBody[Try]
) -> ClientImportView:
    """Say what the columns mean and let it be tried: nothing is written of clients."""
    options = msgspec.structs.asdict(data.options)
    options["currency"] = options["currency"] or door.house.settings.company.currency
    found = await door.write(try_import, transfer_id, data.mapping, options)
    return show_import(found, _language(request))


@post("/client-imports/{transfer_id:int}/rows/{n:int}", tags=["client imports"], status_code=200)
async def decide_one(
    door: NamedDependency[Door], request: StrictRequest, transfer_id: Id, n: Row, data: JSONBody[Decision]
) -> ClientImportView:
    """Say which client a doubtful row means."""
    return show_import(await door.write(decide_row, transfer_id, n, data.counterparty_id), _language(request))


@post("/client-imports/{transfer_id:int}/run", tags=["client imports"], status_code=200)
async def run_one(door: NamedDependency[Door], request: StrictRequest, transfer_id: Id) -> ClientImportView:
    """Take in what was tried."""
    return show_import(await door.write(run_import, transfer_id), _language(request))


@post("/client-imports/{transfer_id:int}/pause", tags=["client imports"], status_code=200)
async def pause_one(door: NamedDependency[Door], request: StrictRequest, transfer_id: Id) -> ClientImportView:
    """Stop it behind the rows in hand; a dry run ends."""
    return show_import(await door.write(pause_import, transfer_id), _language(request))


@post("/client-imports/{transfer_id:int}/resume", tags=["client imports"], status_code=200)
async def resume_one(door: NamedDependency[Door], request: StrictRequest, transfer_id: Id) -> ClientImportView:
    """Go on where it stopped, or try again what failed."""
    return show_import(await door.write(resume_import, transfer_id), _language(request))


@post("/client-imports/{transfer_id:int}/cancel", tags=["client imports"], status_code=200)
async def cancel_one(door: NamedDependency[Door], request: StrictRequest, transfer_id: Id) -> ClientImportView:
    """End it; what was taken stays, and can be taken back."""
    return show_import(await door.write(cancel_import, transfer_id), _language(request))


@post("/client-imports/{transfer_id:int}/undo", tags=["client imports"], status_code=200)
async def undo_one(door: NamedDependency[Door], request: StrictRequest, transfer_id: Id) -> ClientImportView:
    """Take back what stands as it was imported; what has been changed since stays, and its rows say so."""
    return show_import(await door.write(undo_import, transfer_id), _language(request))


ROUTES: list[Any] = [
    list_all, list_fields, get_one, list_its_rows, send_one, look_at_one, try_one, decide_one, run_one, pause_one,
    resume_one, cancel_one, undo_one,
]  # fmt: skip
