"""``mailhub user``, ``mailhub group`` and ``mailhub token``: who works here, and the keys of programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import rich_click as click

from api.cli.door import open_door
from api.cli.facts import tell, tell_rows
from api.cli.options import config_option, json_option
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.staff.audit import record_audit
from crm.staff.people import (
    User,
    add_team,
    add_user,
    disable_user,
    find_team,
    find_user_by_email,
    hash_password,
    join_team,
    list_teams,
    list_users,
)
from crm.staff.sessions import TOKEN_SCOPES, add_token


@click.group()
@config_option
def user() -> None:
    """People: add, list and disable them."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="The name that colleagues and clients read.")
@click.option("--admin", is_flag=True, help="May change everything but personal mailboxes.")
@click.option("--group", "groups", metavar="G", multiple=True, help="A group to join; may be given several times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@config_option
@json_option
def add_person(
    email: str, name: str, admin: bool, groups: tuple[str, ...], password_stdin: bool, as_json: bool
) -> None:
    """Add a person; the password is asked for, never an argument."""
    hashed = hash_password(read_password(from_stdin=password_stdin))
    with open_door() as database:
        user_id = database.write_now(_add_with_groups, email, name, hashed, is_admin=admin, groups=groups)
    tell(f"Added {email}.", {"id": user_id, "email": email}, as_json=as_json)


@user.command("list")
@config_option
@json_option
def list_people(as_json: bool) -> None:
    """All people with their groups, also the disabled ones."""
    with open_door() as database:
        people, teams = database.read_now(lambda tx: (list_users(tx), list_teams(tx)))
    rows = (
        {
            "id": one.id,
            "email": one.email,
            "name": one.name,
            "admin": one.is_admin,
            "disabled": one.disabled,
            "groups": [team.name for team in teams if one.id in team.member_ids],
        }
        for one in people
    )
    tell_rows(("id", "email", "name", "admin", "disabled", "groups"), rows, as_json=as_json)


@user.command("disable")
@click.argument("email")
@config_option
@json_option
def disable_person(email: str, as_json: bool) -> None:
    """Let a person in no more; their sessions and tokens end at once."""
    with open_door() as database:
        user_id = database.write_now(_disable, email)
    tell(f"Disabled {email}.", {"id": user_id, "email": email}, as_json=as_json)


@click.group()
@config_option
def group() -> None:
    """Groups of people that rights are given to."""


@group.command("add")
@click.argument("name")
@config_option
@json_option
def add_group(name: str, as_json: bool) -> None:
    """Add a group."""
    with open_door() as database:
        team_id = database.write_now(add_team, name)
    tell(f"Added the group {name}.", {"id": team_id, "name": name}, as_json=as_json)


@group.command("list")
@config_option
@json_option
def list_groups(as_json: bool) -> None:
    """All groups and how many people are in each."""
    with open_door() as database:
        teams = database.read_now(list_teams)
    rows = ({**asdict(one), "people": len(one.member_ids)} for one in teams)
    tell_rows(("id", "name", "people"), rows, as_json=as_json)


@click.group()
@config_option
def token() -> None:
    """Keys with which programs speak to the API."""


@token.command("add")
@click.option("--user", "email", metavar="EMAIL", required=True, help="The person for whom the program acts.")
@click.option(
    "--scope", "scopes", type=click.Choice(TOKEN_SCOPES), multiple=True, required=True,
    help="What it may do; “all” is what the person may do.",
)  # fmt: skip
@click.option("--name", default="command line", show_default=True, help="What it is for, as lists show it.")
@config_option
@json_option
def add_key(email: str, scopes: tuple[str, ...], name: str, as_json: bool) -> None:
    """Make a key and print it, this one time only."""
    with open_door() as database:
        secret = database.write_now(_add_token, email, name, list(scopes))
    tell(secret, {"token": secret}, as_json=as_json)


def read_password(*, from_stdin: bool) -> str:
    """A password from standard input or from the person at the terminal, who types it twice."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody is at the terminal to type the password: use --password-stdin.")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def get_person(tx: ReadTx, email: str) -> User:
    """The person with this address. Raises NotFound."""
    found = find_user_by_email(tx, email)
    if found is None:
        raise NotFound("There is no user with the address %(address)s.", address=email)
    return found


def get_team(tx: ReadTx, name: str) -> int:
    """The id of the group with this name. Raises NotFound."""
    found = find_team(tx, name)
    if found is None:
        raise NotFound("There is no group named %(name)s. Add it: mailhub group add", name=name)
    return found


def _add_with_groups(tx: WriteTx, email: str, name: str, hashed: str, *, is_admin: bool, groups: Sequence[str]) -> int:
    team_ids = [get_team(tx, group) for group in groups]
    user_id = add_user(tx, email, name, password_hash=hashed, is_admin=is_admin)
    for team_id in team_ids:
        join_team(tx, team_id, user_id)
    record_audit(tx, None, "user-added", str(user_id), is_admin=is_admin)
    return user_id


def _disable(tx: WriteTx, email: str) -> int:
    found = get_person(tx, email)
    disable_user(tx, found.id)
    record_audit(tx, None, "user-disabled", str(found.id))
    return found.id


def _add_token(tx: WriteTx, email: str, name: str, scopes: list[str]) -> str:
    return add_token(tx, get_person(tx, email).id, name, scopes)[1]
