"""A messy workbook on its way in, by hand: its columns are understood, it is tried, taken in and taken back; whom
somebody has changed since stays and is listed."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.support.engines import only
from tests.support.messy_table import write_messy

SLOW_MS = 60_000
ROWS = 26


def reach(page: Page, state: str) -> None:
    expect(page.locator(f"#transfer-state[data-state={state}]")).to_be_visible(timeout=SLOW_MS)


def counted(page: Page, words: str, count: int) -> None:
    line = page.locator(".transfer-counts li", has_text=words)
    expect(line.locator("b")).to_have_text(str(count), timeout=SLOW_MS)


@only("sqlite")
def test_a_messy_workbook_is_tried_taken_in_and_taken_back(site: Site, tmp_path: Path) -> None:
    told = write_messy(tmp_path / "clients.xlsx", ROWS)
    page = site.sign_in()
    page.goto(f"{site.url}/clients/import")
    page.set_input_files("input[type=file]", tmp_path / "clients.xlsx")
    expect(page).to_have_url(re.compile(r"/clients/import/\d+$"), timeout=SLOW_MS)
    here = page.url
    expect(page.get_by_label("ЄДРПОУ goes to")).to_have_value("firm.tax_number")
    page.get_by_role("button", name="Try it").click()
    reach(page, "tried")
    counted(page, "are here already as they are", told["again"])
    counted(page, "stay out until they are mended", told["refused"])
    page.get_by_role("button", name=re.compile("^Import")).click()
    reach(page, "done")
    page.locator(".transfer-counts li", has_text="stay out until").get_by_role("link", name="See").click()
    expect(page.locator("tbody tr")).to_have_count(told["refused"])
    expect(page.locator("tbody")).to_contain_text("зламана is not an e-mail address.")
    page.goto(f"{here}/rows")
    page.get_by_role("link", name="Верба 1", exact=True).first.click()
    page.locator(".timeline-write summary").click()
    page.get_by_label("What happened").fill("Asked for bearings")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(page.locator(".timeline-line", has_text="Asked for bearings")).to_be_visible(timeout=SLOW_MS)
    page.goto(here)
    page.get_by_role("button", name="Take it back").click()
    reach(page, "undone")
    counted(page, "taken back", told["new"] - 1)
    counted(page, "stay: something has happened to them since", 1)
    page.locator(".transfer-counts li", has_text="stay: something").get_by_role("link", name="See").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("Верба 1")
    assert not site.faults
