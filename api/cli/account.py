"""``mailhub account``: the accounts at other mail servers that bring letters into mailboxes."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import rich_click as click

from api.cli.door import open_door
from api.cli.facts import tell, tell_rows
from api.cli.options import config_option, json_option
from api.cli.people import read_password
from api.cli.settings import read_settings
from core.clock import iso
from core.database import Database, ReadTx, WriteTx
from core.errors import NotFound
from core.fetch import Fetcher, Guard, resolve_by_system
from core.secrets import Keys, load_keys
from core.settings import Settings
from mailhub.ingest.imap.names import encode_name
from mailhub.ingest.imap.session import Means, trust
from mailhub.ingest.signing import make_get_secret
from mailhub.ingest.trying import QUICK, Finding, Server, try_account, try_smtp
from mailhub.mailboxes.accounts import (
    Account,
    Relay,
    Security,
    add_account,
    find_relay_secret,
    get_account,
    list_accounts,
    pause_account,
    remove_account,
    resume_account,
)
from mailhub.mailboxes.boxes import Mailbox, find_mailbox, list_all_mailboxes
from mailhub.mailboxes.oauth import list_authorities
from mailhub.mailboxes.placements import choose_folders, count_placed, list_folders
from mailhub.mailboxes.token_keeper import TokenKeeper
from mailhub.mailboxes.trust import propose_server, set_trusted_servers, trust_of

_PLACE = re.compile(r"(?P<scheme>[a-z]+)://(?:(?P<user>.+)@)?(?P<host>\[[^\]@]+\]|[^:/@\[\]]+)(?::(?P<port>\d+))?/?")
IMAP: dict[str, tuple[Security, int]] = {"imaps": ("tls", 993), "imap": ("starttls", 143)}
SMTP: dict[str, tuple[Security, int]] = {"smtps": ("tls", 465), "smtp": ("starttls", 587)}


@dataclass(frozen=True, slots=True)
class Address:
    """``imaps://user@host:port`` taken apart."""

    host: str
    port: int
    security: Security
    user: str


class PlaceType(click.ParamType[Address]):
    """``scheme://user@host[:port]``. A user may hold ``@`` as it is or as ``%40``; a password may not be there."""

    def __init__(self, schemes: dict[str, tuple[Security, int]]) -> None:
        self.name = "|".join(schemes) + "://USER@HOST[:PORT]"
        self._schemes = schemes

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Raises a usage error that never repeats a password."""
        found = _PLACE.fullmatch(value)
        if found is None or found["scheme"] not in self._schemes:
            self.fail(f"This does not look like {self.name}.", param, ctx)
        security, port = self._schemes[found["scheme"]]
        user = found["user"] or ""
        if ":" in user:
            self.fail("A password does not belong here: use --password-stdin.", param, ctx)
        return Address(found["host"].strip("[]"), int(found["port"] or port), security, unquote(user))


@click.group()
@config_option
def account() -> None:
    """Accounts at other mail servers: add, list and test them."""


@account.command("add")
@click.argument("address")
@click.option("--imap", "place", type=PlaceType(IMAP), required=True, help="The server that holds the letters.")
@click.option("--folder", "folders", metavar="F", multiple=True, help="Follow only this folder; may be repeated.")
@click.option("--smtp", "relay", type=PlaceType(SMTP), help="The server that takes its letters out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@config_option
@json_option
def add(
    address: str, place: Address, folders: tuple[str, ...], relay: Address | None, password_stdin: bool, as_json: bool
) -> None:
    """Connect an account to the mailbox ADDRESS; its letters are fetched from now on.

    The password is asked for, never an argument. Without --folder all folders are followed, drafts left out.
    """
    secret = read_password(from_stdin=password_stdin)
    settings = read_settings()
    keys = load_keys(settings.secret.key_file)
    with open_door(settings) as database:
        made = database.write_now(_add, keys, address, place, folders, relay, secret)
    tell(f"Connected {made.user} at {made.host} to {address}.", {"id": made.id, "host": made.host}, as_json=as_json)


@account.command("list")
@config_option
@json_option
def list_all(as_json: bool) -> None:
    """All accounts and how they are."""
    with open_door() as database:
        found = database.read_now(_list)
    tell_rows(("id", "mailbox", "user", "server", "state", "letters", "says"), found, as_json=as_json)


@account.command("test")
@click.argument("address", required=False)
@config_option
@json_option
def test(address: str | None, as_json: bool) -> None:
    """Connect the accounts of the mailbox ADDRESS, or all, and say what is wrong. Changes nothing at the server."""
    run_tests(address, as_json=as_json)


@account.command("pause")
@click.argument("account_id", type=int)
@config_option
@json_option
def pause(account_id: int, as_json: bool) -> None:
    """Leave the server of an account alone until it is resumed."""
    _change(pause_account, account_id, "Paused", as_json=as_json)


@account.command("resume")
@click.argument("account_id", type=int)
@config_option
@json_option
def resume(account_id: int, as_json: bool) -> None:
    """Try an account again at once."""
    _change(resume_account, account_id, "Resumed", as_json=as_json)


@account.command("remove")
@click.argument("account_id", type=int)
@config_option
@json_option
def remove(account_id: int, as_json: bool) -> None:
    """Forget an account; its letters stay."""
    _change(remove_account, account_id, "Removed", as_json=as_json)


@account.command("trust")
@click.argument("account_id", type=int)
@click.argument("servers", metavar="[SERVER]...", nargs=-1)
@click.option("--automatic", is_flag=True, help="Let it follow from where the account lies.")
@config_option
@json_option
def trust_servers(account_id: int, servers: tuple[str, ...], automatic: bool, as_json: bool) -> None:
    """Say under which names an account's server signs what it found out about senders; without any nobody is believed.

    `.firm.example` stands for every server below, `-` for lines without a name.
    """
    if automatic and servers:
        raise click.UsageError("Name servers, or say --automatic.")
    with open_door() as database:
        database.write_now(set_trusted_servers, account_id, None if automatic else servers)
        found = trust_of(database.read_now(get_account, account_id))
    said = f"Believed about senders: {' '.join(found.servers) or 'nobody'}."
    tell(said, {"id": account_id, "believes": list(found.servers)}, as_json=as_json)


def get_box(tx: ReadTx, address: str) -> Mailbox:
    """The mailbox with this address. Raises NotFound."""
    box = find_mailbox(tx, address)
    if box is None:
        raise NotFound("There is no mailbox %(address)s. Add it: mailhub mailbox add", address=address)
    return box


def accounts_of(tx: ReadTx, address: str | None) -> list[Account]:
    """The accounts of one mailbox, or all. Raises NotFound for a mailbox that is not there or has none."""
    found = list_accounts(tx, None if address is None else get_box(tx, address).id)
    if not found and address is not None:
        raise NotFound("The mailbox %(address)s has no account. Add one: mailhub account add", address=address)
    return found


def run_tests(address: str | None, *, as_json: bool) -> None:
    """Try accounts and print how that went; leaves with 1 when one is not well."""
    settings = read_settings()
    keys = load_keys(settings.secret.key_file)
    with open_door(settings) as database:
        found = database.read_now(accounts_of, address)
        means = make_means(settings, database, keys)
        tried = asyncio.run(try_all(means, database, keys, found))
    if as_json:
        tell("", {"items": [_finding(one, said) for one, said in tried]}, as_json=True)
    for one, said in [] if as_json else tried:
        click.echo(f"{one.user} at {one.host}:{one.port}: {_in_words(said)}")
    if not all(said.is_well for _, said in tried):
        sys.exit(1)


async def try_all(
    means: Means, database: Database, keys: Keys, accounts: list[Account]
) -> list[tuple[Account, Finding]]:
    """Try the way in of each account, and its way out where it has one of its own."""
    tried = []
    for one in accounts:
        tried.append((one, await try_account(means, one)))
        if one.smtp_host is not None:
            own = await database.read(find_relay_secret, keys, one.id)
            secret, auth = (await means.get_secret(one), one.auth) if own is None else (own, "password")
            server = Server(one.smtp_host, one.smtp_port, one.smtp_security, one.smtp_user or one.user, secret, auth)
            way_out = replace(one, host=one.smtp_host, port=one.smtp_port)
            tried.append((way_out, await try_smtp(means.guard, means.context, server)))
    return tried


def make_means(settings: Settings, database: Database, keys: Keys) -> Means:
    """What it takes to reach the accounts of this installation from a command."""
    guard = Guard(resolve_by_system, own=settings.imap.allowed_networks)
    tokens = TokenKeeper(database, keys, Fetcher(Guard()), list_authorities(settings.oauth), f"command {os.getpid()}")
    get_secret = make_get_secret(database, keys, tokens)
    return Means(database, guard, trust(settings.imap.ca_file), get_secret, "", QUICK)


def _finding(one: Account, said: Finding) -> dict[str, Any]:
    return {
        "id": one.id, "user": one.user, "host": one.host, "port": one.port, "ok": said.is_well, "wrong": said.wrong,
        "says": said.sentence % said.fields, "advice": said.advice, "page": said.page,
        "folders": [folder.name for folder in said.folders], "seconds": round(said.seconds, 3),
    }  # fmt: skip


def _in_words(said: Finding) -> str:
    sentence = said.sentence % said.fields
    if said.is_well:
        folders = f" Folders: {', '.join(folder.name for folder in said.folders)}." if said.folders else ""
        return f"{sentence}{folders}"
    return " ".join(part for part in (sentence, said.advice, said.page) if part)


def _add(
    tx: WriteTx, keys: Keys, address: str, place: Address, folders: Iterable[str], relay: Address | None, secret: str
) -> Account:
    box = get_box(tx, address)
    way_out = None if relay is None else Relay(relay.host, relay.port, relay.security, relay.user or box.address)
    user = place.user or box.address
    made = add_account(tx, keys, box.id, place.host, place.port, place.security, user, secret, relay=way_out)
    chosen = [(encode_name(name).decode("latin-1"), name) for name in map(_inbox, folders)]
    if chosen:
        choose_folders(tx, made.id, chosen)
    return made


def _inbox(name: str) -> str:
    """The one name that is the same in any case (RFC 9051 5.1)."""
    return "INBOX" if name.upper() == "INBOX" else name


def _list(tx: ReadTx) -> list[dict[str, Any]]:
    addresses = {box.id: box.address for box in list_all_mailboxes(tx)}
    return [_facts(tx, one, addresses[one.mailbox_id]) for one in list_accounts(tx)]


def _facts(tx: ReadTx, one: Account, address: str) -> dict[str, Any]:
    followed = [folder for folder in list_folders(tx, one.id) if folder.followed and folder.gone_at is None]
    return {
        "id": one.id, "mailbox": address, "user": one.user, "server": f"{one.host}:{one.port}",
        "security": one.security, "auth": one.auth, "state": "paused" if one.paused else one.state,
        "letters": sum(count_placed(tx, one.id).values()), "folders": [folder.name for folder in followed],
        "says": one.sentence % one.fields if one.sentence else "", "since": iso(one.since), "tries": one.tries,
        "believes": list(trust_of(one).servers), "proposed_server": propose_server(tx, one),
        "seen_at": None if one.seen_at is None else iso(one.seen_at), "smtp": one.smtp_host,
    }  # fmt: skip


def _change(verb: Callable[[WriteTx, int], None], account_id: int, done: str, *, as_json: bool) -> None:
    with open_door() as database:
        database.write_now(verb, account_id)
    tell(f"{done} the account {account_id}.", {"id": account_id}, as_json=as_json)
