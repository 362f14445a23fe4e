"""The command line ``mailhub``. Each command lives in a module of its own that is imported when it is asked for, so
that ``mailhub parse`` does not wait for a web server it never starts.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import rich_click as click

from api.cli.options import config_option
from core.errors import HouseError
from mailhub import __version__

# The name of a command → where it is. What people need first stands first.
COMMANDS = {
    "demo": "api.cli.demo:demo",
    "serve": "api.cli.serve:serve",
    "upgrade": "api.cli.upgrade:upgrade",
    "check": "api.cli.check:check",
    "user": "api.cli.people:user",
    "group": "api.cli.people:group",
    "token": "api.cli.people:token",
    "mailbox": "api.cli.mailbox:mailbox",
    "account": "api.cli.account:account",
    "import": "api.cli.imports:imports",
    "parse": "api.cli.parse:parse",
    "quarantine": "api.cli.quarantine:quarantine",
    "stop-sending": "api.cli.sending:stop_sending",
    "resume-sending": "api.cli.sending:resume_sending",
    "backup": "api.cli.backup:backup",
    "restore": "api.cli.backup:restore",
}


class LazyGroup(click.RichGroup):
    """Finds its commands in ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        del ctx
        module, _, attribute = COMMANDS.get(cmd_name, "").partition(":")
        command: click.Command | None = getattr(import_module(module), attribute) if module else None
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@config_option
def cli() -> None:
    """The correspondence server of a company: every letter finds its client, its thread and its executor."""


def main() -> None:
    """Run a command and leave with 0 done, 1 could not (one sentence says why), 2 wrong usage.

    What a command writes (database, backups, imports under way) is for the user of the server alone, whatever the
    shell that started it allows to others.
    """
    os.umask(0o077)
    try:
        cli(prog_name="mailhub")
    except HouseError as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
    except OSError as problem:
        click.echo(f"{problem.filename or 'mailhub'}: {problem.strerror or problem}.", err=True)
        sys.exit(1)
