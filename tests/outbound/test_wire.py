"""A letter of each script through Postfix; ``python -m bench.soak wire`` sends a thousand."""

from __future__ import annotations

from pathlib import Path

from tests.faults.wire import SCRIPTS, send_by_wire


def test_what_arrives_is_signed_and_as_it_must_be(database_url: str, tmp_path: Path) -> None:
    wired = send_by_wire(tmp_path, database_url, len(SCRIPTS))
    assert wired.faults == ()
    assert wired.is_sound
