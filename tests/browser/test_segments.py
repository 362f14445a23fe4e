"""A segment by a rule is built by choosing words: how many it is true of stands beside them, who is in it follows what
happens, and each member says why it is there."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import expect

from core.database import Database
from crm.segments.following import follow_part
from crm.segments.preparing import prepare_part
from tests.browser.site import Site
from tests.support.engines import only
from tests.support.house import eventually


def follow(database: Database) -> None:
    """As the loop of the clock does, which this house has not."""
    while database.write_now(prepare_part, 100) is not None:
        pass
    while database.write_now(follow_part):
        pass


@only("sqlite")
def test_a_segment_is_built_counted_followed_and_explained(site: Site) -> None:
    page = site.sign_in()
    page.goto(f"{site.url}/segments")
    page.locator("summary", has_text="New segment").click()
    page.get_by_role("link", name="Clients by a rule").click()
    page.get_by_label("What is looked at").select_option(label="the positions of its people")
    page.get_by_label("With what").fill("PURCHASING")
    expect(page.get_by_text("1 client now")).to_be_visible()
    expect(page.get_by_role("link", name="Balkan Logistic")).to_be_visible()
    page.get_by_role("button", name="One more condition").click()
    expect(page.get_by_label("What is looked at")).to_have_count(2)
    page.get_by_label("What is looked at").nth(1).select_option(label="the number of letters")
    page.get_by_label("How it is compared").nth(1).select_option(label="is more than")
    page.get_by_label("With what").nth(1).fill("0")
    expect(page.get_by_text("0 clients now")).to_be_visible()
    page.get_by_label("Called").fill("Buyers who write")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"/segments/\d+$"))
    expect(page.get_by_text("Nobody is in it")).to_be_visible()

    site.write("Rusty pumps", "The pumps came with rust.", sender="georgi@balkan.example")
    member = page.get_by_role("link", name="Balkan Logistic", exact=True)

    def is_in() -> bool:
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(follow, site.house.database).result()
        page.reload()
        return member.count() == 1

    eventually(is_in)
    page.get_by_role("link", name="Why is Balkan Logistic here?").click()
    row = page.get_by_role("row", name=re.compile("The positions of its people contain “PURCHASING”"))
    expect(row.get_by_text("Purchasing", exact=True)).to_be_visible()
    page.goto(f"{site.url}/clients/1")
    expect(page.get_by_role("link", name="Buyers who write")).to_be_visible()
