"""How the engines go about every statement that a page issues."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from crm.attributes import change_attribute, list_wanted_indexes
from tests.api.world import World
from tests.support.plans import find_scans, heard

DOUBLES = (
    "/api/v1/counterparties/duplicates?name=Client&tax_number=12345&email=anna@client.example&phone=%2B35924123456"
)
PAGES = (
    *("/waiting", "/mine", "/open", "/closed", "/spam", "/snoozed", "/trash", "/drafts", "/outbox", "/quarantine"),
    *(
        "/clients",
        "/clients?q=cli",
        "/clients?channel=1",
        "/clients?channel=1&q=cli",
        "/settings/channels",
        "/marketing",
        "/marketing?sort=name&channel=1",
        "/marketing/1",
        "/api/v1/marketing-events/1/touches",
        "/clients?q=cli+ltd",
        "/clients?sort=trade",
        "/clients?sort=-trade&q=cli",
        "/search?q=quail",
        "/search?q=from:anna+is:open",
        "/notices",
        "/mentions",
    ),
    *("/fragments/rail", "/fragments/news?here=waiting&after=0.0", "/health", "/execution", "/settings/audit"),
    *("/api/v1/threads?view=open", "/api/v1/threads?view=waiting", "/api/v1/deliveries", "/api/v1/notices"),
    *("/api/v1/contacts?q=ann", DOUBLES),
    *("/documents", "/documents?kind=order&date_from=2026-01-01", "/documents?client=1", "/documents?of=1"),
    *(
        "/documents/1",
        "/api/v1/items?q=pu",
        "/items?q=pu",
        "/items?group=1",
        "/items/1/suppliers",
        "/suppliers",
        "/clients/1/supplier",
        "/api/v1/counterparties/1/document-facts",
        "/settings/fields",
    ),
    *("/segments", "/segments/1", "/api/v1/segments", "/api/v1/segments/1/members"),
    *("/calendar", "/calendar?view=agenda", "/promises", "/promises?of=all", "/api/v1/promises?late=true"),
    *("/api/v1/audit", "/api/v1/counterparties", "/api/v1/imports", "/settings/imports", "/settings/rules"),
)


def test_no_page_reads_a_table_that_grows_to_its_end(loop: asyncio.Runner, world: World) -> None:
    async def look() -> dict[str, Any]:
        await world.database.write(partial(change_attribute, listed=True), world.attribute_id)
        for index in await world.database.read(list_wanted_indexes):
            await world.database.lay_index(index)
        with heard() as said:
            for who in ("manager", "executor", "administrator", "outsider"):
                asker = await world.browser(who)
                pages = [
                    *PAGES,
                    f"/open/threads/{world.threads['quailsalestwo']}",
                    f"/mailboxes/{world.boxes['sales'].id}",
                    f"/views/{world.view_id}",
                    f"/clients/{world.client_id}",
                    f"/clients/{world.client_id}?kind=letter",
                    f"/clients/{world.client_id}/edit",
                    f"/clients/{world.client_id}/people/{world.contact_id}",
                    f"/clients/{world.client_id}/merge",
                    f"/clients/{world.client_id}/merge?other={world.client_id}",
                    f"/clients/{world.client_id}/people/{world.contact_id}/merge?other={world.contact_id}",
                    f"/api/v1/counterparties/{world.client_id}/links",
                    f"/api/v1/contacts/{world.contact_id}/consents",
                ]
                for page in pages:
                    answer = await asker.get(page)
                    assert answer.status < 500, (page, answer.body[:300])
            return said

    said = loop.run(look())
    assert len(said) > 60
    bad = find_scans(world.database, said)
    assert not bad, "\n\n".join(f"{text}\n-> {plan}" for text, plan in bad.items())


def test_pages_of_a_day_are_read_by_statements_that_stand_ready(loop: asyncio.Runner, world: World) -> None:
    """What is put together anew for each reader costs five to twenty times what the driver needs."""
    pages = ("/waiting", "/open", "/search?q=quail", "/fragments/rail", "/calendar?view=agenda", "/documents")
    threads, client = world.threads["quailsalestwo"], f"/clients/{world.client_id}"

    async def look() -> dict[str, set[str]]:
        asker = await world.browser("manager")
        anew: dict[str, set[str]] = {}
        for page in (*pages, f"/open/threads/{threads}", client):
            visits = []
            for _ in range(5):
                with said_through_sqlalchemy() as said:
                    assert (await asker.get(page)).status == 200
                visits.append(said)
            anew[page] = set.intersection(*visits[2:])  # loops of the house come by once in a while
        return anew

    anew = {page: texts for page, texts in loop.run(look()).items() if texts}
    assert [f"{page}: {text}" for page, texts in anew.items() for text in sorted(texts)] == []


@contextmanager
def said_through_sqlalchemy() -> Iterator[set[str]]:
    said: set[str] = set()

    def note(_connection: Any, _cursor: Any, text: str, _values: Any, _context: Any, _many: bool) -> None:
        said.add(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_the_explaining_sees_a_table_that_is_read_to_its_end(world: World) -> None:
    text = "SELECT id FROM message WHERE direction = 'out'"
    assert list(find_scans(world.database, {text: ()})) == [text]
