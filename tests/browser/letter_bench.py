"""A bench for hostile letters: serves them in frames, listens for whatever they reach, clicks and hovers all of it.

`Listener` is where the letters call home: it counts each request, by case and by what the browser says it is for.
`Desk` serves pages of many frames; each frame shows one letter with the headers and the sandbox of one layout.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Browser, Error, Frame, Page, Request

from mailhub.letters.html import FRAME_HEADERS, SANDBOX

_TELL = """for (const ask of ['alert', 'confirm', 'prompt', 'print']) window[ask] = () => { hit(place()) }
function place() { const m = /frame.(\\d+)/.exec(location.pathname); return m ? Number(m[1]) : -1 }"""
_TOUCH = """() => {
const text = document.body?.innerText ?? '', all = document.querySelectorAll('*');
for (const it of all) {
  for (const kind of ['pointerover', 'mouseover', 'mouseenter', 'mousemove', 'focus', 'keydown'])
    it.dispatchEvent(new Event(kind, {bubbles: true}));
  try { it.focus && it.focus() } catch {}
  try { it.click ? it.click() : it.dispatchEvent(new MouseEvent('click', {bubbles: true})) } catch {}
}
return [text, all.length] }"""
_PLACES = """() => {
const some = [...document.querySelectorAll('a,button,input,img,label,summary,svg,math,div')].slice(0, 4);
return some.map(it => it.getBoundingClientRect()).map(
  box => [box.x + Math.min(box.width / 2, 40), box.y + Math.min(box.height / 2, 8)]) }"""


@dataclass(frozen=True)
class Reached:
    case: str
    purpose: str
    """Sec-Fetch-Dest: "document" is a tab that a click opened, everything else loads or leaks."""


@dataclass
class Outcome:
    executed: set[int] = field(default_factory=set)
    reached: list[Reached] = field(default_factory=list)
    """Before anything was clicked."""
    leaked: list[Reached] = field(default_factory=list)
    """After clicking, tabs opened by the click not counted."""
    tabs: int = 0
    navigated: set[str] = field(default_factory=set)
    texts: dict[int, str] = field(default_factory=dict)
    touched: int = 0
    abroad: set[str] = field(default_factory=set)
    """Addresses elsewhere that the browser set out for, navigations apart."""


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # a tab that was closed no longer wants it
            self.end_headers()
            self.wfile.write(body)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Listener:
    def __init__(self) -> None:
        self.reached: list[Reached] = []
        listener = self

        class Handler(Quiet):
            def any_method(self) -> None:
                if self.path != "/favicon.ico":  # asked for by a tab, not by a letter
                    listener.reached.append(Reached(self.path, self.headers.get("Sec-Fetch-Dest", "?")))
                self.answer(b"", {"Content-Type": "image/gif", "Cache-Control": "no-store"})

            do_GET = do_POST = do_HEAD = do_OPTIONS = any_method

        self.handler = Handler


class Desk:
    """Serves `letters` (whole documents by number), framed in pages of `per_page`."""

    def __init__(self, letters: list[str], *, layer_two: bool, per_page: int = 77) -> None:
        self.letters, self.per_page = letters, per_page
        headers = dict(FRAME_HEADERS) if layer_two else {"Content-Type": "text/html; charset=utf-8"}
        sandbox = f' sandbox="{SANDBOX}"' if layer_two else ""
        desk = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                kind, number = (re.findall(r"^/(frame|page)/(\d+)", self.path) or [("", "0")])[0]
                if kind == "frame":
                    self.answer(desk.letters[int(number)].encode(errors="replace"), headers)
                elif kind == "page":
                    first = int(number) * desk.per_page
                    numbers = range(first, min(first + desk.per_page, len(desk.letters)))
                    frames = "".join(f'<iframe{sandbox} src="/frame/{n}" height=120></iframe>' for n in numbers)
                    self.answer(f"<!doctype html><title>desk</title>{frames}".encode(), {"Content-Type": "text/html"})
                else:
                    self.answer(b"", {"Content-Type": "text/plain"})

        self.handler = Handler
        self.pages = -(-len(letters) // per_page)


def show(
    browser: Browser, listener: Listener, desk: Desk, *, touch: bool = True, mouse: int = 0, opens: bool = False
) -> Outcome:
    """Open every letter, wait, then (with `touch`) hover, focus and click every element of it; in the first
    `mouse` letters with a real pointer too. Of letters whose links open windows (`opens`) the first is waited for."""
    outcome = Outcome()
    context = browser.new_context(viewport={"width": 1400, "height": 3600})
    context.on("requestfinished", lambda request: _note(request, outcome))
    context.on("requestfailed", lambda request: _note(request, outcome))
    context.expose_binding("hit", lambda source, number=-1: outcome.executed.add(int(number)))
    context.add_init_script(_TELL)
    listener.reached.clear()
    with serving(desk.handler) as home:
        page = context.new_page()
        context.on("page", lambda tab: _close(tab, page, outcome))
        for number in range(desk.pages):
            _show_page(page, home, number, listener, outcome, touch=touch, mouse=mouse)
        until = time.monotonic() + 30
        while opens and not outcome.tabs and time.monotonic() < until:
            page.wait_for_timeout(50)
    context.close()
    return outcome


def _note(request: Request, outcome: Outcome) -> None:
    blocked = request.failure and ("csp" in request.failure or "BLOCKED_BY" in request.failure)
    inside = request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))
    if not inside and not blocked and not request.is_navigation_request():
        outcome.abroad.add(f"{request.url} {request.failure}")


def _close(tab: Page, ours: Page, outcome: Outcome) -> None:
    if tab is not ours:
        outcome.tabs += 1
        tab.close()


def _show_page(
    page: Page, home: str, number: int, listener: Listener, outcome: Outcome, *, touch: bool, mouse: int
) -> None:
    page.goto(f"{home}/page/{number}", wait_until="load")
    page.wait_for_timeout(250)
    before = page.evaluate("document.documentElement.outerHTML")
    outcome.reached += listener.reached
    listener.reached.clear()
    for frame in page.main_frame.child_frames:
        if not re.fullmatch(rf"{home}/frame/\d+", frame.url):
            outcome.navigated.add(frame.url)
            continue
        place = int(frame.url.rpartition("/")[2])
        if touch:
            outcome.texts[place], touched = frame.evaluate(_TOUCH)
            outcome.touched += touched
        if touch and place < mouse:
            _point(page, frame)
    if touch:
        page.wait_for_timeout(150)
    if page.url != f"{home}/page/{number}":
        outcome.navigated.add(page.url)
    elif page.evaluate("document.documentElement.outerHTML") != before:
        outcome.navigated.add("the page around the letter was changed")
    for frame in page.main_frame.child_frames:
        if not re.fullmatch(rf"{home}/frame/\d+", frame.url):
            outcome.navigated.add(frame.url)
    _leave(page, listener, outcome)


def _leave(page: Page, listener: Listener, outcome: Outcome) -> None:
    """Leave the page, and let what its clicks still set off come in: nothing of it is counted to the next page."""
    page.goto("about:blank")
    counted = -1
    while counted != len(listener.reached):
        counted = len(listener.reached)
        page.wait_for_timeout(100)
    outcome.leaked += [one for one in listener.reached if one.purpose != "document"]
    listener.reached.clear()


def _places_in(frame: Frame) -> list[tuple[float, float]]:
    """Where there is something to point at. A link that was touched before may lead away just now."""
    for _ in range(5):
        try:
            return [(x, y) for x, y in frame.evaluate(_PLACES)]
        except Error as problem:
            if "navigation" not in str(problem):
                raise
            frame.wait_for_load_state()
    return []


def _point(page: Page, frame: Frame) -> None:
    """Hover and click with the pointer, as a reader does."""
    around = frame.frame_element().bounding_box()
    places = _places_in(frame)
    for x, y in places if around else []:
        if 0 <= x < around["width"] and 0 <= y < around["height"]:
            page.mouse.move(around["x"] + x, around["y"] + y)
            page.mouse.click(around["x"] + x, around["y"] + y)
