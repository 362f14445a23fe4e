"""``mailhub mailing``: look at mailings and start, stop or end them without a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import rich_click as click

from api.cli.door import open_door
from api.cli.facts import tell, tell_rows
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.staff.people import find_user_by_email
from crm.staff.readable import Viewer, get_viewer
from mailhub.campaigns import results, starting
from mailhub.campaigns.mailings import Mailing, get_mailing, list_mailings

NUMBER = click.argument("mailing_id", metavar="ID", type=int)
PERSON = click.option("--user", "email", required=True, help="Whose rights hold: an address of the staff.")


@click.group()
@config_option
def mailing() -> None:
    """Letters to many: what they are, and their buttons."""


@mailing.command("status")
@click.argument("mailing_id", metavar="[ID]", type=int, required=False)
@PERSON
@config_option
@json_option
def status(mailing_id: int | None, email: str, as_json: bool) -> None:
    """How a mailing is, or all of them."""
    with open_door() as database:
        viewer = database.read_now(_viewer, email)
        if mailing_id is not None:
            found = [database.read_now(get_mailing, viewer, mailing_id)]
        else:
            found = list(database.read_now(list_mailings, viewer).items)
    names = ("id", "name", "state", "recipients", "counts")
    tell_rows(names, [_facts(one) for one in found], as_json=as_json)


@mailing.command("preview")
@NUMBER
@click.option("--recipient", "recipient_id", type=int, help="The number of a recipient; the first one without it.")
@PERSON
@config_option
@json_option
def preview(mailing_id: int, recipient_id: int | None, email: str, as_json: bool) -> None:
    """The letter of a recipient, as plain text."""
    settings = read_settings()
    with open_door(settings) as database:
        viewer = database.read_now(_viewer, email)
        database.read_now(get_mailing, viewer, mailing_id)
        chosen = recipient_id or database.read_now(results.find_first, mailing_id)
        if chosen is None:
            raise NotFound("There is no recipient with the number %(id)s.", id=0)
        base = settings.web.base_url
        shown = database.read_now(results.show_letter, viewer, base, mailing_id, chosen)
    letter = shown.letter
    facts = {"to": shown.address, "subject": letter.subject, "text": letter.plain, "missing": list(letter.missing)}
    tell(f"To: {shown.address}\nSubject: {letter.subject}\n\n{letter.plain}", facts, as_json=as_json)


@mailing.command("start")
@NUMBER
@click.option("--recipients", "count", type=int, required=True, help="How many get it, as `status` says.")
@click.option("--confirmed", is_flag=True, help="You saw that the list is unlike that of the last mailing.")
@PERSON
@config_option
def start(mailing_id: int, count: int, confirmed: bool, email: str) -> None:
    """Start a mailing that was checked."""
    settings = read_settings()
    above = settings.mailings.approve_above
    with open_door(settings) as database:
        viewer = database.read_now(_viewer, email)
        verb = partial(starting.start_mailing, approve_above=above, confirmed=confirmed)
        database.write_now(verb, viewer, mailing_id, count)
    click.echo("Started.")


@mailing.command("pause")
@NUMBER
@PERSON
@config_option
def pause(mailing_id: int, email: str) -> None:
    """Let nothing more of it leave."""
    _press(starting.pause_mailing, mailing_id, email, "Paused.")


@mailing.command("resume")
@NUMBER
@PERSON
@config_option
def resume(mailing_id: int, email: str) -> None:
    """Let it go on."""
    _press(starting.resume_mailing, mailing_id, email, "Goes on.")


@mailing.command("cancel")
@NUMBER
@PERSON
@config_option
def cancel(mailing_id: int, email: str) -> None:
    """End it: what has not left never will."""
    _press(starting.cancel_mailing, mailing_id, email, "Cancelled.")


def _press(verb: Callable[[WriteTx, Viewer, int], None], mailing_id: int, email: str, said: str) -> None:
    with open_door() as database:
        database.write_now(verb, database.read_now(_viewer, email), mailing_id)
    click.echo(said)


def _viewer(tx: ReadTx, email: str) -> Viewer:
    found = find_user_by_email(tx, email)
    if found is None:
        raise NotFound("There is nobody with the address %(address)s.", address=email)
    return get_viewer(tx, found.id)


def _facts(one: Mailing) -> dict[str, Any]:
    kept = ("id", "name", "state", "sender", "list_state", "check_state", "excluded_count", "counts")
    facts = {name: value for name, value in asdict(one).items() if name in kept}
    return facts | {"recipients": one.recipients_count, "faults": len(one.faults)}
