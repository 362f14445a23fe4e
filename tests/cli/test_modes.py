"""Who else on the machine may read what we write: nobody."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tests.cli.support import Place, make_mbox


def test_nobody_else_may_read_what_we_write(empty: Place, tmp_path: Path) -> None:
    before = os.umask(0o022)  # as a shell has it
    try:
        empty.run("upgrade")
        empty.run("mailbox", "add", "sales@firm.example", "--name", "Sales", "--kind", "public")
        archive = make_mbox(tmp_path / "old.mbox", 2)
        empty.run("import", "mail", archive, "--mailbox", "sales@firm.example")
        with empty.serving():
            live = _open_to_others(tmp_path / "data")
        empty.run("backup", tmp_path / "saved")
    finally:
        os.umask(before)
    assert live == []
    assert _open_to_others(tmp_path / "data") == []
    assert _open_to_others(tmp_path / "saved") == []


def _open_to_others(folder: Path) -> list[str]:
    found = [folder, *folder.rglob("*")]
    assert len(found) > 3
    return [str(path.relative_to(folder)) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]
