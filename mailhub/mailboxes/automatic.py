"""How often a machine may answer the same person: whatever they and their machines do, a chain of answers ends."""

from __future__ import annotations

from core import clock
from core.database import WriteTx
from core.errors import TooMuch
from core.limits import Rate, take

EVERY = Rate(1, 4 * clock.DAY)


def take_auto_answer(tx: WriteTx, mailbox_id: int, address: str) -> bool:
    """Use up the one automatic answer that an address gets from a mailbox in a while; False when it was used.

    Ask this last, after ``letters.automatic.may_auto_answer``, in the transaction that plans the answer.
    """
    try:
        take(tx, f"auto-answer {mailbox_id} {address.strip().lower()}", EVERY)
    except TooMuch:
        return False
    return True
