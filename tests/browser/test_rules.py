"""A rule is written by choosing words, tried on what came, switched on, and acts: no JSON and no field key is typed."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.site import Site


def open_rules(site: Site) -> Page:
    page = site.sign_in()
    page.goto(f"{site.url}/settings")
    page.locator("summary", has_text="claims@firm.example").click()
    page.get_by_role("link", name="Rules of claims@firm.example").click()
    expect(page.get_by_role("heading", name="Rules of claims@firm.example")).to_be_visible()
    return page


def test_a_rule_is_written_tried_and_switched_on(site: Site) -> None:
    site.write("Rusty pumps", "The pumps came with rust.")
    site.write("Price list", "Our prices.", sender="shop@other.example")
    page = open_rules(site)
    page.get_by_role("link", name="Write a rule").click()
    page.get_by_label("With what").fill("balkan.example")
    page.get_by_role("button", name="One more condition").click()
    expect(page.get_by_label("What is looked at")).to_have_count(2)
    expect(page.get_by_label("With what").first).to_have_value("balkan.example")
    page.get_by_label("What is looked at").nth(1).select_option(label="it")
    page.get_by_label("a letter of a person").check()
    page.get_by_label("Who gets it").select_option(label="Petro Hnatiuk")

    page.get_by_role("button", name="Try on the last 90 days").click()
    expect(page.get_by_role("heading", name="would have touched 1 letter of 2")).to_be_visible()
    expect(page.get_by_role("link", name="Rusty pumps")).to_be_visible()
    expect(page.get_by_role("link", name="Price list")).to_have_count(0)

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"/settings/rules/\d+$"))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("The sender's domain is exactly “balkan.example” and it is a letter of a person")
    page.get_by_role("button", name="Switch on").click()
    row = page.get_by_role("listitem").filter(has_text="assign to Petro Hnatiuk")
    expect(row.get_by_text("On", exact=True)).to_be_visible()

    site.write("More rust", "Again.")
    page.goto(f"{site.url}/open")
    page.get_by_role("link", name=re.compile("More rust")).first.click()
    expect(page.get_by_text(re.compile("Assigned to Petro Hnatiuk by the rule “The sender's domain"))).to_be_visible()


def drag(page: Page, what: Locator, onto: Locator) -> None:
    """In small steps, as a hand does: a page that is slow sees where it goes."""
    what.hover()
    page.mouse.down()
    box = onto.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 2, steps=12)
    page.mouse.move(box["x"] + 41, box["y"] + 2, steps=2)
    page.mouse.up()


def test_rules_change_their_order_and_a_mistake_loses_nothing(site: Site) -> None:
    page = open_rules(site)
    for subject in ("invoice", "offer"):
        page.get_by_role("link", name="Write a rule").click()
        page.get_by_label("What is looked at").select_option(label="the subject")
        expect(page.get_by_label("How it is compared")).to_have_value("contains")
        page.get_by_label("With what").fill(subject)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("A rule needs something to do.")).to_be_visible()
        expect(page.get_by_label("With what")).to_have_value(subject)
        page.get_by_label("What becomes of the thread").select_option(label="close it")
        page.get_by_label("Called").fill(f"All about {subject}")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"All about {subject}")
        page.get_by_role("link", name="Rules of claims@firm.example").click()
    names = page.locator(".rule-words b")
    expect(names).to_have_text(["All about invoice", "All about offer"])
    asked: list[Route] = []

    def hold_first(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route("**/api/v1/rules/order", hold_first)
    page.get_by_role("button", name="Ask “All about offer” earlier").click()
    expect(names).to_have_text(["All about offer", "All about invoice"])
    handle = page.get_by_role("button", name="Move “All about offer” with the arrow keys")
    handle.focus()
    page.keyboard.press("ArrowDown")
    expect(names).to_have_text(["All about invoice", "All about offer"])
    expect(handle).to_be_focused()
    expect(page.locator(".rule-list[aria-busy=true]")).to_be_visible()
    (first,) = asked  # an order that is slow is overtaken by none
    first.continue_()
    expect(page.locator(".rule-list[aria-busy=true]")).to_have_count(0)
    for _ in range(4):  # a slow page may not see where a hand went: it tries again
        drag(page, handle, page.locator(".rule-row").first)
        if names.all_inner_texts()[0] == "All about offer":
            break
        page.wait_for_load_state("networkidle")
    expect(names).to_have_text(["All about offer", "All about invoice"])
    expect(page.get_by_role("status").filter(has_text="Place 1 of 2")).to_have_count(1)
    expect(page.locator(".rule-list[aria-busy=true]")).to_have_count(0)
    page.reload()
    expect(names).to_have_text(["All about offer", "All about invoice"])
    page.get_by_role("link", name="All about offer").click()
    expect(page.get_by_label("With what")).to_have_value("offer")
    page.get_by_role("button", name="Delete").click()
    expect(names).to_have_text(["All about invoice"])
    assert [one for one in site.faults if "status of 400" not in one] == [], "only the two refusals are faults"
    site.faults.clear()


def test_without_scripts_a_rule_is_written_too(site: Site) -> None:
    page = site.sign_in(java_script_enabled=False)
    page.goto(f"{site.url}/settings")
    page.locator("summary", has_text="claims@firm.example").click()
    page.get_by_role("link", name="Rules of claims@firm.example").click()
    page.get_by_role("link", name="Write a rule").click()
    page.get_by_label("What is looked at").select_option(label="the size")
    page.get_by_role("button", name="Show what can be chosen").click()
    page.get_by_label("With what").fill("100")
    page.get_by_label("What becomes of the thread").select_option(label="close it")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The size is more than 100 kB")
