"""Every page of a house in which every word is an attack, and what people do there by hand: nothing runs, nothing is
asked for elsewhere, nobody is led away; with both layers, with the escaping alone, with the policy of the page alone.
What leaves the house, letters and notices, is opened where nothing protects its reader."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from sqlalchemy import func, select, update

from api.app import create_app
from core.database import ReadTx
from crm.staff.readable import get_viewer
from mailhub.campaigns.leaving import leave_token
from mailhub.letters.letter import parse_letter
from mailhub.mailboxes.notice_tables import notice
from mailhub.mailboxes.tables import incoming, message
from mailhub.notices.mailing import write_due
from tests.browser import hostile_hands as hands
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
from tests.browser.hostile_rooms import say_in_rooms
from tests.browser.letter_bench import Desk, Listener, serving, show
from tests.browser.site import PASSWORD, hashed
from tests.support.house import eventually, running_site, settings_for
from tests.support.sink import Sink

LETTERS = 25
TABS = 6
# Programs and files, and what one sees signed out or once.
NO_PAGES = re.compile(
    r"^/(health/|feeds/|metrics|assets|robots|manifest|worker|login|schema|demo|welcome$|quarantine/|fragments/(rows$|news|found$|palette$))"
    r"|\.csv$|/file$|{key}|{picture}|{account_id}|imports/rows"
)


@dataclass
class HostileHouse:
    house: Any
    url: str
    filled: Filled
    vectors: Vectors
    pages: list[str]
    sink: Sink
    do: Callable[..., Any]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[HostileHouse]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "mailhub.db").write_bytes(sqlite_template.read_bytes())
    vectors = Vectors()
    settings = settings_for(f"sqlite:///{folder}/mailhub.db", folder)
    with Sink() as sink, ThreadPoolExecutor(1) as elsewhere:  # Playwright has an event loop in this thread
        out = replace(settings.send, relay=f"smtp://127.0.0.1:{sink.port}", undo_seconds=0)
        with running_site(replace(settings, send=out), roles=("ingest", "send")) as (house, url):

            def do(verb: Callable[..., Any], *given: Any) -> Any:
                return elsewhere.submit(house.database.write_now, verb, *given).result()

            filled = do(found_hostile, vectors, hashed())
            send_letters(house, vectors, LETTERS)
            eventually(lambda: do(_waiting) == 0, 120)
            single, long, filled.ids["message_id"] = do(_threads)
            filled.ids["single_id"] = single
            do(say_everywhere, vectors, filled, single, long)
            do(lambda tx: say_in_rooms(tx, get_viewer(tx, 1), vectors, filled))
            yield HostileHouse(house, url, filled, vectors, [*_pages(house, filled)], sink, do)


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
        token = leave_token(house.keys, filled.ids["recipient_id"], 1)
        known = {"kind": "open", "notice_id": 1, "token": token, **filled.ids}
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


def test_every_page(
    hostile: HostileHouse, context: BrowserContext, watch: Watch, request: pytest.FixtureRequest
) -> None:
    """Each layer alone on every page; what holds with one of them holds with both, which see a part of the pages."""
    began = time.monotonic()
    pages = hostile.pages[:: 5 if request.node.callspec.params["context"] == "both" else 1]
    tabs = [context.new_page() for _ in range(TABS)]
    for at in range(0, len(pages), TABS):
        batch = list(zip(tabs, pages[at : at + TABS], strict=False))
        for tab, path in batch:
            with suppress(Error):
                tab.goto(f"{hostile.url}{path}", wait_until="commit")
        for tab, _ in batch:
            tab.wait_for_load_state()
            watch.opened += len(tab.content()) > 500
            open_all(tab)
    for tab in tabs:
        tab.close()
    print(f"\n{watch.opened} of {len(pages)} pages, {time.monotonic() - began:.0f} s; {watch.summary}")
    assert watch.nothing


@pytest.mark.parametrize("context", ["both", "escaping alone", "policy alone, in scripts"], indirect=True)
def test_what_people_do_by_hand(
    hostile: HostileHouse, context: BrowserContext, watch: Watch, request: pytest.FixtureRequest
) -> None:
    began, cleaned = time.monotonic(), "scripts" not in request.node.callspec.params["context"]
    page = context.new_page()
    page.goto(f"{hostile.url}/open/threads/{hostile.filled.ids['thread_id']}")
    page.wait_for_load_state()
    hands.go_on_with_a_draft(page)
    hands.put_a_saved_text_in(page)
    hands.complete_names(page)
    hands.ask_the_palette(page)
    hands.go_on_with_a_draft(page)
    hands.paste(page, hostile.vectors.all, cleaned=cleaned)
    open_all(page)
    hands.print_it(page)
    page.close()
    print(f"\n{time.monotonic() - began:.0f} s; {watch.summary}")
    assert watch.nothing


@pytest.mark.parametrize("context", ["both"], indirect=True)
def test_what_leaves_the_house_runs_nowhere(
    hostile: HostileHouse, context: BrowserContext, watch: Watch, chromium: Browser
) -> None:
    """A forward with the original below it and every attack pasted into it, and notices of what is called so."""
    page = context.new_page()
    page.goto(f"{hostile.url}/open/threads/{hostile.filled.ids['single_id']}")
    page.wait_for_load_state()
    hands.forward(page, "boss@far.example")
    hands.paste(page, hostile.vectors.all, cleaned=True)
    hands.send(page)
    page.close()
    hostile.do(lambda tx: tx.execute(update(notice).where(notice.c.mail_at.is_not(None)).values(mail_at=0)))
    hostile.do(write_due, hostile.house.keys, hostile.house.speak, hostile.url)
    eventually(lambda: {"boss@far.example", "oksana@firm.example"} <= {one.recipient for one in hostile.sink.taken})
    forwarded, told = (
        next(parse_letter(one.raw) for one in hostile.sink.taken if one.recipient.startswith(name))
        for name in ("boss", "oksana")
    )
    assert hands.PASTED in (forwarded.html or "")
    assert WORD in (told.text or "")
    assert told.html is None
    # A program that shows letters opens their links in windows of their own.
    shown = (forwarded.html or "").replace("<head>", '<head><base target="_blank">', 1)
    assert "<base target" in shown
    listener = Listener()
    with serving(listener.handler):
        seen = show(chromium, listener, Desk([shown], layer_two=False), opens=True)
    assert seen.tabs
    assert (seen.executed, seen.abroad, seen.navigated) == (set(), set(), set())
    assert watch.nothing


def open_all(page: Page) -> None:
    """Unfold everything, let everything load."""
    page.evaluate(
        """() => {
            for (const each of document.querySelectorAll("details")) each.open = true;
            for (const each of document.querySelectorAll("iframe, img")) each.loading = "eager";
        }"""
    )
