"""Debian's Chromium, driven by Playwright: nothing but loopback in reach."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.site import Site, found, hashed
from tests.support.house import running_site, settings_for

# What has to come may take long on a slow machine; what has to come soon is measured by its own test.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a file: while Playwright runs, this thread has an event loop, which other files could not do with."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        sentence = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET, *root])
        plain = browser.new_context

        def patient(**given: Any) -> BrowserContext:
            context = plain(**given)
            context.set_default_timeout(PATIENCE_MS)
            return context

        with patch.object(browser, "new_context", patient):
            yield browser
        browser.close()


@pytest.fixture
def site(chromium: Browser, database_url: str, tmp_path: Path) -> Iterator[Site]:
    with running_site(settings_for(database_url, tmp_path)) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:  # Playwright has an event loop in this thread
            elsewhere.submit(house.database.write_now, found, hashed()).result()
        site = Site(house, url, chromium)
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert site.faults == []


@pytest.fixture
def clock_site(chromium: Browser, database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site with the loops of the clock: what comes by itself comes."""
    with running_site(settings_for(database_url, tmp_path), roles=("ingest", "clock")) as (house, url):
        site = Site(house, url, chromium)
        site.do(found, hashed())
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert site.faults == []
