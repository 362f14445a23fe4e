"""What stands under the letters of a mailbox: one for everybody there, and a person's own instead of it."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.staff.readable import Viewer, demand
from mailhub.letters.html.outgoing import NO_HTML, CleanHtml, says_something
from mailhub.mailboxes.tables import mailbox
from mailhub.outbound.tables import signature

EVERYBODY = 0
LONGEST = 20_000
_OF_MAILBOX = (
    select(signature.c.user_id, signature.c.html)
    .where(signature.c.mailbox_id == bindparam("mailbox_id"), signature.c.user_id.in_((EVERYBODY, bindparam("me"))))
    .order_by(signature.c.user_id)
)


def list_signatures(tx: ReadTx, mailbox_id: int, user_id: int) -> tuple[CleanHtml, CleanHtml]:
    """The mailbox's signature and the person's own there; empty for none."""
    found = {
        row.user_id: CleanHtml(row.html) for row in tx.rows(_OF_MAILBOX, {"mailbox_id": mailbox_id, "me": user_id})
    }
    return found.get(EVERYBODY, NO_HTML), found.get(user_id, NO_HTML)


def find_signature(tx: ReadTx, mailbox_id: int, user_id: int) -> CleanHtml:
    """What a letter of this person from this mailbox ends with: their own, else the mailbox's, else nothing."""
    everybody, own = list_signatures(tx, mailbox_id, user_id)
    return own or everybody


def set_signature(tx: WriteTx, viewer: Viewer, mailbox_id: int, html: CleanHtml, *, own: bool) -> None:
    """Say what letters end with; empty HTML takes it away. One's own needs the right to answer, the mailbox's to manage
    it. Raises NotFound, Forbidden, Invalid."""
    seen = sorted(viewer.full | viewer.assigned)
    box = tx.row(select(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(seen)))
    if box is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    if own:
        demand(viewer, "answer", box.scope_id, viewer.user_id)
    else:
        demand(viewer, "manage", box.scope_id)
    if len(html) > LONGEST:
        raise Invalid("A signature has %(most)s characters at most.", most=LONGEST, field="html")
    user_id = viewer.user_id if own else EVERYBODY
    tx.execute(delete(signature).where(signature.c.mailbox_id == mailbox_id, signature.c.user_id == user_id))
    if says_something(html):
        tx.insert(signature, mailbox_id=mailbox_id, user_id=user_id, html=html)
