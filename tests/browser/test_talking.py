"""Two people in one thread: each sees the other come, type and leave; a reply that met news is stopped, read and sent;
a note names a colleague, who hears of it and opens it; an invitation is answered by both."""

from __future__ import annotations

import time
from datetime import timedelta

from playwright.sync_api import Page, expect

from core import clock
from tests.browser.site import Site
from tests.inviting.requests import GMAIL, write_request
from tests.support.house import send

SECOND_MS = 1000
GONE_MS = 15_000


def open_thread(page: Page, subject: str) -> None:
    row = page.locator(".row", has_text=subject)
    expect(row).to_be_visible()
    row.locator(".row-link").click()
    expect(page.locator("#subject")).to_have_text(subject)


def wait_for_live(page: Page) -> None:
    """Until the page says that it is there, so that only what comes afterwards is measured."""
    said = "performance.getEntriesByType('resource').some((each) => each.name.includes('/presence'))"
    deadline = time.monotonic() + 20
    while not page.evaluate(said):  # the policy of our pages lets nothing wait inside them by a string
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_two_people_see_each_other_come_type_and_leave(site: Site) -> None:
    site.write("Rust")
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    open_thread(oksana, "Rust")
    wait_for_live(oksana)
    expect(oksana.locator("[data-present]")).to_be_hidden()
    time.sleep(0.5)
    open_thread(petro, "Rust")
    began = time.monotonic()
    expect(oksana.locator(".present-here")).to_contain_text("Petro Hnatiuk", timeout=3000)
    came = time.monotonic() - began
    expect(petro.locator(".present-here")).to_contain_text("Oksana Lysenko", timeout=SECOND_MS)
    petro.keyboard.press("r")
    expect(petro.get_by_label("Text of the answer")).to_be_focused()
    petro.get_by_label("Text of the answer").press_sequentially("We")
    began = time.monotonic()
    expect(oksana.locator(".present-typing")).to_contain_text("Petro Hnatiuk", timeout=3000)
    typed = time.monotonic() - began
    assert came < 1.0, came
    assert typed < 1.0, typed
    petro.close()
    expect(oksana.locator("[data-present]")).to_be_hidden(timeout=GONE_MS)


def test_a_stale_reply_is_stopped_read_and_sent(site: Site) -> None:
    site.write("Rust")
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    for page in (oksana, petro):
        open_thread(page, "Rust")
        page.keyboard.press("r")
        expect(page.locator(".composer-text[contenteditable=true]")).to_be_focused()
    oksana.get_by_label("Text of the answer").fill("We take them back.")
    petro.get_by_label("Text of the answer").fill("We will look into it.")
    petro.keyboard.press("Control+Enter")
    expect(petro.locator(".letter, .folded", has_text="We will look into it.")).to_be_visible()
    oksana.keyboard.press("Control+Enter")
    moved = oksana.locator(".composer .moved")
    expect(moved).to_be_visible()
    expect(moved).to_contain_text("We will look into it.")
    expect(moved).to_contain_text("Petro Hnatiuk")
    expect(oksana.get_by_label("Text of the answer")).to_contain_text("We take them back.")
    moved.get_by_role("button", name="Send anyway").click()
    expect(oksana.locator(".letter, .folded", has_text="We take them back.")).to_be_visible()
    expect(oksana.locator(".composer .moved")).to_have_count(0)
    site.faults[:] = [fault for fault in site.faults if "(Conflict)" not in fault]


def test_a_note_that_names_a_colleague_is_heard_of_and_opened(site: Site) -> None:
    site.write("Rust")
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    expect(petro.locator(".bell-new")).to_have_count(0)
    open_thread(oksana, "Rust")
    oksana.keyboard.press("n")
    area = oksana.locator(".noting textarea")
    expect(area).to_be_focused()
    area.press_sequentially("Is this ours, @pet")
    expect(oksana.locator(".mentions-found li")).to_have_text("Petro Hnatiuk")
    oksana.keyboard.press("Enter")
    expect(area).to_have_value("Is this ours, @Petro Hnatiuk ")
    oksana.keyboard.press("Control+Enter")
    note = oksana.locator(".note")
    expect(note).to_contain_text("Is this ours, @Petro Hnatiuk")
    expect(oksana.locator(".noting")).not_to_have_attribute("open", "")
    expect(petro.locator(".bell-new")).to_have_text("1")
    petro.locator(".bell summary").click()
    petro.locator(".bell .notice-line", has_text="Oksana Lysenko named you in a note").click()
    expect(petro.locator("#subject")).to_have_text("Rust")
    expect(petro.locator(".note .mention")).to_have_text("@Petro Hnatiuk")
    expect(petro.locator(".note .note-change")).to_have_count(0)
    expect(petro.locator(".bell-new")).to_have_count(0)
    note.locator(".note-change summary").click()
    note.locator(".note-change textarea").fill("It is ours, @Petro Hnatiuk")
    note.get_by_role("button", name="Save").click()
    expect(petro.locator(".note-text")).to_have_text("It is ours, @Petro Hnatiuk")
    expect(petro.locator(".note-before")).to_contain_text("what it said before")
    petro.goto(f"{site.url}/notices?kind=mentioned")
    expect(petro.locator(".notice-list .notice-line")).to_have_count(1)


def test_twelve_windows_hold_one_stream(site: Site) -> None:
    site.write("Rust")
    first = site.sign_in("oksana")
    context = first.context
    streams: list[str] = []
    context.on("request", lambda asked: streams.append(asked.url) if "/api/v1/events" in asked.url else None)
    pages = [first]
    for _ in range(11):
        page = context.new_page()
        page.goto(f"{site.url}/waiting")
        pages.append(page)
    assert len(streams) <= 1
    site.write("Broken pump")
    for page in (pages[0], pages[5], pages[11]):
        page.bring_to_front()
        expect(page.locator(".row", has_text="Broken pump")).to_be_visible()


def test_an_invitation_is_answered_on_its_card_and_each_sees_it(site: Site) -> None:
    day = f"{clock.to_datetime(clock.now()) + timedelta(days=3):%Y%m%d}"
    georgi = {"organizer": "georgi@balkan.example", "sender": "Georgi <georgi@balkan.example>"}
    raw = write_request(GMAIL, start=f"{day}T100000", end=f"{day}T110000", **georgi)
    send(site.house, raw, ["sales@firm.example"], sender="georgi@balkan.example")
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    for page in (oksana, petro):
        open_thread(page, "Fair")
    ours, theirs = oksana.locator(".invitation").first, petro.locator(".invitation").first
    ours.get_by_role("button", name="Accept", exact=True).click()
    expect(ours.get_by_role("button", name="Accept", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(ours).to_contain_text("Oksana Lysenko accepted")
    expect(ours.get_by_role("link", name="In the calendar")).to_be_visible()
    expect(theirs).to_contain_text("Oksana Lysenko accepted")
    theirs.get_by_role("button", name="Decline", exact=True).click()
    expect(theirs).to_contain_text("Petro Hnatiuk declined")
    expect(theirs.get_by_role("button", name="Add to calendar")).to_be_visible()
    expect(ours).to_contain_text("Petro Hnatiuk declined")
