"""``mailhub import``: what comes from elsewhere."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from api.cli.bars import measuring
from api.cli.door import open_door
from api.cli.facts import as_line
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from api.cli.signals import hear_signals
from core.database import Database
from core.errors import NotFound
from core.log import configure_log
from core.settings import Settings
from mailhub.ingest.archive import Archive, open_archive
from mailhub.mailboxes.boxes import Mailbox, find_mailbox
from mailhub.upkeep import Import, Report, is_served

SHOWN = 20
NICE = 10


@click.group("import")
@config_option
def imports() -> None:
    """Bring in what was elsewhere before."""


@imports.command("mail")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--mailbox", "address", metavar="M", required=True, help="The address of the mailbox to fill.")
@config_option
@json_option
def mail(path: Path, address: str, as_json: bool) -> None:
    """Bring in an mbox file, a Maildir, a folder of .eml files or one letter, without any replies or automation.

    Interrupted, it goes on where it stopped when it is started again; letters that are here already are not doubled.
    """
    settings = read_settings()
    configure_log("warning", settings.log.format)
    archive = open_archive(path)
    with open_door(settings) as database:
        box = database.read_now(find_mailbox, address)
        if box is None:
            raise NotFound("There is no mailbox with the address %(address)s.", address=address)
        with measuring(archive.size) as told:
            report = asyncio.run(_run(settings, database, archive, box, lambda now: told(now.position, now.letters)))
    click.echo(as_line(_facts(archive, report)) if as_json else _sentences(archive, report))
    sys.exit(0 if report.finished and not report.skipped else 1)


async def _run(
    settings: Settings, database: Database, archive: Archive, box: Mailbox, told: Callable[[Report], None]
) -> Report:
    """The first SIGINT or SIGTERM ends the import after the batch under way, the second at once. Beside a server, which
    people wait for, it takes what is left of the processor."""
    asked = hear_signals()
    if await database.read(is_served):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    return await Import(settings, database, archive, box).run(told, asked)


def _facts(archive: Archive, report: Report) -> dict[str, object]:
    skipped = [{"name": name, "reason": reason} for name, reason in report.skipped]
    facts = {key: value for key, value in asdict(report).items() if key != "position"}
    return {"kind": archive.kind, **facts, "skipped": skipped, "left_out": list(archive.left_out)}


def _sentences(archive: Archive, report: Report) -> str:
    lines = [f"{report.letters} letters read, {report.taken} of them new."]
    if report.resumed:
        lines[0] = "Went on where it had stopped: " + lines[0]
    if report.quarantined:
        lines.append(f"{report.quarantined} are in quarantine. Look at them: mailhub quarantine list")
    lines += [f"Not taken: {name}: {reason}" for name, reason in report.skipped[:SHOWN]]
    if len(report.skipped) > SHOWN:
        lines.append(f"… and {len(report.skipped) - SHOWN} more.")
    if archive.left_out:
        lines.append(f"Folders inside, to be imported by their own names: {', '.join(archive.left_out)}")
    if not report.finished:
        lines.append("Stopped. Run the same command again to go on.")
    return "\n".join(lines)
