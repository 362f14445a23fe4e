"""A client from its first letter on: the proposal, the card, what happened on the basis of what."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.support.engines import only


def become_client(site: Site) -> Page:
    """The letter of a stranger, answered with "New client"; then its card."""
    page = site.sign_in()
    site.write("Báo giá vòng bi", sender="dang@sao-mai.example", to="sales@firm.example")
    page.locator(".row-link").first.click()
    expect(page.locator("#panel h2")).to_have_text("Who is this?")
    page.locator("#panel summary", has_text="New client").click()
    page.get_by_label("Company or person").fill("Cơ khí Sao Mai")
    page.get_by_label("Who wrote").fill("Đặng Thùy Linh")
    page.get_by_role("button", name="Add the client").click()
    expect(page.locator("#panel h2")).to_have_text("Cơ khí Sao Mai")
    page.locator("#panel h2 a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cơ khí Sao Mai")
    return page


@only("sqlite")
def test_a_stranger_becomes_a_client_and_is_found_again(site: Site) -> None:
    page = become_client(site)
    expect(page.locator(".known-person")).to_contain_text("Đặng Thùy Linh")
    expect(page.locator(".tile")).to_contain_text("Báo giá vòng bi")
    lines = page.locator(".timeline-line")
    letter = lines.filter(has_text="Báo giá vòng bi")
    page.locator(".timeline-write summary").click()
    page.get_by_label("What happened").fill("Pays within fourteen days")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(lines).to_have_count(2)
    letter.hover()
    letter.get_by_role("link", name="On the basis of this").click()
    page.get_by_label("What happened").fill("Wants four hundred bearings")
    page.get_by_label("Minutes").fill("6")
    page.get_by_role("button", name="Call", exact=True).click()
    call = lines.filter(has_text="Wants four hundred bearings")
    expect(call).to_contain_text("on the basis of Báo giá vòng bi")
    expect(call.get_by_role("link", name="Báo giá vòng bi")).to_have_attribute("href", re.compile(r"/threads/\d+"))
    page.goto(f"{site.url}/clients?q=co+khi+sao")
    page.get_by_role("link", name="Cơ khí Sao Mai").click()
    expect(lines).to_have_count(3)
    page.get_by_role("link", name="Write", exact=True).click()
    expect(page.locator(".composer .people .chip")).to_contain_text("dang@sao-mai.example")
    assert not site.faults


@only("sqlite")
def test_clients_are_linked_on_the_card_of_either(site: Site) -> None:
    page = become_client(site)
    links = page.locator("#links")
    links.locator("summary").click()
    links.get_by_label("Name of the client").fill("Nobody Known")
    links.get_by_role("button", name="Link them").click()
    expect(page.locator(".toast").last).to_contain_text("No client is called “Nobody Known”.")
    expect(links.get_by_label("Name of the client")).to_have_value("Nobody Known")
    links.get_by_label("Name of the client").fill("balkan logistic")
    links.get_by_label("What it is to this one").select_option(label="dealer")
    links.get_by_role("button", name="Link them").click()
    expect(links).to_contain_text("dealer Balkan Logistic")
    links.get_by_role("link", name="Balkan Logistic").click()
    expect(links).to_contain_text("dealer → Cơ khí Sao Mai")
    links.locator("p", has_text="Sao Mai").hover()
    links.get_by_role("button", name="Take the link away: Cơ khí Sao Mai").click()
    expect(links).not_to_contain_text("Sao Mai")
    site.faults.clear()  # the name that nobody has
