"""How the engines go about every statement that a page issues: no table that grows is read to its end.

Without figures about the data SQLite goes by the shape of statement and indexes. PostgreSQL is asked for the plan that
it takes from the sixth execution on, made for any values, with reading a whole table made dear: where it does so all
the same, there is no other way.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.database.tx import ReadTx, WriteTx
from tests.api.world import World

GROWS = (
    *("thread", "message", "letter", "letter_words", "letter_reference", "thread_participant", "thread_event"),
    *("unread", "blob", "incoming", "assignment", "delivery", "change", "notice", "note", "thread_tag", "interaction"),
    *("audit", "known_sender", "placement", "counterparty", "contact", "affiliation", "party_word", "party_address"),
    *("party_phone", "legal_entity", "counterparty_domain", "group_member", "party_link", "consent", "manager_change"),
    *("party_merge", "merge_move"),
    *("event", "event_participant", "occurrence", "promise"),
)
# Small whatever the house holds: walked in their own order.
SMALL = (
    *("ix_thread_late", "ix_thread_late_mine", "ix_thread_snoozed", "ix_incoming_state", "ix_letter_words_waits"),
    *("ix_promise_open", "ix_promise_due"),
)
NEVER = "0 = 1"  # who may see nothing: neither engine begins
DOUBLES = (
    "/api/v1/counterparties/duplicates?name=Client&tax_number=12345&email=anna@client.example&phone=%2B35924123456"
)
PAGES = (
    *("/waiting", "/mine", "/open", "/closed", "/spam", "/snoozed", "/trash", "/drafts", "/outbox", "/quarantine"),
    *(
        "/clients",
        "/clients?q=cli",
        "/clients?q=cli+ltd",
        "/search?q=quail",
        "/search?q=from:anna+is:open",
        "/notices",
        "/mentions",
    ),
    *("/fragments/rail", "/fragments/news?here=waiting&after=0.0", "/health", "/execution", "/settings/audit"),
    *("/api/v1/threads?view=open", "/api/v1/threads?view=waiting", "/api/v1/deliveries", "/api/v1/notices"),
    *("/api/v1/contacts?q=ann", DOUBLES),
    *("/calendar", "/calendar?view=agenda", "/promises", "/promises?of=all", "/api/v1/promises?late=true"),
    *("/api/v1/audit", "/api/v1/counterparties", "/api/v1/imports", "/settings/imports", "/settings/rules"),
)


@contextmanager
def heard() -> Iterator[dict[str, Any]]:
    """Every statement said meanwhile, by its text, with the values of its first time."""
    said: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not many and text.lstrip().startswith(("SELECT", "WITH")):
            said.setdefault(text, values)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with (
            patch.object(ReadTx, "_directly", lambda *_: None),
            patch.object(WriteTx, "_directly", lambda *_: None),
        ):
            yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_no_page_reads_a_table_that_grows_to_its_end(loop: asyncio.Runner, world: World) -> None:
    async def look() -> dict[str, Any]:
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
    explain = explain_sqlite if world.database.is_sqlite else explain_postgres
    bad = explain(world.database.url, said)
    assert not bad, "\n\n".join(f"{text}\n-> {plan}" for text, plan in bad.items())


STANDS = re.compile(r"WHERE \w+\.merged_into IS NULL(?= ORDER BY)")
"""The condition of an index of its own: what it does not hold is not passed over."""


def is_walk(text: str) -> bool:
    """The first of all rows in the order of an index: nothing is passed over."""
    text = STANDS.sub("", text)
    return "LIMIT" in text and "WHERE" not in text and "GROUP BY" not in text


def explain_sqlite(url: str, said: dict[str, Any]) -> dict[str, str]:
    bad = {}
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for text, values in said.items():
            if NEVER in text:
                continue
            names = dict(re.findall(r"(?:FROM|JOIN|,) \"?(\w+)\"? AS (\w+)", text))
            names = {alias: name for name, alias in names.items()}
            plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values or ())]
            if is_walk(text) and not any("TEMP B-TREE" in line for line in plan):
                continue
            for line in plan:
                scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", line)
                if scanned and names.get(scanned[1], scanned[1]) in GROWS and scanned[2] not in SMALL:
                    bad[text] = line
                if "thread.state = " in text and "ix_thread_scope_newest" in line:
                    bad[text] = line  # all of a mailbox is looked through for what is open in it
    return bad


def explain_postgres(url: str, said: dict[str, Any]) -> dict[str, str]:
    bad = {}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for number, text in enumerate(said):
            holes: list[str] = []

            def hole(found: re.Match[str], holes: list[str] = holes) -> str:
                if found[0] == "%%":
                    return "%"
                if found[1] not in holes:
                    holes.append(found[1])
                return f"${holes.index(found[1]) + 1}"

            numbered = re.sub(r"%\((\w+)\)s|%%", hole, text)
            nothing = f"({', '.join(['NULL'] * len(holes))})" if holes else ""
            connection.execute(f"PREPARE p{number} AS {numbered}".encode())
            plan = connection.execute(f"EXPLAIN EXECUTE p{number}{nothing}".encode()).fetchall()
            for (line,) in plan:
                scanned = re.search(r"Seq Scan on (\w+)", line)
                if scanned and scanned[1] in GROWS:
                    bad[text] = line
    return bad


def test_the_explaining_sees_a_table_that_is_read_to_its_end(world: World) -> None:
    text = "SELECT id FROM message WHERE direction = 'out'"
    explain = explain_sqlite if world.database.is_sqlite else explain_postgres
    assert list(explain(world.database.url, {text: ()})) == [text]
