"""The clients in view as a table to take along."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from api.auth import Door
from api.exports import Wanted, export_clients
from api.web.client_import_words import field_words
from api.web.desk import Asked, Desk, Words
from crm.transfer.exporting import CLIENT_FIELDS, PERSON_FIELDS
from crm.transfer.fields import offered_of, own_header

Group = Annotated[int | None, QueryParameter(name="group", ge=1, le=2**63 - 1)]
Segment = Annotated[int | None, QueryParameter(name="segment", ge=1, le=2**63 - 1)]
Format = Annotated[Literal["csv", "xlsx"], QueryParameter(name="format")]


@get("/clients/export", include_in_schema=False)
async def clients(
    door: NamedDependency[Door], request: Asked, q: Words = "", group: Group = None, segment: Segment = None,
    how: Format = "xlsx",
) -> Stream:  # fmt: skip
    """Clients, with the headers in the language of who asks: an import understands them again."""
    viewer = await door.read(lambda _tx, viewer: viewer)
    words = field_words(Desk(door, request).speaker(viewer))
    fields = offered_of(CLIENT_FIELDS, viewer)
    wanted = Wanted("counterparty", how, q.strip(), group, segment)
    return await export_clients(door, wanted, [words[one] for one in fields], own_header)


@get("/contacts/export", include_in_schema=False)
async def contacts(
    door: NamedDependency[Door], request: Asked, q: Words = "", segment: Segment = None, how: Format = "xlsx"
) -> Stream:
    """Contacts, the same way."""
    viewer = await door.read(lambda _tx, viewer: viewer)
    words = field_words(Desk(door, request).speaker(viewer))
    wanted = Wanted("contact", how, q.strip(), None, segment)
    return await export_clients(door, wanted, [words[one] for one in PERSON_FIELDS], own_header)


ROUTES = [clients, contacts]
