"""Worlds that are made once a session and engine, and copied for each test that asks for one: a copy takes a tenth of
the time. What a test does to its copy stays there."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg

from mailhub.runtime import House
from tests.api.world import World
from tests.support.apps import lend_app
from tests.support.house import settings_for
from tests.support.washing import Rows, pour, take_rows

Make = Callable[[str, Path], Awaitable[World]]
_kept: dict[tuple[Make, bool], Kept] = {}


async def lend_world(make: Make, url: str, folder: Path, shelf: Callable[[str], Path]) -> World:
    """A world as ``make`` makes it in a new database. ``shelf`` gives a folder that stays as long as the session."""
    kept = _kept.get((make, url.startswith("sqlite:")))
    if kept is None:
        made = await make(url, folder)
        await made.close()
        kept = _kept[make, url.startswith("sqlite:")] = Kept(made, url, folder, shelf("world"))
    else:
        kept.copy(url, folder)
    house = House(settings_for(url, folder))
    await house.open()
    world = World(house, lend_app(house), **deepcopy(kept.facts))
    await world.app.state.live.start()
    return world


class Kept:
    """A world that is closed: its files, the rows of its database, and the numbers of what is in it."""

    def __init__(self, world: World, url: str, folder: Path, shelf: Path) -> None:
        self.facts: dict[str, Any] = {
            one.name: deepcopy(getattr(world, one.name)) for one in fields(world) if one.name not in ("house", "app")
        }
        self._data = shelf / "data"
        shutil.copytree(folder / "data", self._data)
        self._file: Path | None = None
        self._rows: Rows | None = None
        if url.startswith("sqlite:"):
            self._file = shelf / "mailhub.db"
            shutil.copy(url.removeprefix("sqlite:///"), self._file)
        else:
            with psycopg.connect(url, autocommit=True) as connection:
                self._rows = take_rows(connection)

    def copy(self, url: str, folder: Path) -> None:
        """Into a new database, and the folder of a house that was never opened."""
        shutil.copytree(self._data, folder / "data")
        if self._file is not None:
            shutil.copy(self._file, url.removeprefix("sqlite:///"))
        if self._rows is not None:
            with psycopg.connect(url, autocommit=True) as connection:
                pour(connection, self._rows)
