"""The red button: nothing leaves while a file lies in the folder of the data, over restarts too. It is seen within a
fifth of a second and before every dot."""

from __future__ import annotations

from pathlib import Path

from core.database import WriteTx
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin, demand_somewhere
from mailhub.outbound.ledger import TOPIC

STOP_FILE = "STOP-SENDING"


def is_stopped(folder: Path) -> bool:
    """Whether somebody pressed it."""
    return (folder / STOP_FILE).exists()


def stop_all(tx: WriteTx, viewer: Viewer, folder: Path) -> None:
    """Let no letter leave any more. Whoever writes for the house may. Raises Forbidden."""
    demand_somewhere(viewer, "answer")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STOP_FILE).touch()
    record_audit(tx, viewer.user_id, "sending-stopped", "")


def resume_all(tx: WriteTx, viewer: Viewer, folder: Path) -> None:
    """Let letters leave again. A restored copy waits for its command all the same. Raises Forbidden."""
    demand_admin(viewer)
    (folder / STOP_FILE).unlink(missing_ok=True)
    tx.announce(TOPIC)
    record_audit(tx, viewer.user_id, "sending-resumed", "")
