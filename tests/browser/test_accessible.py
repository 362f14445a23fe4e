"""Everybody can use it: axe-core finds nothing on any page, light and dark; hands that only have keys get through a
day; a page at 200 % and on a phone has nothing cut off; what comes over the wire stays small."""

from __future__ import annotations

import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core import clock
from core.database import WriteTx
from core.resources import assets_dir
from crm.parties.tables import counterparty
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import RIGHTS, add_grant
from mailhub.campaigns.conducting import SLICE
from mailhub.campaigns.mailings import add_mailing
from mailhub.campaigns.tables import mailing
from mailhub.demo.growing import know_trade
from mailhub.demo.growth import know_clients
from mailhub.mailboxes.boxes import find_mailbox
from tests.browser.site import Site, hashed
from tests.browser.test_inbox import press
from tests.support.engines import only

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PLACES = (
    *(
        "/waiting",
        "/mine",
        "/snoozed",
        "/open",
        "/closed",
        "/spam",
        "/search?q=bearings",
        "/search?q=nothingiscalledso",
    ),
    *("/write", "/drafts", "/notices", "/clients", "/clients/1", "/quarantine", "/trash", "/settings", "/views/new"),
    *("/clients/new", "/clients/1/edit", "/clients/1/people/new", "/clients/1/people/1", "/clients?q=balkan"),
    *("/settings/mailboxes/1/rights", "/settings/keeping", "/settings/signing", "/settings/absence", "/settings/tags"),
    *("/settings/mailboxes/1/rules", "/settings/mailboxes/1/rules/new", "/settings/mailboxes/1/connect", "/health"),
    *("/settings/imports", "/settings/sign-in", "/welcome", "/settings/people", "/settings/audit"),
    *("/calendar", "/calendar?view=month", "/calendar?view=agenda", "/calendar/new?client=1", "/promises"),
    *("/promises/new?client=1", "/clients/hand-over?client=1", "/calendar/address"),
    *("/segments", "/segments/new", "/segments/new?of=contacts&by=hand"),
    *("/mailings", *(f"/mailings/1?step={step}" for step in ("whom", "what", "check", "when"))),
    *("/mailings/2?step=results", "/mailings/compare", "/mailings/automatic", "/mailings/automatic/1?tried=yes"),
    *("/mailings/automatic/new?kind=date", "/suppliers", "/clients/1/supplier", "/items", "/items/new", "/items/1"),
    *("/items/1/suppliers", "/settings/topics", "/settings/parts", "/clients/doubles", "/clients/import", "/join/1"),
    *("/settings/channels", "/marketing", "/marketing/new", "/marketing/1"),
    *("/segments/1", "/segments/1/edit", "/documents"),
    "/waiting/threads/987654321",
)
ON_A_PHONE = (
    *("/clients/1", "/clients", "/clients/1/edit", "/settings", "/settings/mailboxes/1/rights"),
    *("/mailings", "/mailings/2?step=results", "/mailings/automatic", "/mailings/automatic/1", "/settings/topics"),
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
SCHEMES = {"light": RULES, "dark": COLOURS}
"""In the dark only what hangs on the scheme: of all else the light page has told."""
LARGEST_FRAGMENT, LARGEST_LOAD = 30_000, 250_000


@pytest.fixture
def filled(site: Site) -> Site:
    """Some letters, and an administrator who has used every room."""

    def chief(tx: WriteTx) -> None:
        chief = add_user(tx, "chief@firm.example", "Iryna Chief", password_hash=hashed(), is_admin=True, language="en")
        box = find_mailbox(tx, "sales@firm.example")
        assert box is not None, "the site has it"
        for right in RIGHTS:
            add_grant(tx, box.scope_id, right, user_id=chief)
        viewer = get_viewer(tx, chief)
        tx.change(counterparty, 1, roles=["supplier"])
        know_clients(tx, viewer, box.id, "Europe/Kyiv")
        know_trade(tx, viewer, box.id)
        sent = add_mailing(tx, viewer, "Spring prices", box.id)
        now, counts = clock.now(), {"sent": 38, "failed": 1, "bounced": 1, "answered": 4, "opened": 20, "clicked": 6}
        tx.change(
            mailing, sent, state="done", tracking="persons", counts=counts, recipients_count=40, started_at=now,
            domains={"balkan.example": {"sent": 38, "failed": 2}},
            slices={str(now // SLICE - one): 10 for one in range(4)},
        )  # fmt: skip

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(site.house.database.write_now, chief).result()
    for number in range(4):
        site.write(f"Bearings {number}", sender=f"writer{number}@balkan.example")
    site.write("An offer", sender="nam@haidang.example", to="sales@firm.example")
    return site


def ready(page: Page, count: int = 5) -> None:
    page.goto(page.url)
    expect(page.locator(".row")).to_have_count(count)


def look(page: Page, what: str) -> list[str]:
    """What axe-core finds in the light and in the dark, one line a fault."""
    page.evaluate(AXE.read_text())
    faults = []
    for scheme, rules in SCHEMES.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate("document.getAnimations().forEach((each) => each.finish())")
        found = page.evaluate(
            """async (only) => (await axe.run(document, {resultTypes: ["violations"], runOnly: only}))
                .violations.flatMap((each) => each.nodes.slice(0, 3).map((node) =>
                    `${each.id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`))""",
            rules,
        )
        faults += [f"{scheme} {what}: {' '.join(line.split())}" for line in found]
    return faults


def sign_in(site: Site, name: str, **options: object) -> Page:
    page = site.sign_in(name, **options)
    site.faults.clear()
    return page


@only("sqlite")
def test_axe_finds_nothing_on_any_page(filled: Site) -> None:
    page = sign_in(filled, "chief", reduced_motion="reduce")
    ready(page)
    faults = []
    for place in PLACES:
        answer = page.goto(f"{filled.url}{place}")
        assert answer is not None
        assert answer.status in (200, 404), (place, answer.status)
        faults += look(page, place)
    page.goto(f"{filled.url}/waiting")
    page.locator(".row-link").first.click()
    expect(page.locator("#subject")).to_be_visible()
    faults += look(page, "a thread")
    page.keyboard.press("Control+k")
    faults += look(page, "the palette")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    faults += look(page, "the keys")
    page.keyboard.press("Escape")
    page.locator(".row").first.hover()
    page.locator(".row-check").first.click()
    faults += look(page, "chosen threads")
    page.set_viewport_size({"width": 390, "height": 844})
    faults += look(page, "chosen threads on a phone")
    page.goto(f"{filled.url}/waiting")
    faults += look(page, "a phone")
    for place in ON_A_PHONE:
        page.goto(f"{filled.url}{place}")
        page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        faults += look(page, f"{place} on a phone, all open")
    page.goto(f"{filled.url}/offline")
    faults += look(page, "without a connection")
    filled.faults.clear()  # pages that are not there say so
    assert not faults, "\n".join(faults)


@only("sqlite")
def test_a_day_with_the_keyboard_alone(filled: Site) -> None:
    page = sign_in(filled, "oksana")
    ready(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".row-link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator(".thread-state")).to_contain_text("Me")
    page.keyboard.press("r")
    expect(page.get_by_label("Text of the answer")).to_be_focused()
    page.keyboard.type("They are on their way.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread :is(.letter, .folded)", has_text="They are on their way.")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("u")
    expect(page.locator("#thread")).to_contain_text("No letter is open")
    expect(page.locator(".row:not(.gone)")).to_have_count(4)  # what is answered waits no more
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk-count")).to_have_text("1 chosen")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk-count")).to_have_text("2 chosen")
    page.keyboard.press("e")
    expect(page.locator(".toast").last).to_contain_text("2 threads closed.")
    page.keyboard.press("Control+z")
    expect(page.locator(".toast").last).to_contain_text("2 threads are as they were.")
    page.keyboard.press("Control+k")
    page.keyboard.type("new v")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/views/new$"))


@only("sqlite")
def test_twice_as_large_nothing_is_cut_off(filled: Site) -> None:
    page = sign_in(filled, "oksana", device_scale_factor=2)
    page.set_viewport_size({"width": 683, "height": 384})  # 1366 x 768 at 200 %
    ready(page)
    for place in ("/waiting", "/settings", "/views/new", "/clients", "/write"):
        page.goto(f"{filled.url}{place}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), place
    page.goto(f"{filled.url}/waiting")
    page.locator(".row-link").first.click()
    expect(page.locator("#subject")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    press(page, "KeyE", "у")
    expect(page.locator(".thread-state")).to_contain_text("Closed")


@only("sqlite")
def test_a_phone_swipes_one_pane_at_a_time(filled: Site) -> None:
    page = sign_in(filled, "oksana", has_touch=True, is_mobile=True)
    page.set_viewport_size({"width": 390, "height": 844})
    ready(page)
    expect(page.locator("#thread")).to_be_hidden()
    expect(page.locator(".tab")).to_have_count(5)
    first = page.locator(".row").first
    swipe(page, -200)
    expect(page.locator(".toast").last).to_contain_text("Closed")
    expect(first).to_have_class(re.compile("gone"))
    page.locator(".row-link").nth(1).tap()
    expect(page.locator("#subject")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    expect(page.locator(".tabs")).to_be_hidden()
    page.locator("a.back").tap()
    expect(page.locator("#list")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def swipe(page: Page, distance: int) -> None:
    """A finger over the first row."""
    page.evaluate(
        """(distance) => {
            const row = document.querySelector(".row"), box = row.getBoundingClientRect(), y = box.top + 40;
            const touch = (x) => new Touch({identifier: 1, target: row, clientX: x, clientY: y});
            const say = (kind, x) => row.dispatchEvent(new TouchEvent(kind, {bubbles: true, cancelable: true,
                touches: kind === "touchend" ? [] : [touch(x)], changedTouches: [touch(x)]}));
            say("touchstart", 250);
            for (let step = 1; step <= 10; step++) say("touchmove", 250 + (distance * step) / 10);
            say("touchend", 250 + distance);
        }""",
        distance,
    )


@only("sqlite")
def test_what_comes_over_the_wire_is_small(filled: Site) -> None:
    page = sign_in(filled, "oksana")
    ready(page)
    thread = page.locator(".row-link").first.get_attribute("href")
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#thread"}
    for path in (
        thread,
        "/fragments/rail?place=waiting",
        "/fragments/choices?place=waiting&of=assign",
        "/fragments/palette?words=bal",
    ):
        answer = page.request.get(f"{filled.url}{path}", headers=part)
        assert answer.status == 200, path
        assert len(gzip.compress(answer.body())) <= LARGEST_FRAGMENT, path
    document = gzip.compress(page.request.get(f"{filled.url}/waiting").body())
    built = [
        name for name in re.findall(r"/assets/([\w.-]+)", gzip.decompress(document).decode()) if "icon.png" not in name
    ]
    loaded = {name for name in built if name.endswith((".css", ".js", ".woff2", ".svg"))}
    sizes = {name: _wire((assets_dir() / name).read_bytes(), name) for name in loaded}
    assert len(document) + sum(sizes.values()) <= LARGEST_LOAD, sizes


def _wire(content: bytes, name: str) -> int:
    return len(content) if name.endswith(".woff2") else len(brotli.compress(content))


@only("sqlite")
def test_the_worker_keeps_built_files_and_nothing_else(filled: Site) -> None:
    page = sign_in(filled, "oksana", service_workers="allow")
    ready(page)
    page.evaluate("navigator.serviceWorker.ready")
    page.goto(f"{filled.url}/waiting")
    page.locator(".row-link").first.click()
    expect(page.locator("#subject")).to_be_visible()
    kept = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
            (await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname)))).flat()"""
    )
    assert "/offline" in kept
    assert all(path == "/offline" or path.startswith("/assets/") for path in kept), kept
    context: BrowserContext = page.context
    context.set_offline(True)
    page.goto(f"{filled.url}/waiting")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Bearings")
    context.set_offline(False)
    filled.faults.clear()
    manifest = page.request.get(f"{filled.url}/manifest.webmanifest").json()
    for icon in manifest["icons"]:
        assert page.request.get(f"{filled.url}{icon['src']}").status == 200
