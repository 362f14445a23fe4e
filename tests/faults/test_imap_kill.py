"""An account whose server is cut off, renumbered and used by others, while ours is killed: nothing lost, nothing twice.

The long run: ``python -m bench.soak imap --letters 20000 --folders 5 --kills 40``.
"""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.imap_kills import soak_account


def test_an_account_under_every_trouble(tmp_path: Path) -> None:
    tally = soak_account(tmp_path, letters=300, folders=5, kills=5, seed=random.randrange(1 << 32))
    print(tally)
    assert tally.kills == 5
    assert tally.deeds > 0
    assert tally.letters > 250
    assert tally.sound, tally
