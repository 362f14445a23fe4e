"""Two processes look at the same clock, and one of them dies: each letter goes exactly once. What three days away held
is in the long version (``bench.soak clocks``) and, without processes, in ``tests/automatic/test_clocks.py``."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.clocks import run_clocks
from tests.support.engines import only


@only("postgresql")
def test_two_clocks_and_a_kill_send_each_letter_once(database_url: str, tmp_path: Path) -> None:
    tally = run_clocks(tmp_path, database_url, 20, 1, random.randrange(1 << 32))
    assert tally.is_sound, tally
    assert (tally.sent, tally.kills) == (20, 1)
