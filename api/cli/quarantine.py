"""``mailhub quarantine``: letters that could not be processed."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich_click as click

from api.cli.door import open_door
from api.cli.facts import tell, tell_rows
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from core.blobs import BlobFiles, read_blob
from core.clock import iso
from core.database import ReadTx, WriteTx
from core.paging import Page
from crm.staff.readable import Viewer
from crm.staff.rights import RIGHTS
from mailhub.mailboxes.boxes import list_all_mailboxes
from mailhub.routing.quarantine import Held, file_by_hand, get_held, list_held
from mailhub.routing.quarantine import retry as run_again

_ID = click.argument("number", metavar="ID", type=int)


@click.group()
@config_option
def quarantine() -> None:
    """Letters that could not be processed: look at them, run them again, file them by hand."""


@quarantine.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many.")
@click.option("--after", metavar="CURSOR", help="Go on behind this place; --json prints it as “next”.")
@config_option
@json_option
def list_letters(limit: int, after: str | None, as_json: bool) -> None:
    """The letters in quarantine, newest first."""
    with open_door() as database:
        page = database.read_now(_list, after, limit)
    rows = [_facts(held) for held in page.items]
    if as_json:
        tell("", {"items": rows, "next": page.next}, as_json=True)
    else:
        tell_rows(("id", "received_at", "mail_from", "step", "error"), rows, as_json=False)


@quarantine.command()
@_ID
@click.option("--raw", is_flag=True, help="Write the letter itself, byte by byte.")
@config_option
@json_option
def show(number: int, raw: bool, as_json: bool) -> None:
    """One letter: where it was going, what failed and in which step."""
    settings = read_settings()
    with open_door(settings) as database:
        held = database.read_now(_get, number)
        if raw:
            files = BlobFiles(Path(settings.blobs.url.removeprefix("file://")))
            sys.stdout.buffer.write(read_blob(database, files, held.blob_id))
            return
    facts = _facts(held)
    tell("\n".join(f"{name}: {value}" for name, value in facts.items()), facts, as_json=as_json)


@quarantine.command()
@_ID
@config_option
@json_option
def retry(number: int, as_json: bool) -> None:
    """Let a letter try its way again; the running server does it."""
    with open_door() as database:
        database.write_now(_retry, number)
    tell(f"Letter {number} is on its way again.", {"id": number}, as_json=as_json)


@quarantine.command("file")
@_ID
@click.option("--counterparty", "counterparty_id", metavar="C", type=int, help="Whose letter it is.")
@click.option("--thread", "thread_id", metavar="T", type=int, help="The thread of its mailbox that it belongs to.")
@config_option
@json_option
def file_letter(number: int, counterparty_id: int | None, thread_id: int | None, as_json: bool) -> None:
    """Send a letter on its way again and file it by hand, with a client or in a thread."""
    with open_door() as database:
        database.write_now(_file, number, counterparty_id, thread_id)
    facts = {"id": number, "counterparty_id": counterparty_id, "thread_id": thread_id}
    where = f"client {counterparty_id}" if thread_id is None else f"thread {thread_id}"
    tell(f"Letter {number} is on its way to {where}.", facts, as_json=as_json)


def _operator(tx: ReadTx) -> Viewer:
    """Whoever may run this command may open the database itself: every mailbox is theirs to repair."""
    scopes = frozenset(box.scope_id for box in list_all_mailboxes(tx))
    rights = frozenset((scope, right) for scope in scopes for right in RIGHTS)
    return Viewer(0, "command line", "", True, "en", "", scopes, frozenset(), rights)


def _list(tx: ReadTx, after: str | None, limit: int) -> Page[Held]:
    return list_held(tx, _operator(tx), after=after, limit=limit)


def _get(tx: ReadTx, number: int) -> Held:
    return get_held(tx, _operator(tx), number)


def _retry(tx: WriteTx, number: int) -> None:
    run_again(tx, _operator(tx), number)


def _file(tx: WriteTx, number: int, counterparty_id: int | None, thread_id: int | None) -> None:
    file_by_hand(tx, _operator(tx), number, counterparty_id, thread_id=thread_id)


def _facts(held: Held) -> dict[str, Any]:
    return {**asdict(held), "received_at": iso(held.received_at)}
