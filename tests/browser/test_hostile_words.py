"""Every page of a house in which every word is an attack: nothing runs, nothing is asked for elsewhere, nobody is led
away; with both layers, with the escaping alone, with the policy of the page alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from sqlalchemy import func, select

from api.app import create_app
from core.database import ReadTx
from crm.staff.people import hash_password
from mailhub.mailboxes.tables import incoming, message
from tests.browser.hostile_house import (
    SPREAD,
    WORD,
    Filled,
    Layers,
    Left,
    Vectors,
    Watch,
    abroad,
    found_hostile,
    say_everywhere,
    send_letters,
    watch_over,
)
from tests.browser.site import PASSWORD
from tests.support.house import eventually, running_site, settings_for

LETTERS = 25
TABS = 6
# Programs and files, and what one sees signed out or once.
NO_PAGES = re.compile(
    r"^/(health/|metrics|assets|robots|manifest|worker|login|schema|demo|welcome$|quarantine/|fragments/(rows$|news|found$|palette$))"
    r"|\.csv$|/file$|{key}|{account_id}|imports/rows"
)


@dataclass
class HostileHouse:
    house: Any
    url: str
    filled: Filled
    vectors: Vectors
    pages: list[str]
    messages: list[int]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[HostileHouse]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "mailhub.db").write_bytes(sqlite_template.read_bytes())
    vectors = Vectors()
    with running_site(settings_for(f"sqlite:///{folder}/mailhub.db", folder)) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:  # Playwright has an event loop in this thread

            def do(verb: Callable[..., Any], *given: Any) -> Any:
                return elsewhere.submit(house.database.write_now, verb, *given).result()

            filled = do(found_hostile, vectors, hash_password(PASSWORD))
            send_letters(house, vectors, LETTERS)
            eventually(lambda: do(_waiting) == 0, 120)
            single, long, filled.ids["message_id"] = do(_threads)
            do(say_everywhere, vectors, filled, single, long)
            messages = do(lambda tx: tx.values(select(message.c.id)))
        yield HostileHouse(house, url, filled, vectors, [*_pages(house, filled)], messages)


def _waiting(tx: ReadTx) -> int:
    return int(tx.value(select(func.count()).select_from(incoming).where(incoming.c.state == "waiting")))


def _threads(tx: ReadTx) -> tuple[int, int, int]:
    """A short thread, the long one and a letter."""
    rows = tx.rows(select(message.c.thread_id, func.count().label("n")).group_by(message.c.thread_id))
    counts = {row.n: row.thread_id for row in rows}
    assert max(counts) == LETTERS // SPREAD + 1
    return counts[1], counts[max(counts)], int(tx.value(select(func.max(message.c.id))))


def _pages(house: Any, filled: Filled) -> Iterator[str]:
    """Every page of the application about something that is there; what a page is about and nobody here knows fails."""
    for route in create_app(house).routes:
        path = route.path_format
        if not isinstance(route, HTTPRoute) or "GET" not in route.route_handler_map:
            continue
        if path.startswith("/api/") or NO_PAGES.search(path):
            continue
        if "/threads/{thread_id}" in path and path != "/open/threads/{thread_id}":
            continue  # the same page under another list
        known = {"kind": "open", "notice_id": 1, **filled.ids}
        yield path.format(**known)
    for question in (
        "search?q=onerror",
        "search?q=hit",
        f"fragments/palette?words={WORD}",
        f"fragments/found?q={WORD}",
    ):
        yield f"/{question}"


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(params=["both", "escaping alone", "policy alone"])
def context(
    request: pytest.FixtureRequest, chromium: Browser, hostile: HostileHouse, watch: Watch
) -> Iterator[BrowserContext]:
    left: Left = request.param
    with abroad(watch) as proxy:
        context = chromium.new_context(
            viewport={"width": 1366, "height": 768},
            service_workers="block",
            proxy={"server": proxy, "bypass": "127.0.0.1"},
        )
        page = context.new_page()
        page.goto(f"{hostile.url}/login")
        page.get_by_label("Email").fill("oksana@firm.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{hostile.url}/waiting")
        page.close()
        watch_over(context, watch, Layers(left), hostile.url)
        yield context
        context.close()


def test_every_page(hostile: HostileHouse, context: BrowserContext, watch: Watch) -> None:
    began = time.monotonic()
    tabs = [context.new_page() for _ in range(TABS)]
    for at in range(0, len(hostile.pages), TABS):
        batch = list(zip(tabs, hostile.pages[at : at + TABS], strict=False))
        for tab, path in batch:
            with suppress(Error):
                tab.goto(f"{hostile.url}{path}", wait_until="commit")
        for tab, _ in batch:
            tab.wait_for_load_state()
            watch.opened += len(tab.content()) > 500
            open_all(tab)
    for tab in tabs:
        tab.close()
    print(f"\n{watch.opened} of {len(hostile.pages)} pages, {time.monotonic() - began:.0f} s; {watch.summary}")
    assert watch.nothing


def open_all(page: Page) -> None:
    """Unfold everything, let everything load."""
    page.evaluate(
        """() => {
            for (const each of document.querySelectorAll("details")) each.open = true;
            for (const each of document.querySelectorAll("iframe, img")) each.loading = "eager";
        }"""
    )
