"""An import of documents in words: what columns mean, how documents are taken in, what was new."""

from __future__ import annotations

from api.web.document_words import document_kinds
from api.web.shapes import Speaker
from crm.transfer.document_fields import DOCUMENT_FIELDS
from crm.transfer.imports import PartyImport


def document_field_words(speaker: Speaker) -> dict[str, str]:
    """What a column may mean."""
    say = speaker.say
    words = {
        "document.number": say("Document: number"),
        "document.date": say("Document: date"),
        "document.kind": say("Document: kind"),
        "document.title": say("Document: kind, number and date in one"),
        "document.external_id": say("Document: code elsewhere"),
        "document.currency": say("Document: currency"),
        "document.amount": say("Document: sum of the whole"),
        "document.manager": say("Document: responsible"),
        "document.based_on": say("Document: on the basis of"),
        "document.reason": say("Document: reason of a refusal"),
        "document.about": say("Document: notes"),
        "client.name": say("Client: name"),
        "firm.tax_number": say("Legal entity: tax number"),
        "client.external_id": say("Client: code elsewhere"),
        "line.item": say("Line: item"),
        "line.code": say("Line: code of the item"),
        "line.unit": say("Line: unit"),
        "line.quantity": say("Line: quantity"),
        "line.price": say("Line: price"),
        "line.amount": say("Line: sum"),
        "line.vat": say("Line: VAT"),
        "line.total": say("Line: sum with VAT"),
        "line.cost": say("Line: cost"),
        "line.profit": say("Line: profit"),
    }
    return {field: words[field] for field in DOCUMENT_FIELDS}


def document_option_words(speaker: Speaker) -> dict[str, list[tuple[str, str]]]:
    """How documents may be taken in: the choices of each option."""
    say = speaker.say
    return {
        "match": [("tax_number", say("tax number")), ("name", say("name"))],
        "client": [("refuse", say("the document stays out")), ("make", say("the client is made"))],
        "item": [
            ("make", say("the item is made")), ("refuse", say("the document stays out")),
            ("words", say("the line says it in words alone")),
        ],
        "found": [
            ("update", say("the table is right: change what differs")), ("skip", say("leave it as it is")),
        ],
        "bad": [
            ("refuse", say("the document stays out until it is mended")),
            ("leave_out", say("take it without what does not touch its sums")),
        ],
        "vat": [("inside", say("is inside of the sums")), ("on_top", say("comes on top of the sums"))],
        "what": list(document_kinds(speaker).items()),
    }  # fmt: skip


def say_new_documents(speaker: Speaker, one: PartyImport) -> str:
    """How many documents, clients and items are new, and what to look at."""
    counts, ngettext = one.counts, speaker.language.ngettext
    parts = [
        ngettext("%(n)s new document", "%(n)s new documents", counts.get("new_documents", 0)),
        ngettext("%(n)s new client", "%(n)s new clients", counts.get("new_clients", 0)),
        ngettext("%(n)s new item", "%(n)s new items", counts.get("new_items", 0)),
    ]
    if changed := counts.get("changed_documents"):
        parts.insert(1, ngettext("%(n)s document changes", "%(n)s documents change", changed))
    if differ := counts.get("differ"):
        parts.append(ngettext("%(n)s document to look at", "%(n)s documents to look at", differ))
    return " · ".join(parts)
