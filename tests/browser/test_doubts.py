"""Who really wrote a letter is said in red when it matters, and not a word otherwise."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from core.database import ReadTx
from core.settings import Settings
from mailhub.mailboxes.tables import incoming
from mailhub.runtime import House
from tests.browser.site import Site, found, hashed
from tests.support.house import eventually, running_site, send, settings_for

GOOD, BAD = "dmarc=pass header.from=balkan.example", "spf=fail smtp.mailfrom=x@y.example; dmarc=fail"
SHOTS = os.environ.get("SHOTS")


def make(settings: Settings) -> House:
    """A house behind a relay whose Authentication-Results are believed."""
    return House(replace(settings, verdicts=replace(settings.verdicts, trusted_servers=("relay.firm.example",))))


@pytest.fixture
def site(chromium: Browser, database_url: str, tmp_path: Path) -> Iterator[Site]:
    with running_site(settings_for(database_url, tmp_path), make) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(house.database.write_now, found, hashed()).result()
        site = Site(house, url, chromium)
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert site.faults == []


def write(site: Site, subject: str, results: str, sender: str) -> None:
    raw = (
        f"Authentication-Results: relay.firm.example; {results}\r\nFrom: {sender}\r\nTo: claims@firm.example\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{time.monotonic_ns()}@x.example>\r\n\r\n"
        "Please pay to our new account today.\r\n"
    )
    send(site.house, raw.encode(), ["claims@firm.example"])
    with ThreadPoolExecutor(1) as elsewhere:
        eventually(lambda: elsewhere.submit(site.house.database.read_now, in_hand).result() == 0)


def in_hand(tx: ReadTx) -> int:
    """Letters that are not in their threads yet: a row that comes while the list stands there waits behind a button."""
    return int(tx.value(select(func.count()).select_from(incoming).where(incoming.c.state == "waiting")))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_red_bar(site: Site, theme: str) -> None:
    page = site.sign_in(color_scheme=theme)
    georgi = "Georgi Petrov <georgi@balkan.example>"
    write(site, "Honest", GOOD, georgi)
    write(site, "Forged", BAD, georgi)
    write(site, "Like us", BAD, "Sales <sales@firm.example>")
    write(site, "Like a colleague", "dmarc=pass", "Lysenko Oksana <director@evil.example>")
    write(site, "Nobody we know", BAD, "Somebody <someone@unknown.example>")
    said = {
        "Honest": None,
        "Forged": "says it is from Georgi Petrov, but balkan.example could not confirm it",
        "Like us": "says it is from ourselves",
        "Like a colleague": "same name as your colleague Oksana Lysenko",
        "Nobody we know": None,
    }
    page.goto(f"{site.url}/open")
    for subject, sentence in said.items():
        page.locator(".row", has_text=subject).locator(".row-link").click()
        expect(page.locator("#subject")).to_have_text(subject)
        if sentence is None:
            expect(page.locator("#thread .bar.alarm")).to_have_count(0)
            continue
        bar = page.locator("#thread .bar.alarm")
        expect(bar).to_contain_text(sentence)
        expect(bar).to_be_in_viewport()
        if subject == "Forged":
            expect(page.locator("#thread")).not_to_contain_text("Recognised by the address")
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/doubt-{theme}.png")


def test_nobody_is_asked_who_writes_junk(site: Site) -> None:
    page = site.sign_in()
    write(site, "Cheap pumps", "dmarc=pass", "Somebody <someone@unknown.example>")
    page.goto(f"{site.url}/open")
    page.locator(".row", has_text="Cheap pumps").locator(".row-link").click()
    expect(page.locator("#panel h2")).to_have_text("Who is this?")
    page.locator(".thread-more > summary").click()
    page.locator(".thread-more").get_by_role("button", name="Junk").click()
    expect(page.locator(".thread-state")).to_contain_text("Junk")
    expect(page.locator("#panel h2")).to_have_count(0)
    write(site, "Cheaper pumps", "dmarc=pass", "Somebody <someone@unknown.example>")
    page.goto(f"{site.url}/spam")
    expect(page.locator(".row", has_text="Cheaper pumps")).to_be_visible()
    page.locator(".row", has_text="Cheaper pumps").locator(".row-link").click()
    page.get_by_role("button", name="Open again").first.click()
    expect(page.locator("#panel h2")).to_have_text("Who is this?")
