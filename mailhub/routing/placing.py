"""The thread that shows a letter, once it is known where it belongs: opened anew, gone on with, in another mailbox by
now, or brought back from the trash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.database import WriteTx
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.continuing import find_last, find_open_end, is_long_closed, link
from mailhub.mailboxes.homes import Home
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.threads import find_root, hold_root
from mailhub.mailboxes.trash import out_of_trash
from mailhub.routing.asked import Asked


@dataclass(frozen=True, slots=True)
class Placed:
    """The home of a letter (its ``thread_id`` is there now), the row of the thread that shows it, held, and the mailbox
    of that thread. ``opened``: for this letter; ``goes_on``: after a thread that was closed long ago."""

    home: Home
    row: Any
    box: Mailbox
    opened: bool
    goes_on: bool


def place(
    tx: WriteTx, asked: Asked, box: Mailbox, home: Home, at: int, new_after: int, open_new: Callable[[Mailbox], int]
) -> Placed:
    """Place a letter of that moment that came to a mailbox. ``new_after`` is how long after its closing a thread is
    gone on with in a new one, 0 for never; ``open_new`` opens one in a mailbox."""
    opened = goes_on = False
    if home.thread_id is None:
        home, opened = replace(home, thread_id=open_new(box)), True
    assert home.thread_id is not None
    row = hold_root(tx, home.thread_id)
    if home.by == "reference" and new_after:
        row, home, goes_on = _go_on(tx, asked, row, home, at, new_after, open_new)
    box = asked.box(row.mailbox_id)
    return Placed(home, out_of_trash(tx, row, box.scope_id), box, opened or goes_on, goes_on)


def _go_on(
    tx: WriteTx, asked: Asked, row: Any, home: Home, at: int, new_after: int, open_new: Callable[[Mailbox], int]
) -> tuple[Any, Home, bool]:
    open_end = find_open_end(tx, row, at, new_after)
    if open_end is not None and open_end.id == row.id:
        return row, home, False
    # Of several threads closed long ago that a letter names, none becomes part of what goes on with one of them.
    joins = tuple(one for one in home.joins if not is_long_closed(tx.get(thread, find_root(tx, one)), at, new_after))
    if open_end is not None:
        return open_end, replace(home, thread_id=int(open_end.id), joins=joins), False
    last = find_last(tx, row)
    new_id = open_new(asked.box(last.mailbox_id))
    link(tx, last, new_id)
    return hold_root(tx, new_id), replace(home, thread_id=new_id, joins=joins, by="new"), True
