"""How the engines go about what is said to them: no table that grows is read to its end.

Without figures about the data SQLite goes by the shape of statement and indexes. PostgreSQL is asked for the plan that
it takes from the sixth execution on, made for any values, with reading a whole table made dear: where it does so all
the same, there is no other way.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.database import Database
from core.database.tx import ReadTx, WriteTx

GROWS = (
    *("thread", "message", "letter", "letter_words", "letter_reference", "thread_participant", "thread_event"),
    *("unread", "blob", "incoming", "assignment", "delivery", "change", "notice", "note", "thread_tag", "interaction"),
    *("audit", "known_sender", "placement", "counterparty", "contact", "affiliation", "party_word", "party_address"),
    *("party_phone", "legal_entity", "counterparty_domain", "group_member", "party_link", "consent", "manager_change"),
    *("party_merge", "merge_move"),
    *("document", "document_line", "document_facts", "attribute_choice", "item"),
    *("event", "event_participant", "occurrence", "promise", "bulk_thread", "automatic_letter"),
)
# Small whatever the house holds: walked in their own order.
SMALL = (
    *("ix_thread_late", "ix_thread_late_mine", "ix_thread_snoozed", "ix_incoming_state", "ix_letter_words_waits"),
    *("ix_promise_open", "ix_promise_due"),
)
NEVER = "0 = 1"  # who may see nothing: neither engine begins


@contextmanager
def heard() -> Iterator[dict[str, Any]]:
    """Every statement said meanwhile, by its text, with the values of its first time."""
    said: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not many and text.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
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


STANDS = re.compile(r"WHERE (?:\w+\.merged_into|item\.ended_at) IS NULL(?= ORDER BY)")
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
                led = re.match(r"SEARCH (\w+) USING (?:COVERING )?INDEX", line)
                if led and f"WHERE {led[1]}.id IN (" in text and names.get(led[1], led[1]) in GROWS:
                    bad[text] = line  # a few ids are looked for among all that stand in the reader's mailboxes
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


def find_scans(database: Database, said: dict[str, Any]) -> dict[str, str]:
    """Those of the statements that read a table which grows to its end, with the line of the plan that says so."""
    explain = explain_sqlite if database.is_sqlite else explain_postgres
    return explain(database.url, said)
