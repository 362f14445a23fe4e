"""Letters that leave later: planned in words, changed, sent at once, stopped by a reply; and second thoughts about
every kind of letter."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from core import clock
from core.database import WriteTx
from mailhub.outbound import scheduling
from mailhub.outbound.tables import draft
from tests.browser.site import Site, found, hashed
from tests.browser.test_answering import open_thread, taken, write
from tests.support.house import running_site, send, settings_for
from tests.support.sink import Script, Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(Script()) as sink:
        yield sink


@pytest.fixture
def site(chromium: Browser, database_url: str, tmp_path: Path, sink: Sink) -> Iterator[Site]:
    settings = settings_for(database_url, tmp_path)
    out = replace(settings.send, relay=f"smtp://127.0.0.1:{sink.port}", undo_seconds=20)
    with running_site(replace(settings, send=out), roles=("ingest", "send")) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(house.database.write_now, found, hashed()).result()
        site = Site(house, url, chromium)
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert site.faults == []


def plan(page: Page, button: str, *, unless_reply: bool = False) -> None:
    page.locator(".composer-when > summary").click()
    if unless_reply:
        page.get_by_label("Only if they do not reply before").check()
    page.get_by_role("button", name=button).click()
    expect(page.locator(".toast", has_text="Planned for").last).to_be_visible()
    expect(page.locator(".planned")).to_be_visible()


def let_time_pass(site: Site) -> None:
    """Every moment has come."""

    def come(tx: WriteTx) -> None:
        tx.execute(update(draft).where(draft.c.send_at.is_not(None)).values(send_at=clock.now() - 1))
        tx.announce(scheduling.TOPIC)

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(site.house.database.write_now, come).result()


def come(site: Site, subject: str, message_id: str, answers: str = "") -> None:
    """The client writes."""
    named = f"In-Reply-To: <{answers}>\r\n" if answers else ""
    raw = (
        f"From: Georgi Petrov <georgi@balkan.example>\r\nTo: claims@firm.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id}>\r\nX-Test: 1\r\n{named}\r\nIt rusts.\r\n"
    ).encode()
    send(site.house, raw, ["claims@firm.example"], sender="georgi@balkan.example")


def test_send_later_unless_they_reply(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    come(site, "Complaint", "q1@balkan.example")
    open_thread(page, "Complaint")
    write(page, "Any news from you?")
    plan(page, "Tomorrow morning", unless_reply=True)
    expect(page.locator(".planned")).to_contain_text("unless they reply before")
    expect(page.locator(".composer")).not_to_have_attribute("open", "")
    come(site, "Re: Complaint", "q2@balkan.example", "q1@balkan.example")
    expect(page.locator(".thread-body")).to_contain_text("because an answer came first")
    expect(page.locator(".planned")).to_have_count(0)
    let_time_pass(site)
    assert sink.taken == []


def test_a_planned_letter_is_changed_and_sent_at_once(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "Any news?")
    plan(page, "In an hour")
    page.locator(".planned").get_by_role("button", name="Edit").click()
    expect(page.locator(".composer-text")).to_contain_text("Any news?")
    expect(page.locator(".planned")).to_have_count(0)
    plan(page, "In an hour")
    page.goto(f"{site.url}/drafts")
    expect(page.locator(".planned")).to_contain_text("leaves")
    let_time_pass(site)
    assert b"Any news?" in taken(sink, 1).raw


def test_a_new_letter_is_taken_back_and_written_on(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/write")
    page.locator(".people input").first.fill("new@client.example")
    page.locator("[name=subject]").fill("Spring prices")
    page.locator(".composer-text").click()
    page.keyboard.type("Here they are.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer-warning")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("It leaves in a moment")
    expect(page.locator(".toast-left")).to_have_text("19")
    page.keyboard.press("Control+z")
    expect(page.locator(".composer-text")).to_contain_text("Here they are.")
    expect(page.locator("[name=subject]")).to_have_value("Spring prices")
    assert sink.taken == []


def test_send_and_close_by_the_keyboard(site: Site) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "Done.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator(".toast")).to_contain_text("Answered and closed")
    expect(page.locator(".thread-state")).to_contain_text("Closed")
    page.keyboard.press("Control+z")
    expect(page.locator(".composer-text")).to_contain_text("Done.")
    expect(page.locator(".thread-state")).to_contain_text("Open")


def test_two_tabs_with_one_draft_show_theirs_or_keep_mine(site: Site) -> None:
    first = site.sign_in()
    site.write("Complaint")
    open_thread(first, "Complaint")
    write(first, "One. ")
    expect(first.locator(".composer-kept")).to_contain_text("Draft saved")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator(".composer-text")).to_contain_text("One.")
    second.locator(".composer-text").click()
    second.keyboard.press("Control+End")
    second.keyboard.type("Two.")
    expect(second.locator(".composer-kept")).to_contain_text("Draft saved")
    first.keyboard.type("Three.")
    expect(first.locator(".composer-conflict")).to_be_visible()
    first.get_by_role("button", name="Show theirs").click()
    expect(first.locator(".composer-text")).to_contain_text("Two.")
    second.keyboard.type(" Four.")
    expect(second.locator(".composer-kept")).to_contain_text("Draft saved")
    first.locator(".composer-text").click()
    first.keyboard.type("Five. ")
    expect(first.locator(".composer-conflict")).to_be_visible()
    first.get_by_role("button", name="Keep mine").click()
    expect(first.locator(".composer-kept")).to_contain_text("Draft saved")
    site.faults[:] = [fault for fault in site.faults if "(Conflict)" not in fault]
