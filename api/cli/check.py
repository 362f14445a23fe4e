"""``mailhub check``."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from api.cli.bars import counting
from api.cli.door import open_door
from api.cli.facts import as_line
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from core.blobs import BlobFiles
from mailhub.upkeep import check_house


@click.command()
@config_option
@json_option
def check(as_json: bool) -> None:
    """Read everything that is kept and say what is missing or broken; changes nothing."""
    settings = read_settings()
    files = BlobFiles(Path(settings.blobs.url.removeprefix("file://")))
    with open_door(settings) as database, counting("letters") as told:
        findings = check_house(database, files, told)
    if as_json:
        click.echo(as_line({"counts": findings.counts, "problems": findings.problems}))
    else:
        seen = ", ".join(f"{count} {name}" for name, count in findings.counts.items())
        click.echo("\n".join([f"Looked at {seen}.", *(findings.problems or ["Everything is in order."])]))
    sys.exit(1 if findings.problems else 0)
