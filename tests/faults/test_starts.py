"""Processes that start a mailing at once start one; who leaves meanwhile gets nothing after they were told so."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.starts import start_at_once
from tests.support.engines import only


@only("sqlite")
def test_eight_processes_start_one_mailing_and_readers_leave_it(database_url: str, tmp_path: Path) -> None:
    started, tally = start_at_once(tmp_path, database_url, 8, 300, 10, random.randrange(1 << 32))
    assert started == 1
    assert tally.is_sound, tally
    assert tally.left >= 1
    assert tally.late == 0
