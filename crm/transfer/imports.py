"""Imports of clients, and of documents: a table that somebody sent, what its columns mean, what it would do, what it
did.

``ready`` (its columns are to be named) → ``trying`` (a dry run) → ``tried`` → ``running`` → ``done``; ``paused`` and
``failed`` go on when a person says so, ``cancelled`` never does. What is done can be ``undoing`` and is ``undone``.
Whose clients are whose decides who gets letters: imports are for those who hand out the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from sqlalchemy import Row, bindparam, func, select, update

from core import clock, jobs
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMuch
from core.money import read_currency
from core.paging import Page, cut_page, decode_cursor
from crm.attributes import Attribute, list_attributes
from crm.documents import KINDS
from crm.staff.audit import record_audit
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_somewhere, get_viewer
from crm.transfer.fields import UNSAID, leave_out_unused
from crm.transfer.lexicon import header_key
from crm.transfer.meanings import ABOUT, MEANINGS
from crm.transfer.planning import BAD, CLIENT, DOUBTFUL, FOUND, ITEM, MATCHES, VAT, Options
from crm.transfer.tables import import_mapping, import_row, party_import

State = Literal[
    "ready", "trying", "tried", "running", "paused", "done", "failed", "cancelled", "undoing", "undone"
]  # fmt: skip
JOB = "clients.import"
OPEN: tuple[State, ...] = ("ready", "trying", "tried", "running", "paused", "failed", "undoing")
MOST_OPEN = 50
LONGEST_NAME = 200
KEPT = 30 * clock.DAY
"""How long the file of an import is kept, and with it the way back."""
NO_IMPORT = "There is no import with the number %(id)s."


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file turned out to be: ``about`` says its format, encoding, delimiter and sheet."""

    about: dict[str, Any]
    headers: list[str]
    sample: list[list[str]]
    total: int


@dataclass(frozen=True, slots=True)
class PartyImport:
    """An import of a ``kind``. ``place`` is the number of the last row that was gone through, ``counts`` by
    outcome (and ``rows``, how many). ``worked`` is how long it ran, in microseconds."""

    id: int
    user_id: int
    kind: str
    name: str
    state: State
    size: int
    about: dict[str, Any]
    headers: list[str]
    sample: list[list[str]]
    total: int
    mapping: list[str]
    options: Options
    decisions: dict[int, int]
    place: int
    counts: dict[str, int]
    worked: int
    error: str
    error_fields: dict[str, Any]
    created_at: int
    moved_at: int
    started_at: int | None
    finished_at: int | None

    @property
    def gone_through(self) -> int:
        """How many rows."""
        return self.counts.get("rows", 0)

    @property
    def rate(self) -> float | None:
        """Rows a second while it ran; None before the first."""
        return self.gone_through * clock.SECOND / self.worked if self.gone_through and self.worked else None

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the speed so far; None when that cannot be told."""
        if self.rate is None or self.state not in ("trying", "running"):
            return None
        return max(0, self.total - self.gone_through) / self.rate


def list_own(tx: ReadTx, kind: str = "clients") -> list[Attribute]:
    """The fields that users added to clients and people, or to documents, as columns may mean them."""
    return [one for of in MEANINGS[kind].holders for one in list_attributes(tx, of)]


def demand_import(viewer: Viewer, kind: str = "clients") -> None:
    """Raises Forbidden for who may not import clients, or documents, which are theirs to write who answer; NotFound
    where documents are not used."""
    demand_somewhere(viewer, "assign")
    if kind == "documents":
        demand_somewhere(viewer, "answer")
        if not viewer.uses("documents"):
            raise NotFound("Documents are not used here.")


def may_import(viewer: Viewer, kind: str = "clients") -> bool:
    """Whether somebody may import clients, or documents."""
    try:
        demand_import(viewer, kind)
    except (Forbidden, NotFound):
        return False
    return True


def get_importer(tx: ReadTx, found: PartyImport) -> Viewer:
    """Who began an import, and so writes what is in it. Raises Forbidden when they may not do so any more."""
    person = get_user(tx, found.user_id)
    if not person.disabled:
        viewer = get_viewer(tx, person.id)
        if may_import(viewer, found.kind):
            return viewer
    raise Forbidden(
        "%(name)s began this import and may not do so any more. Who resumes it goes on in their own name.",
        name=person.name,
    )


def start_import(
    tx: WriteTx, viewer: Viewer, name: str, size: int, looked: Looked, kind: str = "clients"
) -> PartyImport:
    """An import of a file that was looked at. Its columns mean what they meant the last time, else what their headers
    say. Raises Forbidden, Invalid, TooMuch."""
    if kind not in ABOUT:
        raise Invalid("There is no kind “%(kind)s” of imports.", kind=kind[:60], field="kind")
    demand_import(viewer, kind)
    mine = (party_import.c.user_id == viewer.user_id) & party_import.c.state.in_(OPEN)
    if (tx.value(select(func.count()).select_from(party_import).where(mine)) or 0) >= MOST_OPEN:
        raise TooMuch("You have %(most)s imports that have not ended. Cancel some.", most=MOST_OPEN)
    past = tx.row(select(import_mapping).where(import_mapping.c.headers == _key(kind, looked.headers)))
    own, means = list_own(tx, kind), MEANINGS[kind]
    mapping = list(past.mapping) if past is not None else means.guess(looked.headers, own)
    if means.check(mapping, len(looked.headers), own) == UNSAID:  # a field that it named is there no more
        mapping = means.guess(looked.headers, own)
    mapping = leave_out_unused(mapping, viewer)
    options = asdict(Options()) if past is None else past.options
    now = clock.now()
    about = looked.about | {"remembered_at": past.used_at if past is not None else None}
    made = tx.insert(
        party_import, user_id=viewer.user_id, kind=kind, name=name[:LONGEST_NAME], state="ready", size=size,
        about=about, headers=looked.headers, sample=looked.sample, total=looked.total, mapping=mapping, options=options,
        decisions={}, counts={}, error_fields={}, created_at=now, moved_at=now,
    )  # fmt: skip
    told = "clients-import-started" if kind == "clients" else "documents-import-started"
    record_audit(tx, viewer.user_id, told, str(made))
    return get_import(tx, viewer, made)


def list_imports(tx: ReadTx, viewer: Viewer, *, after: str | None = None, limit: int = 20) -> Page[PartyImport]:
    """All imports of what somebody may import, newest first. Raises Forbidden."""
    demand_import(viewer)
    kinds = [kind for kind in ABOUT if may_import(viewer, kind)]
    statement = select(party_import).where(party_import.c.kind.in_(kinds)).order_by(party_import.c.id.desc())
    if after is not None:
        statement = statement.where(party_import.c.id < decode_cursor(after, (int,))[0])
    found = cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([_import(row) for row in found.items], found.next)


def get_import(tx: ReadTx, viewer: Viewer, import_id: int) -> PartyImport:
    """One of them. Raises NotFound, Forbidden."""
    demand_import(viewer)
    found = load_import(tx, import_id)
    demand_import(viewer, found.kind)
    return found


def load_import(tx: ReadTx, import_id: int) -> PartyImport:
    """An import, whoever asks. Raises NotFound."""
    row = tx.row(_IMPORT, {"id": import_id})
    if row is None:
        raise NotFound(NO_IMPORT, id=import_id)
    return _import(row)


_IMPORT = select(party_import).where(party_import.c.id == bindparam("id"))


def lock_import(tx: WriteTx, import_id: int) -> PartyImport:
    """Hold an import until the end of the unit. Raises NotFound."""
    load_import(tx, import_id)
    tx.lock(party_import, import_id)
    return load_import(tx, import_id)


def look_again(tx: WriteTx, viewer: Viewer, import_id: int, looked: Looked) -> PartyImport:
    """The file was read in another way: another sheet, delimiter or encoding. Raises NotFound, Forbidden, Conflict."""
    turned = _turn(tx, viewer, import_id, ("ready", "tried"), "ready")
    mapping = turned.mapping
    if turned.headers != looked.headers:
        mapping = MEANINGS[turned.kind].guess(looked.headers, list_own(tx, turned.kind))
        mapping = leave_out_unused(mapping, viewer)
    values = {"about": looked.about, "headers": looked.headers, "sample": looked.sample, "total": looked.total}
    tx.change(party_import, import_id, mapping=mapping, **values)
    return load_import(tx, import_id)


def try_import(
    tx: WriteTx, viewer: Viewer, import_id: int, mapping: Sequence[str], told: Mapping[str, Any]
) -> PartyImport:
    """Say what the columns mean and how rows are taken in (fields of ``Options``), and let it be tried: nothing is
    written of clients. Raises NotFound, Forbidden, Invalid, Conflict once it has begun in earnest."""
    found = _turn(tx, viewer, import_id, ("ready", "tried", "failed"), "trying")
    if found.started_at is not None:
        raise Conflict("This import has begun already.")
    if wrong := MEANINGS[found.kind].check(mapping, len(found.headers), list_own(tx, found.kind)):
        raise Invalid(wrong, field="mapping")
    options = asdict(_read_options(told))
    tx.change(party_import, import_id, mapping=list(mapping), options=options, decisions={}, **_FRESH)
    values = {"mapping": list(mapping), "options": options, "used_at": clock.now()}
    key = _key(found.kind, found.headers)
    if not tx.execute(update(import_mapping).where(import_mapping.c.headers == key).values(values)):
        tx.insert(import_mapping, headers=key, **values)
    enqueue_import(tx, import_id)
    return load_import(tx, import_id)


def decide_row(tx: WriteTx, viewer: Viewer, import_id: int, n: int, client_id: int) -> PartyImport:
    """Say which client a doubtful row means; 0 for a new one. Raises NotFound, Forbidden, Conflict."""
    demand_import(viewer)
    found = lock_import(tx, import_id)
    demand_import(viewer, found.kind)
    row = tx.row(select(import_row).where(import_row.c.import_id == import_id, import_row.c.n == n))
    if found.state != "tried" or row is None or row.outcome != "doubtful":
        raise Conflict("There is nothing to decide about this row.")
    if client_id and client_id not in [one[0] for one in row.journal["doubts"]]:
        raise Invalid("Choose one of the clients that are proposed.", field="client_id")
    tx.change(party_import, import_id, decisions={str(n): one for n, one in (found.decisions | {n: client_id}).items()})
    return load_import(tx, import_id)


def run_import(tx: WriteTx, viewer: Viewer, import_id: int) -> PartyImport:
    """Do what was tried. Raises NotFound, Forbidden, Conflict when it was not."""
    turned = _turn(tx, viewer, import_id, ("tried",), "running")
    tx.change(party_import, import_id, started_at=clock.now(), **_FRESH)
    told = "clients-imported" if turned.kind == "clients" else "documents-imported"
    record_audit(tx, viewer.user_id, told, str(import_id), rows=turned.total)
    enqueue_import(tx, import_id)
    return load_import(tx, import_id)


def pause_import(tx: WriteTx, viewer: Viewer, import_id: int) -> PartyImport:
    """It stops behind the rows in hand; a dry run ends. Raises NotFound, Forbidden, Conflict when it does not run."""
    demand_import(viewer)
    if lock_import(tx, import_id).state == "trying":
        return _turn(tx, viewer, import_id, ("trying",), "ready")
    return _turn(tx, viewer, import_id, ("running",), "paused")


def resume_import(tx: WriteTx, viewer: Viewer, import_id: int) -> PartyImport:
    """It goes on where it stopped, or tries again what failed; where who began it may not do so any more, it is from
    now on of who resumes it. Raises NotFound, Forbidden, Conflict."""
    turned = _turn(tx, viewer, import_id, ("paused", "failed"), "running")
    if turned.started_at is None:  # it failed while it was tried
        tx.change(party_import, import_id, state="trying", **_FRESH)
    tx.change(party_import, import_id, error="", error_fields={})
    try:
        get_importer(tx, turned)
    except Forbidden:
        tx.change(party_import, import_id, user_id=viewer.user_id)
    enqueue_import(tx, import_id)
    return load_import(tx, import_id)


def cancel_import(tx: WriteTx, viewer: Viewer, import_id: int) -> PartyImport:
    """It ends; what was taken stays, and can be taken back. Raises NotFound, Forbidden, Conflict."""
    turned = _turn(tx, viewer, import_id, tuple(one for one in OPEN if one != "undoing"), "cancelled")
    told = "clients-import-cancelled" if turned.kind == "clients" else "documents-import-cancelled"
    record_audit(tx, viewer.user_id, told, str(turned.id))
    return turned


def undo_import(tx: WriteTx, viewer: Viewer, import_id: int) -> PartyImport:
    """Take back what stands as it was imported. Raises NotFound, Forbidden, Conflict when nothing was done, or too long
    ago."""
    found = _turn(tx, viewer, import_id, ("done", "cancelled", "paused", "failed"), "undoing")
    if found.started_at is None or found.started_at < clock.now() - KEPT:
        raise Conflict("There is nothing of this import that could be taken back.")
    tx.change(party_import, import_id, counts={"of": found.gone_through}, worked=0, error="", error_fields={})
    told = "clients-import-undone" if found.kind == "clients" else "documents-import-undone"
    record_audit(tx, viewer.user_id, told, str(import_id))
    enqueue_import(tx, import_id)
    return load_import(tx, import_id)


_FRESH: dict[str, Any] = {"place": 0, "counts": {}, "worked": 0, "error": "", "error_fields": {}}
CANNOT: dict[State, str] = {
    "trying": "This import has begun already.",
    "running": "This import cannot run now. Look again how far it is.",
    "paused": "This import does not run.",
    "cancelled": "This import has ended already.",
    "undoing": "There is nothing of this import that could be taken back.",
}


def _turn(tx: WriteTx, viewer: Viewer, import_id: int, before: Sequence[State], after: State) -> PartyImport:
    demand_import(viewer)
    found = lock_import(tx, import_id)
    demand_import(viewer, found.kind)
    if found.state not in before:
        raise Conflict(CANNOT[after])
    move_import(tx, import_id, after)
    return load_import(tx, import_id)


def move_import(tx: WriteTx, import_id: int, state: State, **also: Any) -> None:
    """Into another state, with the moments that follow from it. Of what is over no row of the table stays to be seen:
    it may be of somebody who is forgotten one day."""
    now = clock.now()
    also |= {"sample": []} if state in ("done", "cancelled", "undone") else {}
    ended = now if state in ("done", "failed", "cancelled", "undone") else None
    tx.change(party_import, import_id, state=state, moved_at=now, finished_at=ended, **also)


def enqueue_import(tx: WriteTx, import_id: int) -> None:
    """Let a worker take it when its turn comes."""
    jobs.enqueue(tx, JOB, {"import_id": import_id}, dedupe_key=f"clients import {import_id}")


def _read_options(told: Mapping[str, Any]) -> Options:
    match = tuple(one for one in MATCHES if one in told.get("match", MATCHES))
    options = Options(
        match=match, found=told.get("found", "update"), bad=told.get("bad", "refuse"),
        doubtful=told.get("doubtful", "leave"), kind=told.get("kind", "company"), source=str(told.get("source", "")),
        what=told.get("what", "shipment"), currency=told.get("currency", ""),
        client=told.get("client", "refuse"), item=told.get("item", "make"), vat=told.get("vat", "inside"),
    )  # fmt: skip
    known = {"found": FOUND, "bad": BAD, "doubtful": DOUBTFUL, "kind": ("company", "person")}
    known |= {"what": KINDS, "client": CLIENT, "item": ITEM, "vat": VAT}
    if options.currency:
        read_currency(options.currency)
    for name, choices in known.items():
        if getattr(options, name) not in choices:
            raise Invalid("There is no %(name)s “%(value)s”.", name=name, value=getattr(options, name), field=name)
    return options


def _key(kind: str, headers: Sequence[str]) -> str:
    told = [*([] if kind == "clients" else [f"{kind}:"]), *map(header_key, headers)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _import(row: Row[Any]) -> PartyImport:
    values = dict(row._mapping)
    options = values.pop("options")
    decisions = {int(n): client_id for n, client_id in values.pop("decisions").items()}
    return PartyImport(
        **cast("Any", values), decisions=decisions, options=Options(**options | {"match": tuple(options["match"])})
    )
