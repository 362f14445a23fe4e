"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

CONFIG = "mailhub.config"


def _remember(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.meta[CONFIG] = value


# Taken before the name of the command and after it: people write it in both places.
config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    expose_value=False,
    callback=_remember,
    help="The settings file; else the one that MAILHUB_CONFIG names, else ./mailhub.toml.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
