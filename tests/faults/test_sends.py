"""kill -9 over and over while letters leave: none is lost, no mailing leaves twice, a person's letter once a cut."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.sends import kill_sender

KILLS = 4
LETTERS = 160


def test_kills_lose_nothing_and_double_no_mailing(tmp_path: Path) -> None:
    tally = kill_sender(tmp_path, KILLS, LETTERS, random.randrange(1 << 32))
    print(tally)
    assert tally.kills == KILLS
    assert tally.planned == LETTERS
    assert tally.is_sound
