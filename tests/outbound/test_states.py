"""The table of states: every state is reached and may be left, and nobody writes one past the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import Conflict
from mailhub.outbound.states import MOVES, STATES, demand_move, may_become

ROOM = Path(__file__).resolve().parents[2] / "mailhub" / "outbound"
ENDS = {"cancelled", "complained"}


def test_every_state_is_reached_and_only_two_are_the_end() -> None:
    assert {then for _, then in MOVES} == set(STATES)
    assert set(STATES) - {now for now, _ in MOVES} == ENDS
    assert all(sentence.endswith(".") for sentence in MOVES.values())


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    for now in STATES:
        for then in STATES:
            if may_become(now, then):
                demand_move(now, then)
            else:
                with pytest.raises(Conflict):
                    demand_move(now, then)


def test_nothing_sent_is_ever_sent_again_by_itself() -> None:
    """A letter that left comes back into the queue only when its fate is unknown, or a person says so."""
    back = {now for now, then in MOVES if then == "queued"}
    assert back == {"sending", "deferred", "unknown", "bounced", "failed"}
    assert not may_become("sent", "queued")


def test_only_the_ledger_writes_states() -> None:
    """``values(… state=…)`` anywhere else would go past the table."""
    books = {"ledger.py", "recipient_rows.py"}  # the latter for mailings
    past = re.compile(r"values\([^)]*\bstate=|insert\(\s*delivery")
    assert {path.name for path in ROOM.glob("*.py") if past.search(path.read_text())} == books
