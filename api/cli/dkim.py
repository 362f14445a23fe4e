"""``mailhub dkim``: the signature below our letters."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import Any

import rich_click as click

from api.cli.door import open_door
from api.cli.facts import tell, tell_rows
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from core.secrets import load_keys
from mailhub.outbound import dkim_keys
from mailhub.outbound.dkim_keys import DkimKey
from mailhub.routing.published import look_up


@click.group()
@config_option
def dkim() -> None:
    """Keys that sign what leaves: make them, publish their records, check them."""


@dkim.command("add")
@click.argument("domain")
@config_option
@json_option
def add(domain: str, as_json: bool) -> None:
    """Make a pair of keys for DOMAIN, RSA and Ed25519, and say which records to publish.

    They sign nothing until `mailhub dkim check` has found the records.
    """
    settings = read_settings()
    with open_door(settings) as database:
        made = database.write_now(dkim_keys.make_keys, load_keys(settings.secret.key_file), None, domain)
    tell_rows(("id", "name", "type", "record"), [_facts(one) for one in made], as_json=as_json)


@dkim.command("list")
@config_option
@json_option
def list_all(as_json: bool) -> None:
    """All keys with their records, and which are in use."""
    with open_door() as database:
        found = database.read_now(dkim_keys.list_all_keys)
    names = ("id", "name", "algorithm", "in_use", "fault", "record")
    tell_rows(names, [_facts(one) for one in found], as_json=as_json)


@dkim.command("check")
@config_option
@json_option
def check(as_json: bool) -> None:
    """Look for the records in the DNS; a key whose record stands there signs from now on."""
    settings = read_settings()
    with open_door(settings) as database:
        keys = database.read_now(dkim_keys.list_all_keys)
        found = asyncio.run(look_up(settings, keys))
        looked = [database.write_now(dkim_keys.record_look, None, one.id, found[one.id]) for one in keys]
    tell_rows(("id", "name", "in_use", "fault"), [_facts(one) for one in looked], as_json=as_json)
    sys.exit(1 if any(one.fault for one in looked) else 0)


@dkim.command("remove")
@click.argument("key_id", type=int)
@config_option
@json_option
def remove(key_id: int, as_json: bool) -> None:
    """Sign with the key KEY_ID no more."""
    with open_door() as database:
        database.write_now(dkim_keys.remove_key, None, key_id)
    tell(f"The key {key_id} is gone.", {"id": key_id}, as_json=as_json)


def _facts(one: DkimKey) -> dict[str, Any]:
    return {**asdict(one), "name": one.name, "type": "TXT"}
