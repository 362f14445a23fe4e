"""The work on a thread as people do it all day: put aside and back, closed and opened by a letter, tagged, followed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from core import clock
from core.database import WriteTx
from mailhub.mailboxes.snoozing import TOPIC
from mailhub.mailboxes.tables import thread
from tests.browser.site import Site


@pytest.fixture
def site(clock_site: Site) -> Site:
    return clock_site


def opened(site: Site, subject: str) -> Page:
    page = site.sign_in()
    site.write(subject)
    row = page.locator(".row", has_text=subject)
    expect(row).to_be_visible()
    row.locator(".row-link").click()
    expect(page.locator("#subject")).to_have_text(subject)
    return page


def waiting(page: Page) -> object:
    return expect(page.locator(".rail-item[href='/waiting'] .num"))


def let_it_be_time(tx: WriteTx) -> None:
    """The moment of everything that is put aside is now."""
    tx.execute(update(thread).where(thread.c.state == "snoozed").values(snoozed_until=clock.now() + clock.SECOND))
    tx.announce(TOPIC)


def test_what_is_put_aside_comes_back_by_itself(site: Site) -> None:
    page = opened(site, "Rusty pumps")
    page.keyboard.press("z")
    page.locator(".snoozing .menu-item", has_text="Tomorrow").click()
    expect(page.locator(".toast").last).to_contain_text("Put aside until")
    expect(page.locator("#thread .chip.snoozed")).to_contain_text("Put aside until")
    expect(page.locator(".rail-item[href='/snoozed'] .num")).to_have_text("1")
    page.keyboard.press("Control+z")
    expect(page.locator("#thread .chip.snoozed")).to_have_count(0)
    page.keyboard.press("z")
    page.locator(".snoozing .menu-item", has_text="Tomorrow").click()
    expect(page.locator("#thread .chip.snoozed")).to_be_visible()
    page.goto(f"{site.url}/waiting")
    expect(page.locator(".row")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("z")
    expect(page).to_have_url(f"{site.url}/snoozed")
    expect(page.locator(".row .row-snoozed")).to_be_visible()
    page.goto(f"{site.url}/waiting")
    site.do(let_it_be_time)
    waiting(page).to_have_text("1")
    page.reload()
    page.locator(".row.unread", has_text="Rusty pumps").locator(".row-link").click()
    expect(page.locator("#thread")).to_contain_text("The moment has come until which it was put aside")


def test_a_letter_opens_what_was_closed_for_who_had_it(site: Site) -> None:
    page = opened(site, "Where is my van")
    page.keyboard.press("i")
    expect(page.locator("#thread .thread-state")).to_contain_text("Me")
    page.keyboard.press("e")
    expect(page.locator("#thread .chip.done")).to_contain_text("Closed")
    page.goto(f"{site.url}/mine")
    expect(page.locator(".row")).to_have_count(0)
    site.write("Re: Where is my van", "It is still not here.")
    page.goto(f"{site.url}/waiting")
    expect(page.locator(".row")).to_have_count(1)
    page.goto(f"{site.url}/mine")
    expect(page.locator(".row", has_text="Where is my van")).to_be_visible()


def test_a_thread_is_tagged_followed_called_urgent_and_moved_by_keys(site: Site) -> None:
    page = opened(site, "Rusty pumps")
    page.keyboard.press("l")
    page.keyboard.type("Claim")
    expect(page.locator("#found-tags")).to_contain_text("New tag “Claim”")
    page.keyboard.press("Enter")
    expect(page.locator("#thread .chip.tagged")).to_have_text(re.compile("Claim"))
    expect(page.locator(".row .tag")).to_have_text("Claim")
    page.locator("body").press("s")
    expect(page.locator("#thread button[data-key='s']")).to_have_attribute("aria-pressed", "true")
    page.locator("body").press("Shift+E")
    waiting(page).to_have_text("0")
    page.locator("body").press("Control+z")
    waiting(page).to_have_text("1")
    page.locator("body").press("v")
    page.locator(".menu[open] .menu-item", has_text="sales@").click()
    expect(page.locator(".toast").last).to_contain_text("Moved to sales@firm.example")
    page.locator("#thread .chip.tagged a").click()
    expect(page.locator(".pane-title")).to_have_text("Claim")
    expect(page.locator(".row", has_text="Rusty pumps")).to_be_visible()
