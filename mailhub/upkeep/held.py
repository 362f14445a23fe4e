"""What both engines' copies share: the files a copy names, and that nothing is sent from a copy that was put back."""

from __future__ import annotations

from core.database import Database, WriteTx
from core.errors import Conflict
from core.marks import record_restored

NAMED = "SELECT sha256, size FROM blob WHERE content IS NULL ORDER BY id"


def hold(url: str) -> None:
    """Let nothing be sent from the copy that was put back. Raises Conflict."""
    database = Database(url)
    database.start()
    try:
        database.write_now(_record)
    finally:
        database.close()


def _record(tx: WriteTx) -> None:
    if not record_restored(tx).held:
        raise Conflict("Sending could not be held in the restored database. Do not start it.")
