"""What is junk: a mailbox learns from what its people say about a sender, and that counts for more than any filter."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select, update

from core import clock
from core.database import ReadTx, WriteTx
from crm.parties import match_address
from crm.staff.readable import Viewer
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.filing import file_again
from mailhub.mailboxes.handling import get_own, set_state
from mailhub.mailboxes.tables import known_sender, letter, message

_SAID = select(known_sender.c.junk).where(
    known_sender.c.mailbox_id == bindparam("mailbox_id"), known_sender.c.address == bindparam("address")
)
_NEWEST_IN = (
    select(letter.c.from_trusted, message.c.authentication)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.thread_id == bindparam("thread_id"), message.c.direction == "in")
    .order_by(message.c.id.desc())
    .limit(1)
)


def find_said(tx: ReadTx, mailbox_id: int, address: str) -> bool | None:
    """What people of the mailbox said of a sender: junk, no junk, or nothing."""
    said = tx.value(_SAID, {"mailbox_id": mailbox_id, "address": address.lower()})
    return None if said is None else bool(said)


def is_junk(said: bool | None, verdicts: Verdicts | None, *, filtered: bool) -> bool:
    """Is a letter junk here? What people said of its sender (``find_said``, of the one address in From) goes before
    what a filter says (``filtered``). Nobody gets past a filter in the name of a good sender: a doubtful letter is no
    letter of theirs."""
    if said is None or (not said and verdicts is not None and verdicts.doubtful):
        return filtered
    return said


def change_state(tx: WriteTx, viewer: Viewer, thread_id: int, state: str) -> None:
    """Close, reopen or call junk. Called junk, or no junk any more, a thread teaches its mailbox about its newest
    writer, and no junk is filed like any letter. Raises Invalid, NotFound, Forbidden."""
    row = get_own(tx, viewer, thread_id)
    called = {"spam": True, "open": False}.get(state) if "spam" in (state, row.state) and state != row.state else None
    if called is not None:
        mine = (message.c.thread_id == thread_id) & (message.c.direction == "in")
        tx.execute(update(message).where(mine).values(spam=int(called)))
    set_state(tx, viewer, thread_id, state)
    newest = None if called is None else tx.row(_NEWEST_IN, {"thread_id": thread_id})
    if newest is None or newest.from_trusted is None:
        return
    assert called is not None
    doubtful = newest.authentication is not None and Verdicts(**newest.authentication).doubtful
    if not doubtful:
        _learn(tx, viewer, row.mailbox_id, newest.from_trusted.lower(), called=called)
        if not called:
            file_again(tx, get_own(tx, viewer, thread_id), match_address(tx, newest.from_trusted))


def find_taught(tx: ReadTx, thread_id: int, mailbox_id: int) -> dict[str, Any] | None:
    """About whom calling this thread junk would teach its mailbox, and what people said of them so far: 1 for junk, 0
    for no junk, None for nothing. None where there is nobody to learn about."""
    newest = tx.row(_NEWEST_IN, {"thread_id": thread_id})
    if newest is None or newest.from_trusted is None:
        return None
    address = newest.from_trusted.lower()
    said = find_said(tx, mailbox_id, address)
    return {"address": address, "said": None if said is None else int(said)}


def unteach(tx: WriteTx, viewer: Viewer, mailbox_id: int, address: str, said: int | None) -> None:
    """Let a mailbox know about a sender what it knew before (``find_taught``)."""
    if said is not None:
        _learn(tx, viewer, mailbox_id, address, called=bool(said))
        return
    here = (known_sender.c.mailbox_id == mailbox_id) & (known_sender.c.address == address)
    tx.execute(delete(known_sender).where(here))


def _learn(tx: WriteTx, viewer: Viewer, mailbox_id: int, address: str, *, called: bool) -> None:
    values: dict[str, Any] = {"junk": int(called), "user_id": viewer.user_id, "at": clock.now()}
    here = (known_sender.c.mailbox_id == mailbox_id) & (known_sender.c.address == address)
    tx.lock_key("known_sender", mailbox_id, address)
    if not tx.execute(update(known_sender).where(here).values(**values)):
        tx.insert(known_sender, mailbox_id=mailbox_id, address=address, **values)
