"""Fields that users added on the card of a client: read there, and changed in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Id, lead
from api.web.field_form import Input, make_inputs, read_inputs
from api.web.field_words import Heading, show_values
from api.web.forms import read_form
from api.web.shapes import Speaker
from core.database import WriteTx
from crm.attributes import Attribute, list_attributes
from crm.parties import update_counterparty
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class OwnFields:
    """See templates/web/_own_fields.html."""

    headings: list[Heading]
    groups: list[tuple[str, list[Input]]]
    url: str


def show_fields(
    speaker: Speaker, client_id: int, attributes: Sequence[Attribute], values: Mapping[str, Any]
) -> OwnFields:
    """What is known, and for who may change it the form."""
    may_change = speaker.viewer.may_somewhere("answer")
    groups = make_inputs(attributes, values) if may_change else []
    return OwnFields(show_values(speaker, attributes, values), groups, f"/clients/{client_id}/fields")


@post("/clients/{client_id:int}/fields", include_in_schema=False)
async def change_fields(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """Fill fields in, on the card. A mistake is a toast beside what was written."""
    fields = await read_form(request, LONGEST)
    await door.write(save_fields, client_id, fields)
    return lead(request, f"/clients/{client_id}")


def save_fields(tx: WriteTx, viewer: Viewer, client_id: int, fields: dict[str, str]) -> None:
    """Raises Forbidden, NotFound, Invalid."""
    demand_somewhere(viewer, "answer")
    told = read_inputs(list_attributes(tx, "counterparty"), fields)
    update_counterparty(tx, client_id, attributes=told, by_id=viewer.user_id)
    record_audit(tx, viewer.user_id, "client-changed", str(client_id), fields=sorted(told or ()))


ROUTES = [change_fields]
