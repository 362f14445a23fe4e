"""Is everything there that should be? Reads all of it, changes nothing, and may run beside a working server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select

from core import jobs
from core.blobs import BlobFiles, blob
from core.database import Database, ReadTx
from core.errors import NotFound
from crm.staff.audit import find_broken_link
from mailhub.mailboxes.tables import incoming, message

BATCH = 16
NAMED = 20
Told = Callable[[int, int], None]


@dataclass(slots=True)
class Findings:
    """``counts`` what was looked at, ``problems`` one sentence each."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def check_house(database: Database, files: BlobFiles, told: Told) -> Findings:
    """Every blob readable and unchanged, every reference whole, every message findable, every waiting letter with its
    job, the audit log unbroken, no job given up. ``told`` hears how many of how many blobs were read."""
    findings = Findings()
    _check_blobs(database, files, findings, told)
    _check_references(database, findings)
    database.read_now(_check_index, findings, sqlite=database.is_sqlite)
    database.read_now(_check_jobs, findings)
    broken = database.read_now(find_broken_link)
    if broken is not None:
        findings.problems.append(f"The audit log was changed at line {broken}.")
    return findings


def _check_blobs(database: Database, files: BlobFiles, findings: Findings, told: Told) -> None:
    total = database.read_now(_count_blobs)
    seen, after = 0, 0
    faults: list[str] = []
    while batch := database.read_now(_list_blobs, after):
        for blob_id, sha256, size, content in batch:
            fault = _fault_of(files, sha256, size, content)
            if fault:
                faults.append(f"Blob {blob_id} {fault}")
        seen, after = seen + len(batch), batch[-1][0]
        told(seen, total)
    findings.counts["blobs"] = seen
    findings.problems += _shortened(faults)


def _fault_of(files: BlobFiles, sha256: bytes, size: int, content: bytes | None) -> str:
    try:
        raw = files.read(sha256) if content is None else content
    except NotFound:
        return f"is missing on the disk: {files.path(sha256)}"
    except OSError as problem:
        return f"cannot be read: {files.path(sha256)}: {problem.strerror}"
    if len(raw) != size or hashlib.sha256(raw).digest() != sha256:
        return f"was changed: {files.path(sha256)}"
    return ""


def _count_blobs(tx: ReadTx) -> int:
    return int(tx.value(select(func.count()).select_from(blob)))


def _list_blobs(tx: ReadTx, after: int) -> list[tuple[int, bytes, int, bytes | None]]:
    statement = select(blob.c.id, blob.c.sha256, blob.c.size, blob.c.content).where(blob.c.id > after)
    return [(row.id, row.sha256, row.size, row.content) for row in tx.rows(statement.order_by(blob.c.id).limit(BATCH))]


def _check_references(database: Database, findings: Findings) -> None:
    """PostgreSQL never lets a reference break. On SQLite each table has a snapshot of its own: none is held long."""
    if not database.is_sqlite:
        return
    names = database.read_now(
        lambda tx: [row[0] for row in tx.sql("SELECT name FROM sqlite_schema WHERE type='table'")]
    )
    for name in names:
        broken = database.read_now(_count_broken, name)
        if broken:
            findings.problems.append(f"{broken} rows of {name} refer to something that is not there.")
    damage = database.read_now(lambda tx: [row[0] for row in tx.sql("PRAGMA quick_check(5)")])
    if damage != ["ok"]:
        findings.problems.append(f"The database file is damaged: {damage[0]}. Restore a backup.")


def _count_broken(tx: ReadTx, name: str) -> int:
    return len(tx.sql(f'PRAGMA foreign_key_check("{name}")').fetchall())


def _check_index(tx: ReadTx, findings: Findings, *, sqlite: bool) -> None:
    index, key = ("word_index_docsize", "id") if sqlite else ("word_index", "message_id")
    findings.counts["messages"] = int(tx.value(select(func.count()).select_from(message)))
    for sentence, statement in (
        (
            "%d messages cannot be found by their words.",
            f"SELECT count(*) FROM message m WHERE NOT EXISTS (SELECT 1 FROM {index} w WHERE w.{key} = m.id)",  # noqa: S608
        ),
        (
            "%d rows of the word index belong to no message.",
            f"SELECT count(*) FROM {index} w WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = w.{key})",  # noqa: S608
        ),
    ):
        count = int(tx.sql(statement).scalar_one())
        if count:
            findings.problems.append(sentence % count)


def _check_jobs(tx: ReadTx, findings: Findings) -> None:
    """A letter that waits without a job would wait for ever."""
    waiting = set(tx.values(select(incoming.c.id).where(incoming.c.state == "waiting")))
    has_job = {payload.get("incoming_id") for payload in tx.values(select(jobs.job.c.payload))}
    lost = sorted(waiting - has_job)
    quarantined = select(func.count()).select_from(incoming).where(incoming.c.state == "quarantined")
    findings.counts |= {"waiting": len(waiting), "quarantined": int(tx.value(quarantined))}
    findings.problems += _shortened([f"Letter {one} waits to be understood and no job does it." for one in lost])
    dead = jobs.list_dead_letters(tx)
    findings.problems += _shortened([f"Job {one.id} ({one.kind}) was given up: {one.error}" for one in dead])


def _shortened(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:NAMED]
    if len(sentences) > NAMED:
        yield f"… and {len(sentences) - NAMED} more like that."
