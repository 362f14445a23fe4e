"""``mailhub backup`` and ``mailhub restore``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from api.cli.bars import counting
from api.cli.door import speaking
from api.cli.facts import tell
from api.cli.options import config_option, json_option
from api.cli.settings import find_config, read_settings
from mailhub.migrations import check_current
from mailhub.upkeep import make_backup, restore_backup

_DIR = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


@click.command()
@_DIR
@click.option("--with-key", is_flag=True, help="Copy the key file too: whoever has the backup then reads every secret.")
@config_option
@json_option
def backup(folder: Path, with_key: bool, as_json: bool) -> None:
    """Write a consistent copy of everything into a folder while the server runs; again into the same one, only what
    is new is copied."""
    settings = read_settings()
    with speaking(), counting("letters") as told:
        check_current(settings.database.url)
        manifest = make_backup(settings, folder, settings_file=find_config(), with_key=with_key, told=told)
    lines = [
        f"Saved {manifest.counts.get('message', 0)} messages; {manifest.copied} of {manifest.blobs} files were new."
    ]
    if manifest.missing:
        lines.append(f"{len(manifest.missing)} files were missing or changed at their source. Run: mailhub check")
    if not manifest.has_key:
        lines.append(f"The key file is not in it; keep a copy of {manifest.key_file} in another place.")
    tell("\n".join(lines), asdict(manifest), as_json=as_json)
    sys.exit(1 if manifest.missing else 0)


@click.command()
@_DIR
@config_option
@json_option
def restore(folder: Path, as_json: bool) -> None:
    """Put a backup into an empty data folder and database; nothing is sent from there until you allow it."""
    settings = read_settings()
    with speaking(), counting("letters") as told:
        manifest = restore_backup(settings, folder, told=told)
    lines = [
        f"Restored {manifest.counts.get('message', 0)} messages as of {manifest.made_at}.",
        "This copy sends nothing, so that no letter leaves twice.",
        "Next: mailhub upgrade, mailhub check, mailhub serve",
    ]
    if not settings.secret.key_file.exists():
        lines.insert(
            1, f"Put the key file back as {settings.secret.key_file} before you start; it was {manifest.key_file}."
        )
    tell("\n".join(lines), asdict(manifest), as_json=as_json)
