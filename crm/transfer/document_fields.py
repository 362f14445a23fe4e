"""What a column of a table of documents may mean: the document, its client, or the line that the row is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crm.attributes import Attribute
from crm.transfer.document_header_words import DOCUMENT_WORDS, RATES
from crm.transfer.fields import LEFT_OUT, UNSAID, own_field
from crm.transfer.fields import WRONG as WRONG_OF_CLIENTS
from crm.transfer.lexicon import Lexicon, header_key

DOCUMENT_FIELDS = (
    "document.number",
    "document.date",
    "document.kind",
    "document.title",
    "document.external_id",
    "document.currency",
    "document.amount",
    "document.manager",
    "document.based_on",
    "document.reason",
    "document.about",
    "client.name",
    "firm.tax_number",
    "client.external_id",
    "line.item",
    "line.code",
    "line.unit",
    "line.quantity",
    "line.price",
    "line.amount",
    "line.vat",
    "line.total",
    "line.cost",
    "line.profit",
)
"""In the order in which they are offered."""
OF_LINES = ("line.item", "line.code", "line.quantity", "line.price")
"""Columns by which the rows of a table are lines; without them each is a document by itself."""
NAMES = ("document.external_id", "document.number", "document.title")
CLIENTS = ("client.external_id", "firm.tax_number", "client.name")
_SEVERAL = ("document.about",)
_JOINED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORDS = Lexicon(DOCUMENT_FIELDS, DOCUMENT_WORDS)
WRONG = {
    "unnamed": "One column has to be the number of the document, its code elsewhere, or what it is called as a whole.",
    "clientless": "One column has to say the client: the name, the tax number or the code.",
}


def known_document_words(header: str) -> str:
    """The field of a document that a header names, or nothing."""
    key = header_key(_JOINED.sub(" ", header))  # “InvoiceNo”
    if "%" in header or (key not in _WORDS and any(header_key(word) in key for word in RATES)):
        return LEFT_OUT
    return next(iter(_WORDS.find_all(key)), LEFT_OUT)


def guess_document_mapping(headers: Sequence[str], own: Sequence[Attribute] = ()) -> list[str]:
    """What each column may mean, and nothing where that cannot be told. ``own`` are the fields that users added to
    documents."""
    labels = {header_key(own_field(one)): own_field(one) for one in own}
    for one in own:
        if header_key(one.label) not in _WORDS:
            labels.setdefault(header_key(one.label), own_field(one))
    mapping: list[str] = []
    for header in headers:
        field = labels.get(header_key(header)) or known_document_words(header)
        mapping.append(LEFT_OUT if field in mapping and field not in _SEVERAL else field)
    return mapping


def check_document_mapping(mapping: Sequence[str], count: int, own: Sequence[Attribute] = ()) -> str:
    """What is wrong with a mapping of ``count`` columns, as a sentence, or nothing."""
    known = (*DOCUMENT_FIELDS, LEFT_OUT, *map(own_field, own))
    if len(mapping) != count or any(one not in known for one in mapping):
        return UNSAID
    told = [one for one in mapping if one and one not in _SEVERAL]
    if len(told) != len(set(told)):
        return WRONG_OF_CLIENTS["twice"]
    if not set(NAMES) & set(mapping):
        return WRONG["unnamed"]
    return "" if set(CLIENTS) & set(mapping) else WRONG["clientless"]
