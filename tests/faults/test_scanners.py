"""Machines that follow all links of letters: nobody leaves by them, and none of them is taken for a person."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.faults.scanners import scan_letters
from tests.support.engines import only


@only("sqlite")
def test_scanners_unsubscribe_nobody_and_are_no_people(database_url: str, tmp_path: Path) -> None:
    tally = asyncio.run(scan_letters(database_url, tmp_path, 100, random.randrange(1 << 32)))
    assert tally.is_sound, tally
    assert tally.requests >= 100
