"""A world for each test, in an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import World, make_world


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def world(loop: asyncio.Runner, database_url: str, tmp_path: Path) -> Iterator[World]:
    made = loop.run(make_world(database_url, tmp_path))
    yield made
    loop.run(made.close())
