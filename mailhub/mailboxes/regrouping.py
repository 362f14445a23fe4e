"""What people do with the grouping of letters: merge two threads, split letters off, and take both back.

Everything is asked of both threads: to answer in the one and in the other. A thread that the viewer may not see is
missing, as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.database import ReadTx, WriteTx
from core.errors import Conflict, NotFound
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes import joining
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.lists import ThreadRow, get_rows, list_threads
from mailhub.mailboxes.threads import find_root

MOST_PROPOSED = 8


def merge_threads(tx: WriteTx, viewer: Viewer, thread_id: int, other_id: int) -> None:
    """Let the thread show the letters of the other one too. Raises NotFound, Forbidden, Conflict."""
    joining.hold_both(tx, thread_id, other_id)
    root, other = _get_answered(tx, viewer, thread_id), _get_answered(tx, viewer, other_id)
    joining.join(tx, root, other, by=viewer.user_id)


def unmerge_thread(tx: WriteTx, viewer: Viewer, thread_id: int, other_id: int) -> None:
    """Take the other thread out again: its letters and what came to them meanwhile. Raises NotFound, Forbidden,
    Conflict."""
    root, other = joining.hold_both(tx, thread_id, other_id)
    root = _get_answered(tx, viewer, thread_id)
    if other.merged_into != root.id:
        raise NotFound("There is no thread with the number %(id)s.", id=other_id)
    joining.part(tx, root, other, by=viewer.user_id)


def split_thread(tx: WriteTx, viewer: Viewer, thread_id: int, message_ids: Sequence[int]) -> int:
    """Move letters into a thread of their own. Returns it. Raises NotFound, Forbidden, Conflict."""
    row = _get_answered(tx, viewer, thread_id)
    return joining.split(tx, row, message_ids, by=viewer.user_id)


def unsplit_thread(tx: WriteTx, viewer: Viewer, thread_id: int) -> int:
    """Give the letters of a thread that was split off back. Returns the thread they are read in again. Raises NotFound,
    Forbidden, Conflict."""
    new = _get_answered(tx, viewer, thread_id)
    origin = (new.merged or {}).get("from")
    if origin is None:
        raise Conflict("This thread was not split off from another.")
    root_id = find_root(tx, int(origin))
    joining.hold_both(tx, root_id, thread_id)
    root = _get_answered(tx, viewer, root_id)
    joining.give_back(tx, root, new, by=viewer.user_id)
    return int(root.id)


def find_mergeable(tx: ReadTx, viewer: Viewer, thread_id: int, words: str) -> list[ThreadRow]:
    """Threads that the viewer may merge into this one: those of its client that hold the words, newest first; with no
    words the newest of its client. Raises NotFound."""
    rows = get_rows(tx, viewer, [thread_id])
    if not rows:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    here = rows[0]
    if words.strip():
        found = search_threads(tx, viewer, words, scope_id=here.scope_id)
    else:
        found = list(list_threads(tx, viewer, "all", scope_id=here.scope_id).items)
    fitting = [one for one in found if _fits(viewer, here, one, bool(words.strip()))]
    return fitting[:MOST_PROPOSED]


def _fits(viewer: Viewer, here: ThreadRow, one: ThreadRow, searched: bool) -> bool:
    clients = {here.counterparty_id, one.counterparty_id} - {None}
    alike = searched or one.counterparty_id == here.counterparty_id or one.who_address == here.who_address
    junk = (here.state == "spam") != (one.state == "spam")
    may = viewer.may("answer", one.scope_id, one.executor_id)
    return one.id != here.id and one.mailbox_id == here.mailbox_id and len(clients) < 2 and alike and may and not junk


def _get_answered(tx: WriteTx, viewer: Viewer, thread_id: int) -> Any:
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    return row
