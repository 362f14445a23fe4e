"""A search of the whole base for doubles: begun by a person, done by a worker part by part, each with the place to go
on from. What it finds of pairs that somebody has told apart is not asked again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Row, delete, func, select, tuple_, update

from core import clock, jobs
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from crm.doubles.names import core_of, likeness
from crm.doubles.scanning import STAGES, Found
from crm.doubles.tables import double_pair, double_search
from crm.parties.tables import counterparty, legal_entity
from crm.staff.readable import Viewer, demand_somewhere

State = Literal["running", "done", "failed", "cancelled"]
JOB = "clients.doubles"
STRENGTHS = {"tax_number": 95, "address": 90, "phone": 80, "name": 70, "domain": 50}
"""How sure one reason alone makes it, in per cent."""
SERVER_ENDED = "The server ended several times while it looked. Look into its log, then begin again."
SWEPT_AT_ONCE = 1000
_KEPT = 5  # searches that are remembered


@dataclass(frozen=True, slots=True)
class Search:
    """A search: by what it compares now, how far it is in thousandths, how many pairs it found."""

    id: int
    state: State
    stage: str
    reached: str
    place: int
    found: int
    worked: int
    error: str
    by_id: int | None
    started_at: int
    moved_at: int
    finished_at: int | None


def begin_search(tx: WriteTx, viewer: Viewer) -> Search:
    """Look for doubles in the whole base. Raises Forbidden, Conflict while somebody's search runs."""
    demand_somewhere(viewer, "assign")
    tx.lock_key("double_search")
    last = find_search(tx)
    if last is not None and last.state == "running":
        raise Conflict("Duplicates are being looked for already.")
    now = clock.now()
    values = {"state": "running", "stage": STAGES[0], "by_id": viewer.user_id, "started_at": now, "moved_at": now}
    made = tx.insert(double_search, **values)
    tx.execute(delete(double_search).where(double_search.c.id <= made - _KEPT))
    jobs.enqueue(tx, JOB, {"search_id": made})
    return get_search(tx, made)


def cancel_search(tx: WriteTx, viewer: Viewer) -> Search:
    """It ends; what it found stays. Raises Forbidden, Conflict where none runs."""
    demand_somewhere(viewer, "assign")
    last = find_search(tx)
    if last is None or last.state != "running":
        raise Conflict("No search for duplicates runs.")
    now = clock.now()
    tx.change(double_search, last.id, state="cancelled", moved_at=now, finished_at=now)
    return get_search(tx, last.id)


def find_search(tx: ReadTx) -> Search | None:
    """The last one."""
    row = tx.row(select(double_search).order_by(double_search.c.id.desc()).limit(1))
    return None if row is None else _search(row)


def get_search(tx: ReadTx, search_id: int) -> Search:
    """Raises NotFound."""
    return _search(tx.get(double_search, search_id))


def _search(row: Row[Any]) -> Search:
    return Search(**cast("Any", dict(row._mapping)))


def search_of(job: jobs.Job) -> int:
    """The number of the search whose job this is."""
    return int(job.payload["search_id"])


def begin_work(tx: WriteTx, job: jobs.Job) -> Search | None:
    """A worker begins or goes on. None, and the job is gone, when there is nothing to do any more."""
    found = tx.row(select(double_search).where(double_search.c.id == search_of(job)))
    if found is None or found.state != "running":
        jobs.finish(tx, job)
        return None
    return _search(found)


def record_part(
    tx: WriteTx, job: jobs.Job, found: Sequence[Found], stage: str, reached: str | None, place: int, worked: int
) -> bool:
    """Write down pairs, and how far the search is: up to the key ``reached``, None for no further than it was. False
    when it was ended. Raises Conflict when another worker has it."""
    jobs.get_on(tx, job)
    search = get_search(tx, search_of(job))
    if search.state != "running":
        return False
    added = _record(tx, search.id, found)
    if reached is not None:
        tx.change(double_search, search.id, stage=stage, reached=reached, place=place)
    moved = {"found": search.found + added, "worked": search.worked + worked, "moved_at": clock.now()}
    tx.change(double_search, search.id, **moved)
    return True


def _record(tx: WriteTx, search_id: int, found: Sequence[Found]) -> int:
    """Returns how many pairs this search had not found before."""
    reasons: dict[tuple[int, int], set[str]] = {}
    for one_id, other_id, reason in found:
        reasons.setdefault((one_id, other_id), set()).add(reason)
    if not reasons:
        return 0
    ids = sorted({party_id for pair in reasons for party_id in pair})
    parties, numbers = _read_parties(tx, ids), _read_numbers(tx, ids)
    apart = _list_apart(tx, parties)
    key = tuple_(double_pair.c.one_id, double_pair.c.other_id)
    before = {(row.one_id, row.other_id): row for row in tx.rows(select(double_pair).where(key.in_(list(reasons))))}
    added, fresh = 0, []
    for pair, by_keys in reasons.items():
        one, other = parties.get(pair[0]), parties.get(pair[1])
        if one is None or other is None or pair in apart or pair[1] == one.parent_id or pair[0] == other.parent_id:
            continue
        alike = likeness(core_of(one.name_folded), core_of(other.name_folded))
        past = before.get(pair)
        known = past is not None and past.search_id == search_id
        told = by_keys | ({"name"} if alike else set()) | (set(past.reasons) if past is not None and known else set())
        if told <= {"name", "domain"} and _denied(numbers.get(pair[0]), numbers.get(pair[1])):
            continue
        values = {"strength": _strength(told, alike), "reasons": _in_order(told), "search_id": search_id}
        added += not known
        if past is None:
            fresh.append({"one_id": pair[0], "other_id": pair[1], "state": "open", **values})
        elif past.state == "open":
            here = (double_pair.c.one_id == pair[0]) & (double_pair.c.other_id == pair[1])
            tx.execute(update(double_pair).where(here).values(**values))
    tx.insert_many(double_pair, fresh)
    return added


def _read_parties(tx: WriteTx, ids: Sequence[int]) -> dict[int, Any]:
    """Those of them who are there and stay until this unit is over: an import may be taken back beside it."""
    names = (counterparty.c.id, counterparty.c.name_folded, counterparty.c.parent_id)
    standing = (counterparty.c.id.in_(ids), counterparty.c.merged_into.is_(None))
    held = select(*names).where(*standing).order_by(counterparty.c.id).with_for_update(read=True, key_share=True)
    return {row.id: row for row in tx.rows(held)}


def _read_numbers(tx: ReadTx, ids: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    here = (legal_entity.c.counterparty_id.in_(ids), legal_entity.c.tax_number != "")
    for row in tx.rows(select(legal_entity.c.counterparty_id, legal_entity.c.tax_number).where(*here)):
        found.setdefault(row.counterparty_id, set()).add(row.tax_number)
    return found


def _list_apart(tx: ReadTx, parties: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs that were told apart, also by those who were merged into them since."""
    ids = sorted(parties)
    into = {row.id: row.merged_into for row in tx.rows(_GONE.where(counterparty.c.merged_into.in_(ids)))}
    every = [*ids, *into]
    here = (double_pair.c.one_id.in_(every) | double_pair.c.other_id.in_(every), double_pair.c.state == "apart")
    found = set()
    for row in tx.rows(select(double_pair.c.one_id, double_pair.c.other_id).where(*here)):
        one, other = into.get(row.one_id, row.one_id), into.get(row.other_id, row.other_id)
        found.add((min(one, other), max(one, other)))
    return found


_GONE = select(counterparty.c.id, counterparty.c.merged_into).where(counterparty.c.merged_into.is_not(None))


def _denied(one: set[str] | None, other: set[str] | None) -> bool:
    """The same name with another tax number is another client."""
    return bool(one and other and not one & other)


def _strength(reasons: Iterable[str], alike: int) -> int:
    doubt = 1.0
    for reason in reasons:
        share = STRENGTHS[reason] * (alike / 100 if reason == "name" and alike else 1)
        doubt *= 1 - share / 100
    return round(100 * (1 - doubt))


def _in_order(reasons: Iterable[str]) -> list[str]:
    return sorted(reasons, key=list(STRENGTHS).index)


def sweep_pairs(tx: WriteTx, job: jobs.Job) -> bool:
    """Pairs that the search did not find any more go, some at a time. False when none is left."""
    jobs.get_on(tx, job)
    search_id = search_of(job)
    old = (double_pair.c.state == "open", double_pair.c.search_id != search_id)
    some = select(double_pair.c.one_id, double_pair.c.other_id).where(*old).limit(SWEPT_AT_ONCE)
    rows = tx.rows(some)
    for row in rows:
        here = (double_pair.c.one_id == row.one_id) & (double_pair.c.other_id == row.other_id)
        tx.execute(delete(double_pair).where(here, *old))
    return bool(rows)


def end_search(tx: WriteTx, job: jobs.Job, error: str = "") -> None:
    """The worker has come to the end, or cannot go on and says why."""
    jobs.finish(tx, job)
    search = get_search(tx, search_of(job))
    if search.state == "running":
        _end(tx, search.id, "failed" if error else "done", error)


def fail_dead(tx: WriteTx) -> int:
    """Searches at which the server itself ended again and again. Returns how many."""
    dead = jobs.take_dead(tx, JOB)
    for one in dead:
        _end(tx, int(one.payload["search_id"]), "failed", SERVER_ENDED)
    return len(dead)


def _end(tx: WriteTx, search_id: int, state: State, error: str) -> None:
    now = clock.now()
    whole = {"place": 1000} if state == "done" else {}
    tx.change(double_search, search_id, state=state, error=error, moved_at=now, finished_at=now, **whole)


def count_open(tx: ReadTx, most: int = 10_000) -> int:
    """Pairs that wait for somebody, as far as ``most``."""
    some = select(double_pair.c.one_id).where(double_pair.c.state == "open").limit(most)
    return int(tx.value(select(func.count()).select_from(some.subquery())) or 0)
