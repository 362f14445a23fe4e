"""How many letters may be marked and unanswered: as many as leave in a quarter of a second, no fewer than there are
connections, five hundred at most. At a slow relay only what the connections have in hand is marked, so that a stop and
a reader who leaves are respected at once; at a quick one a commit serves many."""

from __future__ import annotations

SECONDS = 0.25
LARGEST = 500
_SMOOTH = 0.4


class Window:
    """Tell it of answers and time; ``size`` is what it allows."""

    def __init__(self, connections: int, now: float) -> None:
        self._least = min(connections, LARGEST)
        self._since = now
        self._answered = 0
        self.rate = 0.0
        """Answers a second, lately."""

    @property
    def size(self) -> int:
        return max(self._least, min(int(self.rate * SECONDS), LARGEST))

    def answered(self, now: float) -> None:
        """A letter was answered. ``now`` is of any clock that does not jump, in seconds."""
        self._answered += 1
        passed = now - self._since
        if passed >= SECONDS / 5:
            self.rate += (self._answered / passed - self.rate) * _SMOOTH
            self._since, self._answered = now, 0
