"""``mailhub mailbox``: where letters arrive, and who may do what with them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import cast

import rich_click as click

from api.cli.account import accounts_of, make_means, run_tests
from api.cli.door import open_door
from api.cli.facts import tell, tell_rows
from api.cli.options import config_option, json_option
from api.cli.people import get_person, get_team
from api.cli.settings import read_settings
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.secrets import load_keys
from crm.staff.rights import RIGHTS, Right, add_grant
from mailhub.ingest.imap.session import Means
from mailhub.ingest.reconciling import Compared, compare_now
from mailhub.mailboxes.accounts import Account, fetch_now
from mailhub.mailboxes.boxes import Kind, Mailbox, add_mailbox, find_mailbox, list_addresses, list_all_mailboxes
from mailhub.outbound.acknowledging import get_acknowledgements, set_acknowledgements


class GrantType(click.ParamType[tuple[str, tuple[Right, ...]]]):
    """``GROUP:RIGHT,…`` → the group and its rights."""

    name = "GROUP:RIGHT,…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[Right, ...]]:
        """Split from the right: a group's name may hold a colon, a right cannot."""
        group, colon, listed = value.rpartition(":")
        rights = tuple(part.strip() for part in listed.split(","))
        unknown = [right for right in rights if right not in RIGHTS]
        if not colon or not group.strip():
            self.fail(f"{value!r} is not GROUP:RIGHT,… such as Sales:see,answer.", param, ctx)
        if unknown:
            self.fail(f"There is no right {unknown[0]!r}; there are: {', '.join(RIGHTS)}.", param, ctx)
        return group, cast("tuple[Right, ...]", rights)


Grants = Sequence[tuple[str, tuple[Right, ...]]]


@click.group()
@config_option
def mailbox() -> None:
    """Mailboxes: add and list them, compare them with their servers."""


@mailbox.command("add")
@click.argument("address")
@click.option("--name", required=True, help="The name that colleagues read.")
@click.option("--kind", type=click.Choice(["public", "personal"]), required=True, help="Whose letters these are.")
@click.option("--owner", metavar="EMAIL", help="The person a personal mailbox belongs to.")
@click.option("--alias", "aliases", metavar="A", multiple=True, help="Another address that delivers here.")
@click.option("--catch-all", metavar="DOMAIN", help="All other addresses of this domain deliver here too.")
@click.option("--grant", "grants", type=GrantType(), multiple=True, help="Rights of a group on its letters.")
@config_option
@json_option
def add_box(
    address: str,
    name: str,
    kind: Kind,
    owner: str | None,
    aliases: tuple[str, ...],
    catch_all: str | None,
    grants: Grants,
    as_json: bool,
) -> None:
    """Add a mailbox; letters to its addresses are taken from now on."""
    with open_door() as database:
        box = database.write_now(
            _add_with_grants, address, name, kind, owner=owner, aliases=aliases, catch_all=catch_all, grants=grants
        )
    tell(f"Added the mailbox {box.address}.", {"id": box.id, "address": box.address}, as_json=as_json)


@mailbox.command("list")
@config_option
@json_option
def list_boxes(as_json: bool) -> None:
    """All mailboxes with the addresses that deliver to them."""
    with open_door() as database:
        boxes, addresses = database.read_now(_list)
    rows = (
        {
            "id": box.id,
            "address": box.address,
            "name": box.name,
            "kind": box.kind,
            "also": sorted(one for one, mailbox_id in addresses.items() if mailbox_id == box.id and one != box.address),
        }
        for box in boxes
    )
    tell_rows(("id", "address", "name", "kind", "also"), rows, as_json=as_json)


@mailbox.command("acknowledge")
@click.argument("address")
@click.option("--text", "texts", metavar="LANGUAGE=TEXT", multiple=True, help="What its writer gets; none: nothing.")
@config_option
@json_option
def acknowledge(address: str, texts: tuple[str, ...], as_json: bool) -> None:
    """Say what a new conversation is answered with by itself, by the language of its letter."""
    chosen = {}
    for one in texts:
        language, sign, text = one.partition("=")
        if not sign:
            raise click.BadParameter("it looks like uk=Ваш лист у нас.", param_hint="--text")
        chosen[language.strip()] = text
    with open_door() as database:
        found = database.write_now(_acknowledge, address, chosen)
    said = f"{address} acknowledges in {', '.join(found)}." if found else f"{address} acknowledges nothing."
    tell(said, {"address": address, "texts": found}, as_json=as_json)


def _acknowledge(tx: WriteTx, address: str, texts: dict[str, str]) -> dict[str, str]:
    box = find_mailbox(tx, address)
    if box is None:
        raise NotFound("There is no mailbox %(address)s.", address=address)
    set_acknowledgements(tx, box.id, texts)
    return get_acknowledgements(tx, box.id)


@mailbox.command("test")
@click.argument("address")
@config_option
@json_option
def test(address: str, as_json: bool) -> None:
    """Connect the accounts of a mailbox and say what is wrong."""
    run_tests(address, as_json=as_json)


@mailbox.command("reconcile")
@click.argument("address")
@click.option("--fetch", is_flag=True, help="Have what is missing fetched by the running server.")
@config_option
@json_option
def reconcile(address: str, fetch: bool, as_json: bool) -> None:
    """What the servers of a mailbox hold against what is here, by folder; leaves with 1 when they differ."""
    settings = read_settings()
    keys = load_keys(settings.secret.key_file)
    with open_door(settings) as database:
        accounts = database.read_now(accounts_of, address)
        found = asyncio.run(_compare_all(make_means(settings, database, keys), accounts))
        for one in accounts if fetch else ():
            database.write_now(fetch_now, one.id)
    rows = [{"account": one.host, **asdict(compared), "differs": compared.differs} for one, compared in found]
    names = ("account", "name", "followed", "server", "here", "missing", "owed", "gone", "differs", "error")
    tell_rows(names, rows, as_json=as_json)
    if any(compared.differs for _, compared in found):
        sys.exit(1)


async def _compare_all(means: Means, accounts: list[Account]) -> list[tuple[Account, Compared]]:
    found = []
    for one in accounts:
        found += [(one, compared) for compared in await compare_now(means, one)]
    return found


def _add_with_grants(
    tx: WriteTx,
    address: str,
    name: str,
    kind: Kind,
    *,
    owner: str | None,
    aliases: Sequence[str],
    catch_all: str | None,
    grants: Grants,
) -> Mailbox:
    owner_id = None if owner is None else get_person(tx, owner).id
    box = add_mailbox(tx, address, name, kind, owner_id=owner_id, aliases=aliases, catch_all=catch_all)
    for group, rights in grants:
        team_id = get_team(tx, group)
        for right in rights:
            add_grant(tx, box.scope_id, right, team_id=team_id)
    return box


def _list(tx: ReadTx) -> tuple[list[Mailbox], dict[str, int]]:
    return list_all_mailboxes(tx), list_addresses(tx)
