"""Programs that tests need: skipped by name on a person's machine, a failure with CI=true; privilege is never one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

INSTALL = {
    "initdb": "apt install postgresql",
    "postfix": "apt install postfix",
    "smtp-source": "apt install postfix",
    "smtp-sink": "apt install postfix",
    "opendkim": "apt install opendkim",
    "chromium": "apt install chromium",
    "strace": "apt install strace",
    "notmuch": "apt install notmuch",
    "dovecot": "apt install dovecot-imapd",
    "doveadm": "apt install dovecot-imapd",
}


def lack(program: str) -> NoReturn:
    """Skip, or fail where everything has to be there."""
    sentence = f"{program} is not installed ({INSTALL[program]})"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def find_program(program: str) -> str:
    """The path of a program, also of those that Debian keeps out of PATH; else ``lack``."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None and program == "initdb":
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = str(versions[-1]) if versions else None
    return found or lack(program)


def not_run(reason: str) -> NoReturn:
    """Data or privilege that this machine does not give: counted as ``not run``, no failure."""
    pytest.skip(f"not run: {reason}")
