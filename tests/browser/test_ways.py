"""How the letters of a mailbox leave, chosen on the page of settings."""

from __future__ import annotations

import os
import re

from playwright.sync_api import expect

from tests.browser.site import Site
from tests.support.engines import only


@only("sqlite")
def test_a_manager_chooses_a_relay_and_then_none(site: Site) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/settings#ways")
    expect(page.get_by_label("Find a setting")).to_have_value("How letters leave")
    section = page.locator("#mailboxes")
    sales = section.get_by_role("group", name="sales@firm.example").locator("[data-setting=ways]")
    expect(section.locator("[data-setting]:visible")).to_have_count(2)
    expect(sales.locator("summary")).to_contain_text("Its account's server, else the house's relay")
    sales.locator("summary").click()
    sales.get_by_label("Way").select_option(label="A relay of its own")
    sales.get_by_label("Its own relay").fill("smtp://sales:secret@relay.example:587")
    if folder := os.environ.get("OUTB_SHOTS"):
        section.screenshot(path=f"{folder}/ways.png")
    sales.get_by_role("button", name="Save").click()
    expect(sales.locator("summary")).to_contain_text("relay.example:587")
    expect(sales.get_by_label("Its own relay")).to_have_value("")
    expect(sales.get_by_label("Its own relay")).to_have_attribute("placeholder", re.compile("^Now relay.example:587"))
    sales.get_by_label("Way").select_option(label="Straight to the servers of each domain")
    if folder := os.environ.get("OUTB_SHOTS"):
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        section.screenshot(path=f"{folder}/ways390.png")
        page.set_viewport_size({"width": 1366, "height": 768})
    sales.get_by_role("button", name="Save").click()
    expect(sales.locator("summary")).to_contain_text("Straight to the servers of each domain")
