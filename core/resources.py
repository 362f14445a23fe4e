"""Where the files that come with the program are: built assets, compiled translations, templates.

An installed wheel carries all of them in ``mailhub/_data``; a checkout has what the build made there (assets,
translations, compiled templates) and reads its templates where they are edited. The folder is found beside this file,
without importing what stands above.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from core.errors import Unavailable

ASSETS_URL = "/assets/"

_ROOT = Path(__file__).resolve().parent.parent
_DATA = _ROOT / "mailhub" / "_data"


def assets_dir() -> Path:
    """Scripts, styles, icons and fonts; every name but ``manifest.json`` carries its content's hash."""
    return _DATA / "assets"


def locale_dir() -> Path:
    """``<language>/LC_MESSAGES/mailhub.mo``, as gettext likes it."""
    return _DATA / "locale"


def templates_dir() -> Path:
    packed = _DATA / "templates"
    return packed if packed.is_dir() else _ROOT / "templates"


def codes_file() -> Path:
    """What the build compiled the pages' templates to."""
    return _DATA / "templates.codes"


def asset(name: str) -> str:
    """The address of a built file by its plain name: ``app.css`` → ``/assets/app-5KQXW3ZD.css``.

    The answer is kept for the life of the process. Raises Unavailable when the pages were not built,
    KeyError for a name that no build makes.
    """
    return ASSETS_URL + _manifest()[name]


@cache
def _manifest() -> dict[str, str]:
    try:
        text = (assets_dir() / "manifest.json").read_text()
    except FileNotFoundError:
        raise Unavailable("The pages are not built here. Start once with: python3 run.py demo") from None
    names: dict[str, str] = json.loads(text)
    return names
