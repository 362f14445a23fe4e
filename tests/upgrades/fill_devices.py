"""A browser that hears of notices while it is closed."""

from __future__ import annotations

from core.database import WriteTx
from core.secrets import Keys
from crm.staff.readable import get_viewer
from crm.staff.sessions import start_session
from mailhub.mailboxes.devices import set_device
from mailhub.mailboxes.notifying import notify
from mailhub.notices.push_keys import ensure_push_key


def fill_devices(tx: WriteTx, keys: Keys, user_id: int, thread_id: int) -> None:
    """The key of the house, a device, and what it has still to be told."""
    ensure_push_key(tx, keys)
    secret = start_session(tx, user_id, peer="192.0.2.1", agent="x")
    set_device(tx, get_viewer(tx, user_id), secret, "https://push.example/1", b"\x04" + bytes(64), bytes(16))
    notify(tx, "assigned", [user_id], thread_id)
