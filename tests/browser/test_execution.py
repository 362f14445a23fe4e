"""Somebody goes away: their letters go to who stands in and come back with them; a manager sees whose is late."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.site import Site


def test_a_deputy_has_the_letters_until_their_colleague_is_back(site: Site) -> None:
    site.write("Rusty pumps")
    page = site.sign_in()
    page.get_by_role("link", name=re.compile("Rusty pumps")).first.click()
    page.locator("#thread").get_by_role("button", name="Assign to me").click()
    expect(page.locator(".thread-state .chip", has_text="Me")).to_be_visible()

    page.goto(f"{site.url}/settings")
    page.get_by_role("link", name="Absence and deputies").click()
    page.get_by_label("1. deputy").select_option(label="Petro Hnatiuk")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Note").fill("Leave")
    page.get_by_role("button", name="Add absence").click()
    expect(page.get_by_text("now", exact=True).first).to_be_visible()
    expect(page.get_by_text("1 thread waits for us here.")).to_be_visible()
    page.get_by_role("button", name="Hand over to deputies").click()
    expect(page.get_by_text("Others have 1 thread in the meantime.")).to_be_visible()

    petro = site.sign_in("petro")
    petro.goto(f"{site.url}/mine")
    petro.get_by_role("link", name=re.compile("Rusty pumps")).first.click()
    expect(petro.get_by_text("Assigned to Petro Hnatiuk, who stands in for Oksana Lysenko").first).to_be_visible()
    petro.get_by_label("Who had it").click()
    expect(petro.locator(".hands").get_by_text("stands in for Oksana Lysenko")).to_be_visible()

    page.get_by_role("button", name="Take threads back").last.click()
    expect(page.get_by_text("Others have 0 threads in the meantime.")).to_be_visible()
    page.get_by_role("button", name="End absence").click()
    expect(page.get_by_text("Nobody, now or later.")).to_be_visible()
    page.goto(f"{site.url}/mine")
    expect(page.get_by_role("link", name=re.compile("Rusty pumps")).first).to_be_visible()


def test_a_manager_sees_what_is_late_and_whose(site: Site) -> None:
    for number in range(3):
        site.write(f"Rusty pumps {number}")
    page = site.sign_in()
    page.get_by_role("link", name=re.compile("Rusty pumps 1")).first.click()
    page.locator("#thread").get_by_role("button", name="Assign to me").click()
    expect(page.locator(".thread-state .chip", has_text="Me")).to_be_visible()
    page.locator("#rail").get_by_role("link", name="Execution").click()
    expect(page.get_by_text("Late: 0 of 3 that wait for an answer.")).to_be_visible()
    page.locator(".execution-one").filter(has_text="Oksana").get_by_role("link", name="Oksana").click()
    expect(page.get_by_role("row", name=re.compile("Rusty pumps"))).to_have_count(1)
    page.get_by_role("link", name="Everybody's").click()
    page.get_by_role("link", name="Nobody's").click()
    expect(page.get_by_role("row", name=re.compile("Rusty pumps"))).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "execution.csv"


def test_hours_are_set_by_form(site: Site) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/settings")
    page.locator("summary", has_text="claims@firm.example").click()
    page.get_by_role("link", name="Time for an answer in claims@firm.example").click()
    page.get_by_label("First answer, hours").fill("4")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_label("First answer, hours")).to_have_value("4")
    page.get_by_label("Time zone").fill("Europe/Kyiv")
    page.get_by_label("Public holidays of").select_option(label="Bulgaria")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("It has its own.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ public holidays this year"))).to_be_visible()
