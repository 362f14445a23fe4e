"""Accounts at an honest server: letters come once, flags follow, what goes is noted, what was sent counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import jobs
from core.errors import Conflict
from mailhub.mailboxes.accounts import fetch_now, pause_account, resume_account
from mailhub.mailboxes.leases import claim_accounts
from tests.ingest.imap.conftest import Paper, Watch, make_paper
from tests.support.house import eventually
from tests.support.imap_server import Box, ImapServer
from tests.support.mail import write_letter


@pytest.fixture
def server(paper: Paper) -> Iterator[ImapServer]:
    server = ImapServer(paper.context)
    yield server
    server.stop()


def test_history_is_quiet_and_news_are_live(watch: Watch, server: ImapServer) -> None:
    for number in range(3):
        server.boxes["INBOX"].add(write_letter(number))
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok" and watch.stored(account) == [1, 2, 3])
    server.boxes["INBOX"].add(write_letter(3))
    eventually(lambda: watch.stored(account) == [1, 2, 3, 4])
    watch.process()
    assert watch.ask("SELECT quiet, count(*) FROM incoming GROUP BY quiet ORDER BY quiet") == [(0, 1), (1, 3)]
    assert watch.ask("SELECT count(*) FROM thread WHERE waiting_for = 'us'") == [(1,)]
    assert watch.ask("SELECT count(*) FROM placement WHERE message_id IS NULL") == [(0,)]


def test_the_same_letter_in_two_folders_is_one(watch: Watch, server: ImapServer) -> None:
    server.boxes["INBOX"].add(write_letter(1))
    server.boxes["&BBAEQARFBFYEMg-"].add(write_letter(1))
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account) == [1] == watch.stored(account, "&BBAEQARFBFYEMg-"))
    watch.process()
    assert watch.ask("SELECT count(*) FROM incoming") == [(1,)]
    assert watch.ask("SELECT name, role FROM folder WHERE wire LIKE '&%'") == [("Архів", "archive")]


def test_flags_follow_and_an_expunged_letter_keeps_its_row(watch: Watch, server: ImapServer) -> None:
    inbox = server.boxes["INBOX"]
    for number in range(3):
        inbox.add(write_letter(number))
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account) == [1, 2, 3])
    inbox.flag(2, "\\Seen", "$Forwarded")
    eventually(lambda: ("$Forwarded \\Seen",) in watch.ask("SELECT flags FROM placement WHERE uid = 2"))
    inbox.expunge(1)
    eventually(lambda: watch.stored(account) == [2, 3])
    assert watch.ask("SELECT count(*) FROM incoming") == [(3,)]


def test_a_move_is_no_new_letter(watch: Watch, server: ImapServer) -> None:
    inbox, archive = server.boxes["INBOX"], server.boxes["&BBAEQARFBFYEMg-"]
    inbox.add(write_letter(1))
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account) == [1])
    archive.add(write_letter(1))
    inbox.expunge(1)
    eventually(lambda: watch.stored(account) == [] and watch.stored(account, "&BBAEQARFBFYEMg-") == [1])
    assert watch.ask("SELECT count(*) FROM incoming") == [(1,)]
    assert watch.ask("SELECT count(*) FROM change WHERE kind = 'letter.expunged'") == [(0,)]


@pytest.mark.parametrize("uidvalidity", [101, 7])
def test_another_uidvalidity_makes_no_new_letters(watch: Watch, server: ImapServer, uidvalidity: int) -> None:
    inbox = server.boxes["INBOX"]
    for number in range(5):
        inbox.add(write_letter(number))
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account) == [1, 2, 3, 4, 5])
    inbox.expunge(2)
    inbox.renumber(uidvalidity)
    eventually(lambda: watch.stored(account) == [1, 2, 3, 4])
    inbox.add(write_letter(9))
    eventually(lambda: watch.stored(account) == [1, 2, 3, 4, 5])
    assert watch.ask("SELECT count(*) FROM incoming") == [(6,)]
    assert watch.state(account).state == "ok"


def test_a_letter_in_slices(watch: Watch, server: ImapServer) -> None:
    raw = write_letter(1) + b"x" * 70 + b"\r\n" + b"y\0" * (1 << 20)
    server.boxes["INBOX"].add(raw)
    server.boxes["INBOX"].add(raw[: 1 << 20])
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account) == [1, 2])
    rows = watch.ask("SELECT content FROM blob JOIN placement ON blob.id = blob_id ORDER BY uid")
    assert [bytes(content) for (content,) in rows] == [raw, raw[: 1 << 20]]


def test_an_answer_from_elsewhere_counts(watch: Watch, server: ImapServer) -> None:
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    server.boxes["INBOX"].add(write_letter(1))
    eventually(lambda: watch.stored(account) == [1])
    watch.process()
    assert watch.ask("SELECT waiting_for FROM thread") == [("us",)]
    answer = write_letter(2, answers=1, sender="sales@firm.example").replace(b"To: sales@firm", b"To: anna@client")
    server.boxes["Sent"].add(answer, "\\Seen")
    eventually(lambda: watch.stored(account, "Sent") == [1])
    watch.process()
    assert watch.ask("SELECT waiting_for, message_count FROM thread") == [("them", 2)]
    assert watch.ask("SELECT direction FROM message ORDER BY id") == [("in",), ("out",)]


def test_without_idle_it_polls(watch: Watch, paper: Paper) -> None:
    server = ImapServer(paper.context, idle=False)
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    server.boxes["INBOX"].add(write_letter(1))
    eventually(lambda: watch.stored(account) == [1])
    assert server.count("IDLE") == 0
    server.stop()


def test_starttls_and_nothing_in_clear(watch: Watch, paper: Paper) -> None:
    server = ImapServer(paper.context, starttls=True)
    server.boxes["INBOX"].add(write_letter(1))
    account = watch.connect(server.port, security="starttls")
    watch.start()
    eventually(lambda: watch.stored(account) == [1])
    assert not any(b"secret" in line or b"LOGIN" in line for line in server.clear)
    server.stop()


def test_pause_resume_and_a_look_at_once(watch: Watch, server: ImapServer) -> None:
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    watch.database.write_now(pause_account, account.id)
    eventually(lambda: server.open == 0)
    server.boxes["INBOX"].add(write_letter(1))
    watch.database.write_now(resume_account, account.id)
    eventually(lambda: watch.stored(account) == [1])
    before = server.count("UID FETCH 1:* (UID FLAGS)")
    watch.database.write_now(fetch_now, account.id)
    eventually(lambda: server.count("UID FETCH 1:* (UID FLAGS)") > before)


def test_one_connection_an_account(watch: Watch, server: ImapServer) -> None:
    for name in range(20):
        server.boxes[f"Folder {name}"] = Box()
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    assert server.connections == server.open == 1


def test_a_wrong_password_is_tried_three_times_and_never_again(watch: Watch, paper: Paper) -> None:
    server = ImapServer(paper.context, password="another")
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ask_person")
    now = watch.state(account)
    assert (now.paused, now.tries, server.count("LOGIN")) == (True, 3, 3)
    assert "secret" not in repr(now)
    server.stop()


def test_a_connection_that_dies_in_silence_is_found(watch: Watch, server: ImapServer) -> None:
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    server.lie([{"on": "IDLE.WAIT", "send": [{"sleep": 60}], "times": 1}])
    server.boxes["INBOX"].add(write_letter(1))
    eventually(lambda: watch.stored(account) == [1], 10)
    assert watch.state(account).state in ("ok", "retry")


def test_a_host_inside_is_not_connected_to(watch: Watch, server: ImapServer) -> None:
    watch.inside = []
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ask_person")
    assert watch.state(account).paused
    assert server.connections == 0


def test_a_certificate_of_somebody_else_gets_no_password(watch: Watch, tmp_path: Path) -> None:
    server = ImapServer(make_paper(tmp_path, "127.0.0.9").context)
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).tries > 1)
    assert "certificate" in watch.state(account).sentence
    assert not server.heard
    server.stop()


def test_a_letter_that_is_never_handed_out_holds_up_nobody(watch: Watch, server: ImapServer) -> None:
    for number in range(4):
        server.boxes["INBOX"].add(write_letter(number))
    server.lie(
        [{"on": r"UID FETCH (2|.*,2,.*|1,2.*) .*BODY", "send": ["* 2 FETCH (UID 2 BODY[] NIL)\r\n{tag} OK done\r\n"]}]
    )
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account) == [1, 3, 4])
    assert watch.ask("SELECT uid FROM placement WHERE incoming_id IS NULL") == [(2,)]
    server.lie([])
    watch.database.write_now(fetch_now, account.id)
    eventually(lambda: watch.stored(account) == [1, 2, 3, 4])


def test_two_accounts_of_one_mailbox_bring_one_letter(watch: Watch, server: ImapServer, paper: Paper) -> None:
    other = ImapServer(paper.context)
    server.boxes["INBOX"].add(write_letter(1))
    other.boxes["INBOX"].add(b"Received: from elsewhere\r\n" + write_letter(1))
    first, second = watch.connect(server.port), watch.connect(other.port, user="other@firm.example")
    watch.start()
    eventually(lambda: watch.stored(first) == [1] == watch.stored(second))
    watch.process()
    assert watch.ask("SELECT count(*) FROM message") == [(1,)]
    assert watch.ask("SELECT count(*) FROM placement WHERE message_id IS NOT NULL") == [(2,)]
    other.stop()


def test_only_one_process_holds_an_account(watch: Watch, server: ImapServer) -> None:
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    mine = watch.ask("SELECT name FROM boot")[0][0]
    watch.database.write_now(lambda tx: tx.insert(jobs.boot, name="other", started_at=1, seen_at=jobs.database_now(tx)))
    assert watch.database.write_now(claim_accounts, "other") == []
    watch.database.write_now(lambda tx: tx.sql("UPDATE boot SET seen_at = 0 WHERE name = :name", name=mine))
    assert watch.database.write_now(claim_accounts, "other") == [account.id]
    server.boxes["INBOX"].add(write_letter(1))
    eventually(lambda: server.open == 0)
    assert watch.stored(account) == []
    watch.failed.clear()


def test_a_late_heartbeat_is_no_death_while_nobody_took_over(watch: Watch, server: ImapServer) -> None:
    account = watch.connect(server.port)
    watch.database.write_now(lambda tx: tx.insert(jobs.boot, name="slow", started_at=1, seen_at=1))
    assert watch.database.write_now(claim_accounts, "slow") == [account.id]
    with pytest.raises(Conflict):
        watch.database.write_now(claim_accounts, "gone")


def test_where_labels_are_one_folder_is_all(watch: Watch, server: ImapServer) -> None:
    server.capability += " X-GM-EXT-1"
    server.boxes = {"INBOX": Box(), "[Gmail]/All Mail": Box(), "[Gmail]/Spam": Box(), "[Gmail]/Drafts": Box()}
    server.marks = {"[Gmail]/All Mail": "\\All", "[Gmail]/Spam": "\\Junk", "[Gmail]/Drafts": "\\Drafts"}
    everything = server.boxes["[Gmail]/All Mail"]
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.state(account).state == "ok")
    for number, labels in enumerate([("\\\\Inbox",), ("\\\\Sent",), ("\\\\Draft",), ()]):
        everything.labels[number + 1] = labels
        everything.add(write_letter(number))
    eventually(lambda: watch.stored(account, "[Gmail]/All Mail") == [1, 2, 4])
    assert watch.ask("SELECT direction FROM incoming ORDER BY id") == [("in",), ("out",), ("in",)]
    assert watch.ask("SELECT wire FROM folder WHERE followed = 1 ORDER BY wire") == [
        ("[Gmail]/All Mail",),
        ("[Gmail]/Spam",),
    ]


def test_a_view_of_all_letters_is_left_alone(watch: Watch, server: ImapServer) -> None:
    server.boxes["All"] = Box()
    server.marks = {"All": "\\All"}
    for name in ("Sent", "All"):
        server.boxes[name].add(write_letter(1))
    account = watch.connect(server.port)
    watch.start()
    eventually(lambda: watch.stored(account, "Sent") == [1])
    eventually(lambda: watch.state(account).state == "ok")
    assert watch.stored(account, "All") == []
    assert watch.ask("SELECT direction FROM incoming") == [("out",)]
