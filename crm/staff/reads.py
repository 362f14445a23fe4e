"""Who opened what is in somebody else's personal mailbox: written down, once an hour for a person and a thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from core import clock
from core.database import WriteTx
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer

AGAIN = clock.HOUR
MOST_REMEMBERED = 10_000
Opened = tuple[int, int]
"""A scope and a thread; the thread is 0 for what has none, a letter in quarantine say."""


class Reads:
    """What this process has had written down lately; another process may write a line more, none less."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int, int], int] = OrderedDict()

    def find_due(self, viewer: Viewer) -> list[Opened]:
        """What was opened by this request and has to be written down. It stays due until it is remembered."""
        now = clock.now()
        return [one for one in sorted(viewer.read) if self._known.get((viewer.user_id, *one), 0) <= now - AGAIN]

    def remember(self, user_id: int, written: Sequence[Opened]) -> None:
        """These stand in the audit log, for good: only after the COMMIT."""
        now = clock.now()
        for one in written:
            self._known[user_id, *one] = now
            self._known.move_to_end((user_id, *one))
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)


def record_reads(tx: WriteTx, user_id: int, opened: Sequence[Opened]) -> None:
    """Write down that somebody opened something of another's personal mail."""
    for scope_id, thread_id in opened:
        record_audit(tx, user_id, "personal-read", str(thread_id or ""), scope=scope_id)
