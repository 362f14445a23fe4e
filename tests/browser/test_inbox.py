"""A working day in Chromium: sign in, a letter comes over SMTP and stands in the list, it is read, taken and closed."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.support.engines import only

SEEN_MS = 3000


def press(page: Page, code: str, key: str) -> None:
    """A key of a Cyrillic layout: its place is Latin, its letter is not."""
    page.evaluate(
        """([code, key]) => (document.activeElement || document.body).dispatchEvent(
            new KeyboardEvent("keydown", {code, key, bubbles: true, cancelable: true}))""",
        [code, key],
    )


def test_a_letter_appears_is_read_taken_and_closed(site: Site) -> None:
    page = site.sign_in()
    expect(page.get_by_text("Nobody waits for us")).to_be_visible()
    page.wait_for_timeout(500)  # the stream is being opened
    page.evaluate("window.stayed = true")

    began = time.monotonic()
    site.write("Complaint about invoice 552")
    row = page.locator(".row", has_text="Complaint about invoice 552")
    expect(row).to_be_visible()
    assert (time.monotonic() - began) * 1000 < SEEN_MS
    assert page.evaluate("window.stayed"), "the page was not loaded again"
    expect(row).to_contain_text("Balkan Logistic")
    expect(row).to_have_class(re.compile("unread"))
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")

    press(page, "KeyJ", "о")
    page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_have_text("Complaint about invoice 552")
    expect(page.locator(".letter-text")).to_contain_text("Two of them came with rust.")
    expect(page.locator("#panel h2")).to_have_text("Balkan Logistic")
    expect(page.locator("#thread")).to_contain_text("Recognised by the address georgi@balkan.example")
    expect(page).to_have_url(re.compile(r"/waiting/threads/\d+$"))
    expect(row).not_to_have_class(re.compile("unread"))

    press(page, "KeyI", "ш")
    expect(page.locator(".thread-state")).to_contain_text("Me")
    expect(page.locator(".toast").last).to_contain_text("Assigned to me")
    press(page, "KeyE", "у")
    expect(page.locator(".thread-state")).to_contain_text("Closed")
    expect(row).to_contain_text("Closed")
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("0")
    page.keyboard.press("Control+z")
    expect(page.locator(".thread-state")).to_contain_text("Open")
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")
    press(page, "KeyU", "г")
    expect(page.locator("#thread")).to_contain_text("No letter is open")
    press(page, "KeyG", "п")
    press(page, "KeyC", "с")
    expect(page).to_have_url(f"{site.url}/clients")
    press(page, "Slash", "?")
    expect(page.locator("#keys")).to_be_visible()


def test_two_people_see_the_same_thread_change(site: Site) -> None:
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    site.write("Delivery window")
    for page in (oksana, petro):
        expect(page.locator(".row", has_text="Delivery window")).to_be_visible()
        page.locator(".row-link").first.click()
        expect(page.locator("#subject")).to_have_text("Delivery window")
    oksana.locator("#thread .to-me").click()
    expect(petro.locator(".thread-state")).to_contain_text("Oksana Lysenko")
    expect(petro.locator(".row .avatar[aria-label='Oksana Lysenko']")).to_be_visible()
    site.write("Re: Delivery window", "It is urgent now.")
    expect(petro.locator("#thread")).to_contain_text("It is urgent now.")


def test_news_wait_above_a_list_that_somebody_reads(site: Site) -> None:
    page = site.sign_in()
    site.write("The first")
    expect(page.locator(".row")).to_have_count(1)
    page.locator(".row").hover()
    site.write("The second")
    site.write("The third")
    expect(page.locator("#news")).to_contain_text("2 new")
    expect(page.locator(".row")).to_have_count(1)
    page.locator("#news a").click()
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator("#news")).to_be_empty()


def test_an_unknown_sender_becomes_a_client(site: Site) -> None:
    page = site.sign_in()
    site.write("An offer of freight", sender="nam@haidang.example", to="sales@firm.example")
    page.locator(".row-link").first.click()
    expect(page.locator("#panel h2")).to_have_text("Who is this?")
    press(page, "Digit1", "1")
    page.get_by_label("Company or person").fill("Hai Dang Logistics")
    page.get_by_role("button", name="Add the client").click()
    expect(page.locator("#panel h2")).to_have_text("Hai Dang Logistics")
    expect(page.locator(".row-client").first).to_have_text("Hai Dang Logistics")
    site.write("Another offer", sender="chi@haidang.example", to="sales@firm.example")
    page.goto(f"{site.url}/waiting")
    expect(page.locator(".row", has_text="Another offer")).to_contain_text("Hai Dang Logistics")


def test_a_letter_in_html_stands_in_its_frame(site: Site) -> None:
    page = site.sign_in()
    site.write("Price list", html="<h1>Prices</h1><script>top.location='/x'</script><p>All <b>new</b></p>")
    page.locator(".row-link").first.click()
    frame = page.frame_locator("iframe.letter-html")
    expect(frame.locator("h1")).to_have_text("Prices")
    assert "allow-scripts" not in (page.locator("iframe.letter-html").get_attribute("sandbox") or "")
    source = page.locator("iframe.letter-html").get_attribute("src")
    answer = page.request.get(f"{site.url}{source}")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script" not in answer.text()


def test_what_one_may_not_see_is_as_if_it_were_not(site: Site) -> None:
    owner, stranger = site.sign_in("oksana"), site.sign_in("stranger")
    site.write("Secret prices")
    owner.locator(".row-link").first.click()
    expect(owner.locator("#subject")).to_have_text("Secret prices")
    hidden = stranger.request.get(owner.url)
    missing = stranger.request.get(f"{site.url}/waiting/threads/999999")
    assert hidden.status == missing.status == 404
    assert hidden.text() == missing.text()
    expect(stranger.get_by_text("You see no mailbox yet")).to_be_visible()
    assert stranger.request.get(f"{site.url}/health").status == 403


def test_search_finds_what_was_written(site: Site) -> None:
    page = site.sign_in()
    site.write("Invoice 552", "The old bank account stands on it.")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("/")
    page.keyboard.type("account")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_contain_text("Invoice 552")
    page.locator(".row-link").first.click()
    expect(page.locator("#subject")).to_have_text("Invoice 552")


@only("sqlite")
def test_older_letters_are_folded_until_they_are_asked_for(site: Site) -> None:
    page = site.sign_in()
    old = "<p>On Mon, 2 Nov 2026 at 10:20, Oksana &lt;o@firm.example&gt; wrote:</p><blockquote>As we said.</blockquote>"
    site.write("An answer", html=f"<p>Yes, please.</p>{old}")
    page.locator(".row", has_text="An answer").locator(".row-link").click()
    frames = page.locator(".letter .letter-html")
    expect(frames.first.content_frame.locator("body")).to_have_text("Yes, please.")
    expect(frames.last).not_to_be_visible()
    page.locator(".letter .quote > summary").focus()
    page.keyboard.press("Enter")
    expect(frames.last.content_frame.locator("blockquote")).to_have_text("As we said.")
