"""What an account's server was not told although it was tried again and again: marks, and copies of answers."""

from __future__ import annotations

from dataclasses import dataclass

from core import jobs
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.connecting import get_own_account
from mailhub.mailboxes.owed_marks import COPY_JOB, MARK_JOB

MOST = 1000


@dataclass(frozen=True, slots=True)
class Untold:
    """How many letters lack their mark and how many answers their copy, since when, and what the server said last."""

    marks: int
    copies: int
    since: int
    said: str


def find_untold(tx: ReadTx, account_id: int) -> Untold | None:
    """What nobody tries to tell the server any more; None when there is nothing."""
    dead = _dead_of(tx, account_id)
    if not dead:
        return None
    marks = sum(len(one.payload["placements"]) for one in dead if one.kind == MARK_JOB)
    copies = sum(one.kind == COPY_JOB for one in dead)
    return Untold(marks, copies, min(one.dead_at for one in dead), dead[0].error)


def tell_again(tx: WriteTx, viewer: Viewer, account_id: int) -> None:
    """Begin anew to tell it. Raises NotFound, Forbidden."""
    for one in _dead_of(tx, get_own_account(tx, viewer, account_id).id):
        jobs.revive(tx, one.id)


def _dead_of(tx: ReadTx, account_id: int) -> list[jobs.DeadLetter]:
    found = jobs.list_dead_letters(tx, MOST, kinds=(MARK_JOB, COPY_JOB))
    return [one for one in found if one.payload["account_id"] == account_id]
