"""Second thoughts: a letter that has not left is taken back, and its thread waits for us as before."""

from __future__ import annotations

from core.database import WriteTx
from core.errors import Conflict
from crm.staff.readable import Viewer
from mailhub.mailboxes.reading import Message, get_message
from mailhub.mailboxes.returned import take_back_letter
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tally import NOBODY_WAITS
from mailhub.mailboxes.threads import mark_read, tell
from mailhub.outbound.ledger import cancel, list_of_messages


def take_back(tx: WriteTx, viewer: Viewer, message_id: int) -> Message:
    """Send a letter of ours to nobody. It stays in its thread, marked, with every word. Returns it.

    Raises NotFound, Forbidden, and Conflict when it has left for one of its recipients or is leaving just now.
    """
    message = get_message(tx, viewer, message_id)
    rows = list_of_messages(tx, [message_id]).get(message_id, [])
    if not rows or any(row.state not in ("queued", "deferred") for row in rows):
        raise Conflict("It is too late to take this letter back: it is on its way.")
    for row in rows:
        cancel(tx, viewer, row.id)
    take_back_letter(tx, message_id)
    if tx.get(thread, message.thread_id).message_count == 0:  # nothing was ever said there
        tx.change(thread, message.thread_id, state="closed", **NOBODY_WAITS)
    mark_read(tx, message.thread_id, viewer.user_id)
    tell(tx, message.thread_id, "A letter was taken back before it left.", user_id=viewer.user_id)
    return message
