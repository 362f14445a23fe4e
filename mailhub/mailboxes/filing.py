"""Whose a thread is: filing it under a client, by hand or because an address was learned, with its letters on the
client's timeline."""

from __future__ import annotations

from typing import Any

from core.changes import record_change
from core.database import WriteTx
from crm.interactions import forget_thread, record_letter
from crm.parties import Match, find_kept, get_counterparty, list_addresses_of
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tally import list_letters
from mailhub.mailboxes.threads import ANSWERABLE, hold_root, tell, tell_client_waits


def file_under(tx: WriteTx, viewer: Viewer, thread_id: int, counterparty_id: int, contact_id: int | None) -> None:
    """Say whose thread this is, letters and timeline included. Raises NotFound, Forbidden."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    file_thread(tx, thread_id, counterparty_id, contact_id, by=viewer)


def file_thread(
    tx: WriteTx, thread_id: int, counterparty_id: int, contact_id: int | None, *, by: Viewer | None = None
) -> None:
    """``file_under`` after the rights were asked: threads filed by hand are never moved by machines.
    A client that was merged into another leads to that one."""
    row = hold_root(tx, thread_id)
    counterparty_id = find_kept(tx, "counterparty", counterparty_id)
    contact_id = None if contact_id is None else find_kept(tx, "contact", contact_id)
    name = get_counterparty(tx, counterparty_id).name
    match = {"by": "hand", "pairs": [[contact_id, counterparty_id]]}
    _lay(tx, row, counterparty_id, contact_id, match)
    tell(tx, row.id, "Filed under %(name)s.", user_id=by.user_id if by else None, name=name)
    _changed(tx, row, counterparty_id, f"user {by.user_id}" if by else "routing")


def note_refused(tx: WriteTx, thread_id: int, *, by: Viewer) -> None:
    """Note on a thread that its sender was called "not a client"."""
    row = tx.get(thread, thread_id)
    tx.change(thread, row.id, match={**row.match, "refused": True}, version=row.version + 1)
    tell(tx, thread_id, "Called “not a client”.", user_id=by.user_id)
    _changed(tx, row, None, f"user {by.user_id}")


def file_again(tx: WriteTx, row: Any, match: Match) -> bool:
    """File a thread (its row is held) by what is known of its writer now. False for one that a person filed, and where
    nothing is another than it was."""
    if row.match.get("by") == "hand":
        return False
    contact_id, counterparty_id = match.only or (None, None)
    described = {**row.match, "by": match.by, "pairs": [list(pair) for pair in match.pairs]}
    if match.refused:
        described["refused"] = True
    if (row.counterparty_id, row.contact_id, row.match) == (counterparty_id, contact_id, described):
        return False
    moved = row.counterparty_id != counterparty_id
    _lay(tx, row, counterparty_id, contact_id, described)
    if moved and counterparty_id is not None:
        name = get_counterparty(tx, counterparty_id).name
        tell(tx, row.id, "Filed under %(name)s, whose address this is now.", name=name)
    elif moved:
        tell(tx, row.id, "Filed under nobody: the address was taken away from the client.")
    _changed(tx, row, counterparty_id, "address")
    return True


def lay_letters(tx: WriteTx, thread_id: int) -> None:
    """Put every letter of a thread onto the timeline of the client it is filed under, each with who wrote it there."""
    row = tx.get(thread, thread_id)
    forget_thread(tx, row.id)
    if row.counterparty_id is None:
        return
    people = list_addresses_of(tx, row.counterparty_id)
    for one in (one for one in list_letters(tx, row.id) if one.fate != "taken_back"):
        record_letter(
            tx,
            row.counterparty_id,
            row.scope_id,
            contact_id=people.get((one.from_trusted or "").lower(), row.contact_id if one.direction == "in" else None),
            direction=one.direction,
            happened_at=one.dated_at,
            subject=one.subject,
            thread_id=row.id,
            message_id=one.id,
            executor_id=row.executor_id,
            counts=one.kind in ANSWERABLE and not one.spam,
            letter_id=one.letter_id,
        )
    tell_client_waits(tx, row.counterparty_id, row.scope_id)


def _lay(tx: WriteTx, row: Any, counterparty_id: int | None, contact_id: int | None, match: dict[str, Any]) -> None:
    values = {"counterparty_id": counterparty_id, "contact_id": contact_id, "match": match}
    tx.change(thread, row.id, **values, version=row.version + 1)
    lay_letters(tx, row.id)
    tell_client_waits(tx, row.counterparty_id, row.scope_id)


def _changed(tx: WriteTx, row: Any, counterparty_id: int | None, cause: str) -> None:
    fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id}
    if counterparty_id is not None:
        fields["counterparty_id"] = counterparty_id
    record_change(tx, "thread.filed", row.id, scope_id=row.scope_id, fields=fields, cause=cause)
