"""What people do by hand in the hostile house: paste, put saved texts in, complete names, ask the palette, forward,
print. Each step waits until what it is about stands on the page, so that nothing passes for being late."""

from __future__ import annotations

import re
import time
from contextlib import suppress

from playwright.sync_api import Page, expect

from tests.browser.hostile_house import SAVED, WORD, as_http

WAIT_MS = 60_000
SOON_MS = 5_000
PASTED = "two names"
"""What one of the vectors says; where it stands the others were pasted too."""
PASTE = """(node, vectors) => {
    for (const html of vectors) {
        const data = new DataTransfer();
        data.setData("text/html", html);
        node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }
}"""
# As if nobody had cleaned it: what a fault in the editor would do.
PUT_AS_IT_IS = "(node, vectors) => { for (const html of vectors) node.insertAdjacentHTML('beforeend', html) }"


def go_on_with_a_draft(page: Page) -> None:
    """An answer whose text nobody cleaned on the server."""
    if page.locator(".composer:not([open])").count():
        page.keyboard.press("r")
    expect(page.locator(".composer-text")).to_contain_text(WORD, timeout=WAIT_MS)


def paste(page: Page, vectors: list[str], *, cleaned: bool) -> None:
    """All of them, one after the other."""
    text = page.locator(".composer-text")
    # Of frames under https Chromium asks for a tunnel before it asks the policy: that is no request, http shows it.
    text.evaluate(PASTE if cleaned else PUT_AS_IT_IS, vectors if cleaned else [as_http(one) for one in vectors])
    expect(text).to_contain_text(PASTED)


def put_a_saved_text_in(page: Page) -> None:
    """Looked at first, as one does."""
    page.locator(".composer-texts > summary").click()
    saved = page.locator(".composer-texts ul [data-text]").first
    expect(saved).to_contain_text(WORD)
    saved.hover()
    expect(page.locator(".text-preview")).to_contain_text(SAVED, timeout=WAIT_MS)
    saved.click()
    expect(page.locator(".composer-text")).to_contain_text(SAVED)


def _complete(page: Page) -> None:
    to = page.locator(".composer [role=combobox]").first  # by role Playwright would ask attacks what they are
    found = page.locator(".people-found:visible [role=option]").first
    for away in reversed(page.locator(".people .chip-away").all()):  # of who went on with this draft before
        away.click()
    expect(page.locator(".people .chip")).to_have_count(0)
    until = time.monotonic() + WAIT_MS / 1000
    to.fill("anna1")
    while not found.is_visible() and time.monotonic() < until:
        page.wait_for_timeout(1000)
        if not found.is_visible():  # attacks that stand on the page take the focus from whoever types
            to.fill("anna")
            to.fill("anna1")
    expect(found).to_contain_text(WORD, timeout=WAIT_MS)
    to.press("Enter")


def complete_names(page: Page) -> None:
    """A recipient, and a colleague in a note."""
    for _ in range(10):
        _complete(page)
        with suppress(AssertionError):  # who lost the focus before Enter has written what they typed
            expect(page.locator(".people .chip").last).to_contain_text(WORD, timeout=SOON_MS)
            break
    expect(page.locator(".people .chip").last).to_contain_text(WORD)
    page.locator(".composer-away").click()
    page.keyboard.press("n")
    page.locator(".noting-form textarea").press_sequentially(f"@{WORD}")
    expect(page.locator(".mentions-found:visible [role=option]").first).to_contain_text(WORD, timeout=WAIT_MS)
    page.locator(".noting-form [data-away]").click()


def ask_the_palette(page: Page) -> None:
    """Places, people and clients by a word of theirs."""
    page.keyboard.press("Control+k")
    page.locator("#palette-words").press_sequentially(WORD)
    expect(page.locator("#palette-list mark").first).to_be_visible(timeout=WAIT_MS)
    expect(page.locator("#palette-list small").first).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Escape")


def forward(page: Page, to: str) -> None:
    """The letter with its original below."""
    page.keyboard.press("f")
    expect(page.get_by_label("Subject")).to_have_value(re.compile(f"^Fwd: {WORD}"), timeout=WAIT_MS)
    page.get_by_role("combobox", name="To", exact=True).fill(to)
    page.keyboard.press("Enter")
    page.locator(".composer-quote summary").click()
    expect(page.locator(".composer-quote")).to_contain_text(WORD)


def send(page: Page) -> None:
    """What stands in the composer, whatever it is warned of."""
    page.locator(".composer-text").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer-warning")).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("It is sent", timeout=WAIT_MS)


def print_it(page: Page) -> None:
    """The whole thread on paper."""
    page.emulate_media(media="print")
    page.pdf()
    page.emulate_media(media="screen")
