"""Pictures of the pages, to be looked at as a customer would: ``python -m tests.browser.shots [FOLDER]``.

A demo is run, and every page and state is taken at three sizes, light and dark, in three languages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

SIZES = {"1366x768": (1366, 768), "1920x1080": (1920, 1080), "390x844": (390, 844)}
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "uk", "vi")
PASSWORD = "pumps-and-bearings"
LETTERS = 250
PAGES = {
    "clients": "/clients",
    "client": "/clients/1",
    "quarantine": "/quarantine",
    "settings": "/settings",
    "health": "/health",
    "search": "/search?q=pump",
    "nothing": "/search?q=nothingisnamedlikethis",
    "junk": "/spam",
    "missing": "/waiting/threads/987654321",
    "segments": "/segments",
    "segment": "/segments/new",
    "mailings": "/mailings",
    "mailing-whom": "/mailings/1?step=whom",
    "mailing-what": "/mailings/1?step=what",
    "mailing-check": "/mailings/1?step=check",
    "mailing-when": "/mailings/1?step=when",
    "automatic": "/mailings/automatic",
    "automatic-rule": "/mailings/automatic/1?tried=yes",
    "automatic-new": "/mailings/automatic/new?kind=date",
    "suppliers": "/suppliers",
    "items": "/items",
    "item-suppliers": "/items/1/suppliers",
    "topics": "/settings/topics",
    "channels": "/settings/channels",
    "marketing": "/marketing",
    "marketing-event": "/marketing/1",
    "marketing-form": "/marketing/new",
    "parts": "/settings/parts",
    "doubles": "/clients/doubles",
    "import": "/clients/import",
}
ALONE = {"login": "/login", "join": "/join/1"}
"""What a visitor sees."""


@contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """The address of a demo whose letters have come."""
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "demo",
        "--data",
        str(folder),
        "--port",
        "0",
        "--smtp-port",
        "0",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the demo did not start")
        url = f"http://127.0.0.1:{json.loads(line)['web']}"
        _wait_for_letters(url)
        yield url
        process.terminate()


def _wait_for_letters(url: str, seconds: float = 900) -> None:
    """Until the figures say that the letters of the demo have been received and nothing more is being processed."""
    deadline, before = time.monotonic() + seconds, -1.0
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
            figures = answer.read().decode()
        now = sum(float(line.split()[-1]) for line in figures.splitlines() if line.startswith("mailhub_letters"))
        if now >= LETTERS and now == before:
            return
        before = now
        time.sleep(2)


def sign_in(browser: Browser, url: str, person: str, size: str, scheme: str, language: str) -> BrowserContext:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="Europe/Kyiv",
        locale=language,
        is_mobile=width < 600,
        has_touch=width < 600,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{url}/login")
    page.fill("input[name=email]:not([type=hidden])", person)
    page.fill("input[name=password]:not([type=hidden])", PASSWORD)
    page.click("button.primary")
    page.wait_for_url("**/waiting")
    token = page.locator("input[name=_csrf]").first.get_attribute("value")
    page.request.post(
        f"{url}/settings/preferences", form={"_csrf": token or "", "language": language, "theme": "system"}
    )
    page.close()
    return context


def settled(page: Page, url: str, seconds: float = 900) -> None:
    """Until the company of the demo has what it makes of its letters; rules for automatic letters come last."""
    deadline = time.monotonic() + seconds
    while page.request.get(f"{url}/mailings/automatic/1").status != 200:
        if time.monotonic() > deadline:
            raise SystemExit("the demo did not settle in")
        time.sleep(0.5)


def take(page: Page, folder: Path, name: str) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=folder / f"{name}.png")


def take_all(browser: Browser, url: str, folder: Path, size: str, scheme: str, language: str) -> None:
    tail = f"{size}-{scheme}-{language}"
    context = sign_in(browser, url, "helen@delta.example", size, scheme, language)
    page = context.new_page()
    settled(page, url)
    page.goto(f"{url}/waiting")
    take(page, folder, f"inbox-{tail}")
    row = page.locator(".row", has=page.locator(".row-client")).first
    row.locator(".row-link").click()
    page.wait_for_selector("#thread[data-thread]")
    take(page, folder, f"thread-{tail}")
    page.goto(f"{url}/waiting")
    stranger = page.locator(".row:not(:has(.row-client))").first
    if stranger.count():
        stranger.locator(".row-link").click()
        page.wait_for_selector("#thread[data-thread]")
        take(page, folder, f"stranger-{tail}")
    for name, path in PAGES.items():
        answer = page.goto(f"{url}{path}")
        assert answer is not None
        assert answer.status == (404 if name == "missing" else 200), path
        take(page, folder, f"{name}-{tail}")
    context.close()
    alone = browser.new_context(
        viewport=dict(zip(("width", "height"), SIZES[size], strict=True)),
        color_scheme="dark" if scheme == "dark" else "light",
        locale=language,
    )
    page = alone.new_page()
    for name, path in ALONE.items():
        page.goto(f"{url}{path}")
        take(page, folder, f"{name}-{tail}")
    alone.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as data, running_demo(Path(data)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        for size in SIZES:
            for scheme in SCHEMES:
                for language in LANGUAGES:
                    take_all(browser, url, folder, size, scheme, language)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "shots")
