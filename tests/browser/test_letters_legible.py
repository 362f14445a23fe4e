"""Honest letters stay what they were: words, links, pictures of their own, the right height, white or dark paper."""

import base64
import re
import statistics
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from mailhub.letters.html import FRAME_HEADERS, SANDBOX, estimate_height, frame_document, make_harmless
from mailhub.letters.serving import PICTURE_HEADERS, preview
from tests.browser.letter_bench import Quiet, serving

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
ORDINARY = {
    "three lines": "<p>Добрий день!</p><p>Надсилаємо рахунок.</p><p>З повагою,<br>Оксана</p>",
    "long": "".join(f"<p>{'Kính gửi quý khách hàng, chúng tôi xin gửi báo giá. ' * 8}</p>" for _ in range(6)),
    "blocks": f"<div>{'We will deliver the goods on Tuesday morning. ' * 3}</div><div><br></div>" * 10,
    "rows": f"<table border=1>{'<tr><td>Назва товару</td><td>12 шт</td><td>450,00</td></tr>' * 20}</table>",
    "Outlook": "<style>p.MsoNormal{margin:0cm;font-size:11.0pt}</style>"
    + "<p class=MsoNormal>Изпращаме Ви офертата за месец ноември.</p><p class=MsoNormal>&nbsp;</p>" * 8,
    "list": f"<ul>{'<li>Один пункт списка</li>' * 12}</ul><blockquote>Quoted words<br>and more</blockquote>",
}
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")


def newsletters() -> dict[str, str]:
    folder = CORPORA / "newsletters"
    if not folder.exists():
        pytest.skip("not run: ../shared/corpora is absent")
    found = {path.name: path.read_text() for path in sorted(folder.glob("*.html"))}
    return {
        name: re.sub(r"\{\{\s*[\w.]*url[\w.]*\s*\}\}", "https://product.example/x", html)
        for name, html in found.items()
    }


@pytest.fixture
def page(chromium: Browser):
    context = chromium.new_context(viewport={"width": 526, "height": 10})
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    yield page
    context.close()


def words(page: Page) -> Counter:
    return Counter(page.evaluate("document.body.innerText").split())


def links(page: Page) -> Counter:
    found = page.evaluate("[...document.querySelectorAll('a[href]')].map(link => link.href)")
    return Counter(link for link in found if re.match("https?:|mailto:|tel:", link))


def test_newsletters_keep_words_and_links(page: Page) -> None:
    before, kept = Counter(), Counter()
    for html in newsletters().values():
        page.set_content(html, wait_until="domcontentloaded")
        raw_words, raw_links = words(page), links(page)
        page.set_content(frame_document(make_harmless(html, cid_links={})), wait_until="domcontentloaded")
        before.update(words=raw_words.total(), links=raw_links.total())
        kept.update(words=(raw_words & words(page)).total(), links=(raw_links & links(page)).total())
    print(f"\nnewsletters: {kept['words']} of {before['words']} words, {kept['links']} of {before['links']} links")
    assert before["words"] > 3000
    assert kept["words"] / before["words"] >= 0.99
    assert kept["links"] == before["links"] > 100


@pytest.mark.parametrize("width", [358, 526, 760])
def test_the_height_is_known_before_the_letter_is_shown(page: Page, width: int) -> None:
    ratios = {}
    page.set_viewport_size({"width": width, "height": 10})
    for name, html in (ORDINARY | newsletters()).items():
        letter = make_harmless(html, cid_links={})
        page.set_content(frame_document(letter), wait_until="domcontentloaded")
        ratios[name] = estimate_height(letter.html, width) / page.evaluate("document.body.scrollHeight")
    good = sum(0.75 <= ratio <= 1.33 for ratio in ratios.values())
    print(f"\n{width} px: median {statistics.median(ratios.values()):.2f}, {good} of {len(ratios)} within a quarter")
    assert good / len(ratios) >= 0.9, {name: ratio for name, ratio in ratios.items() if not 0.75 <= ratio <= 1.33}


def test_the_frame_has_no_origin_and_pictures_of_the_letter_are_shown(chromium: Browser) -> None:
    letter = make_harmless('<p>Logo</p><img src="cid:logo">', cid_links={"logo": "/picture"})
    seen = {}

    class Handler(Quiet):
        def do_GET(self) -> None:
            seen[self.path] = self.headers.get("Cookie")
            if self.path == "/":
                body = f'<iframe sandbox="{SANDBOX}" src="/frame"></iframe>'
                self.answer(body.encode(), {"Content-Type": "text/html", "Set-Cookie": "s=1; SameSite=Lax; HttpOnly"})
            elif self.path == "/frame":
                self.answer(frame_document(letter).encode(), FRAME_HEADERS)
            else:
                self.answer(preview(PIXEL) or b"", PICTURE_HEADERS)

    assert issubclass(Handler, BaseHTTPRequestHandler)
    with serving(Handler) as home:
        page = chromium.new_page()
        page.goto(home)
        frame = page.main_frame.child_frames[0]
        assert frame.evaluate("[self.origin, document.images[0].naturalWidth]") == ["null", 1]
        assert page.evaluate("document.querySelector('iframe').contentDocument") is None
        # A picture is asked for without the session: its address must carry the right to see it.
        assert seen["/frame"] == "s=1"
        assert seen["/picture"] is None
        page.close()


@pytest.mark.parametrize(("html", "scheme", "ground"), [
    ("<p>x", "dark", "rgb(21, 25, 32)"),
    ("<p>x", "light", "rgb(255, 255, 255)"),
    ('<p style="color:#111">x', "dark", "rgb(255, 255, 255)"),
])  # fmt: skip
def test_paper(chromium: Browser, html: str, scheme: str, ground: str) -> None:
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.set_content(frame_document(make_harmless(html, cid_links={})))
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == ground
    context.close()
