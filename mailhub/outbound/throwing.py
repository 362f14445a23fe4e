"""Away with a thread, but not with a letter that somebody has planned there: nobody would see that it never left."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from core.database import WriteTx
from core.errors import Conflict
from crm.staff.readable import Viewer
from mailhub.mailboxes import trash
from mailhub.mailboxes.handling import get_own
from mailhub.mailboxes.threads import list_merged
from mailhub.outbound.tables import draft

_PLANNED_IN = (
    select(draft.c.id)
    .where(
        draft.c.thread_id.in_(bindparam("threads", expanding=True)),
        draft.c.message_id.is_(None),
        draft.c.send_at.is_not(None),
    )
    .limit(1)
)


def throw_away(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """Put a thread into the trash. Raises NotFound, Forbidden, and Conflict (``fields["draft_id"]``) while a planned
    letter waits in it."""
    row = get_own(tx, viewer, thread_id)
    planned = tx.value(_PLANNED_IN, {"threads": list_merged(tx, row.id)})
    if planned is not None:
        raise Conflict(
            "A letter in this thread leaves by itself later. Send it now or throw it away first: it stands below the "
            "letters.", draft_id=int(planned)
        )  # fmt: skip
    trash.throw_away(tx, viewer, thread_id)
