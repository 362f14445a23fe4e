"""The settings of a command: those that ``--config`` and the environment name."""

from __future__ import annotations

import os
from pathlib import Path

import rich_click as click

from api.cli.options import CONFIG
from core.settings import Settings, load_settings
from core.settings.reading import CONFIG_VARIABLE, DEFAULT_CONFIG


def read_settings() -> Settings:
    """The settings that ``--config`` and the environment name. Raises Invalid."""
    return load_settings(_given(), os.environ)


def find_config() -> Path | None:
    """The settings file that is in use, if there is one."""
    named = _given() or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    return named if named.exists() else None


def _given() -> Path | None:
    context = click.get_current_context()
    return None if context is None else context.meta.get(CONFIG)
