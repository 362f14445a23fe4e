"""The pages with sample data in a real browser: nothing overflows, keys and live changes work."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from queue import Empty, SimpleQueue
from types import SimpleNamespace as Thing

import pytest
from playwright.sync_api import Browser, Page, expect

from frontend.preview import Preview, environment
from tests.browser.sample import NOW, TIMEZONE, pages
from tests.browser.sample.house import shell
from tests.browser.sample.inbox import IN_TIME

# Playwright's clock is a script put into every frame, which a letter's frame must refuse; and a refusal is an answer.
EXPECTED = re.compile("is sandboxed|status of 4")
SIZES = {"desk": (1366, 768), "tablet": (900, 768), "phone": (390, 844)}
STRANGER = pages()["inbox-stranger"][1]
LIVE = pages()["inbox-list"][1] | {"shell": shell(events="/events"), "toast": None}


def row(number: int) -> Thing:
    return next(each for each in IN_TIME if each.id == number)


class House(Preview):
    """The preview, which also answers fragments, and streams what a test puts into `events`."""

    events: SimpleQueue[bytes]
    asked: list[str]
    streams = 0

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.asked.append(self.path)
        if path == "/events":
            self.stream()
        elif path == "/threads/3":
            self.refuse("The letter was moved.", 404)
        elif path == "/threads/8" and self.headers.get("HX-Request-Type") == "partial":
            self.fragment("_open.html", row=None, **{**STRANGER, "oob": False})
        elif path == "/fragments/rail":
            self.fragment("_rail.html", **LIVE)
        elif path == "/fragments/news":
            self.fragment("_news.html", news={"count": 3, "url": "/waiting"})
        elif path == "/fragments/rows/8":
            self.fragment("_one_row.html", **LIVE, row=row(8))
        elif path == "/letter":
            self.answer(b"<p>Hello</p>", "text/html")
        elif path == "/letter-in-html":
            letter = STRANGER["thread"].entries[-1]
            framed = Thing(
                **vars(letter) | {"html_url": "/letter", "html_heights": {"358": 900, "526": 700, "760": 500}}
            )
            thread = Thing(**vars(STRANGER["thread"]) | {"entries": [framed]})
            self.fragment("inbox.html", **{**STRANGER, "thread": thread})
        elif path == "/live":
            self.fragment("inbox.html", **LIVE)
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))  # what nobody reads resets the connection
        self.asked.append(f"{self.path} {self.headers.get('X-CSRF-Token')}")
        if self.path == "/threads/8/close":
            closed = {"row": Thing(**vars(row(8)) | {"gone": "Closed by you"}), "shell": LIVE["shell"]}
            toast = Thing(text="Closed", undo=Thing(url="/threads/8/reopen", fields={}), stays=False, composer=None)
            self.fragment("_changed.html", **closed, toast=toast, thread=None)
        else:
            self.refuse("Petro was quicker.", 409)

    def refuse(self, sentence: str, status: int) -> None:
        problem = environment().get_template("_problem.html").render(error=Thing(text=sentence), **LIVE)
        self.answer(problem.encode(), "text/html; charset=utf-8", status)

    def fragment(self, template: str, **data: object) -> None:
        self.answer(environment().get_template(template).render(data).encode(), "text/html; charset=utf-8")

    def stream(self) -> None:
        type(self).streams += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                try:
                    self.wfile.write(self.events.get(timeout=0.2))
                except Empty:
                    self.wfile.write(b":\n\n")
                self.wfile.flush()
        except OSError:
            return  # the browser went away


class Server(ThreadingHTTPServer):
    """A queue that holds every connection a page of modules opens at once."""

    daemon_threads = True
    request_queue_size = 128


def until(page: Page, holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what the house sees; the page goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(20)


@pytest.fixture
def house() -> Iterator[str]:
    House.events, House.asked, House.streams = SimpleQueue(), [], 0
    server = Server(("127.0.0.1", 0), House)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium: Browser, house: str) -> Iterator[Page]:
    """A page on a desk whose faults fail the test; it closes before the house does.

    A house that ends first resets the connections it has not taken yet, and the page would report that as its own.
    """
    assert house
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, timezone_id=TIMEZONE)
    opened = context.new_page()
    faults: list[str] = []
    opened.on(
        "console",
        lambda message: (
            faults.append(message.text) if message.type == "error" and not EXPECTED.search(message.text) else None
        ),
    )
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.clock.set_fixed_time(NOW)
    yield opened
    context.close()
    assert not faults


@pytest.mark.parametrize("size", SIZES)
def test_nothing_overflows_and_the_policy_holds(page: Page, house: str, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    for name in pages():
        page.goto(f"{house}/{name}")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, name


def test_touch_targets_on_a_phone(chromium: Browser, house: str) -> None:
    """44 px at least in one direction and 28 in the other, as rows of text links need not be squares."""
    page = chromium.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    small = """() => [...document.querySelectorAll("a, button, summary, input")]
        .filter(each => each.checkVisibility({visibilityProperty: true}))
        .map(each => [each.getBoundingClientRect(), each.outerHTML.slice(0, 80)])
        .filter(([{width, height}]) => width > 1 && (Math.max(width, height) < 44 || Math.min(width, height) < 28))
        .map(([{width, height}, html]) => `${Math.round(width)}x${Math.round(height)} ${html}`)"""
    for name in ("inbox", "inbox-list", "inbox-stranger", "quarantine", "clients", "login"):
        for drawer in ("", "rail", "panel"):
            page.goto(f"{house}/{name}")
            page.evaluate("name => { document.body.dataset.drawer = name }", drawer)
            page.wait_for_timeout(200)
            assert page.evaluate(small) == [], (name, drawer)
    page.close()


def test_keys_work_in_a_cyrillic_layout(page: Page, house: str) -> None:
    page.goto(f"{house}/inbox-list")
    press = """([code, key]) =>
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {code, key, bubbles: true}))"""
    page.evaluate(press, ["KeyJ", "о"])
    page.evaluate(press, ["KeyJ", "о"])
    expect(page.locator("#row-2 .row-link")).to_be_focused()
    page.evaluate(press, ["KeyK", "л"])
    expect(page.locator("#row-1 .row-link")).to_be_focused()
    page.evaluate(press, ["Slash", "?"])
    expect(page.locator("#keys")).to_be_visible()


def test_a_row_opens_in_place_and_has_its_address(page: Page, house: str) -> None:
    page.goto(f"{house}/inbox")
    page.locator("#row-8 .row-link").click()
    expect(page.locator("#subject")).to_contain_text("Vận chuyển container")
    expect(page.locator("#panel h2")).to_have_text("Who is this?")
    expect(page.locator(".row-link[aria-current]")).to_have_count(1)
    expect(page.locator("#row-8 .row-link")).to_have_attribute("aria-current", "true")
    assert page.url == f"{house}/threads/8"


def test_a_button_changes_its_row_and_offers_undo(page: Page, house: str) -> None:
    page.goto(f"{house}/live")
    page.locator("#row-8").hover()
    page.locator("#row-8 button[title=Close]").click()
    expect(page.locator("#row-8")).to_contain_text("Closed by you")
    expect(page.locator(".toast")).to_contain_text("Closed")
    expect(page.locator(".toast button").first).to_contain_text("Undo")
    assert "/threads/8/close sample" in House.asked  # the token travels in its header


def test_a_refused_button_says_why_and_changes_nothing(page: Page, house: str) -> None:
    page.goto(f"{house}/live")
    before = page.locator("#row-8").inner_text()
    page.locator("#row-8").hover()
    page.locator("#row-8 button[title='Assign to me']").click()
    expect(page.locator(".toast")).to_contain_text("Petro was quicker.")
    assert page.locator("#row-8").inner_text() == before


def test_what_cannot_be_opened_leaves_the_open_letter(page: Page, house: str) -> None:
    page.goto(f"{house}/inbox")
    page.locator("#row-3 .row-link").click()
    expect(page.locator(".toast")).to_contain_text("The letter was moved.")
    expect(page.locator("#subject")).to_have_text("Рекламация по фактура 552")


def test_back_on_a_phone_shows_the_list_where_it_was(page: Page, house: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{house}/inbox-list")
    page.locator("#row-8 .row-link").click()
    expect(page.locator("#list")).to_be_hidden()
    page.locator(".back").click()
    expect(page.locator("#row-8")).to_be_in_viewport()
    expect(page.locator("#row-8 .row-link")).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(390, 900), (1366, 700), (1920, 500)])
def test_a_frame_is_as_tall_as_was_estimated_for_its_width(page: Page, house: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(f"{house}/letter-in-html")
    expect(page.locator(".letter-html")).to_have_attribute("height", str(height))
    assert page.locator(".letter-html").get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"


def test_one_stream_for_all_tabs_and_the_next_tab_goes_on(page: Page, house: str) -> None:
    other = page.context.new_page()
    page.goto(f"{house}/live")
    until(page, lambda: House.streams == 1)
    other.goto(f"{house}/live")
    other.wait_for_timeout(300)
    assert House.streams == 1
    House.events.put(b'id: 4712\ndata: {"kind": "message-received", "thread_id": 99}\n\n')
    other.bring_to_front()
    expect(other.locator("#news")).to_contain_text("3 new")
    page.close()
    until(other, lambda: House.streams == 2)
    assert [path for path in House.asked if path.startswith("/events")] == ["/events?after=4711", "/events?after=4712"]


def test_a_change_of_the_open_thread_refreshes_it(page: Page, house: str) -> None:
    page.goto(f"{house}/live")
    page.locator("#row-8 .row-link").click()
    expect(page.locator("#thread[data-thread='8']")).to_be_visible()
    House.asked.clear()
    House.events.put(b'id: 5\ndata: {"kind": "thread-assigned", "thread_id": 8}\n\n')
    until(page, lambda: {"/fragments/rail", "/threads/8", "/fragments/rows/8"} <= set(House.asked))
