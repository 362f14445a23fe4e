"""Imports: archives on their way into a mailbox, as rows that people start, watch, pause and end.

``receiving`` (its bytes are still coming) → ``waiting`` → ``running`` → ``done``; ``paused`` and ``failed`` go on when
a person says so, ``cancelled`` never does. What was taken stays. Who may manage a mailbox may import into it; a path on
the server is for administrators alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Column, Index, Row, func, select

from core import clock, jobs
from core.columns import Json, id_column, instant, number, optional_instant, reference, table, text
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMuch
from core.paging import Page, cut_page, decode_cursor
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.letters.clean import one_line
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_all_mailboxes

State = Literal["receiving", "waiting", "running", "paused", "done", "failed", "cancelled"]
Source = Literal["upload", "path"]
IMPORT_JOB = "mail.import"
OPEN: tuple[State, ...] = ("receiving", "waiting", "running", "paused", "failed")
MOST_OPEN = 50
LONGEST_NAME = 200

mail_import = table(
    "mail_import",
    id_column(),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    reference("user_id", "user.id"),
    text("source"),
    text("name"),
    text("state"),
    text("kind", ""),
    number("size", 0),
    number("received", 0),
    number("total", 0),
    number("position", 0),
    text("place", ""),
    number("letters", 0),
    number("taken", 0),
    number("already", 0),
    number("quarantined", 0),
    number("skipped", 0),
    Column("faults", Json, nullable=False),
    Column("left_out", Json, nullable=False),
    text("error", ""),
    Column("error_fields", Json, nullable=False),
    number("worked", 0),
    instant("created_at"),
    instant("moved_at"),
    optional_instant("started_at"),
    optional_instant("finished_at"),
)
Index(None, mail_import.c.scope_id, mail_import.c.id)
Index(None, mail_import.c.state)


@dataclass(frozen=True, slots=True)
class Import:
    """An import. ``size`` and ``received`` are bytes of an uploaded file, ``position`` of ``total`` bytes are gone
    through. ``letters`` = ``taken`` (new) + ``already`` (here before) + ``quarantined``; ``skipped`` could not be read,
    the first of them stand in ``faults`` with the reason. ``worked`` is how long it ran, in microseconds."""

    id: int
    mailbox_id: int
    scope_id: int
    user_id: int
    source: Source
    name: str
    state: State
    kind: str
    size: int
    received: int
    total: int
    position: int
    place: str
    letters: int
    taken: int
    already: int
    quarantined: int
    skipped: int
    faults: list[tuple[str, str]]
    left_out: list[str]
    error: str
    error_fields: dict[str, Any]
    worked: int
    created_at: int
    moved_at: int
    started_at: int | None
    finished_at: int | None

    @property
    def rate(self) -> float | None:
        """Letters a second while it ran; None before the first."""
        return self.letters * clock.SECOND / self.worked if self.letters and self.worked else None

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the speed so far; None when that cannot be told."""
        if self.state != "running" or not (self.position and self.worked):
            return None
        return self.worked * max(0, self.total - self.position) / self.position / clock.SECOND


def may_import(viewer: Viewer, box: Mailbox) -> bool:
    """Whether the viewer may import into this mailbox."""
    return viewer.may("manage", box.scope_id)


def list_import_mailboxes(tx: ReadTx, viewer: Viewer) -> list[Mailbox]:
    """The mailboxes into which the viewer may import."""
    return [box for box in list_all_mailboxes(tx) if may_import(viewer, box)]


def get_import_mailbox(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """One of them. Raises NotFound, Forbidden when the viewer sees its letters only."""
    box = get_mailbox(tx, mailbox_id)
    _demand(viewer, box.scope_id, "There is no mailbox with the number %(id)s.", mailbox_id)
    return box


def list_imports(tx: ReadTx, viewer: Viewer, *, after: str | None = None, limit: int = 20) -> Page[Import]:
    """The imports into mailboxes that the viewer may manage, newest first."""
    scopes = [scope_id for scope_id, right in viewer.rights if right == "manage"]
    statement = select(mail_import).where(mail_import.c.scope_id.in_(scopes)).order_by(mail_import.c.id.desc())
    if after is not None:
        statement = statement.where(mail_import.c.id < decode_cursor(after, (int,))[0])
    found = cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([_import(row) for row in found.items], found.next)


def get_import(tx: ReadTx, viewer: Viewer, import_id: int) -> Import:
    """One of them. Raises NotFound, Forbidden when the viewer sees the letters of its mailbox only."""
    found = find_import(tx, import_id)
    if found is None:
        raise NotFound(NO_IMPORT, id=import_id)
    _demand(viewer, found.scope_id, NO_IMPORT, import_id)
    return found


def find_import(tx: ReadTx, import_id: int) -> Import | None:
    """An import by its number, whoever asks."""
    row = tx.row(select(mail_import).where(mail_import.c.id == import_id))
    return None if row is None else _import(row)


def start_upload(tx: WriteTx, viewer: Viewer, mailbox_id: int, name: str, size: int) -> Import:
    """An import of a file that will be sent. Raises NotFound, Forbidden, TooMuch."""
    return _start(tx, viewer, mailbox_id, "upload", "receiving", one_line(name)[:LONGEST_NAME], size)


def start_from_path(tx: WriteTx, viewer: Viewer, mailbox_id: int, path: str) -> Import:
    """An import of what lies at a path inside the folder for imports. Raises NotFound, Forbidden, TooMuch."""
    demand_admin(viewer)
    if "\0" in path:
        raise Invalid("No path has a NUL in it.", field="path")
    started = _start(tx, viewer, mailbox_id, "path", "waiting", path, 0)
    enqueue_import(tx, started.id)
    return started


def record_received(tx: WriteTx, viewer: Viewer, import_id: int, at: int, count: int) -> Import:
    """``count`` more bytes are durable behind the first ``at``; with the last one the import waits for its turn. Raises
    NotFound, Forbidden, Conflict when others were written meanwhile."""
    found = _locked(tx, viewer, import_id)
    if found.state != "receiving" or found.received != at:
        raise Conflict("The file goes on elsewhere. Look how much of it is here, and send what follows.")
    received = at + count
    tx.change(mail_import, found.id, received=received, moved_at=clock.now())
    if received == found.size:
        move_import(tx, found.id, "waiting")
        enqueue_import(tx, found.id)
    return get_import(tx, viewer, import_id)


def pause_import(tx: WriteTx, viewer: Viewer, import_id: int) -> Import:
    """It stops behind the letters in hand. Raises NotFound, Forbidden, Conflict when there is nothing to pause."""
    return _turn(tx, viewer, import_id, ("waiting", "running"), "paused")


def resume_import(tx: WriteTx, viewer: Viewer, import_id: int) -> Import:
    """It goes on where it stopped, or tries again what failed. Raises NotFound, Forbidden, Conflict."""
    turned = _turn(tx, viewer, import_id, ("paused", "failed"), "waiting")
    tx.change(mail_import, import_id, error="", error_fields={})
    enqueue_import(tx, turned.id)
    return get_import(tx, viewer, import_id)


def cancel_import(tx: WriteTx, viewer: Viewer, import_id: int) -> Import:
    """It ends; what was taken stays. Raises NotFound, Forbidden, Conflict when it has ended already."""
    turned = _turn(tx, viewer, import_id, OPEN, "cancelled")
    record_audit(tx, viewer.user_id, "import-cancelled", str(turned.id), mailbox=turned.mailbox_id)
    return turned


CANNOT: dict[State, str] = {
    "paused": "This import does not run.",
    "waiting": "This import is not paused.",
    "cancelled": "This import has ended already.",
}
NO_IMPORT = "There is no import with the number %(id)s."


def _start(tx: WriteTx, viewer: Viewer, mailbox_id: int, source: Source, state: State, name: str, size: int) -> Import:
    box = get_import_mailbox(tx, viewer, mailbox_id)
    mine = (mail_import.c.user_id == viewer.user_id) & mail_import.c.state.in_(OPEN)
    if (tx.value(select(func.count()).select_from(mail_import).where(mine)) or 0) >= MOST_OPEN:
        raise TooMuch("You have %(most)s imports that have not ended. Cancel some, or pack letters as one .zip.",
                      most=MOST_OPEN)  # fmt: skip
    now = clock.now()
    made = tx.insert(
        mail_import, mailbox_id=box.id, scope_id=box.scope_id, user_id=viewer.user_id, source=source, name=name,
        state=state, size=size, faults=[], left_out=[], error_fields={}, created_at=now, moved_at=now,
    )  # fmt: skip
    record_audit(tx, viewer.user_id, "import-started", str(made), mailbox=box.id)
    return get_import(tx, viewer, made)


def _turn(tx: WriteTx, viewer: Viewer, import_id: int, before: Sequence[State], after: State) -> Import:
    found = _locked(tx, viewer, import_id)
    if found.state not in before:
        raise Conflict(CANNOT[after])
    move_import(tx, found.id, after)
    return get_import(tx, viewer, import_id)


def move_import(tx: WriteTx, import_id: int, state: State, **also: Any) -> None:
    """Into another state, with the moments that follow from it."""
    now = clock.now()
    ended = now if state in ("done", "failed", "cancelled") else None
    tx.change(mail_import, import_id, state=state, moved_at=now, finished_at=ended, **also)


def enqueue_import(tx: WriteTx, import_id: int) -> None:
    """Let a worker take it when its turn comes."""
    jobs.enqueue(tx, IMPORT_JOB, {"import_id": import_id}, dedupe_key=f"import {import_id}")


def _locked(tx: WriteTx, viewer: Viewer, import_id: int) -> Import:
    get_import(tx, viewer, import_id)
    return lock_import(tx, import_id)


def lock_import(tx: WriteTx, import_id: int) -> Import:
    """Hold an import until the end of the unit. Raises NotFound."""
    tx.lock(mail_import, import_id)
    found = find_import(tx, import_id)
    if found is None:
        raise NotFound(NO_IMPORT, id=import_id)
    return found


def _demand(viewer: Viewer, scope_id: int, nothing: str, number: int) -> None:
    if viewer.may("manage", scope_id):
        return
    if scope_id in viewer.full | viewer.assigned:
        raise Forbidden("You may see this, but you need the right “%(right)s” to do that.", right="manage")
    raise NotFound(nothing, id=number)


def _import(row: Row[Any]) -> Import:
    values = dict(row._mapping)
    faults = [(str(name), str(reason)) for name, reason in values.pop("faults")]
    return Import(**cast("Any", values), faults=faults)
