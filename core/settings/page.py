"""``docs/settings.md``, written from the keys themselves so that it cannot lie."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from core.settings.reading import Key, list_keys
from core.settings.shape import SECTIONS

_HEAD = """# Settings

One TOML file: the one given with `--config`, else the one that `MAILHUB_CONFIG` names, else `mailhub.toml` in the
folder where the program is started. No file is needed: every key has a default. Each key can also be set in the
environment, which wins over the file: `MAILHUB_WEB_PORT=8080`. Lists are separated there by commas. Relative paths
are taken from the folder of the file, without a file from where the program is started.

A key that does not exist is an error that names the nearest one.

*This page is written by `python -m core.settings > docs/settings.md`.*
"""


def write_page() -> str:
    """The whole page as Markdown."""
    keys = list(list_keys())
    parts = [_HEAD]
    for section, shape in SECTIONS.items():
        parts.append(f"## {section}\n\n{inspect.getdoc(shape)}\n")
        parts.append("| key | default | what it means |\n|---|---|---|")
        parts += [_row(key) for key in keys if key.section == section]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _row(key: Key) -> str:
    about = key.about
    means = f"{about.means} It must be {about.expects}." if about.expects else about.means
    return f"| `{key.name}` | {_default(key)} | {means} |"


def _default(key: Key) -> str:
    if key.about.default_text:
        return f"`{key.about.default_text}`" if "<" in key.about.default_text else key.about.default_text
    value: Any = key.field.default
    match value:
        case None | "" | ():
            return "–"
        case bool():
            return f"`{str(value).lower()}`"
        case str() | Path():
            return f'`"{value}"`'
    return f"`{value}`"
