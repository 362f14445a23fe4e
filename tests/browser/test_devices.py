"""A browser that tells of notices while none of our pages is open: switched on, told by its service, clicked.

What Chromium's own service would bring is brought by its tools here; what a page subscribes with is written down
beforehand, as that service is on the internet.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.support.engines import look

SUBSCRIBE = """
PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => ({
  toJSON: () => userVisibleOnly && atob(applicationServerKey.replace(/-/g, "+").replace(/_/g, "/")).length === 65
    ? { endpoint: "https://push.example/1", keys: { p256dh: "%s", auth: "AAAAAAAAAAAAAAAAAAAAAA" } } : {},
});
"""
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SAID = '{"title":"mailhub","body":"Olena gave you “Pumps”","url":"/notices?kind=mentioned","tag":"notice-1","icon":""}'
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map((one) => [one.title, one.body, one.tag, one.data.url])"""


def test_it_is_switched_on_told_and_switched_off(site: Site) -> None:
    page = site.sign_in(service_workers="allow")
    page.context.grant_permissions(["notifications"])
    page.add_init_script(SUBSCRIBE % POINT)
    page.goto(f"{site.url}/notices")
    wish = page.locator("#wishes")
    switch = wish.get_by_role("button", name="Notify me on this device")
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(wish.get_by_text("Tell me in this browser")).to_be_visible()
    switch.click()
    expect(wish.get_by_text("This browser tells you also when no page")).to_be_visible()
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert look(site.house.database, "SELECT address FROM device") == [("https://push.example/1",)]
    tell(page, site.url)
    page.goto(f"{site.url}/notices")
    until(page, lambda: page.evaluate(SHOWN))
    assert page.evaluate(SHOWN) == [["mailhub", "Olena gave you “Pumps”", "notice-1", "/notices?kind=mentioned"]]
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(wish.get_by_text("This browser tells you also when no page")).to_be_visible()
    switch.click()
    expect(wish.get_by_text("Tell me in this browser")).to_be_visible()
    assert look(site.house.database, "SELECT address FROM device") == []


def until(page: Page, ask: Callable[[], object]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + 20
    while not ask():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def tell(page: Page, url: str) -> None:
    """What its service brings while no page of ours is open."""
    cdp = page.context.new_cdp_session(page)
    known: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: known.extend(
            one["registrationId"] for one in told["registrations"] if one["scopeURL"].startswith(url)
        ),
    )
    cdp.send("ServiceWorker.enable")
    page.goto("about:blank")
    until(page, lambda: known)
    cdp.send("ServiceWorker.deliverPushMessage", {"origin": url, "registrationId": known[0], "data": SAID})
