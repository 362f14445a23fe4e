"""Two days of work with letters to many: a marketer sends a mailing by way of its desk, and a manager's plan writes a
letter by itself, until it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from core import clock
from core.database import WriteTx
from crm.parties import add_contact, add_counterparty
from crm.planner.tables import event, occurrence
from mailhub.automatic import rules
from mailhub.automatic.tables import automatic_rule
from mailhub.letters.letter import parse_letter
from tests.browser.site import Site, found, hashed
from tests.support.house import eventually, running_site, send, settings_for
from tests.support.sink import Sink

LEAVES_SECONDS = 60
DAY = clock.DAY


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def site(chromium: Browser, database_url: str, tmp_path: Path, sink: Sink) -> Iterator[Site]:
    settings = settings_for(database_url, tmp_path)
    out = replace(settings.send, relay=f"smtp://127.0.0.1:{sink.port}")
    roles = ("ingest", "send", "clock")
    with running_site(replace(settings, send=out), roles=roles) as (house, url):
        site = Site(house, url, chromium)
        write(site, found, hashed())
        write(site, meet_clients)
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert site.faults == []


def write(site: Site, verb, *arguments: object) -> None:
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright has an event loop in this thread
        elsewhere.submit(site.house.database.write_now, verb, *arguments).result()


def meet_clients(tx: WriteTx) -> None:
    for number, city in enumerate(("Sofia", "Sofia", "Varna")):
        client = add_counterparty(tx, f"Client {number}", city=city)
        add_contact(tx, f"Anna {number}", emails=[f"anna{number}@client{number}.example"], counterparty_id=client)


def test_a_marketer_sends_a_mailing_by_way_of_its_desk(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/segments/new")
    page.get_by_label("With what").fill("Sofia")
    expect(page.locator("#segment-count")).to_contain_text("2 clients now")
    page.get_by_label("Called").fill("In Sofia")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("In Sofia")

    page.goto(f"{site.url}/mailings")
    page.get_by_label("New mailing").fill("Winter prices")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("In Sofia").select_option(label="gets it")
    page.get_by_role("button", name="Save and write the letter").click()
    page.get_by_label("Subject").fill("Prices for ")
    page.get_by_role("button", name="name of the client").click()
    expect(page.get_by_label("Subject")).to_have_value("Prices for {{ client.name }}")
    page.locator("textarea[name=source]").fill("Dear colleagues, the prices of the winter.")
    page.get_by_role("button", name="Save and check").click()

    page.get_by_role("button", name="Freeze the list and check").click()
    # The page follows the work by itself, to its end.
    expect(page.get_by_text("2 letters were rendered and may leave.")).to_be_visible(timeout=LEAVES_SECONDS * 1000)
    page.get_by_role("link", name="Go on: when").click()
    page.get_by_label("So many first").fill("1")
    page.locator("form", has_text="Sender's name").get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 go first, the rest waits for you.")).to_be_visible()
    page.get_by_role("button", name="Send to 2 people").click()

    on = page.get_by_role("button", name="Let it go on")
    expect(on).to_be_visible(timeout=LEAVES_SECONDS * 1000)
    assert len(sink.taken) == 1
    on.click()
    expect(page.locator("h1")).to_contain_text("Sent", timeout=LEAVES_SECONDS * 1000)
    expect(page.locator(".mailing-big")).to_have_text("2 of 2 handed over")
    expect(page.locator(".mailing-figures li").first).to_contain_text("Delivered")
    subjects = {parse_letter(one.raw).subject for one in sink.taken}
    assert subjects == {"Prices for Client 0", "Prices for Client 1"}


def comes_near(tx: WriteTx, moved: int) -> None:
    """As if the meeting had been planned long ago: it takes place in a day less a minute, ``moved`` days later than it
    was thought, and the rule has stood all the while."""
    then = clock.now() + DAY - clock.MINUTE
    tx.execute(update(event).values(created_at=clock.now() - 9 * DAY))
    tx.execute(update(occurrence).values(due_at=then, starts=f"2030-01-0{1 + moved}T10:00"))
    back = clock.now() - 3 * clock.MINUTE
    tx.execute(update(automatic_rule).values(since=back, looked_at=back))
    tx.announce(rules.TOPIC)


def test_a_planned_meeting_writes_until_it_is_answered(site: Site, sink: Sink) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/mailings/automatic/new?kind=event")
    page.get_by_label("Name of the rule").fill("Before a meeting")
    page.get_by_label("Subject", exact=True).fill("Tomorrow: {{ event.subject }}")
    page.locator("textarea[name=source]").fill("Dear {{ contact.name }}, we look forward to it.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Try it on the last 90 days").click()
    expect(page.get_by_text("In the last 90 days it would have had")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("switch", name="Before a meeting")).to_have_attribute("aria-checked", "true")

    page.goto(f"{site.url}/calendar/new?client=1")
    page.get_by_label("What is to be done").fill("The new pumps")
    page.locator("input[name=starts]").fill("2030-01-01T10:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The new pumps")
    write(site, comes_near, 0)
    eventually(lambda: sink.taken, LEAVES_SECONDS)
    letter = parse_letter(sink.taken[0].raw)
    assert (sink.taken[0].recipient, letter.subject) == ("georgi@balkan.example", "Tomorrow: The new pumps")

    answer = (
        "From: Georgi Petrov <georgi@balkan.example>\r\nTo: claims@firm.example\r\nSubject: Re: Tomorrow\r\n"
        f"Message-ID: <yes@balkan.example>\r\nIn-Reply-To: <{letter.message_id}>\r\n\r\nWe come.\r\n"
    )
    send(site.house, answer.encode(), ["claims@firm.example"], sender="georgi@balkan.example")
    page.goto(f"{site.url}/waiting")
    expect(page.locator(".row", has_text="Tomorrow: The new pumps")).to_be_visible()
    write(site, comes_near, 1)

    def told() -> bool:
        page.goto(f"{site.url}/mailings/automatic")
        return "did not go: they answered" in page.locator(".automatic-log").last.inner_text()

    eventually(told, LEAVES_SECONDS)
    assert len(sink.taken) == 1
