"""Threads merged, split and put back by hand, as people do it in the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.site import Site


def opened(site: Site, *subjects: str) -> Page:
    """Letters of one client, each in a thread of its own; the first is open."""
    page = site.sign_in()
    for subject in subjects:
        site.write(subject)
        expect(page.locator(".row", has_text=subject)).to_be_visible()
    page.locator(".row", has_text=subjects[0]).locator(".row-link").click()
    expect(page.locator("#subject")).to_have_text(subjects[0])
    return page


def test_two_threads_are_merged_and_taken_apart(site: Site) -> None:
    page = opened(site, "Rusty pumps", "Where is my van")
    page.keyboard.press("Shift+M")
    page.locator("#found-threads button", has_text="Where is my van").click()
    expect(page.locator(".toast").last).to_contain_text("Merged")
    expect(page.locator("#thread .letter, #thread details.folded")).to_have_count(2)
    expect(page.locator(".row", has_text="Where is my van")).to_have_count(0)
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")
    page.keyboard.press("Control+z")
    expect(page.locator(".toast").last).to_contain_text("Two threads again")
    expect(page.locator("#thread .letter, #thread details.folded")).to_have_count(1)
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("2")


def test_a_letter_is_split_off_and_given_back(site: Site) -> None:
    page = opened(site, "Rusty pumps", "Where is my van")
    page.locator(".thread-more > summary").click()
    page.locator(".merging > summary").click()
    page.locator("#found-threads button", has_text="Where is my van").click()
    expect(page.locator(".toast").last).to_contain_text("Merged")
    page.locator("#thread .letter details.menu summary").last.click()
    page.get_by_role("button", name="Split off from here").last.click()
    expect(page.locator(".toast").last).to_contain_text("Split off from: Rusty pumps")
    expect(page.locator("#thread .letter")).to_have_count(1)
    expect(page.locator("#thread")).to_contain_text("Letters were split off into a thread of their own")
    page.keyboard.press("Control+z")
    expect(page.locator(".toast").last).to_contain_text("One thread again")
    expect(page.locator("#thread .letter, #thread details.folded")).to_have_count(2)
    page.get_by_role("button", name="Take it out again").click()
    expect(page.locator("#thread .letter, #thread details.folded")).to_have_count(1)
