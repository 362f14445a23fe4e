"""What a worker writes of an import: how far it came, and how it ended. A job leases the import to one worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from core import clock, jobs
from core.database import ReadTx, WriteTx
from mailhub.mailboxes.imports import (
    IMPORT_JOB,
    OPEN,
    Import,
    State,
    enqueue_import,
    lock_import,
    mail_import,
    move_import,
)

MOST_FAULTS = 20
FORGOTTEN = 3 * clock.DAY
SERVER_ENDED = "The server ended several times while it worked on this. Look into its log, then resume."
NEVER_CAME = "The rest of the file never came. Choose it again to start anew."


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker has gone through: ``letters`` of which ``new`` were not here and ``held`` went to quarantine."""

    letters: int
    new: int
    held: int
    faults: Sequence[tuple[str, str]]
    place: str
    position: int
    worked: int


def import_of(job: jobs.Job) -> int:
    """The number of the import whose job this is."""
    return int(job.payload["import_id"])


def begin_import(tx: WriteTx, job: jobs.Job) -> Import | None:
    """A worker begins or goes on. None, and the job is gone, when it was paused or ended before its turn."""
    found = lock_import(tx, import_of(job))
    if found.state not in ("waiting", "running"):
        jobs.finish(tx, job)
        return None
    now = clock.now()
    tx.change(mail_import, found.id, state="running", moved_at=now, started_at=found.started_at or now)
    return lock_import(tx, found.id)


def record_opened(tx: WriteTx, job: jobs.Job, kind: str, total: int, left_out: Sequence[str]) -> None:
    """What the archive turned out to be, how many bytes there are to go through, and which folders stay out."""
    tx.change(mail_import, import_of(job), kind=kind, total=total, left_out=list(left_out), moved_at=clock.now())


def record_batch(tx: WriteTx, job: jobs.Job, batch: Batch) -> State:
    """Letters that are taken in this transaction count, and a next run goes on behind them. Returns the state: unless
    it is still running, the worker stops. Raises Conflict when another worker has the import."""
    jobs.get_on(tx, job)
    found = lock_import(tx, import_of(job))
    tx.change(
        mail_import,
        found.id,
        letters=found.letters + batch.letters,
        taken=found.taken + max(0, batch.new - batch.held),
        already=found.already + batch.letters - max(batch.new, batch.held),
        quarantined=found.quarantined + batch.held,
        skipped=found.skipped + len(batch.faults),
        faults=[*found.faults, *map(list, batch.faults)][:MOST_FAULTS],
        place=batch.place,
        position=batch.position,
        worked=found.worked + batch.worked,
        moved_at=clock.now(),
    )
    return found.state


def end_import(tx: WriteTx, job: jobs.Job, error: str = "", fields: dict[str, Any] | None = None) -> None:
    """A worker has come to the end of the archive, or cannot go on and says why. One that was paused or cancelled
    meanwhile stays so; one that was resumed meanwhile goes on."""
    found = lock_import(tx, import_of(job))
    jobs.finish(tx, job)
    if found.state == "running":
        move_import(tx, found.id, "failed" if error else "done", error=error, error_fields=_plain(fields or {}))
    elif found.state == "waiting":
        enqueue_import(tx, found.id)


def fail_dead(tx: WriteTx) -> int:
    """Imports at which the server itself ended again and again wait for a person. Returns how many."""
    dead = jobs.take_dead(tx, IMPORT_JOB)
    for one in dead:
        move_import(tx, int(one.payload["import_id"]), "failed", error=SERVER_ENDED, error_fields={})
    return len(dead)


def list_needless(tx: ReadTx, import_ids: Sequence[int]) -> list[int]:
    """Those of the imports whose files nobody needs any more: ended, or none."""
    needed = select(mail_import.c.id).where(mail_import.c.id.in_(import_ids), mail_import.c.state.in_(OPEN))
    return sorted(set(import_ids) - set(tx.values(needed)))


_FORGET = (
    update(mail_import)
    .where(mail_import.c.state == "receiving", mail_import.c.moved_at < bindparam("before"))
    .values(state="cancelled", finished_at=bindparam("now"), error=bindparam("never_came"))
)


def forget_unfinished(tx: WriteTx) -> int:
    """Files of which nothing came for three days will not come any more. Returns how many imports that ends."""
    now = clock.now()
    return tx.execute(_FORGET, {"now": now, "before": now - FORGOTTEN, "never_came": NEVER_CAME})


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | float | str) else str(value) for name, value in fields.items()}
