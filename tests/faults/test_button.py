"""The red button, pressed while a process sends: by a file, by the command, as page and interface do, and for one
mailing. Nothing leaves after a restart, nor from a restored copy."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.button import press_again_and_again
from tests.support.engines import only


@only("sqlite")
def test_every_way_of_pressing_it_stops_all_letters(database_url: str, tmp_path: Path) -> None:
    tally = press_again_and_again(tmp_path, database_url, 4, 1000, random.randrange(1 << 32))
    assert set(tally.waits) == {"file", "command", "page and interface", "one mailing"}
    assert (tally.after, tally.copied) == (0, 0)
    assert tally.waiting > 0, "it did not simply come to its end"
