"""Who opened a letter out of somebody else's personal mailbox: written down, once an hour for a person and a thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from core import clock
from core.database import WriteTx
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer

AGAIN = clock.HOUR
MOST_REMEMBERED = 10_000


class Reads:
    """What this process has had written down lately; another process may write a line more, none less."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], int] = OrderedDict()

    def take_due(self, viewer: Viewer) -> list[tuple[int, int]]:
        """Which of the threads that were opened by this request have to be written down: pairs of scope and thread."""
        now = clock.now()
        opened = sorted(viewer.read)
        viewer.read.clear()
        due = [one for one in opened if self._known.get((viewer.user_id, one[1]), 0) <= now - AGAIN]
        for _, thread_id in due:
            self._known[viewer.user_id, thread_id] = now
            self._known.move_to_end((viewer.user_id, thread_id))
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return due


def record_reads(tx: WriteTx, user_id: int, opened: Sequence[tuple[int, int]]) -> None:
    """Write down that somebody opened threads of another's personal mail."""
    for scope_id, thread_id in opened:
        record_audit(tx, user_id, "personal-read", str(thread_id), scope=scope_id)
