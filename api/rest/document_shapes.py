"""Documents and items, in the shape of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from api.rest.client_shapes import Attributes
from api.rest.shapes import Body, Number
from core.errors import Invalid
from crm.documents import PARTS, Document, File, Item, Line, Named, NewLine

Kind = Literal["contract", "offer", "order", "invoice", "shipment", "return", "refusal"]
Minor = int
Quantity = float


class LineView(Body):
    """A line: an item by its number here or in another system, or words. ``price`` and ``amount`` are minor units."""

    text: str = ""
    quantity: Quantity = 1
    price: Minor = 0
    amount: Minor | None = None
    item_id: Number | None = None
    item_external_id: str | None = None


class FileView(msgspec.Struct):
    """A file of a document."""

    id: int
    name: str
    type: str
    size: int


class DocumentView(msgspec.Struct):
    """A document. ``amount`` and ``profit`` are whole minor units of ``currency``; ``profit`` null is not known."""

    id: int
    kind: str
    number: str
    external_id: str | None
    counterparty_id: int
    legal_entity_id: int | None
    contact_id: int | None
    date: str
    currency: str
    amount: int
    profit: int | None
    reason: str
    about: str
    executor_id: int | None
    based_on_id: int | None
    attributes: Attributes
    version: int


class WholeDocument(DocumentView, kw_only=True):
    """A document with its lines and files."""

    lines: list[LineView]
    files: list[FileView]


class OfDocument(Body):
    """What may be said of a document, by hand or by another system; what is not named stays as it is."""

    number: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    amount: Minor | UnsetType = UNSET
    profit: Minor | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    about: str | UnsetType = UNSET
    lines: tuple[LineView, ...] | UnsetType = UNSET
    contact_id: Number | UnsetType | None = UNSET
    legal_entity_id: Number | UnsetType | None = UNSET
    executor_id: Number | UnsetType | None = UNSET
    attributes: Attributes | UnsetType = UNSET


class PutDocument(OfDocument, kw_only=True):
    """A document of another system. The client is named by its number here, or there."""

    kind: Kind
    counterparty_id: Number | None = None
    counterparty_external_id: str | None = None


class NewDocument(PutDocument, kw_only=True):
    """A document to write. The same ``external_id`` again is not a second one: it is changed to be as told. On the
    basis of another one its lines, sums, person and firm are carried over; on that of a line of a history its
    person."""

    external_id: str | None = None
    based_on_id: Number | None = None
    based_line_id: Number | None = None


class DocumentChange(OfDocument):
    """What to change; what is not named stays. ``version`` guards it."""

    kind: Kind | UnsetType = UNSET
    version: Number | UnsetType = UNSET


class FactView(msgspec.Struct):
    """What the documents of a kind and month come to."""

    month: str
    kind: str
    currency: str
    documents: int
    amount: int
    profit: int


class ItemView(msgspec.Struct):
    """An item."""

    id: int
    name: str
    code: str
    unit: str
    group: str
    external_id: str | None
    ended: bool


class NamedView(msgspec.Struct):
    """A group of items, or a reason of refusals."""

    id: int
    name: str


class GroupName(Body):
    """What a group is called from now on."""

    name: str


class PutItem(Body):
    """An item of another system."""

    name: str
    code: str = ""
    unit: str = ""
    group: str = ""


class NewItem(PutItem):
    """An item to add."""

    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None


class ItemChange(Body):
    """What to change; what is not named stays. ``ended``: offered no more."""

    name: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    group: str | UnsetType = UNSET
    ended: bool | UnsetType = UNSET


def read_quantity(value: Quantity) -> int:
    """Thousandths. Raises Invalid for finer ones."""
    parts = Decimal(str(value)) * PARTS
    if not parts.is_finite() or parts != parts.to_integral_value():
        raise Invalid("A quantity has at most three places.", field="lines")
    return int(parts)


def show_quantity(parts: int) -> float:
    """A quantity as programs write it."""
    return parts / PARTS


def read_line(one: LineView, items: Mapping[str, int]) -> NewLine:
    """A line as told. ``items`` are those of another system. Raises Invalid."""
    item_id = one.item_id
    if item_id is None and one.item_external_id is not None:
        item_id = items.get(one.item_external_id)
        if item_id is None:
            raise Invalid("There is no item with the external id %(id)s.", id=one.item_external_id, field="lines")
    return NewLine(one.text, read_quantity(one.quantity), one.price, one.amount, item_id)


def show_line(one: Line) -> LineView:
    """A line of a document."""
    return LineView(
        text=one.text, quantity=show_quantity(one.quantity), price=one.price, amount=one.amount, item_id=one.item_id
    )


def show_file(one: File) -> FileView:
    """A file of a document."""
    return FileView(one.id, one.name, one.content_type, one.size)


def _common(one: Document) -> dict[str, object]:
    names = [name for name in DocumentView.__struct_fields__ if name != "attributes"]
    return {name: getattr(one, name) for name in names} | {"attributes": dict(one.attributes)}


def show_document(one: Document) -> DocumentView:
    """A document of a list."""
    return DocumentView(**_common(one))  # type: ignore[arg-type]


def show_whole(one: Document, lines: list[Line], files: list[File]) -> WholeDocument:
    """One document."""
    shown = {"lines": [show_line(line) for line in lines], "files": [show_file(file) for file in files]}
    return WholeDocument(**_common(one), **shown)  # type: ignore[arg-type]


def show_item(one: Item, groups: Mapping[int, str]) -> ItemView:
    """An item."""
    return ItemView(one.id, one.name, one.code, one.unit, groups.get(one.group_id or 0, ""), one.external_id, one.ended)


def show_named(one: Named) -> NamedView:
    """A group or a reason."""
    return NamedView(one.id, one.name)
