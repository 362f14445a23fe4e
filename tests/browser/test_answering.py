"""From the socket to the answer and back: a letter comes over SMTP, it is answered in the browser, a relay takes the
answer, the client answers that; and what becomes of an answer that fails, comes back or was thought better of."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from core import clock
from core.database import WriteTx
from crm.staff.people import find_user_by_email
from crm.staff.rights import add_grant
from mailhub.letters.letter import parse_letter
from mailhub.mailboxes.boxes import find_mailbox
from mailhub.outbound import ledger
from mailhub.outbound.tables import delivery
from tests.browser.site import Site, found, hashed
from tests.support.house import eventually, running_site, send, settings_for
from tests.support.sink import Script, Sink, Taken

LEAVES_MS = 25_000  # ten seconds for second thoughts, and the sweep of the sender


def refuse_the_gone(recipient: str, _tries: int) -> str:
    return "550 5.1.1 There is nobody of that name" if recipient.startswith("gone@") else ""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(Script(rcpt=refuse_the_gone)) as sink:
        yield sink


@pytest.fixture
def site(chromium: Browser, database_url: str, tmp_path: Path, sink: Sink) -> Iterator[Site]:
    settings = settings_for(database_url, tmp_path)
    out = replace(
        settings.send, relay=f"smtp://127.0.0.1:{sink.port}", return_path="verp", bounce_domain="bounce.firm.example"
    )
    with running_site(replace(settings, send=out), roles=("ingest", "send")) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(house.database.write_now, found, hashed()).result()
        site = Site(house, url, chromium)
        yield site
        for context in list(chromium.contexts):
            context.close()
        # What is refused here on purpose, a browser tells as an error of its own.
        assert [fault for fault in site.faults if "(Conflict)" not in fault and "(Bad Request)" not in fault] == []


def open_thread(page: Page, subject: str) -> None:
    row = page.locator(".row", has_text=subject)
    expect(row).to_be_visible()
    row.locator(".row-link").click()
    expect(page.locator("#subject")).to_have_text(subject)


def write(page: Page, text: str) -> None:
    page.keyboard.press("r")
    area = page.locator(".composer-text[contenteditable=true]")  # what fills a form at once waits for its editor
    expect(area).to_be_focused()
    area.fill(text)


def let_time_pass(site: Site) -> None:
    """The seconds for second thoughts are over, for whatever waits in them."""

    def come(tx: WriteTx) -> None:
        tx.execute(update(delivery).values(next_at=clock.now() - 1))
        tx.announce(ledger.TOPIC)

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(site.house.database.write_now, come).result()


def taken(sink: Sink, number: int) -> Taken:
    eventually(lambda: len(sink.taken) >= number, LEAVES_MS / 1000)
    return sink.taken[number - 1]


def client_answers(site: Site, answered: str, text: str) -> None:
    raw = (
        "From: Georgi Petrov <georgi@balkan.example>\r\nTo: claims@firm.example\r\nSubject: Re: Complaint\r\n"
        f"Message-ID: <back@balkan.example>\r\nIn-Reply-To: <{answered}>\r\n\r\n{text}\r\n"
    )
    send(site.house, raw.encode(), ["claims@firm.example"], sender="georgi@balkan.example")


def test_a_letter_is_answered_and_the_answer_is_answered(site: Site, sink: Sink) -> None:
    oksana, petro = site.sign_in("oksana"), site.sign_in("petro")
    site.write("Complaint", "Two came with rust.")
    open_thread(oksana, "Complaint")
    open_thread(petro, "Complaint")
    write(oksana, "We send two new ones.\n\nOksana")
    oksana.keyboard.press("Control+Enter")
    expect(oksana.locator(".toast")).to_contain_text("It leaves in a moment")
    expect(oksana.locator("#thread .letter-who").last).to_have_text("Me")
    expect(oksana.locator(".sending")).to_contain_text("Waiting to be sent")
    expect(oksana.locator(".composer")).not_to_have_attribute("open", "")
    expect(oksana.locator(".rail-item[href='/waiting'] .num")).to_have_text("0")
    expect(petro.locator("#thread")).to_contain_text("We send two new ones.")
    expect(petro.locator("#thread .letter-who").last).to_have_text("Oksana Lysenko")

    left = taken(sink, 1)
    asked = parse_letter(left.raw)
    assert left.recipient == "georgi@balkan.example"
    assert left.sender.startswith("b+")
    assert left.sender.endswith("@bounce.firm.example")
    assert asked.message_id is not None
    assert site.house.stamp.read_message_id(asked.message_id) is not None
    assert asked.references[-1:] == asked.in_reply_to
    assert asked.in_reply_to[0].endswith("@balkan.example")
    assert (asked.subject, asked.from_[0].address) == ("Re: Complaint", "claims@firm.example")
    assert (asked.reply_text or "").startswith("We send two new ones.")
    assert "> Two came with rust." in (asked.text or "")
    expect(oksana.locator(".sending")).to_contain_text("Sent,")

    client_answers(site, asked.message_id, "Thank you, that is well.")
    expect(oksana.locator("#thread")).to_contain_text("Thank you, that is well.")
    expect(oksana.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")

    report = (
        "From: MAILER-DAEMON@mx.balkan.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThe mailbox is full.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.balkan.example\r\n\r\n"
        "Final-Recipient: rfc822; georgi@balkan.example\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n--b--\r\n"
    )
    send(site.house, report.encode(), [left.sender], sender="")
    expect(oksana.locator(".bar.alarm")).to_contain_text("the mailbox there is full")


def test_an_answer_is_taken_back_and_nothing_is_lost(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "Too fast.")
    page.reload()
    expect(page.get_by_label("Text of the answer")).to_have_text("Too fast.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".toast")).to_contain_text("It leaves in a moment")
    page.locator("#thread-body, .thread-body").first.click()
    page.keyboard.press("Control+z")
    expect(page.locator(".toast").last).to_contain_text("Taken back")
    expect(page.get_by_label("Text of the answer")).to_have_text("Too fast.")
    expect(page.locator(".folded-snippet").last).to_contain_text("Taken back, not sent")
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")
    let_time_pass(site)
    page.wait_for_timeout(1_000)
    assert sink.taken == []


def test_a_thread_that_moved_stops_the_answer_inside_the_form(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "About two of them.")
    site.write("Re: Complaint", "Three, not two.")
    expect(page.locator(".thread-body")).to_contain_text("Three, not two.")
    expect(page.get_by_label("Text of the answer")).to_have_text("About two of them.")
    page.keyboard.press("Control+Enter")
    moved = page.locator(".moved")
    expect(moved).to_contain_text("Not sent yet: Georgi Petrov wrote")
    expect(moved).to_contain_text("Three, not two.")
    expect(page.get_by_label("Text of the answer")).to_have_text("About two of them.")
    moved.get_by_role("button", name="Keep writing").click()
    expect(page.locator(".moved")).to_have_count(0)
    page.get_by_label("Text of the answer").fill("About all three.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("It leaves in a moment")
    let_time_pass(site)
    assert "About all three." in (parse_letter(taken(sink, 1).raw).text or "")


def test_what_cannot_be_delivered_stands_red_at_the_letter(site: Site) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "To a wrong address.")
    page.get_by_role("button", name="Take away georgi@balkan.example").click()
    people = page.get_by_role("combobox", name="To", exact=True)
    people.fill("no address at all")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("is not an e-mail address")
    expect(page.get_by_label("Text of the answer")).to_have_text("To a wrong address.")
    page.get_by_role("button", name="Take away no address at all").click()
    people.fill("gone@balkan.example")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer-warning")).to_contain_text("It is the first letter to gone@balkan.example.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".sending")).to_contain_text("Waiting to be sent")
    let_time_pass(site)
    alarm = page.locator(".bar.alarm")
    expect(alarm).to_contain_text("there is no such address", timeout=LEAVES_MS)
    expect(alarm.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.locator(".rail-item[href='/waiting'] .num")).to_have_text("1")


def test_enter_behind_an_address_sends_nothing(site: Site) -> None:
    page = site.sign_in()
    site.write("Complaint")
    open_thread(page, "Complaint")
    write(page, "Half a thought")
    page.get_by_role("combobox", name="To", exact=True).press("Enter")
    page.get_by_role("combobox", name="Cc").press("Enter")
    expect(page.get_by_label("Text of the answer")).to_have_text("Half a thought")
    expect(page.locator("#thread .letter, #thread details.folded")).to_have_count(1)
    expect(page.locator(".toast")).to_have_count(0)


def test_who_may_only_read_has_no_form(site: Site) -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(site.house.database.write_now, _let_the_stranger_read).result()
    page = site.sign_in("stranger")
    site.write("Complaint")
    open_thread(page, "Complaint")
    expect(page.locator(".composer")).to_have_count(0)


def _let_the_stranger_read(tx: WriteTx) -> None:
    box, person = find_mailbox(tx, "claims@firm.example"), find_user_by_email(tx, "stranger@firm.example")
    assert box is not None
    assert person is not None
    add_grant(tx, box.scope_id, "see", user_id=person.id)
