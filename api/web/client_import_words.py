"""An import of clients in words: what columns mean, how rows are taken in, what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.web.document_import_words import document_field_words, document_option_words, say_new_documents
from api.web.shapes import Speaker, When, make_when
from core.clock import SECOND
from crm.attributes import Attribute
from crm.transfer.fields import FIELDS, offered_of, own_field
from crm.transfer.imports import KEPT, PartyImport
from crm.transfer.report import ImportRow

MOVING = ("trying", "running", "undoing")
SHOWN_CELL = 60
OUTCOME_ORDER = ("new", "changed", "same", "skipped", "doubtful", "refused", "undone", "stays")


def field_words(speaker: Speaker) -> dict[str, str]:
    """What a column may mean."""
    say = speaker.say
    words = {
        "client.name": say("Client: name"),
        "client.kind": say("Client: company or person"),
        "client.roles": say("Client: roles"),
        "client.emails": say("Client: addresses"),
        "client.phones": say("Client: telephones"),
        "client.domains": say("Client: website"),
        "firm.name": say("Legal entity: name"),
        "firm.tax_number": say("Legal entity: tax number"),
        "firm.requisites": say("Legal entity: requisites"),
        "client.city": say("Client: town"),
        "client.manager": say("Client: manager"),
        "client.groups": say("Client: groups"),
        "client.channel": say("Client: channel"),
        "client.language": say("Client: language"),
        "client.time_zone": say("Client: time zone"),
        "client.birthday": say("Client: founding day"),
        "client.parent": say("Client: belongs to"),
        "client.external_id": say("Client: code elsewhere"),
        "client.about": say("Client: notes"),
        "person.name": say("Contact: name"),
        "person.last_name": say("Contact: last name"),
        "person.first_name": say("Contact: first name"),
        "person.middle_name": say("Contact: middle name"),
        "person.position": say("Contact: position"),
        "person.emails": say("Contact: addresses"),
        "person.phones": say("Contact: telephones"),
        "person.language": say("Contact: language"),
        "person.birthday": say("Contact: birthday"),
        "person.about": say("Contact: notes"),
        "person.consent": say("Contact: agrees to mailings"),
        "person.consent_source": say("Contact: where the consent comes from"),
        "person.consent_at": say("Contact: day of the consent"),
    }
    return {field: words[field] for field in offered_of(FIELDS, speaker.viewer)}


def own_words(speaker: Speaker, own: Sequence[Attribute]) -> dict[str, str]:
    """The fields that users added, as a column may mean them."""
    say = speaker.say
    words = {"counterparty": say("Client: %(field)s"), "contact": say("Contact: %(field)s")}
    words["document"] = say("Document: %(field)s")
    return {own_field(one): words[one.of] % {"field": one.label} for one in own}


def columns_may_mean(speaker: Speaker, kind: str, own: Sequence[Attribute]) -> list[tuple[str, str]]:
    """The meanings that are offered for a column of a kind of table."""
    words = document_field_words(speaker) if kind == "documents" else field_words(speaker)
    return list((words | own_words(speaker, own)).items())


def rows_may_be_taken(speaker: Speaker, kind: str) -> dict[str, list[tuple[str, str]]]:
    """The choices of how rows of a kind of table are taken in."""
    return document_option_words(speaker) if kind == "documents" else option_words(speaker)


def option_words(speaker: Speaker) -> dict[str, list[tuple[str, str]]]:
    """How rows may be taken in: the choices of each option."""
    say = speaker.say
    return {
        "match": [
            ("tax_number", say("tax number")), ("address", say("address")), ("phone", say("telephone")),
            ("name", say("name")),
        ],
        "found": [
            ("update", say("the table is right: change what differs")),
            ("fill", say("fill in what is not known yet")),
            ("skip", say("leave it as it is")),
        ],
        "bad": [
            ("refuse", say("the row stays out until it is mended")),
            ("leave_out", say("take the row without it")),
        ],
        "doubtful": [("leave", say("I decide")), ("new", say("it is a new client"))],
        "kind": [("company", say("a company")), ("person", say("a person"))],
    }  # fmt: skip


def outcome_words(speaker: Speaker, kind: str = "clients") -> dict[str, str]:
    """What became of rows, or will in the dry run."""
    say = speaker.say
    others = {"skipped": say("are left out: here already, or sums of others")} if kind == "documents" else {}
    return {
        "new": say("new"),
        "changed": say("are here already and change"),
        "same": say("are here already as they are"),
        "skipped": say("are here already and stay as they are"),
        "doubtful": say("may mean several clients"),
        "refused": say("stay out until they are mended"),
        "undone": say("taken back"),
        "stays": say("stay: something has happened to them since"),
    } | others


@dataclass(frozen=True, slots=True)
class Count:
    """So many rows of an outcome; ``share`` of all in thousandths."""

    key: str
    count: str
    words: str
    share: int
    url: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: what stands in it and what it means."""

    number: int
    header: str
    sample: str
    field: str


@dataclass(frozen=True, slots=True)
class ImportLine:
    """An import in a list, and the head of its page."""

    id: int
    url: str
    kind: str
    name: str
    state: str
    word: str
    who: str
    when: When | None
    moving: bool
    progress: int | None
    pace: str
    counts: list[Count]
    people: str
    error: str
    about: str
    may: tuple[str, ...]
    some: bool


def shape_columns(one: PartyImport) -> list[Column]:
    """The columns with what stands in the first rows."""
    found = []
    for number, header in enumerate(one.headers):
        cells = list(dict.fromkeys(row[number] for row in one.sample if number < len(row) and row[number]))
        sample = ", ".join(cells[:3])
        shown = sample if len(sample) <= SHOWN_CELL else sample[: SHOWN_CELL - 1] + "…"
        found.append(Column(number, header, shown, one.mapping[number]))
    return found


def shape_import(speaker: Speaker, one: PartyImport, who: str) -> ImportLine:
    """An import for a page."""
    words = {
        "ready": speaker.say("Say what its columns mean"),
        "trying": speaker.say("Dry run"),
        "tried": speaker.say("Dry run: nothing is written yet"),
        "running": speaker.say("Being taken in"),
        "paused": speaker.say("Paused"),
        "done": speaker.say("Done"),
        "failed": speaker.say("Stopped"),
        "cancelled": speaker.say("Ended"),
        "undoing": speaker.say("Being taken back"),
        "undone": speaker.say("Taken back"),
    }
    return ImportLine(
        id=one.id,
        url=f"/clients/import/{one.id}",
        kind=one.kind,
        name=one.name,
        state=one.state,
        word=words[one.state],
        who=who,
        when=make_when(speaker, one.created_at, long=True),
        moving=one.state in MOVING,
        progress=_progress(one),
        pace=_pace(speaker, one),
        counts=_counts(speaker, one),
        people=_people(speaker, one),
        error=speaker.say(one.error, **one.error_fields) if one.error else "",
        about=_about(speaker, one),
        may=_may(speaker, one),
        some=any(one.counts.get(key) for key in ("new", "changed", "doubtful")),
    )


def _total(one: PartyImport) -> int:
    return one.counts.get("of") or one.total


def _progress(one: PartyImport) -> int | None:
    if one.state not in (*MOVING, "paused"):
        return None
    return min(1000, one.gone_through * 1000 // max(1, _total(one)))


def _pace(speaker: Speaker, one: PartyImport) -> str:
    if one.state not in (*MOVING, "paused"):
        return ""
    language = speaker.language
    done, total = language.format_number(one.gone_through), language.format_number(_total(one))
    parts = [speaker.say("%(done)s of %(total)s rows", done=done, total=total)]
    if one.rate is not None and one.state != "paused":
        parts.append(speaker.say("%(n)s a second", n=language.format_number(round(one.rate))))
    if one.seconds_left is not None:
        span = round(one.seconds_left) * SECOND
        left = language.format_span_long(span) if span >= 60 * SECOND else ""
        parts.append(speaker.say("%(span)s left", span=left) if left else speaker.say("less than a minute left"))
    return " · ".join(parts)


def _counts(speaker: Speaker, one: PartyImport) -> list[Count]:
    words, total = outcome_words(speaker, one.kind), max(1, one.gone_through)
    return [
        Count(
            key, speaker.language.format_number(one.counts[key]), words[key], one.counts[key] * 1000 // total,
            f"/clients/import/{one.id}/rows?outcome={key}",
        )
        for key in OUTCOME_ORDER
        if one.counts.get(key)
    ]  # fmt: skip


def _people(speaker: Speaker, one: PartyImport) -> str:
    if one.kind == "documents" and any(one.counts.get(key) for key in ("new", "changed", "differ")):
        return say_new_documents(speaker, one)
    if not one.counts.get("new") or one.kind == "documents":
        return ""
    ngettext = speaker.language.ngettext
    clients = ngettext("%(n)s new client", "%(n)s new clients", one.counts.get("new_clients", 0))
    people = ngettext("%(n)s new contact", "%(n)s new contacts", one.counts.get("new_people", 0))
    return f"{clients} · {people}"


def _about(speaker: Speaker, one: PartyImport) -> str:
    about = one.about
    kind = speaker.say("Documents") if one.kind == "documents" else ""
    rows = speaker.language.ngettext("%(n)s row", "%(n)s rows", one.total)
    how = [kind, about.get("format", "").upper(), about.get("sheet", ""), about.get("encoding", "").upper()]
    return ", ".join(part for part in (*how, rows) if part)


def _may(speaker: Speaker, one: PartyImport) -> tuple[str, ...]:
    if one.state == "running":
        return ("pause", "cancel")
    if one.state == "trying":
        return ("pause",)
    begun = one.started_at is not None
    young = begun and (one.started_at or 0) > speaker.now - KEPT
    undo = ("undo",) if young and one.gone_through else ()
    if one.state in ("paused", "failed"):
        return ("resume", *undo, "cancel")
    if one.state in ("done", "cancelled"):
        return undo
    return ("cancel",) if one.state in ("ready", "tried") else ()


def shape_row(speaker: Speaker, row: ImportRow, words: dict[str, str]) -> dict[str, Any]:
    """A row of the report."""
    url = f"/clients/{row.client_id}" if row.client_id else None
    if row.document_id:
        url = f"/documents/{row.document_id}"
    changes = [f"{before or '–'} → {after}" for name, (before, after) in row.changes.items() if name != "manager_id"]
    return {
        "n": row.n,
        "name": row.name or "–",
        "outcome": words.get(row.outcome, row.outcome),
        "url": url if row.outcome != "undone" else None,
        "reason": speaker.say(row.reason, **row.reason_fields) if row.reason else "",
        "changes": changes,
        "doubts": row.doubts,
        "cells": " · ".join(cell for cell in row.cells if cell)[:200],
    }
