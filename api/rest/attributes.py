"""``/attributes``: the fields that users add to clients, people, documents and what happened. Their values stand in
``attributes`` of those."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.fielding import NAMES, change_field, make_field, order_fields, read_holder
from api.rest.once import Key, once
from api.rest.shapes import Body, Items, Number, StrictRequest
from core.database import WriteTx
from crm.attributes import Attribute, NewChoice, get_attribute, list_attributes
from crm.staff.readable import Viewer

Of = Literal["counterparties", "contacts", "documents", "interactions"]
Kind = Literal["text", "number", "money", "date", "choice", "choices", "yes_no", "link"]
AttributeId = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
_PLURALS = {holder: name for name, holder in NAMES.items()}


class ChoiceView(Body):
    """What may be chosen; ``key`` is what values hold. ``ended``: no more, but who has it keeps it."""

    label: str
    key: str = ""
    ended: bool = False


Choices = tuple[str | ChoiceView, ...]


class AttributeView(msgspec.Struct):
    """A field. ``key`` never changes; ``currency`` is that of its sums, which are whole minor units; ``listed``: it is
    a column of lists."""

    id: int
    of: str
    key: str
    label: str
    type: str
    required: bool
    listed: bool
    choices: list[ChoiceView]
    group: str
    place: int
    currency: str
    ended: bool


class NewAttribute(Body):
    """A field to add. Without a key one is made from the label; choices are their names, or names with keys."""

    of: Of
    label: str
    type: Kind
    key: str = ""
    required: bool = False
    listed: bool = False
    choices: Choices = ()
    group: str = ""
    currency: str = ""


class AttributeChange(Body):
    """What to change; what is not named stays. ``choices`` are all that are offered from now on; ``ended`` retires the
    field or brings it back."""

    label: str | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    listed: bool | UnsetType = UNSET
    choices: Choices | UnsetType = UNSET
    group: str | UnsetType = UNSET
    ended: bool | UnsetType = UNSET


class Order(Body):
    """Fields of one kind of thing in their order; those not named stand behind them."""

    of: Of
    ids: tuple[Number, ...]


def show_attribute(one: Attribute) -> AttributeView:
    """A field in the shape of the interface."""
    choices = [ChoiceView(label=choice.label, key=choice.key, ended=choice.ended) for choice in one.choices]
    return AttributeView(
        one.id, _PLURALS[one.of], one.key, one.label, one.type, one.required, one.listed, choices, one.group, one.place,
        one.currency, one.ended,
    )  # fmt: skip


def _choices(told: Choices) -> list[NewChoice]:
    read = [ChoiceView(label=one) if isinstance(one, str) else one for one in told]
    return [NewChoice(one.label, one.key) for one in read if not one.ended]


@get("/attributes", tags=["attributes"])
async def list_all(
    door: NamedDependency[Door],
    of: Annotated[str, QueryParameter(max_length=60)] = "counterparties",
    ended: Annotated[bool, QueryParameter(description="Also those that are asked for no more.")] = False,
) -> Items[AttributeView]:
    """The fields of a kind of thing, in their order."""
    holder = read_holder(of)
    found = await door.read(lambda tx, _: list_attributes(tx, holder, ended=ended))
    return Items([show_attribute(one) for one in found])


@post("/attributes", tags=["attributes"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewAttribute], idempotency_key: Key = None
) -> AttributeView:
    """Add a field. For administrators."""

    def verb(tx: WriteTx, viewer: Viewer) -> AttributeView:
        currency = data.currency or door.house.settings.company.currency
        made = make_field(
            tx, viewer, read_holder(data.of), data.label, data.type, key=data.key, required=data.required,
            listed=data.listed, choices=_choices(data.choices), group=data.group, currency=currency,
        )  # fmt: skip
        return show_attribute(made)

    return await once(door, request, idempotency_key, AttributeView, verb)


@get("/attributes/{attribute_id:int}", tags=["attributes"])
async def one(door: NamedDependency[Door], attribute_id: AttributeId) -> AttributeView:
    """One field."""
    return show_attribute(await door.read(lambda tx, _: get_attribute(tx, attribute_id)))


@patch("/attributes/{attribute_id:int}", tags=["attributes"])
async def change(
    door: NamedDependency[Door], attribute_id: AttributeId, data: JSONBody[AttributeChange]
) -> AttributeView:
    """Change a field: what it is called, its choices, its group; retire it or bring it back. For administrators."""
    told = {name: getattr(data, name) for name in ("label", "required", "listed", "group", "ended")}
    told = {name: value for name, value in told.items() if not isinstance(value, UnsetType)}
    if not isinstance(data.choices, UnsetType):
        told["choices"] = _choices(data.choices)
    return show_attribute(await door.write(lambda tx, viewer: change_field(tx, viewer, attribute_id, **told)))


@post("/attributes/order", tags=["attributes"], status_code=204)
async def order(door: NamedDependency[Door], data: JSONBody[Order]) -> None:
    """Put the fields of a kind of thing into this order. For administrators."""
    await door.write(order_fields, read_holder(data.of), data.ids)


ROUTES = [list_all, add, one, change, order]
