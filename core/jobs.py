"""Work for later: a row in the transaction of its cause.

A job is claimed in batches under a *lease* that names the incarnation of the process (its boot); whoever holds the
lease has the *fence*, a number that grows with every claim, and can finish the job only while the fence is still its
own: the stale worker of a paused process finds its write refused. Finishing deletes the row in the same transaction as
what the job did. A job that fails waits longer each time and after ``TRIES`` becomes a *dead letter*, shown to people.

A process that dies says nothing of the jobs it had in hand: that try does not count. Each remembers the death; what was
in hand at several is a suspect, whom a room may take alone. Only a job that was alone in hand is held to blame, and
after ``TRIES`` such deaths (or fewer, as its room says to ``take_dead``) it is a dead letter too.

A boot is alive while its heartbeat is young. On SQLite one process works at a time, so a start voids all older leases;
on PostgreSQL the leases of boots without a heartbeat for ``SILENCE`` are void.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Index, Text, and_, bindparam, delete, exists, func, literal_column, or_, select, update
from sqlalchemy import text as sql_text

from core import clock
from core.columns import Json, id_column, instant, number, optional_instant, optional_text, table, text
from core.database import ReadTx, WriteTx
from core.errors import Conflict

TOPIC = "jobs"
TRIES = 8
SILENCE = 15 * clock.SECOND
FIRST_WAIT = 10 * clock.SECOND
LONGEST_WAIT = clock.HOUR
ANY_DEATHS = 1 << 30
ENDED = "The process ended while it worked on this."
AT_ONCE = 0  # before every clock: work must not wait because a clock was put back, or another host's is behind

job = table(
    "job",
    id_column(),
    text("kind"),
    Column("payload", Json, nullable=False),
    instant("run_at"),
    Column("dedupe_key", Text, unique=True),
    number("tries", 0),
    optional_text("boot"),
    number("fence", 0),
    optional_text("error"),
    optional_instant("dead_at"),
    instant("created_at"),
    number("deaths", 0),
    number("lone_deaths", 0),
)
Index(
    "ix_job_ready",
    job.c.kind,
    job.c.run_at,
    job.c.id,
    sqlite_where=sql_text("boot IS NULL AND dead_at IS NULL"),
    postgresql_where=sql_text("boot IS NULL AND dead_at IS NULL"),
)
Index("ix_job_boot", job.c.boot)
_BLAMED = "dead_at IS NOT NULL OR lone_deaths > 0"
Index("ix_job_blamed", job.c.kind, job.c.id, sqlite_where=sql_text(_BLAMED), postgresql_where=sql_text(_BLAMED))

boot = table("boot", Column("name", Text, primary_key=True), instant("started_at"), instant("seen_at"))


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job: what to do, and the fence with which to finish it."""

    id: int
    kind: str
    payload: dict[str, Any]
    tries: int
    fence: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed too often and waits for a person."""

    id: int
    kind: str
    payload: dict[str, Any]
    error: str
    tries: int
    dead_at: int


def enqueue(
    tx: WriteTx,
    kind: str,
    payload: dict[str, Any],
    *,
    run_at: int | None = None,
    dedupe_key: str | None = None,
) -> int | None:
    """Write down work for later; it exists if, and only if, the transaction of its cause commits.

    Without ``run_at`` it is ready at once. With a ``dedupe_key`` that already waits nothing is added and None is
    returned.
    """
    if dedupe_key is not None and tx.value(select(job.c.id).where(job.c.dedupe_key == dedupe_key)) is not None:
        return None
    tx.announce(f"{TOPIC}.{kind}")
    return tx.insert(
        job,
        kind=kind,
        payload=payload,
        run_at=AT_ONCE if run_at is None else run_at,
        dedupe_key=dedupe_key,
        created_at=clock.now(),
    )


def start_boot(tx: WriteTx) -> str:
    """Register this incarnation of the process and void the leases of those that are gone. Returns its name."""
    name = secrets.token_hex(8)
    now = database_now(tx)
    if tx.is_sqlite:
        tx.execute(delete(boot))
        _void(tx, job.c.boot.is_not(None))
    tx.insert(boot, name=name, started_at=now, seen_at=now)
    return name


# A boot in the middle of a claim is left for the next beat: its new leases could not be seen, and so not voided, yet.
_SILENT = select(boot.c.name).where(boot.c.seen_at < bindparam("since")).with_for_update(skip_locked=True)


def beat(tx: WriteTx, name: str) -> bool:
    """Say that this boot lives, and void the leases of the silent. False when it was itself given up."""
    now = database_now(tx)
    alive = tx.execute(update(boot).where(boot.c.name == name).values(seen_at=now)) == 1
    silent = tx.values(_SILENT, {"since": now - SILENCE})
    if silent and not tx.is_sqlite:
        _void(tx, job.c.boot.in_(silent))
        tx.execute(delete(boot).where(boot.c.name.in_(silent)))
    return alive


def stop_boot(tx: WriteTx, name: str) -> None:
    """Give back every lease of this boot at a clean stop, which is no fault of the jobs: the try does not count."""
    tx.announce(f"{TOPIC}.*")
    tx.execute(update(job).where(job.c.boot == name).values(boot=None, tries=job.c.tries - 1))
    tx.execute(delete(boot).where(boot.c.name == name))


_READY = (
    select(job.c.id)
    .where(
        job.c.kind == bindparam("kind"),
        literal_column("boot IS NULL AND dead_at IS NULL"),
        job.c.run_at <= bindparam("now"),
        job.c.deaths.between(bindparam("least_deaths"), bindparam("most_deaths")),
    )
    .order_by(job.c.run_at, job.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ALIVE = select(boot.c.name).where(boot.c.name == bindparam("name")).with_for_update(read=True, key_share=True)
_TAKE = (
    update(job)
    .where(job.c.id.in_(bindparam("ids", expanding=True)))
    .values(boot=bindparam("by"), fence=job.c.fence + 1, tries=job.c.tries + 1)
)
_TAKEN = select(job).where(job.c.id.in_(bindparam("ids", expanding=True))).order_by(job.c.run_at, job.c.id)


def demand_boot(tx: WriteTx, name: str) -> None:
    """Hold this boot for the transaction. One that is late with its heartbeat is still itself, as long as nobody gave
    its work to others: a slow machine is no death. Raises Conflict when it was given up."""
    if tx.value(_ALIVE, {"name": name}) is None:
        raise Conflict("This process was silent too long and its work was given to others.")


def claim(
    tx: WriteTx, kind: str, boot_name: str, most: int, *, least_deaths: int = 0, most_deaths: int = ANY_DEATHS
) -> list[Job]:
    """Take up to ``most`` ready jobs of a kind under the lease of this boot, oldest first; with bounds only those that
    were in hand at so many deaths of a process.

    Raises Conflict when the boot was given up: its process has to stop or register anew.
    """
    demand_boot(tx, boot_name)
    deaths = {"least_deaths": least_deaths, "most_deaths": most_deaths}
    ids = tx.values(_READY, {"kind": kind, "now": database_now(tx), "most": most, **deaths})
    if not ids:
        return []
    tx.execute(_TAKE, {"ids": ids, "by": boot_name})
    rows = tx.rows(_TAKEN, {"ids": ids})
    return [Job(row.id, row.kind, row.payload, row.tries, row.fence) for row in rows]


_FINISH = delete(job).where(job.c.id == bindparam("id"), job.c.fence == bindparam("fence"), job.c.boot.is_not(None))


def finish(tx: WriteTx, done: Job) -> None:
    """Delete a job in the transaction of what it did. Raises Conflict when the lease was lost: nothing may commit."""
    if tx.execute(_FINISH, {"id": done.id, "fence": done.fence}) != 1:
        raise Conflict("The job was given to another worker in the meantime.")


_HELD = select(job.c.id, job.c.fence).where(job.c.id.in_(bindparam("ids", expanding=True)), job.c.boot.is_not(None))
_HELD_FAST = _HELD.with_for_update()
_FINISH_ALL = delete(job).where(job.c.id.in_(bindparam("ids", expanding=True)))


def finish_all(tx: WriteTx, done: Sequence[Job]) -> None:
    """``finish`` for several jobs that one unit did, all or none. Raises Conflict when a lease was lost."""
    ids = {"ids": [one.id for one in done]}
    held = {row.id: row.fence for row in tx.rows(_HELD if tx.is_sqlite else _HELD_FAST, ids)}
    if held != {one.id: one.fence for one in done}:
        raise Conflict("The job was given to another worker in the meantime.")
    tx.execute(_FINISH_ALL, ids)


def get_on(tx: WriteTx, held: Job) -> None:
    """A long job came further: whatever went wrong before is forgotten. Raises Conflict when the lease was lost, and
    nothing may commit then."""
    if tx.execute(_GOT_ON, {"held": held.id, "held_fence": held.fence}) != 1:
        raise Conflict("The job was given to another worker in the meantime.")


_GOT_ON = (
    update(job)
    .where(job.c.id == bindparam("held"), job.c.fence == bindparam("held_fence"), job.c.boot.is_not(None))
    .values(tries=1, deaths=0, lone_deaths=0)
)


def give_up(tx: WriteTx, failed: Job, error: str) -> bool:
    """Put a failed job back to wait longer, or lay it with the dead letters. True when it is dead now.

    A job whose lease was lost is left alone: another worker has it.
    """
    dead = failed.tries >= TRIES
    wait = min(FIRST_WAIT * 4 ** (failed.tries - 1), LONGEST_WAIT)
    now = database_now(tx)
    changed = tx.execute(
        update(job)
        .where(job.c.id == failed.id, job.c.fence == failed.fence, job.c.boot.is_not(None))
        .values(boot=None, error=error[:500], run_at=now + wait, dead_at=now if dead else None)
    )
    return dead and changed == 1


def put_off(tx: WriteTx, held: Job, wait: int) -> bool:
    """Let go of a job that is not to blame: the try does not count, and it is ready again after ``wait``. False for one
    whose lease was lost."""
    mine = update(job).where(job.c.id == held.id, job.c.fence == held.fence, job.c.boot.is_not(None))
    return tx.execute(mine.values(boot=None, tries=job.c.tries - 1, run_at=database_now(tx) + wait)) == 1


def note(tx: WriteTx, held: Job, /, **facts: Any) -> Job:
    """Write into the payload of a job how far it is, for whoever has it in hand after this process. Raises Conflict
    when the lease was lost."""
    payload = held.payload | facts
    mine = update(job).where(job.c.id == held.id, job.c.fence == held.fence, job.c.boot.is_not(None))
    if tx.execute(mine.values(payload=payload)) != 1:
        raise Conflict("The job was given to another worker in the meantime.")
    return replace(held, payload=payload)


def give_back(tx: WriteTx, kind: str, boot_name: str) -> int:
    """Let go of what this boot claimed of a kind and could not even give up, because the database was away or full.

    For a loop that has none of these jobs in hand any more; the try does not count. Returns how many were let go.
    """
    tx.announce(f"{TOPIC}.{kind}")
    held = update(job).where(job.c.kind == kind, job.c.boot == boot_name)
    return tx.execute(held.values(boot=None, tries=job.c.tries - 1))


_DEAD = (
    select(job)
    .where(
        job.c.kind == bindparam("kind"),
        literal_column(f"({_BLAMED})"),
        or_(job.c.dead_at.is_not(None), and_(job.c.boot.is_(None), job.c.lone_deaths >= bindparam("lone_deaths"))),
    )
    .order_by(job.c.id)
    .limit(bindparam("most"))
)
_DEAD_FREE = _DEAD.with_for_update(skip_locked=True)


def take_dead(tx: WriteTx, kind: str, most: int = 100, *, lone_deaths: int = TRIES) -> list[DeadLetter]:
    """The dead letters of a kind, oldest first, and away with their rows: for a room that shows them as its own. What
    was alone in hand at so many deaths of a process counts as dead."""
    asked = {"kind": kind, "lone_deaths": lone_deaths, "most": most}
    rows = tx.rows(_DEAD if tx.is_sqlite else _DEAD_FREE, asked)
    if rows:
        tx.execute(delete(job).where(job.c.id.in_([row.id for row in rows])))
    now = database_now(tx)
    return [
        DeadLetter(row.id, row.kind, row.payload, row.error or ENDED, row.tries, row.dead_at or now) for row in rows
    ]


def list_dead_letters(tx: ReadTx, most: int = 100, *, kinds: Sequence[str] = ()) -> list[DeadLetter]:
    """The jobs that failed too often, newest first; of all kinds, or of these."""
    here = select(job).where(literal_column(f"({_BLAMED})"), job.c.dead_at.is_not(None))
    if kinds:
        here = here.where(job.c.kind.in_(kinds))
    rows = tx.rows(here.order_by(job.c.dead_at.desc()).limit(most))
    return [DeadLetter(row.id, row.kind, row.payload, row.error or "", row.tries, row.dead_at) for row in rows]


def revive(tx: WriteTx, job_id: int) -> bool:
    """Let a dead letter run again from the beginning. False when it is none."""
    tx.announce(f"{TOPIC}.*")
    statement = update(job).where(job.c.id == job_id, job.c.dead_at.is_not(None))
    return tx.execute(statement.values(dead_at=None, tries=0, deaths=0, lone_deaths=0, run_at=database_now(tx))) == 1


def count_waiting(tx: ReadTx) -> dict[str, int]:
    """Jobs that wait or run, by kind."""
    rows = tx.rows(
        select(job.c.kind, func.count().label("waiting")).where(job.c.dead_at.is_(None)).group_by(job.c.kind)
    )
    return {row.kind: row.waiting for row in rows}


def database_now(tx: ReadTx) -> int:
    """The clock that leases use: the database's, one for all hosts. On SQLite that is the machine's own."""
    if tx.is_sqlite:
        return clock.now()
    return int(tx.sql("SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint").scalar_one())


_other = job.alias("other")
_BESIDE = exists().where(_other.c.boot == job.c.boot, _other.c.kind == job.c.kind, _other.c.id != job.c.id)


def _void(tx: WriteTx, which: Any) -> None:
    """Take leases back. A job that kills its process must not be taken for ever, and nobody else be blamed for it."""
    tx.announce(f"{TOPIC}.*")
    tx.execute(update(job).where(which, ~_BESIDE).values(lone_deaths=job.c.lone_deaths + 1))
    ended = {"dead_at": database_now(tx), "error": ENDED}
    tx.execute(update(job).where(which, job.c.lone_deaths >= TRIES).values(**ended))
    tx.execute(update(job).where(which).values(boot=None, tries=job.c.tries - 1, deaths=job.c.deaths + 1))
