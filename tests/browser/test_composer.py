"""Writing a letter with everything around it: formats by physical keys, pictures by paste, files by drop, people by
their names, drafts that colleagues go on with, warnings, forwards and new letters."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from core.database import WriteTx
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import ParsedLetter
from mailhub.outbound.tables import signature
from tests.api.world import picture
from tests.browser.site import Site, found, hashed
from tests.browser.test_answering import open_thread, taken, write
from tests.support.engines import only
from tests.support.house import eventually, running_site, settings_for
from tests.support.sink import Script, Sink

TEXT = "Text of the answer"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(Script()) as sink:
        yield sink


@pytest.fixture
def site(chromium: Browser, database_url: str, tmp_path: Path, sink: Sink) -> Iterator[Site]:
    settings = settings_for(database_url, tmp_path)
    out = replace(settings.send, relay=f"smtp://127.0.0.1:{sink.port}", undo_seconds=1)
    with running_site(replace(settings, send=out), roles=("ingest", "send")) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(house.database.write_now, found, hashed()).result()
            elsewhere.submit(house.database.write_now, signed).result()
        site = Site(house, url, chromium)
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert site.faults == []


def signed(tx: WriteTx) -> None:
    """Each mailbox ends its letters with words of its own."""
    for mailbox_id, words in enumerate(("The sales team", "The claims desk"), 1):
        tx.insert(signature, mailbox_id=mailbox_id, user_id=0, html=f"<div>{words}</div>")


def left(sink: Sink) -> ParsedLetter:
    return parse_letter(taken(sink, 1).raw)


def give(page: Page, kind: str, name: str, content: bytes, type_: str) -> None:
    """Paste or drop a file onto the text."""
    page.get_by_label(TEXT).evaluate(
        """(node, [kind, name, content, type]) => {
            const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type }));
            const more = { bubbles: true, cancelable: true };
            node.dispatchEvent(kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, ...more })
                                                : new DragEvent(kind, { dataTransfer: data, ...more }));
        }""",
        [kind, name, base64.b64encode(content).decode(), type_],
    )


def test_formats_a_pasted_picture_and_a_dropped_file(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "")
    expect(page.locator(".composer-text")).to_be_focused()
    # In a Cyrillic layout the key of B says "и".
    page.evaluate(
        """() => {
            const said = { key: "и", code: "KeyB", ctrlKey: true, bubbles: true, cancelable: true };
            document.querySelector(".composer-text").dispatchEvent(new KeyboardEvent("keydown", said));
        }"""
    )
    page.keyboard.type("Дякуємо")
    expect(page.get_by_role("button", name="Bold")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+b")
    page.keyboard.type(", see the crack: ")
    give(page, "paste", "crack.png", picture(), "image/png")
    expect(page.locator(".composer-text img")).to_have_count(1)
    give(page, "drop", "звіт.txt", b"12 pumps", "text/plain")
    expect(page.locator(".composer-files .file")).to_contain_text("звіт.txt")
    expect(page.locator(".composer-kept")).to_contain_text("Draft saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("It leaves in a moment")
    parsed = left(sink)
    assert (parsed.text or "").startswith("Дякуємо, see the crack: [crack.png]")
    assert "<b>Дякуємо</b>, see the crack" in (parsed.html or "")
    assert [(one.filename, one.inline) for one in parsed.attachments] == [("crack.png", True), ("звіт.txt", False)]
    assert f'src="cid:{parsed.attachments[0].content_id}"' in (parsed.html or "")
    expect(page.locator(".composer-files .file")).to_have_count(0)


def test_pasted_html_keeps_formats_and_nothing_else(site: Site) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "")
    page.get_by_label(TEXT).evaluate(
        """(node) => {
            const data = new DataTransfer();
            data.setData("text/html", '<p style="color:red">One <b onclick="x()">two</b></p>'
                + '<script>window.hit = 1</script><img src="https://far.example/x.png" onerror="window.hit = 1">'
                + '<a href="javascript:x()">three</a>');
            node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.get_by_label(TEXT)).to_contain_text("One two")
    said = page.get_by_label(TEXT).inner_html()
    assert "<b>two</b>" in said
    for gone in ("style", "onclick", "script", "far.example", "javascript"):
        assert gone not in said
    assert page.evaluate("window.hit") is None


def test_a_colleague_goes_on_with_a_draft(site: Site, sink: Sink) -> None:
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    site.write("Complaint")
    open_thread(oksana, "Complaint")
    open_thread(petro, "Complaint")
    write(oksana, "We send two new")
    expect(oksana.locator(".composer-kept")).to_contain_text("Draft saved")
    others = petro.locator(".drafts-of-others")
    expect(others).to_contain_text("Draft by Oksana Lysenko")
    others.get_by_role("button", name="Go on with it").click()
    expect(petro.get_by_label(TEXT)).to_have_text("We send two new")
    petro.get_by_label(TEXT).fill("We send two new ones today.")
    petro.keyboard.press("Control+Enter")
    expect(petro.locator(".toast")).to_contain_text("It leaves in a moment")
    assert (left(sink).text or "").startswith("We send two new ones today.")


def test_a_missing_file_is_noticed_once(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "Рахунок у вкладенні, додаю.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer-warning")).to_have_text("You wrote of a file, and none is attached.")
    expect(page.locator(".toast")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("It leaves in a moment")


def test_a_new_letter_to_somebody_found_by_name(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="New letter")).to_be_visible()
    text = page.get_by_label("Text of the letter")
    sender = page.get_by_label("From", exact=True)
    sender.select_option("claims@firm.example")
    expect(text).to_contain_text("The claims desk")
    sender.select_option("sales@firm.example")
    expect(text).to_contain_text("The sales team")
    expect(text).not_to_contain_text("The claims desk")
    people = page.get_by_role("combobox", name="To", exact=True)
    people.press_sequentially("nobody@firm,")
    expect(page.locator(".people-wrong:visible")).to_contain_text("Behind the @ a dot is missing")
    expect(page.locator(".people .chip.late")).to_have_count(1)
    page.keyboard.press("Backspace")
    expect(page.locator(".people-wrong:visible")).to_have_count(0)
    people.press_sequentially("balkan lo")
    expect(page.locator(".people-found [role=option]")).to_contain_text("Georgi Petrov")
    people.fill("")
    people.press_sequentially("geo")
    people.press("Enter")
    expect(page.locator(".people .chip").first).to_contain_text("Georgi Petrov")
    page.get_by_label("Subject").fill("Price list")
    text.fill("Here it is.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer-warning")).to_contain_text("It is the first letter to georgi@balkan.example.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#subject")).to_have_text("Price list")
    parsed = left(sink)
    assert (parsed.subject, parsed.text, parsed.html) == ("Price list", "Here it is.\n", None)
    assert [(one.name, one.address) for one in parsed.to] == [("Georgi Petrov", "georgi@balkan.example")]


def test_who_writes_before_the_editor_is_there_loses_nothing(site: Site) -> None:
    page = site.sign_in()
    site.write("Complaint")
    held: list[Route] = []
    page.route("**/editor-*.js", partial(list.append, held))
    open_thread(page, "Complaint")
    page.keyboard.press("r")
    expect(page.get_by_label(TEXT)).to_be_focused()
    page.keyboard.type("Thank you,")
    held[0].continue_()
    text = page.locator(".composer-text")
    expect(text).to_be_focused()
    page.keyboard.type(" we look into it.")
    expect(text).to_contain_text("Thank you, we look into it.")
    expect(text).to_contain_text("The claims desk")


@only("sqlite")
def test_who_writes_before_any_script_runs_loses_nothing(site: Site) -> None:
    page = site.sign_in()
    held: list[Route] = []
    page.route("**/app-*.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    page.goto(f"{site.url}/write?to=nobody@elsewhere.example", wait_until="commit")
    page.get_by_label("Text of the letter").focus()
    page.keyboard.type("Dear ")
    held[0].continue_()
    text = page.locator(".composer-text")
    expect(text).to_be_focused()
    page.keyboard.type("colleagues,")
    expect(text).to_contain_text("Dear colleagues,")


def test_people_are_pasted_dragged_and_walked_by_keys(site: Site) -> None:
    page = site.sign_in()
    page.keyboard.press("c")
    to, cc = (page.get_by_role("combobox", name=name, exact=True) for name in ("To", "Cc"))
    to.focus()
    to.evaluate(
        """(node) => {
            const data = new DataTransfer();
            data.setData("text/plain", "a@client.example b@client.example\\nc@client.example");
            node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    chips = page.locator(".people .chip")
    expect(chips).to_have_count(3)
    chips.filter(has_text="b@client").drag_to(cc)
    value = "document.querySelector('.composer form').elements.{}.value"
    assert page.evaluate(value.format("to")) == "a@client.example, c@client.example"
    assert page.evaluate(value.format("cc")) == "b@client.example"
    to.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Delete")
    assert page.evaluate(value.format("to")) == "c@client.example"
    to.focus()
    page.keyboard.type("d@client.example")
    page.keyboard.press("Tab")
    assert page.evaluate(value.format("to")) == "c@client.example, d@client.example"
    expect(cc).to_be_focused()


def test_a_saved_text_shows_its_fields_as_chips(site: Site) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/write?to=nobody@elsewhere.example")
    expect(page.locator(".composer-text[contenteditable=true]")).to_be_visible()
    page.get_by_label("Text of the letter").focus()
    page.keyboard.type("Dear ")
    page.locator(".composer-texts > summary").click()
    page.get_by_role("button", name="Contact's name").click()
    expect(page.get_by_label("Text of the letter")).to_contain_text("Dear {{ contact.name }}")
    page.get_by_role("textbox", name="Name of the text").fill("Greeting")
    page.get_by_role("button", name="Save what is written").click()
    page.get_by_role("button", name="Greeting", exact=True).focus()
    expect(page.locator(".text-preview .chip.late")).to_have_text("Contact's name: not known")
    page.get_by_role("button", name="Greeting", exact=True).press("Enter")
    expect(page.locator(".composer-warning")).to_contain_text("Nobody knows: Contact's name")


def test_a_forward_and_the_list_of_drafts(site: Site) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    page.keyboard.press("f")
    expect(page.get_by_label("Subject")).to_have_value("Fwd: Complaint")
    page.get_by_role("combobox", name="To", exact=True).fill("boss@firm.example")
    page.keyboard.press("Enter")
    expect(page.locator(".composer-kept")).to_contain_text("Draft saved")
    page.goto(f"{site.url}/drafts")
    expect(page.locator(".drafts-list")).to_contain_text("boss@firm.example")
    page.locator(".drafts-list a").click()
    expect(page.get_by_label("Subject")).to_have_value("Fwd: Complaint")
    # The thread has a "More" of its own, and this one is there only with the editor.
    page.locator(".composer-more > summary").click()
    page.get_by_role("button", name="Throw this draft away").click()
    expect(page.locator(".composer")).not_to_have_attribute("open", "")
    page.goto(f"{site.url}/drafts")
    expect(page.get_by_role("heading", name="Nothing is being written")).to_be_visible()


def test_without_scripts_it_is_a_form_of_plain_text(site: Site, sink: Sink) -> None:
    site.write("Complaint")
    page = site.sign_in(java_script_enabled=False)
    eventually(lambda: page.reload() is not None and page.locator(".row-link").count() == 1)  # nothing comes by itself
    page.locator(".row-link").first.click()
    page.locator(".composer-open").click()
    page.get_by_label(TEXT).fill("Plainly.")
    page.get_by_role("button", name="Send", exact=False).last.click()
    assert (left(sink).text or "").startswith("Plainly.")
