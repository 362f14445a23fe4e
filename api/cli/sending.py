"""``mailhub stop-sending`` and ``resume-sending``: the red button. It works without a server, a page or a database."""

from __future__ import annotations

import rich_click as click

from api.cli.door import open_door
from api.cli.facts import as_line
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from core.marks import get_identity, let_go
from mailhub.outbound.ledger import count_states
from mailhub.outbound.stopping import STOP_FILE


@click.command()
@config_option
@json_option
def stop_sending(as_json: bool) -> None:
    """Let no letter leave any more, at once and over restarts. Letters wait and none is lost."""
    path = read_settings().data.dir / STOP_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    said = {"sending": "stopped", "file": str(path)}
    click.echo(as_line(said) if as_json else f"Sending is stopped while {path} exists.")


@click.command()
@config_option
@json_option
def resume_sending(as_json: bool) -> None:
    """Let letters leave again: after stop-sending, or in a restored copy, which holds them until somebody says so."""
    settings = read_settings()
    with open_door(settings) as database:
        was_restored = database.read_now(get_identity).held
        database.write_now(let_go)
        states = database.read_now(count_states)
    (settings.data.dir / STOP_FILE).unlink(missing_ok=True)
    waiting = states.get("queued", 0) + states.get("deferred", 0)
    if as_json:
        click.echo(as_line({"sending": "resumed", "restored": was_restored, "waiting": waiting}))
        return
    click.echo(f"Letters leave again. {waiting} wait.")
    if was_restored and waiting:
        click.echo("This copy was restored: what left after the backup was made leaves a second time.")
