"""What the room tells of documents and items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["contract", "offer", "order", "invoice", "shipment", "return", "refusal"]
KINDS: tuple[Kind, ...] = ("contract", "offer", "order", "invoice", "shipment", "return", "refusal")
PARTS = 1000
"""A quantity is counted in thousandths."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is sold or bought. ``ended``: offered no more; ``external_id`` is its number in another system."""

    id: int
    name: str
    code: str
    unit: str
    group_id: int | None
    external_id: str | None
    ended: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A group of items, or a reason of refusals."""

    id: int
    name: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document: an item, or words. ``quantity`` in thousandths, ``price`` and ``amount`` in minor units."""

    text: str
    quantity: int
    price: int
    amount: int
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A contract or a sales document. ``amount`` and ``profit`` are minor units of ``currency``, ``profit`` None where
    it is not known; ``date`` is ``2026-11-18``. ``based_on_id`` is the document, ``based_line_id`` the line of the
    timeline, that it follows from; ``line_id`` its own line there."""

    id: int
    kind: Kind
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
    based_line_id: int | None
    line_id: int | None
    author_id: int | None
    version: int
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """What the documents of a kind of one month come to."""

    month: str
    kind: Kind
    currency: str
    documents: int
    amount: int
    profit: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of a document; its bytes are a blob."""

    id: int
    name: str
    content_type: str
    size: int
    blob_id: int
