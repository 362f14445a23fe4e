"""``/suppressions``: addresses that must not be written to (administrators)."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.problems import language_of
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, StrictRequest, moment, page_of
from api.suppressing import allow_address, forbid_address, see_suppressions, take_addresses
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.outbound.suppression import Suppressed
from mailhub.outbound.suppression_tables import read_sheet

MOST_WRONG = 100


class SuppressionView(msgspec.Struct):
    """One reason. The address itself is not kept, only a mark by which it is known again: ask with `?address=`."""

    id: int
    reason: str
    detail: str
    created_at: str | None


class NewSuppression(Body):
    """An address that nobody writes to any more; ``unsubscribed`` stops all but personal letters."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    reason: Literal["hand", "unsubscribed"] = "hand"
    detail: Annotated[str, msgspec.Meta(max_length=500)] = ""


class SuppressionTable(Body):
    """Lines of a table (CSV with commas or semicolons), as another program exports it: columns for the address, the
    reason or state, and the day are known by their names. ``reason`` is that of rows that name none."""

    csv: Annotated[str, msgspec.Meta(min_length=3, max_length=600_000)]
    reason: Literal["hand", "unsubscribed", "bounce", "complaint"] = "hand"
    detail: Annotated[str, msgspec.Meta(max_length=500)] = ""


class DefectView(msgspec.Struct):
    """What is wrong with a line; it was not taken in, but for one whose day cannot be read."""

    line: int
    problem: str


class ImportedView(msgspec.Struct):
    """How many addresses are new and how many stood there already; `wanted` lines are of those who are still written
    to, `defects` the first lines with something wrong and `wrong` their numbers."""

    added: int
    known: int
    wanted: int
    wrong: list[int]
    defects: list[DefectView]


def show_suppression(one: Suppressed) -> SuppressionView:
    """A reason in the shape of the interface."""
    return SuppressionView(one.id, one.reason, one.detail, moment(one.created_at))


@get("/suppressions", tags=["suppressions"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    address: Annotated[str | None, QueryParameter(max_length=320)] = None,
) -> Items[SuppressionView]:
    """Why addresses are not written to, the newest first, or the reasons of one address."""
    page = await door.read(see_suppressions, door.house.keys, address, after, limit)
    return page_of(page, show_suppression)


@post("/suppressions", tags=["suppressions"])
async def add_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewSuppression], idempotency_key: Key = None
) -> SuppressionView:
    """Write to an address no more, letters that wait included."""
    said = (door.house.keys, data.address, data.reason, data.detail)

    def verb(tx: WriteTx, viewer: Viewer) -> SuppressionView:
        return show_suppression(forbid_address(tx, viewer, *said))

    return await once(door, request, idempotency_key, SuppressionView, verb)


@delete("/suppressions/{suppression_id:int}", tags=["suppressions"])
async def end_one(door: NamedDependency[Door], suppression_id: Id) -> None:
    """Take one reason away; the address is written to again when it was the last. In a browser recent proof of who you
    are is needed (403 `proof-needed`)."""
    await door.write(door.proved(allow_address, programs=True), suppression_id)


@post("/suppressions/import", tags=["suppressions"], status_code=200)
async def import_some(
    door: NamedDependency[Door],
    request: StrictRequest,
    data: JSONBody[SuppressionTable],
    idempotency_key: Key = None,
) -> ImportedView:
    """Write to many addresses no more, those that another program refused say; some hundred kilobytes at a time.
    Administrators."""
    keys, language = door.house.keys, language_of(request, request.app.state.pages)
    delimiter = ";" if ";" in data.csv.partition("\n")[0] else ","
    lines = list(csv.reader(io.StringIO(data.csv), delimiter=delimiter))
    sheet = read_sheet(lines[0] if lines else [], enumerate(lines[1:], start=2), data.reason)
    first = sheet.defects[:MOST_WRONG]

    def verb(tx: WriteTx, viewer: Viewer) -> ImportedView:
        added = take_addresses(tx, viewer, keys, sheet.told, data.detail or "import", len(sheet.told))
        return ImportedView(
            added, len(sheet.told) - added, sheet.wanted, [one.number for one in first],
            [DefectView(one.number, language.gettext(one.sentence, **one.fields)) for one in first],
        )  # fmt: skip

    return await once(door, request, idempotency_key, ImportedView, verb)


ROUTES = [list_all, add_one, end_one, import_some]
