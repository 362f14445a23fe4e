"""Mutants and bombs over SMTP: none is lost, altered or stuck, and no letter behind them waits long."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.faults.mutants import assault
from tests.support.house import running_house, settings_for
from tests.support.mail import add_office

MUTANTS = 250


def test_mutants_are_stored_or_refused_and_never_stuck(database_url: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("MAILHUB_FUZZ_SEED", random.randrange(1 << 32)))
    with running_house(settings_for(database_url, tmp_path)) as house:
        add_office(house.database)
        tally = assault(house, MUTANTS, seed)
    print(tally)
    assert tally.altered == tally.waiting == tally.quarantined == 0, str(tally)
    assert tally.stored + sum(tally.refused.values()) == tally.sent >= MUTANTS
    assert tally.stored > 0.9 * tally.sent, str(tally)
    assert tally.slowest_honest <= 10, str(tally)
