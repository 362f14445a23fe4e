"""Two threads become one, or letters leave one for a thread of their own; and both are taken back.

Nothing is rewritten: a merged thread points to the one that shows its letters (``thread.merged_into``), a letter that
was split off points to its new thread (``message.split_id``), and each keeps its home. What everybody reads
(``message.thread_id``, the row of the list, who has a say, the client's timeline) follows from those pointers, so that
lists, counters, search and rights agree. Undoing gives back what the merging took: state, executor, client.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from crm.execution import Choice, assign, is_able, unassign
from mailhub.mailboxes.filing import lay_letters
from mailhub.mailboxes.homes import own_thread
from mailhub.mailboxes.naming import name_again
from mailhub.mailboxes.participants import copy_participants, keep_participants
from mailhub.mailboxes.tables import message, thread, unread
from mailhub.mailboxes.tag_rows import list_on, put_tags, take_tags
from mailhub.mailboxes.tally import count_again, list_letters
from mailhub.mailboxes.threads import find_root, in_state, list_merged, tell, tell_client_waits

MERGED = "Another thread was merged into this one."
TAKEN_OUT = "A merged thread was taken out again."
SPLIT = "Letters were split off into a thread of their own."
SPLIT_FROM = "Split off from another thread."
CAME_BACK = "Letters that were split off came back."
_GIVEN = ("state", "counterparty_id", "contact_id", "match", "executor_id")
_UNREAD = select(unread.c.user_id).where(unread.c.thread_id == bindparam("thread_id"))


def hold_both(tx: WriteTx, first_id: int, second_id: int) -> tuple[Any, Any]:
    """Two rows, held until the end of the unit, always in the same order. Raises NotFound."""
    for thread_id in sorted({first_id, second_id}):
        tx.lock(thread, thread_id)
    return tx.get(thread, first_id), tx.get(thread, second_id)


def join(
    tx: WriteTx, root: Any, other: Any, *, by: int | None = None, leaning: bool = False, sentence: str = MERGED
) -> None:
    """Let ``root`` show the letters of ``other`` too (rows that are held), for good or as long as it leans there.
    Raises Conflict for what cannot be one."""
    _demand_joinable(root, other)
    before = {name: getattr(root, name) for name in _GIVEN}
    given = dict(before)
    stood = "open" if other.state == "snoozed" else other.state
    if root.state in ("closed", "snoozed") and stood == "open":
        given["state"] = "open"
        before["state"] = "open" if root.state == "snoozed" else root.state
    if root.counterparty_id is None and other.counterparty_id is not None:
        given |= {name: getattr(other, name) for name in ("counterparty_id", "contact_id", "match")}
    if root.executor_id is None and other.executor_id is not None:
        given["executor_id"] = other.executor_id
        _hand_over(tx, root, other.executor_id, by)
    unassign(tx, other.id)
    shown = {"thread_id": root.id, "landed_at": clock.now()}  # there they are news
    tx.execute(update(message).where(message.c.thread_id == other.id).values(**shown))
    kept: dict[str, Any] = {"state": stood, "before": before, "given": given, "leans": leaning}
    if other.merged and "from" in other.merged:
        kept["from"] = other.merged["from"]
    if other.tag_count:
        kept["tags"] = take_tags(tx, other.id, list_on(tx, other.id))
        kept["lent"] = put_tags(tx, root, kept["tags"])
    tx.change(thread, other.id, **in_state("merged"), merged_into=root.id, merged=kept, version=other.version + 1)
    woken = in_state("open") if given["state"] == "open" else {}
    tx.change(thread, root.id, **{**woken, **{name: given[name] for name in _GIVEN}})
    _share_unread(tx, other, root)
    tx.execute(delete(unread).where(unread.c.thread_id == other.id))
    copy_participants(tx, other.id, root.id)
    lay_letters(tx, other.id)
    _settle(tx, root.id)
    tell(tx, root.id, sentence, user_id=by, thread=other.id)
    _changed(tx, "thread.merged", root, other, by)


def part(tx: WriteTx, root: Any, other: Any, *, by: int | None = None) -> None:
    """Take a merged thread out again (rows that are held): its letters leave, those that came to it meanwhile too.
    Raises Conflict when nothing would be left."""
    family = list_merged(tx, other.id)
    leaving = tx.values(select(message.c.id).where(message.c.thread_id == root.id, own_thread.in_(family)))
    if not leaving or not _is_left(tx, root.id, leaving):
        raise Conflict("Nothing would be left in one of the two threads. Split letters off instead.")
    kept, direct = other.merged, other.merged_into == root.id
    before, given = (kept["before"], kept["given"]) if direct else ({}, {})
    tx.execute(update(message).where(message.c.id.in_(leaving)).values(thread_id=other.id))
    # What nobody changed since is given back as it was.
    back = {name: before[name] for name in before if getattr(root, name) == given[name]}
    if back.get("executor_id", root.executor_id) != root.executor_id:
        unassign(tx, root.id)
    if back:
        tx.change(thread, root.id, **back)
    stays = {"from": kept["from"]} if "from" in kept else None
    tx.change(thread, other.id, state=kept["state"], merged_into=None, merged=stays)
    if other.executor_id is not None:
        _hand_over(tx, other, other.executor_id, by)
    take_tags(tx, root.id, kept.get("lent", ()))
    put_tags(tx, other, kept.get("tags", ()))
    _share_unread(tx, root, other)
    for one in (other, root):
        keep_participants(tx, root.id, one.id, list_letters(tx, one.id))
    for one in (root, other):
        name_again(tx, one.id)
        _settle(tx, one.id)
    tell_client_waits(tx, root.counterparty_id, root.scope_id)
    tell(tx, root.id, TAKEN_OUT, user_id=by, thread=other.id)
    tell(tx, other.id, SPLIT_FROM, user_id=by, thread=root.id)
    _changed(tx, "thread.unmerged", root, other, by)


def split(tx: WriteTx, row: Any, message_ids: Sequence[int], *, by: int | None = None) -> int:
    """Move letters of a thread (its row is held) into a new one. Returns the new thread. Raises Conflict when they are
    none of its letters, or all."""
    chosen = tx.rows(
        select(message.c.id).where(message.c.thread_id == row.id, message.c.id.in_(sorted(set(message_ids))))
    )
    if not chosen or len(chosen) != len(set(message_ids)):
        raise Conflict("These letters are not in this thread any more.")
    ids = [one.id for one in chosen]
    if not _is_left(tx, row.id, ids):
        raise Conflict("A thread keeps at least one letter.")
    new_id = tx.insert(
        thread,
        mailbox_id=row.mailbox_id,
        scope_id=row.scope_id,
        subject=row.subject,
        subject_base=row.subject_base,
        counterparty_id=row.counterparty_id,
        contact_id=row.contact_id,
        state=row.state,
        snoozed_until=row.snoozed_until,
        closed_at=row.closed_at,
        executor_id=row.executor_id,
        last_message_at=row.last_message_at,
        match=row.match,
        merged={"from": row.id},
        created_at=clock.now(),
    )
    tx.execute(update(message).where(message.c.id.in_(ids)).values(split_id=new_id, thread_id=new_id))
    new = tx.get(thread, new_id)
    if row.executor_id is not None:
        _hand_over(tx, new, row.executor_id, by)
    _share_unread(tx, row, new)
    for one in (new, row):
        keep_participants(tx, row.id, one.id, list_letters(tx, one.id))
    for one in (row, new):
        name_again(tx, one.id)
        _settle(tx, one.id)
    tell(tx, row.id, SPLIT, user_id=by, thread=new_id)
    tell(tx, new_id, SPLIT_FROM, user_id=by, thread=row.id)
    _changed(tx, "thread.split", row, new, by)
    return new_id


def give_back(tx: WriteTx, root: Any, new: Any, *, by: int | None = None) -> None:
    """Let the letters that were split off into ``new`` be read in ``root`` again (rows that are held), and what came
    to them meanwhile. Raises Conflict."""
    for one in tx.rows(select(message.c.id, message.c.home_id).where(message.c.split_id == new.id)):
        beside = None if find_root(tx, one.home_id) == root.id else root.id
        tx.change(message, one.id, split_id=beside)
    join(tx, root, new, by=by, sentence=CAME_BACK)


def _demand_joinable(root: Any, other: Any) -> None:
    if root.id == other.id or root.mailbox_id != other.mailbox_id:
        raise Conflict("Only two threads of one mailbox can be merged.")
    if root.scope_id != other.scope_id:
        raise Conflict("One of these threads is shared with other people, or lies in the trash. Make them alike first.")
    if root.merged_into is not None or other.merged_into is not None:
        raise Conflict("One of these threads is merged into another already.")
    if "spam" in (root.state, other.state) and root.state != other.state:
        raise Conflict("One of these threads is junk. Open it again first.")
    if None not in (root.counterparty_id, other.counterparty_id) and root.counterparty_id != other.counterparty_id:
        raise Conflict("These threads belong to different clients. File one under the client of the other first.")


def _is_left(tx: ReadTx, thread_id: int, leaving: Sequence[int]) -> bool:
    """Does a letter stay in the thread when these leave? One that was taken back is none."""
    here = (message.c.thread_id == thread_id) & (message.c.fate != "taken_back") & message.c.id.not_in(leaving)
    return tx.value(select(message.c.id).where(here).limit(1)) is not None


def _settle(tx: WriteTx, thread_id: int) -> None:
    count_again(tx, thread_id)
    lay_letters(tx, thread_id)


def _hand_over(tx: WriteTx, row: Any, executor_id: int, by: int | None) -> None:
    """The history of hands goes on with the same person, while they may."""
    if is_able(tx, row.scope_id, executor_id):
        assign(tx, row.scope_id, row.id, Choice(executor_id, "continued"), by_id=by)


def _share_unread(tx: WriteTx, source: Any, target: Any) -> None:
    """To whom the one thread has something new, the other has too."""
    known = set(tx.values(_UNREAD, {"thread_id": target.id}))
    people = [one for one in tx.values(_UNREAD, {"thread_id": source.id}) if one not in known]
    rows = [{"user_id": one, "thread_id": target.id, "scope_id": target.scope_id} for one in people]
    tx.insert_many(unread, rows)


def _changed(tx: WriteTx, kind: str, root: Any, other: Any, by: int | None) -> None:
    """Whoever shows one of the two looks again."""
    cause = f"user {by}" if by else "routing"
    for row in (root, other):
        fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id}
        record_change(tx, kind, row.id, scope_id=row.scope_id, fields=fields, cause=cause)
