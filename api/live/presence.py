"""Who has which thread open at this moment, and who types there.

Nothing of it is written down: each process remembers what browsers say (a beat every few seconds) and tells the others
over the database's bell, so that several processes on PostgreSQL know the same. Whoever falls silent is gone soon. What
is told of a thread goes only to those who have it open themselves and may see it at that moment.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.database import Database
from core.errors import TooMuch

BEAT_SECONDS = 5
KEPT_SECONDS = 12.0
MOST_TABS = 50
TOPIC = "here"


@dataclass(frozen=True, slots=True)
class Tab:
    """One window of somebody, and what is open in it; from ``until`` (monotonic) on it counts as gone."""

    user_id: int
    thread_id: int
    typing: bool
    until: float


class Presence:
    """All windows that this process knows of. Used from the loop alone, but for ``heard``."""

    def __init__(self, database: Database, moved: Callable[[set[int]], None]) -> None:
        """``moved`` is told the threads in which somebody came, left, began or ended to type."""
        self._database = database
        self._moved = moved
        self._process = secrets.token_hex(6)
        self._tabs: dict[tuple[str, int, str], Tab] = {}

    def note(self, tab: str, user_id: int, thread_id: int, *, typing: bool) -> None:
        """A window of this person shows this thread. Raises TooMuch for too many windows of one person."""
        key = (self._process, user_id, tab)
        if key not in self._tabs and sum(other == user_id for _, other, _ in self._tabs) >= MOST_TABS:
            raise TooMuch("You are in too many places. Close some windows.")
        self._set(key, thread_id, typing)
        self._tell(f"{TOPIC}:{self._process}:{tab}:{user_id}:{thread_id}:{int(typing)}")

    def leave(self, tab: str, user_id: int, thread_id: int) -> None:
        """A window of this person does not show this thread any more. Nothing happens when it shows another."""
        key = (self._process, user_id, tab)
        if key not in self._tabs or self._tabs[key].thread_id != thread_id:
            return
        self._drop(key)
        self._tell(f"{TOPIC}:{self._process}:{tab}:{user_id}:0:0")

    def hear(self, topics: Iterable[str]) -> None:
        """What other processes said."""
        for topic in topics:
            name, process, tab, *numbers = [*topic.split(":"), "", ""]
            if name != TOPIC or process in ("", self._process) or len(numbers) < 3:
                continue
            user_id, thread_id, typing = (int(one) if one.isdigit() else 0 for one in numbers[:3])
            if thread_id:
                self._set((process, user_id, tab), thread_id, bool(typing))
            else:
                self._drop((process, user_id, tab))

    def expire(self) -> None:
        """Whoever was silent for too long is gone."""
        now = time.monotonic()
        for key in [key for key, tab in self._tabs.items() if tab.until < now]:
            self._drop(key)

    def people(self, thread_id: int) -> dict[int, bool]:
        """Who has this thread open, and whether they type there."""
        found: dict[int, bool] = {}
        for tab in self._tabs.values():
            if tab.thread_id == thread_id:
                found[tab.user_id] = found.get(tab.user_id, False) or tab.typing
        return found

    def _set(self, key: tuple[str, int, str], thread_id: int, typing: bool) -> None:
        before = self._tabs.get(key)
        self._tabs[key] = Tab(key[1], thread_id, typing, time.monotonic() + KEPT_SECONDS)
        if before is None or (before.thread_id, before.typing) != (thread_id, typing):
            self._moved({thread_id} if before is None else {thread_id, before.thread_id})

    def _drop(self, key: tuple[str, int, str]) -> None:
        gone = self._tabs.pop(key, None)
        if gone is not None:
            self._moved({gone.thread_id})

    def _tell(self, topic: str) -> None:
        self._database.tell_others(topic)
