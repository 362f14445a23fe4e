"""The settings: one line for each mailbox, found by what one types in any alphabet, and by their old addresses."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.site import Site
from tests.support.engines import only


@only("sqlite")
def test_settings_are_found_by_their_words(site: Site) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/settings")
    shown, boxes = page.locator("[data-setting]:visible"), page.locator("[data-settings]:visible")
    field = page.get_by_label("Find a setting")
    expect(boxes).to_have_count(2)
    expect(boxes.first.locator("[data-setting]").first).to_be_hidden()
    field.fill("passkeys")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("How you sign in")
    field.fill("ifi ify")  # letters of words, in no order of theirs
    expect(page.get_by_role("status").filter(has_text="No setting speaks of that.")).to_be_visible()
    field.fill("sales rules")
    expect(shown).to_have_count(1)
    expect(page.get_by_role("link", name="Rules of sales@firm.example")).to_be_visible()
    field.fill("кгдуі")  # "rules" on the keys of a Ukrainian layout
    expect(shown).to_have_count(2)
    field.press("Escape")
    expect(field).to_have_value("")
    expect(boxes).to_have_count(2)
    page.goto(f"{site.url}/settings#rights")
    expect(field).to_have_value("Who may do what")
    expect(shown).to_have_count(2)
    assert not site.faults


@only("sqlite")
def test_a_saved_setting_is_shown_where_it_was(site: Site) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/settings")
    page.locator("summary", has_text="sales@firm.example").click()
    line = page.get_by_role("group", name="sales@firm.example").locator("[data-setting=signatures]")
    line.locator("summary").click()
    line.get_by_label("My own").fill("Oksana, sales")
    line.get_by_role("button", name="Save signature").click()
    expect(line.locator("summary")).to_contain_text("Oksana, sales")
    expect(line.get_by_label("My own")).to_be_visible()


@only("sqlite")
def test_without_scripts_all_settings_are_there(site: Site) -> None:
    page = site.sign_in(java_script_enabled=False)
    page.goto(f"{site.url}/settings")
    expect(page.get_by_label("Find a setting")).to_be_hidden()
    page.locator("summary", has_text="claims@firm.example").click()
    page.get_by_role("link", name="Rules of claims@firm.example").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules of claims@firm.example")
