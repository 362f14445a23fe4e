"""A world for each test, in an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.lending import lend_world
from tests.api.world import World, make_world


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def world(
    loop: asyncio.Runner, database_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    lent = loop.run(lend_world(make_world, database_url, tmp_path, tmp_path_factory.mktemp))
    yield lent
    loop.run(lent.close())
