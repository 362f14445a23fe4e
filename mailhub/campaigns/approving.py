"""A second pair of eyes: above a number of people somebody approves a mailing who did not write it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, NotFound
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, get_viewer
from mailhub.campaigns.checking import stops
from mailhub.campaigns.freshness import demand_fresh
from mailhub.campaigns.mailings import Mailing, change, hold, note_event
from mailhub.campaigns.tables import mailing_letter

_WRITERS = select(mailing_letter.c.by_id).where(
    mailing_letter.c.mailing_id == bindparam("id"), mailing_letter.c.version == bindparam("version")
)


def list_makers(tx: ReadTx, row: Any) -> set[int]:
    """Who wrote a mailing (its row) as it stands, or changed last who gets it or from whom it comes: whoever that is
    cannot approve it."""
    writers = tx.values(_WRITERS, {"id": row.id, "version": row.letter_version})
    return {one for one in (row.made_by, row.sender_by, *writers) if one is not None}


def may_approve(tx: ReadTx, viewer: Viewer, one: Mailing) -> bool:
    """Whether the viewer is somebody who may."""
    return viewer.may("manage", one.scope_id) and viewer.user_id not in list_makers(tx, one)


def approve_mailing(tx: WriteTx, viewer: Viewer, mailing_id: int, recipients_count: int) -> None:
    """Say that it may start as it stands: ``recipients_count`` people. Asked again it is approved once.

    Raises NotFound, Forbidden for those who made it, Conflict for another number, for what is not frozen, checked and
    mended, and once it was started.
    """
    row = hold(tx, viewer, mailing_id, "manage")
    if row.state != "draft":
        raise Conflict("This mailing was started and cannot be changed any more. Begin a new one.")
    if viewer.user_id in list_makers(tx, row):
        raise Forbidden("You made this mailing. Somebody else who manages the mailbox has to approve it.")
    if row.recipients_count != recipients_count:
        raise Conflict(
            "%(recipients_count)s people would get this mailing now. Look at the list, then approve it.",
            recipients_count=row.recipients_count,
        )
    demand_ready(row)
    demand_fresh(tx, row)
    if is_approved(tx, row):
        return
    change(tx, row, approved_by=viewer.user_id, approved_at=clock.now())
    record_audit(tx, viewer.user_id, "mailing-approved", str(mailing_id), recipients=recipients_count)
    note_event(tx, mailing_id, "Approved for %(count)s people.", viewer.user_id, count=recipients_count)


def needs_approval(row: Any, above: int) -> bool:
    """Whether so many get a mailing that somebody else has to approve it; ``above`` 0: never."""
    return bool(above) and row.recipients_count > above


def is_approved(tx: ReadTx, row: Any) -> bool:
    """Whether somebody approved a mailing (its row) who still may: nobody's word counts who was sent away since."""
    try:
        return row.approved_by is not None and get_viewer(tx, row.approved_by).may("manage", row.scope_id)
    except NotFound:
        return False


def demand_approved(tx: ReadTx, row: Any, above: int) -> None:
    """Raises Conflict for a mailing that needs an approval and has none."""
    if needs_approval(row, above) and not is_approved(tx, row):
        raise Conflict(
            "More than %(most)s people would get this. Somebody else who manages the mailbox has to approve it first.",
            most=above,
        )


def demand_ready(row: Any) -> None:
    """Raises Conflict for a mailing that is not frozen, checked and mended."""
    if row.state == "cancelled":
        raise Conflict("This mailing was cancelled. Begin a new one.")
    if row.list_state != "done":
        raise Conflict("Freeze the list of recipients first, then check.")
    if row.check_state != "done" or row.checked_version != row.letter_version:
        raise Conflict("Check the mailing first.")
    if stops(row.faults):
        raise Conflict("Mend what stops the start, then check again.")
