"""The kinds of tables that come in, and what the columns of each may mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from crm.attributes import Attribute, Holder
from crm.transfer.document_fields import (
    DOCUMENT_FIELDS,
    check_document_mapping,
    guess_document_mapping,
    known_document_words,
)
from crm.transfer.fields import FIELDS, check_mapping, guess_mapping, known_words

About = Literal["clients", "documents"]
ABOUT: tuple[About, ...] = ("clients", "documents")


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the columns of a kind of table may mean. ``holders``: whose fields users may have added."""

    fields: tuple[str, ...]
    holders: tuple[Holder, ...]
    known: Callable[[str], str]
    guess: Callable[[Sequence[str], Sequence[Attribute]], list[str]]
    check: Callable[[Sequence[str], int, Sequence[Attribute]], str]


MEANINGS: dict[str, Meanings] = {
    "clients": Meanings(FIELDS, ("counterparty", "contact"), known_words, guess_mapping, check_mapping),
    "documents": Meanings(
        DOCUMENT_FIELDS, ("document",), known_document_words, guess_document_mapping, check_document_mapping
    ),
}
