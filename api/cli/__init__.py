"""The command line ``mailhub``. Each command lives in a module of its own that is imported when it is asked for, so
that ``mailhub parse`` does not wait for a web server it never starts.
"""

from __future__ import annotations

import sys
from importlib import import_module

import rich_click as click

from api.cli.options import config_option
from core.errors import HouseError

# The name of a command → where it is; the attribute has the command's own name ("-" written "_").
COMMANDS = {
    "serve": "api.cli.serve",
    "upgrade": "api.cli.upgrade",
    "user": "api.cli.people",
    "group": "api.cli.people",
    "token": "api.cli.people",
    "mailbox": "api.cli.mailbox",
}


class LazyGroup(click.RichGroup):
    """Finds its commands in ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: what people need first stands first."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command), cmd_name
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mailhub")
@config_option
def cli() -> None:
    """The correspondence server of a company: every letter finds its client, its thread and its executor."""


def main() -> None:
    """Run a command and leave with 0 done, 1 could not (one sentence says why), 2 wrong usage."""
    try:
        cli(prog_name="mailhub")
    except HouseError as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
