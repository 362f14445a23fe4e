"""What is not used in the house."""

from __future__ import annotations

from core.database import WriteTx
from crm.staff.modules import turn_off


def fill_parts(tx: WriteTx, user_id: int) -> None:
    """A part that an administrator turned off."""
    turn_off(tx, user_id, "promises")
