"""The whole way of a client in the browser: a stranger's letter, the client, a call and its reminder, a promise that an
answer keeps, other hands; and two clients who are one, and are two again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from core import clock
from core.database import WriteTx
from crm.parties import Phone, add_contact, add_counterparty
from crm.planner import TOPIC
from crm.planner.tables import occurrence
from tests.browser.site import Site
from tests.browser.test_answering import write
from tests.browser.test_card import become_client
from tests.support.engines import only


@pytest.fixture
def site(clock_site: Site) -> Site:
    return clock_site


def let_it_be_time(tx: WriteTx) -> None:
    """The moment of every reminder has come."""
    tx.execute(update(occurrence).where(occurrence.c.remind_at.is_not(None)).values(remind_at=clock.now() - 1))
    tx.announce(TOPIC)


@only("sqlite")
def test_from_a_strangers_letter_to_a_promise_that_is_kept_and_other_hands(site: Site) -> None:
    page = become_client(site)
    card = page.url
    comes = page.locator(".card-open")

    comes.get_by_role("link", name="Plan", exact=True).click()
    page.get_by_label("What is to be done").fill("Ask for the sizes")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask for the sizes")
    expect(page.locator(".bell-new")).to_have_count(0)
    site.do(let_it_be_time)
    expect(page.locator(".bell-new")).to_have_text("1")
    page.locator(".bell summary").click()
    page.locator(".bell .notice-line", has_text="Ask for the sizes").click()
    page.get_by_role("textbox", name="What came of it").fill("Forty and sixty millimetres")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_label("What is to be done")).to_have_value("Ask for the sizes")  # the next step is asked for
    page.get_by_role("link", name="Cơ khí Sao Mai").first.click()
    expect(page).to_have_url(card)
    expect(page.locator(".timeline-line", has_text="Forty and sixty millimetres")).to_contain_text("Call")

    page.locator(".tile", has_text="Báo giá vòng bi").click()
    page.locator("#panel").get_by_role("link", name="Promise", exact=True).click()
    page.get_by_label("What was promised").fill("Send the prices")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(card)
    promise = comes.locator("li", has_text="Send the prices")
    expect(promise).not_to_contain_text("Kept by this letter?")
    promise.get_by_role("link", name="Letter").click()
    expect(page.locator("#subject")).to_have_text("Báo giá vòng bi")
    write(page, "Here are the prices.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread .letter-who").last).to_have_text("Me")
    page.goto(card)
    expect(promise).to_contain_text("Kept by this letter?")
    promise.get_by_role("button", name="Kept", exact=True).click()
    expect(promise).to_have_count(0)

    comes.get_by_role("link", name="Hand over").click()
    page.get_by_label("To whom").select_option(label="Petro Hnatiuk")
    page.get_by_label("What they should know").fill("They decide on Friday")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_role("status").filter(has_text="Handed over to Petro Hnatiuk")).to_be_visible()
    page.goto(card)
    expect(page.locator(".timeline-line", has_text="They decide on Friday")).to_be_visible()
    petro = site.sign_in("petro")
    expect(petro.locator(".bell-new")).to_have_text("1")


def two_that_are_one(tx: WriteTx) -> tuple[int, int]:
    kept = add_counterparty(tx, "Verba", domains=["verba.example"], city="Odesa")
    gone = add_counterparty(tx, "Verba Ltd", phones=[Phone("+380441234567")], roles=["supplier"], about="Beans")
    for client, name in ((kept, "Marina"), (gone, "Oleg")):
        add_contact(tx, name, emails=[f"{name.lower()}@verba.example"], counterparty_id=client, position="Purchasing")
    return kept, gone


def seen(page: Page, url: str) -> list[str]:
    """What a card says: the name, the facts, the people."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return [
        text
        for part in ("h1", ".page-head > p", "dl.facts", ".known-person")
        for text in page.locator(part).all_inner_texts()
    ]


@only("sqlite")
def test_two_that_are_one_are_merged_and_are_two_again_as_before(site: Site) -> None:
    kept, gone = (f"{site.url}/clients/{one}" for one in site.do(two_that_are_one))
    page = site.sign_in()
    before = seen(page, gone), seen(page, kept)
    page.get_by_role("link", name="Merge with…").click()
    page.get_by_role("link", name="Look at Verba Ltd").click()
    expect(page.get_by_text("goes into")).to_be_visible()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_text("Verba Ltd was merged into this one")).to_be_visible()
    expect(page.locator(".known-person")).to_have_count(2)
    expect(page.get_by_text("Beans")).to_be_visible()
    page.goto(gone)
    expect(page.get_by_role("heading", level=1)).to_have_text("Verba")
    page.get_by_role("button", name="Take the merge back").click()
    expect(page.locator(".known-person")).to_have_count(1)
    expect(page).to_have_url(re.compile(f"{re.escape(kept)}$"))
    assert (seen(page, gone), seen(page, kept)) == before
