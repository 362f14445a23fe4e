"""kill -9 over and over while a mailing leaves, one process or two: nobody is lost, nobody gets it twice, and unknown
are only those whose dot was out."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.mailings import kill_mailing_senders
from tests.support.engines import only

KILLS = 4
PEOPLE = 300


def test_kills_lose_nobody_and_double_nobody(database_url: str, tmp_path: Path) -> None:
    tally = kill_mailing_senders(tmp_path, database_url, KILLS, PEOPLE, random.randrange(1 << 32))
    print(tally)
    assert tally.kills == KILLS
    assert tally.sum == PEOPLE
    assert tally.is_sound


@only("postgresql")
def test_two_processes_share_a_mailing(database_url: str, tmp_path: Path) -> None:
    tally = kill_mailing_senders(tmp_path, database_url, KILLS, PEOPLE, random.randrange(1 << 32), workers=2)
    print(tally)
    assert tally.is_sound
