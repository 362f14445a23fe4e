"""``mailhub upgrade``."""

from __future__ import annotations

import rich_click as click

from api.cli.door import speaking
from api.cli.facts import tell
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from mailhub.migrations import present
from mailhub.upkeep import upgrade_safely


@click.command()
@config_option
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to this version, keeping a copy of an SQLite file beside it first."""
    settings = read_settings()
    with speaking():
        before = present(settings.database.url)
        copy = upgrade_safely(settings.database.url)
        after = present(settings.database.url)
    sentence = "The database is current." if before == after else f"The database was upgraded to {after}."
    if copy is not None:
        sentence += f" The state before is in {copy}."
    facts = {"from": before, "to": after, "copy": None if copy is None else str(copy)}
    tell(sentence, facts, as_json=as_json)
