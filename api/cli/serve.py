"""``mailhub serve``: the running house, from the open doors to the last lease given back."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import rich_click as click
import uvloop

from api.cli.door import speaking
from api.cli.facts import as_line
from api.cli.frame import closing, keep_what_stands, until_the_end
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from api.cli.signals import hear_signals
from core.errors import Conflict
from core.log import configure_log
from core.settings import Settings
from mailhub.migrations import upgrade
from mailhub.runtime import ROLES, House


@click.command()
@click.option("--roles", metavar="ROLE,…", default=",".join(ROLES), show_default=True, help="What runs here.")
@config_option
@json_option
def serve(roles: str, as_json: bool) -> None:
    """Run the server until it is told to stop."""
    chosen = tuple(role.strip() for role in roles.split(",") if role.strip())
    unknown = [role for role in chosen if role not in ROLES]
    if unknown or not chosen:
        raise click.BadParameter(f"there are {', '.join(ROLES)}.", param_hint="--roles")
    settings = read_settings()
    configure_log(settings.log.level, settings.log.format)
    make_first_database(settings)
    with speaking(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        clean = runner.run(run_house(settings, chosen, as_json=as_json))
    sys.exit(0 if clean else 1)


def make_first_database(settings: Settings) -> None:
    """A newcomer's empty SQLite database is made without being asked for; one that is there is never changed here."""
    url = settings.database.url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        upgrade(url)


async def run_house(settings: Settings, roles: tuple[str, ...], *, as_json: bool) -> bool:
    """Open, run and close the house. True when it ended because somebody asked for it, False when a loop failed.

    The first SIGTERM or SIGINT closes the doors and lets work under way finish (``closing``); a second one
    ends the process at once. Either way nothing acknowledged is lost: it was durable before it was acknowledged.
    """
    asked = hear_signals()
    web_module: ModuleType | None = import_module("api.cli.web") if "web" in roles else None
    web = None if web_module is None else web_module.Web(settings)
    house = House(settings if web is None else web.settings)
    async with closing(house, web):
        await house.open()
        await _start(house, roles)
        if web is not None:
            await web.start(house)
        keep_what_stands()
        _say_ready(house, None if web is None else web.port, as_json=as_json)
        return await until_the_end(asked, house, said="The server ends")


async def _start(house: House, roles: tuple[str, ...]) -> None:
    try:
        await house.start(roles)
    except OSError as problem:
        why = problem.strerror or problem
        if house.listener is not None:
            raise Conflict(
                "%(place)s cannot be opened for LMTP: %(why)s.", place=house.settings.lmtp.socket, why=why
            ) from problem
        raise Conflict("Port %(port)s cannot be opened: %(why)s.", port=house.settings.smtp.port, why=why) from problem


def _say_ready(house: House, web_port: int | None, *, as_json: bool) -> None:
    smtp_port = None if house.listener is None else house.listener.port
    if as_json:
        print(as_line({"web": web_port, "smtp": smtp_port, "pid": os.getpid()}), flush=True)
        return
    if not sys.stdout.isatty():
        return
    doors = [] if web_port is None else [house.settings.web.base_url]
    doors += [] if smtp_port is None else [f"SMTP on {house.settings.smtp.host}:{smtp_port}"]
    doors += [] if house.lmtp is None else [f"LMTP on {house.settings.lmtp.socket}"]
    print(" · ".join(["mailhub is running", *doors]), flush=True)
