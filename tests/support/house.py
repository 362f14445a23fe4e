"""A whole running house on loopback for a test: its own event loop in a thread, its own folder and ports."""

from __future__ import annotations

import asyncio
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar

from api.cli.web import Web
from core.settings import Settings, load_settings
from mailhub.runtime import House
from tests.support.apps import lend_app, take_back_app
from tests.support.latency import over_the_line
from tests.support.letter_workers import lend_workers


def settings_for(url: str, folder: Path) -> Settings:
    """Settings of a house for one test."""
    return load_settings(
        None,
        {
            "MAILHUB_DATABASE_URL": url,
            "MAILHUB_DATA_DIR": str(folder / "data"),
            "MAILHUB_SMTP_PORT": "0",
            "MAILHUB_SMTP_HOSTNAME": "mx.firm.example",
            "MAILHUB_PARSE_WORKERS": "1",
            "MAILHUB_VERDICTS_CHECK": "no",
            "MAILHUB_WEB_PORT": "0",
        },
    )


@contextmanager
def running_house(
    settings: Settings,
    make: Callable[[Settings], House] = House,
    *,
    web: Web | None = None,
    roles: tuple[str, ...] = ("ingest",),
) -> Iterator[House]:
    """The house, open and started with these roles, and with its pages when ``web`` is given; stopped in the end."""
    ready: list[House | BaseException] = []
    began = threading.Event()
    end: list[Callable[[], object]] = []

    async def live() -> None:
        house = make(settings)
        lend_workers(house.workers)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        end.append(lambda: loop.call_soon_threadsafe(stop.set))
        try:
            await house.open()
            await house.start(roles if web is None else (*roles, "web"))
            if web is not None:
                await web.start(house)
        except BaseException as problem:
            ready.append(problem)
            began.set()
            raise
        ready.append(house)
        began.set()
        await stop.wait()
        if web is not None:
            await web.stop()
        await house.stop()

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="house", daemon=True)
    thread.start()
    assert began.wait(120), "the house did not start in time"
    house = ready[0]
    if isinstance(house, BaseException):
        thread.join()
        raise house
    try:
        yield house
    finally:
        end[0]()
        thread.join(30)


@contextmanager
def running_site(
    settings: Settings, make: Callable[[Settings], House] = House, *, roles: tuple[str, ...] = ("ingest",)
) -> Iterator[tuple[House, str]]:
    """``running_house`` with its pages, and their address."""
    lent: list[Litestar] = []

    def lend(house: House) -> Any:
        lent.append(lend_app(house))
        return over_the_line(lent[0])

    web = Web(settings, lend)
    with running_house(web.settings, make, web=web, roles=roles) as house:
        yield house, web.settings.web.base_url
    take_back_app(lent[0])


def send(house: House, raw: bytes, to: list[str], *, sender: str = "anna@client.example") -> None:
    """Deliver a letter over a real socket."""
    assert house.listener is not None
    with smtplib.SMTP("127.0.0.1", house.listener.port, timeout=20) as client:
        client.sendmail(sender, to, raw, mail_options=["BODY=8BITMIME"])


def eventually(ask: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
