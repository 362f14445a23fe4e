"""kill -9 over and over: no acknowledged letter is lost, none stands twice."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.kills import kill_again_and_again

KILLS = 6
LETTERS = 900


def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    tally = kill_again_and_again(tmp_path, KILLS, LETTERS, random.randrange(1 << 32))
    print(tally)
    assert tally.kills == KILLS
    assert tally.taken >= tally.sent == LETTERS
    assert tally.arrived == tally.in_threads + tally.held == LETTERS
    assert tally.doubled == 0
