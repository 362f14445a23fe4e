"""The red button works without a server."""

from __future__ import annotations

from pathlib import Path

from mailhub.outbound.stopping import STOP_FILE
from tests.cli.support import Place


def test_sending_is_stopped_and_let_go(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.run("stop-sending").returncode == 0
    assert (tmp_path / "data" / STOP_FILE).exists()
    assert place.run("upgrade").returncode == 0
    said = place.run("resume-sending", "--json")
    assert said.returncode == 0, said.stderr
    assert '"waiting": 0' in said.stdout
    assert not (tmp_path / "data" / STOP_FILE).exists()
