"""A new letter that is being written leaves from another mailbox after all."""

from __future__ import annotations

from core.database import WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.outbound.beginning import get_sender
from mailhub.outbound.drafts import hold_draft
from mailhub.outbound.tables import draft


def move_draft(tx: WriteTx, viewer: Viewer, draft_id: int, version: int, mailbox_id: int) -> None:
    """Let a new letter be of another mailbox, under whose rights it stands from now on; its version stays, as a change
    follows. Raises NotFound, Forbidden, Invalid for an answer, Conflict as ``change_draft``."""
    found = hold_draft(tx, viewer, draft_id, version)
    box = get_sender(tx, viewer, mailbox_id)
    if found.mailbox_id == box.id:
        return
    if found.thread_id is not None:
        raise Invalid("An answer leaves from the mailbox of its thread.", field="mailbox_id")
    tx.change(draft, draft_id, mailbox_id=box.id, scope_id=box.scope_id, sender="")
