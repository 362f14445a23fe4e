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

# The name of a command → where it is, and what it does: told without loading it. What people need first stands first.
COMMANDS = {
    "demo": ("api.cli.demo:demo", "Run an invented company with its letters."),
    "serve": ("api.cli.serve:serve", "Run the server until it is told to stop."),
    "upgrade": ("api.cli.upgrade:upgrade", "Bring the database to this version; an SQLite file is copied first."),
    "check": ("api.cli.check:check", "Read everything that is kept and say what is missing or broken."),
    "user": ("api.cli.people:user", "People: add, list and disable them."),
    "group": ("api.cli.people:group", "Groups of people that rights are given to."),
    "token": ("api.cli.people:token", "Keys with which programs speak to the API."),
    "mailbox": ("api.cli.mailbox:mailbox", "Mailboxes: add and list them, compare them with their servers."),
    "account": ("api.cli.account:account", "Accounts at other mail servers: add, list and test them."),
    "import": ("api.cli.imports:imports", "Bring in what was elsewhere before."),
    "parse": ("api.cli.parse:parse", "Show what is understood of letters."),
    "quarantine": (
        "api.cli.quarantine:quarantine",
        "Letters that could not be processed: run them again or file them.",
    ),
    "mailing": ("api.cli.mailing:mailing", "Letters to many: how they are; start, pause, resume, cancel."),
    "stop-sending": ("api.cli.sending:stop_sending", "Let no letter leave any more, at once and over restarts."),
    "resume-sending": ("api.cli.sending:resume_sending", "Let letters leave again, also out of a restored copy."),
    "dkim": ("api.cli.dkim:dkim", "Keys that sign what leaves, and the DNS records to publish."),
    "backup": ("api.cli.backup:backup", "Write a consistent copy of everything into a folder while the server runs."),
    "restore": ("api.cli.backup:restore", "Put a backup into an empty data folder and database."),
}


class LazyGroup(click.RichGroup):
    """Finds its commands in ``COMMANDS``, and loads the one that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command as a line of the help."""
        del ctx
        found = COMMANDS.get(cmd_name)
        return None if found is None else click.RichCommand(name=cmd_name, short_help=found[1])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is to run. Raises UsageError for one that does not exist."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, None if found is None or name is None else load(name), rest


def load(name: str) -> click.Command:
    """Import one command of the table."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    command: click.Command = getattr(import_module(module), attribute)
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
