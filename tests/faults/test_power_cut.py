"""A power cut loses nothing that was acknowledged; and the test would see it if it did."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults.power import can_mount, cut_power
from tests.support.programs import not_run

MOMENTS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if os.geteuid() != 0 or not can_mount(tmp_path):
        not_run("mounting ext4 in a file needs root and loop devices")
    return tmp_path


def test_nothing_acknowledged_is_lost(folder: Path) -> None:
    losses = cut_power(folder, MOMENTS, "FULL", random.randrange(1 << 32))
    print(f"synchronous=FULL: {losses}")
    assert losses.images == MOMENTS
    assert losses.acknowledged > 0
    assert (losses.lost, losses.broken) == (0, [])


def test_the_same_with_normal_loses_letters(folder: Path) -> None:
    """Else these images would not be those of a power cut, and the test above could not fail."""
    losses = cut_power(folder, MOMENTS, "NORMAL", random.randrange(1 << 32))
    print(f"synchronous=NORMAL: {losses}")
    assert losses.lost > 0
    assert losses.broken == []
