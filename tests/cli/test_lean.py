"""A command loads what it needs and nothing else: the start of a program is paid by whoever waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import rich_click as click

from api.cli import COMMANDS, load
from tests.support.commands import ROOT

SAY = "import sys; print(sorted({name.partition('.')[0] for name in sys.modules}))"


def loaded_by(code: str) -> set[str]:
    asked = [sys.executable, "-c", f"{code}\n{SAY}"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return set(eval(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_needs_neither_database_nor_web(arguments: list[str]) -> None:
    call = f"cli({arguments!r}, prog_name='mailhub')"
    code = f"import sys\nfrom api.cli import cli\ntry:\n    {call}\nexcept SystemExit: pass"
    assert not loaded_by(code) & {"sqlalchemy", "litestar", "alembic", "psycopg", "cryptography", "jinja2", "asyncio"}


def test_a_house_on_sqlite_needs_no_other_driver_and_no_migrations() -> None:
    assert not loaded_by("import api.cli.demo, api.cli.serve") & {"alembic", "mako", "psycopg", "phonenumbers"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_line_of_the_help_is_a_command(name: str) -> None:
    command = load(name)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert COMMANDS[name][1].endswith(".")
