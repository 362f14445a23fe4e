"""A server that lies, breaks off or is hostile: every script of the shared table.

While it lies its account is in the state that the table names, another account at an honest server gets its letters in
time, and memory stays within bounds. Once it is honest everything is there, once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.database import open_database
from mailhub.mailboxes.accounts import resume_account
from tests.ingest.imap.conftest import Paper, Watch
from tests.letters.corpora import ROOT, table
from tests.support.house import eventually
from tests.support.imap_server import Box, ImapServer
from tests.support.mail import write_letter

CASES: list[dict[str, Any]] = table("imap_lies")["cases"] if (ROOT / "attacks" / "imap_lies.json").exists() else []
SHORTEST_LIE = 0.8
IN_TIME = 3.0


def base_box(uids: list[int]) -> Box:
    """The inbox of the table's honest server, with these letters."""
    letters = table("imap_lies")["base"]["letters"]
    box = Box(uidvalidity=100, uidnext=1)
    for uid in uids:
        box.uidnext = uid
        box.add(letters[str(uid)].encode())
    return box


def reset_peak() -> int:
    """Forget the highest memory use so far; returns what is used now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return read_peak()


def read_peak() -> int:
    """The highest memory use since then."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.fixture
def liar_watch(tmp_path: Path, sqlite_template: Path, paper: Paper) -> Iterator[Watch]:
    """The lies are the same on every engine: SQLite alone."""
    path = tmp_path / "mailhub.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = open_database(f"sqlite:///{path}")
    watch = Watch(database, paper)
    yield watch
    watch.stop()
    database.close()


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']}-{case['note'].replace(' ', '-')}" for case in CASES])
def test_a_lie_harms_nobody_else_and_nothing_is_missing(case: dict[str, Any], liar_watch: Watch, paper: Paper) -> None:
    watch, expect = liar_watch, case["expect"]
    liar, honest = ImapServer(paper.context, starttls=case["class"] == "tls"), ImapServer(paper.context)
    try:
        liar.boxes["INBOX"] = base_box([1])
        security = "starttls" if case["class"] == "tls" else "tls"
        account = watch.connect(liar.port, security=security)
        other = watch.connect(honest.port, user="other@firm.example")
        watch.start()
        eventually(lambda: watch.stored(account) == [1])
        eventually(lambda: watch.state(account).state == watch.state(other).state == "ok")

        began_at, before = len(liar.heard), reset_peak()
        liar.boxes["INBOX"] = base_box([1, 2, 3])
        liar.lie(case["lies"])
        liar.drop()
        allowed = set(expect["state"].split("|"))
        seen, slowest = observe(watch, honest, account, other, allowed)
        grown = read_peak() - before

        assert seen & allowed, (seen, allowed)
        assert seen <= allowed | {"ok", "retry"}, (seen, allowed)
        assert slowest < IN_TIME
        assert grown < expect["extra_mb"] << 20, grown >> 20
        check_never(case, watch, liar, account, liar.heard[began_at:])

        liar.lie([])
        watch.database.write_now(resume_account, account.id)
        eventually(lambda: watch.stored(account) == expect["stored_uids"], expect["within_s"])
        eventually(lambda: watch.state(account).state == "ok", expect["within_s"])
        check_whole(watch, account)
    finally:
        watch.stop()
        liar.stop()
        honest.stop()


def observe(watch: Watch, honest: ImapServer, account: Any, other: Any, allowed: set[str]) -> tuple[set[str], float]:
    """The states that the account goes through while the lie lasts, and how long a letter to the other one took."""
    states: set[str] = set()
    slowest = 0.0
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < SHORTEST_LIE:
        sent = time.monotonic()
        uid = honest.boxes["INBOX"].add(write_letter(number))
        number += 1
        while uid not in watch.stored(other):
            states.add(watch.state(account).state)
            assert time.monotonic() - sent < 20, "another account was held up"
            time.sleep(0.02)
        slowest = max(slowest, time.monotonic() - sent)
        states.add(watch.state(account).state)
    deadline = time.monotonic() + 10
    while not states & allowed and time.monotonic() < deadline:
        states.add(watch.state(account).state)
        time.sleep(0.05)
    return states, slowest


def check_never(case: dict[str, Any], watch: Watch, liar: ImapServer, account: Any, heard: list[Any]) -> None:
    """What must not have happened while the lie lasted."""
    never = case["expect"]["never"]
    now = watch.state(account)
    if "tried again before 30 s" in never:
        assert now.next_at > clock.now() + 25 * clock.SECOND
    if "more than three log-ins" in never:
        assert sum(line.startswith("LOGIN") for _, line in heard) == 3
    if "taken for a wrong password" in never:
        assert not now.paused
    if "password sent in clear" in never:
        assert not any(b"secret" in line for line in liar.clear)
    if "one SELECT or FETCH for each line" in never:
        assert len(heard) < 200
    if "bytes after CR LF sent by the client as a command" in never:
        assert "X" not in liar.tags


def check_whole(watch: Watch, account: Any) -> None:
    """Every letter once, byte for byte, and the cursor where it belongs."""
    letters = table("imap_lies")["base"]["letters"]
    rows = watch.ask(
        "SELECT uid, content FROM placement JOIN blob ON blob.id = blob_id JOIN folder ON folder.id = folder_id "
        "WHERE account_id = :account AND placement.gone_at IS NULL ORDER BY uid",
        account=account.id,
    )
    assert [(uid, bytes(raw).decode()) for uid, raw in rows] == [(int(uid), raw) for uid, raw in letters.items()]
    contents = watch.ask("SELECT content FROM incoming JOIN blob ON blob.id = blob_id")
    assert sum(b"@buyer.example" in bytes(content) for (content,) in contents) == len(letters)
