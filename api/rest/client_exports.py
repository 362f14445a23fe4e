"""``/client-exports``: clients and contacts as a table of text or a workbook."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from api.auth import Door
from api.exports import Wanted, export_clients
from crm.transfer.exporting import CLIENT_FIELDS, PERSON_FIELDS
from crm.transfer.fields import offered_of, own_field

FILE = "application/octet-stream"
Words = Annotated[str, QueryParameter(name="q", max_length=500, description="Beginnings of words, as in the list.")]
Group = Annotated[int | None, QueryParameter(name="group_id", ge=1, le=2**63 - 1, description="A free group.")]
Segment = Annotated[int | None, QueryParameter(name="segment_id", ge=1, le=2**63 - 1, description="A segment.")]
Format = Annotated[Literal["csv", "xlsx"], QueryParameter(name="format")]


@get("/client-exports/counterparties", tags=["client exports"], media_type=FILE)
async def export_counterparties(
    door: NamedDependency[Door], q: Words = "", group_id: Group = None, segment_id: Segment = None, how: Format = "csv"
) -> Stream:
    """Clients as a table; the headers are the fields of an import. No cell is a formula."""
    wanted = Wanted("counterparty", how, q.strip(), group_id, segment_id)
    fields = await door.read(lambda _tx, viewer: offered_of(CLIENT_FIELDS, viewer))
    return await export_clients(door, wanted, fields, own_field, media=FILE)


@get("/client-exports/contacts", tags=["client exports"], media_type=FILE)
async def export_contacts(
    door: NamedDependency[Door], q: Words = "", segment_id: Segment = None, how: Format = "csv"
) -> Stream:
    """Contacts as a table; the headers are the fields of an import. No cell is a formula."""
    wanted = Wanted("contact", how, q.strip(), None, segment_id)
    return await export_clients(door, wanted, PERSON_FIELDS, own_field, media=FILE)


ROUTES: list[Any] = [export_counterparties, export_contacts]
