"""``mailhub demo``: a whole company in one process on loopback, with letters that come in while one watches."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import rich_click as click
import uvloop

from api.cli.door import speaking
from api.cli.facts import as_line
from api.cli.frame import closing, keep_what_stands, until_the_end
from api.cli.options import json_option
from api.cli.signals import hear_signals
from api.cli.web import Web
from core.log import configure_log
from core.settings import Settings
from mailhub.demo.company import COMPANY, DEMO_PEOPLE, PASSWORD
from mailhub.demo.outbox import AWAY, CLOSED, FULL, Outbox
from mailhub.demo.performance import Performance, demo_settings, make_house
from mailhub.runtime import House
from mailhub.upkeep import upgrade_safely

COMING = "Three hundred letters are coming in over SMTP just now; later a few more every half minute."
STAYED = "The letters of the last time are here; a few more come in over SMTP every half minute."
TRY = (
    "“Waiting for us”: what is late stands first, with the minutes that are left.",
    "Search for bearing, лагер or vòng bi: five languages, in old charsets as well.",
    "Sign in as Андрей in a second browser: he sees less, and news reach both without reloading.",
    "Answer a letter with R. What leaves the house stands at {web}/demo/outbox, and nowhere else in the world.",
    "Letters to {full} come back, those to {closed} are refused, and at {away} a machine answers.",
    "Write to anybody@delta.example over SMTP at {smtp}: it is there within a second.",
)


@click.command()
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep the data here.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port of the pages.")
@click.option(
    "--smtp-port", type=click.IntRange(0, 65535), default=2525, show_default=True, help="The port for letters."
)
@json_option
def demo(data: Path | None, port: int, smtp_port: int, as_json: bool) -> None:
    """Run an invented company with its letters. Nothing ever leaves this machine; Ctrl-C ends it."""
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(TemporaryDirectory(prefix="mailhub-demo-")))
        settings = demo_settings(folder.resolve(), find_port(port), find_port(smtp_port))
        configure_log(settings.log.level, settings.log.format)
        stack.enter_context(speaking())
        upgrade_safely(settings.database.url)
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        clean = runner.run(run_demo(settings, kept=data is not None, as_json=as_json))
    sys.exit(0 if clean else 1)


async def run_demo(settings: Settings, *, kept: bool, as_json: bool) -> bool:
    """Open the house, say how to come in, and play until somebody asks for the end. False when something failed."""
    asked = hear_signals()
    web = Web(settings)
    outbox = Outbox()
    await outbox.open()
    house = make_house(web.settings, outbox)
    performance = Performance(house, outbox)
    try:
        async with closing(house, web):
            await house.open()
            new = await performance.prepare()
            await house.start()
            await web.start(house)
            keep_what_stands()
            _welcome(house, new=new, kept=kept, as_json=as_json)
            playing = asyncio.create_task(performance.play())
            try:
                return await until_the_end(asked, house, playing, said="The demo ends")
            finally:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
    finally:
        await outbox.close()


def find_port(wanted: int) -> int:
    """The port, or 0 (any free one) with a sentence when somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            click.echo(f"Port {wanted} is taken; another one is used.", err=True)
            return 0
    return wanted


def _welcome(house: House, *, new: bool, kept: bool, as_json: bool) -> None:
    settings = house.settings
    assert house.listener is not None, "the house is started"
    if as_json:
        facts = {
            "web": settings.web.port,
            "smtp": house.listener.port,
            "data": str(settings.data.dir),
            "outbox": f"{settings.web.base_url}/demo/outbox",
            "people": [one.email for one in DEMO_PEOPLE],
        }
        click.echo(as_line(facts))
        sys.stdout.flush()
        return
    smtp = f"127.0.0.1:{house.listener.port}"
    places = {"full": FULL, "closed": CLOSED, "away": AWAY}
    people = [f"  {one.email:<22} {one.name:<16} {one.role}" for one in DEMO_PEOPLE]
    lines = (
        "",
        f"{COMPANY} is open:  {settings.web.base_url}",
        "",
        f"Sign in as one of these. The password of all is {PASSWORD}",
        *people,
        "",
        f"{COMING if new else STAYED} To try:",
        *(f"  {line.format(smtp=smtp, web=settings.web.base_url, **places)}" for line in TRY),
        "",
        f"The data is {'kept' if kept else 'thrown away at the end'}: {settings.data.dir}",
        "Nothing leaves this machine. Ctrl-C ends it.",
    )
    click.echo("\n".join(lines))
    sys.stdout.flush()
