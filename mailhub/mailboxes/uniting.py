"""Clients and people that are one are merged, with threads and what is counted of letters, and parted again.

To merge and to part is to decide who gets letters: it is for those who hand out the work.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from core.database import WriteTx
from crm.documents import recount_documents
from crm.interactions import interaction, recount_letters
from crm.parties import Merge, get_merge, merge_parties, unmerge_parties
from crm.parties.merge_tables import merge_move
from crm.parties.words import Of
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.threads import tell_client_waits

_MOVED = (
    select(thread.c.id, thread.c.match)
    .join(merge_move, merge_move.c.row_id == thread.c.id)
    .where(
        merge_move.c.merge_id == bindparam("merge_id"),
        merge_move.c.table_name == "thread",
        merge_move.c.column_name == bindparam("column"),
    )
)


def merge(tx: WriteTx, viewer: Viewer, of: Of, kept_id: int, gone_id: int) -> int:
    """Let ``gone`` be ``kept`` from now on. Returns the merge. Raises NotFound, Forbidden, Invalid, Conflict."""
    demand_somewhere(viewer, "assign")
    merge_id = merge_parties(tx, of, kept_id, gone_id, by_id=viewer.user_id)
    _count_again(tx, of, kept_id, gone_id)
    act = "counterparty-merged" if of == "counterparty" else "contact-merged"
    record_audit(tx, viewer.user_id, act, str(kept_id), gone=gone_id)
    return merge_id


def part_again(tx: WriteTx, viewer: Viewer, merge_id: int) -> Merge:
    """Take a merge back. What somebody changed since stays, threads that they filed too; a thread that comes back
    brings its newer letters. Raises NotFound, Forbidden, Conflict."""
    demand_somewhere(viewer, "assign")
    told = get_merge(tx, merge_id)
    column = thread.c[f"{told.of}_id"]
    moved = tx.rows(_MOVED.where(column == told.kept_id), {"merge_id": merge_id, "column": column.key})
    filed = {int(row.id) for row in moved if _is_filed(row.match, told)}
    parted = unmerge_parties(tx, merge_id, {"thread": filed}, by_id=viewer.user_id)
    if told.of == "counterparty":
        back = [int(row.id) for row in moved if row.id not in filed]
        here = interaction.c.counterparty_id == told.kept_id
        for start in range(0, len(back), _AT_ONCE):
            theirs = interaction.c.thread_id.in_(back[start : start + _AT_ONCE])
            tx.execute(update(interaction).where(here, theirs).values(counterparty_id=told.gone_id))
    _count_again(tx, told.of, told.kept_id, told.gone_id)
    act = "counterparty-parted" if told.of == "counterparty" else "contact-parted"
    record_audit(tx, viewer.user_id, act, str(told.kept_id), gone=told.gone_id)
    return parted


_AT_ONCE = 500


def _is_filed(match: dict[str, Any], told: Merge) -> bool:
    """Whether somebody has filed a thread under the kept one since: before, it was filed under the other."""
    place = 1 if told.of == "counterparty" else 0
    return match.get("by") == "hand" and any(pair[place] == told.kept_id for pair in match.get("pairs", ()))


def _count_again(tx: WriteTx, of: Of, *party_ids: int) -> None:
    if of == "counterparty":
        recount_documents(tx, party_ids)
        for one, scope_id in recount_letters(tx, party_ids):
            tell_client_waits(tx, one, scope_id)
