"""The whole way: a mail program, Postfix as the other side's server, our listener, and the page of whoever answers."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.site import Site
from tests.support.postfix import Postfix


def test_a_letter_through_postfix_appears_without_reload(site: Site) -> None:
    assert site.house.listener is not None
    relay = Postfix(site.house.listener.port, sessions=2)
    try:
        page = site.sign_in()
        expect(page.get_by_text("Nobody waits for us")).to_be_visible()
        page.evaluate("window.stayed = true")
        site.write("Complaint by way of Postfix", by_way_of=relay.port)
        row = page.locator(".row", has_text="Complaint by way of Postfix")
        expect(row).to_be_visible()
        expect(row).to_contain_text("Balkan Logistic")
        assert page.evaluate("window.stayed"), "the page was not loaded again"
        assert relay.count_sent() == 1
    finally:
        relay.stop()
