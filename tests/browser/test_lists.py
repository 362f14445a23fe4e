"""Many threads at once, saved views, the palette: with the hand and with the keys alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.test_inbox import press


def begin(site: Site, count: int, to: str = "claims@firm.example") -> None:
    for number in range(count):
        site.write(f"Letter {number}", to=to, sender=f"writer{number}@balkan.example")


def waiting(page: Page, count: int) -> None:
    page.goto(page.url)
    expect(page.locator(".row")).to_have_count(count)


def test_many_are_closed_and_come_back(site: Site) -> None:
    page = site.sign_in()
    begin(site, 4)
    waiting(page, 4)
    rows = page.locator(".row")
    rows.nth(0).hover()
    rows.nth(0).locator(".row-check").click()
    expect(page.locator("#bulk")).to_be_visible()
    rows.nth(2).locator(".row-check").click(modifiers=["Shift"])
    expect(page.locator(".bulk-count")).to_have_text("3 chosen")
    expect(page.locator(".bulk-rows li")).to_have_count(3)
    page.locator("#bulk").get_by_role("button", name="Close").click()
    expect(page.locator(".toast").last).to_contain_text("3 threads closed.")
    expect(page.locator(".row.gone")).to_have_count(3)
    expect(page.locator("#bulk")).to_be_hidden()
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")
    page.keyboard.press("Control+z")
    expect(page.locator(".toast").last).to_contain_text("3 threads are as they were.")
    expect(page.locator(".row.gone")).to_have_count(0)
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("4")


def test_many_are_given_away_by_keys_and_one_that_moved_is_told(site: Site) -> None:
    page, other = site.sign_in(), site.sign_in("petro")
    begin(site, 2)
    waiting(page, 2)
    waiting(other, 2)
    for _ in range(2):
        press(page, "KeyJ", "о")
        press(page, "KeyX", "ч")
    expect(page.locator(".bulk-count")).to_have_text("2 chosen")
    press(page, "KeyM", "ь")
    page.locator("#bulk .menu-item", has_text="Petro Hnatiuk").click()
    expect(page.locator(".toast").last).to_contain_text("2 threads assigned to Petro Hnatiuk.")
    expect(page.locator(".row .avatar[aria-label='Petro Hnatiuk']")).to_have_count(2)
    other.locator(".row-link").first.click()
    expect(other.locator("#subject")).to_be_visible()
    press(other, "KeyE", "у")
    expect(other.locator(".thread-state")).to_contain_text("Closed")
    page.keyboard.press("Control+z")
    expect(page.locator(".toast").last).to_contain_text("1 thread is as it was.")
    expect(page.locator(".toast").last).to_contain_text("1 was left alone: somebody has changed it since.")


def test_a_view_is_written_as_a_sentence_and_kept(site: Site) -> None:
    page = site.sign_in()
    begin(site, 2)
    site.write("Prices", to="sales@firm.example")
    waiting(page, 3)
    page.get_by_role("link", name="New view").click()
    page.get_by_role("button", name="One more condition").click()
    page.locator("#field_1").select_option(label="the mailbox")
    page.locator("#line_1 .rule-pick", has_text="sales@").click()
    page.locator("#order").select_option(label="what waits for us, the latest first")
    page.locator("#name").fill("Sales that wait")
    page.get_by_role("button", name="Save").last.click()
    expect(page).to_have_url(re.compile(r"/views/\d+$"))
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("Prices")
    expect(page.locator(".section-head")).to_contain_text("In time")
    item = page.locator(".rail-item[aria-current]")
    expect(item).to_contain_text("Sales that wait")
    expect(item.locator(".num")).to_have_text("1")
    page.locator(".row-link").click()
    expect(page.locator("#subject")).to_have_text("Prices")
    expect(page).to_have_url(re.compile(r"/views/\d+/threads/\d+$"))
    press(page, "KeyU", "г")
    page.get_by_role("link", name="Change this view").click()
    expect(page.locator("#line_1 .rule-pick :checked")).to_have_count(1)
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(f"{site.url}/waiting")
    expect(page.locator(".rail-item", has_text="Sales that wait")).to_have_count(0)


def test_the_palette_does_what_buttons_do_in_any_alphabet(site: Site) -> None:
    page = site.sign_in()
    begin(site, 1)
    waiting(page, 1)
    page.locator(".row-link").click()
    expect(page.locator("#subject")).to_be_visible()
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette).to_be_visible()
    page.keyboard.type("сдщ")  # "clo" on the other layout
    expect(palette.locator("[role=option]").first).to_contain_text("Close")
    page.keyboard.press("Enter")
    expect(page.locator(".thread-state")).to_contain_text("Closed")
    press(page, "Period", "ю")
    expect(palette.locator(".palette-head").first).to_have_text("This thread")
    page.keyboard.type("петро")
    expect(palette.locator("[role=option]").first).to_contain_text("Petro Hnatiuk")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("balk")
    expect(palette.locator("[role=option]", has_text="Balkan Logistic")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/clients/\d+$"))


def test_clients_that_come_later_move_nobodys_choice_in_the_palette(site: Site) -> None:
    page = site.sign_in()
    page.route("**/fragments/palette*", lambda route: (page.wait_for_timeout(1000), route.continue_()))
    page.keyboard.press("Control+k")
    options = page.locator("#palette [role=option]")
    page.keyboard.type("balk")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#palette [aria-selected=true]")
    expect(chosen).to_contain_text("balk")
    said = chosen.text_content() or ""
    expect(options.filter(has_text="Balkan Logistic")).to_be_visible()
    expect(chosen).to_have_text(said)
