"""Imports in the browser: files chosen on the page, watched to their end, paused, told off, and sent in parts that
break."""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.site import Site
from tests.ingest.test_packed import DIALECTS
from tests.support.mail import write_letter

FROM = b"From anna@client.example Fri Nov 20 10:00:00 2026\n"
SLOW_MS = 30_000


@pytest.fixture
def page(site: Site) -> Page:
    page = site.sign_in()
    page.goto(f"{site.url}/settings")
    page.get_by_role("link", name="Import letters").click()
    expect(page).to_have_url(re.compile("/settings/imports$"))
    return page


def make_mbox(count: int, start: int = 5000) -> bytes:
    letters = (write_letter(number).replace(b"\r\n", b"\n") for number in range(start, start + count))
    return b"".join(FROM + letter + b"\n" for letter in letters)


def choose(page: Page, *paths: Path) -> None:
    page.set_input_files("#drop input[type=file]", list(paths))


def row(page: Page, name: str, state: str):  # type: ignore[no-untyped-def]
    found = page.locator(f".import[data-state={state}]", has_text=name)
    expect(found.first).to_be_visible(timeout=SLOW_MS)
    return found.first


def test_a_file_is_chosen_and_comes_in(page: Page, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(make_mbox(30))
    page.get_by_label("Mailbox").first.select_option(label="Sales · sales@firm.example")
    choose(page, path)
    expect(row(page, "old.mbox", "done")).to_contain_text("30 new letters")
    choose(page, path)
    expect(page.locator(".import[data-state=done]")).to_have_count(2, timeout=SLOW_MS)
    expect(page.locator(".import").first).to_contain_text("30 were here already")
    page.get_by_role("link", name="Closed").first.click()  # quiet: nobody waits, nothing is unread
    expect(page.locator(".row, [id^=row-]").first).to_be_visible()


def test_every_dialect_the_way_of_the_page(page: Page, tmp_path: Path) -> None:
    packers: dict[str, Callable[[Path, bytes], object]] = {
        "": lambda path, data: path.write_bytes(data),
        ".gz": lambda path, data: path.write_bytes(gzip.compress(data)),
        ".zip": lambda path, data: zipfile.ZipFile(path, "w").writestr("Mail/old.mbox", data),
    }
    paths = []
    for (name, data), suffix in zip(DIALECTS.items(), ["", ".gz", ".zip"] * 3, strict=False):
        paths.append(tmp_path / f"{name}.mbox{suffix}")
        packers[suffix](paths[-1], data)
    choose(page, *paths)
    for path in paths:
        expect(row(page, path.name, "done")).to_contain_text(re.compile("[1-9] (new letter|were here|was here)"))


def test_what_holds_no_letters_is_told_off(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "all.pst"
    path.write_bytes(b"!BDN" + bytes(600))
    choose(page, path)
    told = row(page, "all.pst", "failed")
    expect(told).to_contain_text("Export its folders as mbox or .eml first.")
    told.get_by_role("button", name="End it").click()
    row(page, "all.pst", "cancelled")


def test_progress_pause_and_on(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "large.mbox"
    path.write_bytes(make_mbox(30_000))  # long enough to be paused and ended on any machine
    choose(page, path)
    running = row(page, "large.mbox", "running")
    expect(running).to_contain_text(re.compile(r"letters · [\d.,]+ a second · .* left"), timeout=SLOW_MS)
    expect(running.locator("progress")).to_have_attribute("value", re.compile("^[1-9][0-9]{0,2}$"), timeout=SLOW_MS)
    running.get_by_role("button", name="Pause").click()
    row(page, "large.mbox", "paused").get_by_role("button", name="Go on").click()
    running = page.locator(".import[data-state=running], .import[data-state=waiting]")
    expect(running.first).to_be_visible()
    page.get_by_role("button", name="End it").click()
    expect(row(page, "large.mbox", "cancelled")).to_contain_text("new letters")


def test_a_part_that_breaks_is_sent_again(page: Page, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(make_mbox(10))
    tries = []

    def break_once(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/file?at=*", break_once)
    choose(page, path)
    expect(row(page, "old.mbox", "done")).to_contain_text("10 new letters")
    assert len(tries) == 2
    site.faults.clear()  # the browser says in its console that the request was broken


def test_who_manages_nothing_is_told_so(site: Site) -> None:
    page = site.sign_in("stranger")
    page.goto(f"{site.url}/settings")
    expect(page.get_by_role("link", name="Import letters")).to_have_count(0)
    page.goto(f"{site.url}/settings/imports")
    expect(page.get_by_text("Ask an administrator")).to_be_visible()
    site.faults.clear()  # the browser says in its console that the page was refused
