"""The targets start and hold for a moment; to find something they need hours."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = 300


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="not run: atheris is not installed")
def test_letters(tmp_path: Path) -> None:
    for path in sorted((ROOT / "tests" / "corpus").glob("*.eml")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    found = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.letters", str(tmp_path), f"-runs={RUNS}", f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-4000:]
    assert "Done" in found.stderr
