"""A thread goes to another scope of its mailbox: to those whom it is shared with, into the trash and back.

Who may read a thread is what its scope says (``readable``), so it is gone or open in the transaction that moves it. The
rows that carry the scope of their thread follow here, and so do the words, which are found by scope.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, select, update

from core.changes import record_change
from core.columns import metadata
from core.database import WriteTx
from core.fulltext.index import add_words, remove_words
from crm.execution.promises import move_promises
from crm.interactions import interaction, move_letters
from crm.planner import move_with_threads
from mailhub.mailboxes.letters import get_words, hold_words
from mailhub.mailboxes.tables import message, thread
from mailhub.mailboxes.threads import hold_root, list_merged, tell_client_waits
from mailhub.mailboxes.trash_tables import trash

_STAY = (message, interaction, trash)
_MESSAGES = select(message.c.id, message.c.letter_id, message.c.scope_id).where(
    message.c.thread_id == bindparam("thread_id"), message.c.scope_id != bindparam("scope_id")
)


def set_scope(tx: WriteTx, thread_id: int, scope_id: int, *, indexed: bool = True) -> Any:
    """Let a thread (its root, with what is merged into it) belong to another scope of its mailbox from now on. Returns
    its row as it was.

    ``indexed`` False leaves the words where they are found: for a scope that nobody searches in.
    """
    row = hold_root(tx, thread_id)
    if row.scope_id == scope_id:
        return row
    family = list_merged(tx, row.id)
    here = thread.c.id.in_(family)
    tx.execute(update(thread).where(here).values(scope_id=scope_id, version=thread.c.version + 1))
    if indexed:
        _move_words(tx, row.id, scope_id)
    for one in _following():
        tx.execute(update(one).where(one.c.thread_id.in_(family)).values(scope_id=scope_id))
    move_with_threads(tx, family, scope_id)
    move_promises(tx, family, scope_id)
    for counterparty_id in move_letters(tx, family, scope_id):
        for one_scope in (row.scope_id, scope_id):
            tell_client_waits(tx, counterparty_id, one_scope)
    for one_scope in (row.scope_id, scope_id):  # whoever saw it and whoever sees it now look again
        fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id}
        record_change(tx, "thread.moved", row.id, scope_id=one_scope, fields=fields)
    return row


@cache
def _following() -> tuple[Table, ...]:
    """The tables whose rows carry the scope of their thread."""
    both = {"thread_id", "scope_id"}
    return tuple(one for one in metadata.sorted_tables if both <= set(one.c.keys()) and one not in _STAY)


def _move_words(tx: WriteTx, thread_id: int, scope_id: int) -> None:
    for one in tx.rows(_MESSAGES, {"thread_id": thread_id, "scope_id": scope_id}):
        hold_words(tx, one.letter_id)
        words = get_words(tx, one.letter_id)
        remove_words(tx, one.id, one.scope_id, words)
        tx.execute(update(message).where(message.c.id == one.id).values(scope_id=scope_id))
        add_words(tx, one.id, scope_id, words)
