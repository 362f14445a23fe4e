"""What happened here is told to a real Dovecot: \\Seen, \\Answered and the copy of an answer; and to nobody who does
not want it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.settings import Imap, Settings
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant
from mailhub.ingest import write_back
from mailhub.mailboxes.accounts import Account, add_account, pause_account, resume_account, set_switches
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.handling import set_read
from mailhub.mailboxes.owed_marks import MARK_JOB
from mailhub.outbound import ledger
from mailhub.outbound.headers import Address
from mailhub.outbound.writing import Answer, answer_thread
from mailhub.runtime import House
from tests.ingest.imap.conftest import SHORT, Paper
from tests.support.dovecot import PASSWORD, USER, Dovecot
from tests.support.house import eventually, running_house, settings_for
from tests.support.mail import write_letter


@pytest.fixture(scope="module")
def dovecot(paper: Paper) -> Iterator[Dovecot]:
    server = Dovecot(paper.certificate, paper.key)
    yield server
    server.stop()


@dataclass
class Place:
    house: House
    dovecot: Dovecot
    account: Account
    viewer: Viewer

    def ask(self, statement: str, **values: Any) -> list[Any]:
        return self.house.database.read_now(lambda tx: [tuple(row) for row in tx.sql(statement, **values)])

    def thread(self, subject: str) -> int:
        eventually(lambda: bool(self.ask("SELECT 1 FROM thread WHERE subject = :subject", subject=subject)))
        return self.ask("SELECT id FROM thread WHERE subject = :subject", subject=subject)[0][0]

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """As another program sees them."""
        client = self.dovecot.client()
        client.select(folder, readonly=True)
        _, found = client.fetch("1:*", "(FLAGS)")
        client.logout()
        lines = [one.decode() for one in found if isinstance(one, bytes)]
        return [set(line.split("FLAGS (")[1].split(")")[0].split()) - {"\\Recent"} for line in lines]

    def copies(self) -> list[bytes]:
        client = self.dovecot.client()
        holds = client.select("Sent", readonly=True)[1] != [b"0"]
        found = client.fetch("1:*", "(BODY.PEEK[])")[1] if holds else []
        client.logout()
        return [part[1] for part in found if isinstance(part, tuple)]

    def answer(self, thread_id: int) -> int:
        """Answer, to two people, and let the relay have taken both."""
        to = (Address("Anna", "anna@client.example"), Address("Petro", "petro@client.example"))
        write = self.house.database.write_now
        message_id = write(answer_thread, self.house.stamp, self.viewer, thread_id, Answer("We have them.", to=to))
        for (row_id,) in self.ask("SELECT id FROM delivery WHERE message_id = :id ORDER BY id", id=message_id):
            for then in ("sending", "sent"):
                write(lambda tx, one=row_id, then=then: ledger.move(tx, ledger.find_row(tx, one), then))
        return message_id


@contextmanager
def connected(database_url: str, tmp_path: Path, dovecot: Dovecot, **switches: bool) -> Iterator[Place]:
    """A house with one account at a fresh Dovecot with two letters."""
    client = dovecot.client()
    for folder in ("INBOX", "Sent"):
        if client.select(folder)[1] != [b"0"]:
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()
    for number in (1, 2):
        client.append("INBOX", "", None, write_letter(number))  # type: ignore[arg-type]
    client.logout()
    settings = replace(
        settings_for(database_url, tmp_path),
        imap=Imap(allowed_networks=("127.0.0.0/8",), ca_file=dovecot.certificate),
    )

    def make(known: Settings) -> House:
        house = House(known)
        house.bounds = SHORT
        return house

    with running_house(settings, make) as house:
        write = house.database.write_now
        user_id = write(add_user, "olena@firm.example", "Olena")
        box = write(add_mailbox, "sales@firm.example", "Sales", "public")
        for right in ("answer", "assign"):
            write(lambda tx, right=right: add_grant(tx, box.scope_id, right, user_id=user_id))
        place = ("127.0.0.1", dovecot.port, "tls", USER, PASSWORD)
        account = write(add_account, house.keys, box.id, *place)
        if switches:
            write(lambda tx: set_switches(tx, account.id, **switches))
        yield Place(house, dovecot, account, house.database.read_now(get_viewer, user_id))


def test_reading_and_answering_are_told_once(database_url: str, tmp_path: Path, dovecot: Dovecot) -> None:
    with connected(database_url, tmp_path, dovecot) as place:
        first, second = place.thread("Letter 1"), place.thread("Letter 2")
        eventually(lambda: place.ask("SELECT count(*) FROM placement WHERE message_id IS NULL") == [(0,)])
        for _ in range(2):
            place.house.database.write_now(set_read, place.viewer, first, read=True)
        eventually(lambda: place.flags() == [{"\\Seen"}, set()])
        eventually(lambda: ("\\Seen",) in place.ask("SELECT flags FROM placement"))
        eventually(lambda: place.ask("SELECT count(*) FROM job WHERE kind = 'account.mark'") == [(0,)])
        place.house.database.write_now(set_read, place.viewer, first, read=True)
        assert place.ask("SELECT count(*) FROM job WHERE kind = 'account.mark'") == [(0,)], "it is marked there already"

        message_id = place.answer(second)
        eventually(lambda: place.flags()[1] == {"\\Answered"} and len(place.copies()) == 1)
        raw = place.ask(
            "SELECT content FROM blob JOIN message ON blob.id = blob_id WHERE message.id = :id", id=message_id
        )
        if raw[0][0] is not None:
            assert place.copies() == [bytes(raw[0][0])]
        assert place.flags("Sent") == [{"\\Seen"}]
        # The copy comes back as what it is: the letter that we sent, and no other.
        eventually(lambda: place.ask("SELECT count(*) FROM placement WHERE message_id = :id", id=message_id) == [(1,)])
        assert place.ask("SELECT message_count FROM thread ORDER BY id") == [(1,), (2,)]
        eventually(lambda: place.ask("SELECT count(*) FROM job WHERE kind LIKE 'account.%'") == [(0,)])
        assert len(place.copies()) == 1


def test_what_is_switched_off_is_not_told(database_url: str, tmp_path: Path, dovecot: Dovecot) -> None:
    with connected(database_url, tmp_path, dovecot, seen=False, answered=False, sent=False) as place:
        first, second = place.thread("Letter 1"), place.thread("Letter 2")
        eventually(lambda: place.ask("SELECT count(*) FROM placement WHERE message_id IS NULL") == [(0,)])
        place.house.database.write_now(set_read, place.viewer, first, read=True)
        place.answer(second)
        assert place.ask("SELECT count(*) FROM job WHERE kind LIKE 'account.%'") == [(0,)]
        assert (place.flags(), place.copies()) == ([set(), set()], [])


def test_a_paused_account_is_told_when_it_goes_on(database_url: str, tmp_path: Path, dovecot: Dovecot) -> None:
    with connected(database_url, tmp_path, dovecot) as place:
        first = place.thread("Letter 1")
        eventually(lambda: place.ask("SELECT count(*) FROM placement WHERE message_id IS NULL") == [(0,)])
        write = place.house.database.write_now
        write(pause_account, place.account.id)
        write(set_read, place.viewer, first, read=True)
        eventually(lambda: place.ask("SELECT run_at > 0 FROM job WHERE kind = 'account.mark'") in ([(True,)], [(1,)]))
        assert place.flags() == [set(), set()]
        write(resume_account, place.account.id)
        write(lambda tx: tx.sql("UPDATE job SET run_at = 0 WHERE kind = 'account.mark'"))
        eventually(lambda: place.flags() == [{"\\Seen"}, set()])


def test_a_fault_of_our_own_ends_no_loop(
    database_url: str, tmp_path: Path, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, broken = jobs.claim, [2]

    def breaks(tx: Any, kind: str, *args: Any, **options: Any) -> Any:
        if kind == MARK_JOB and broken[0]:
            broken[0] -= 1
            raise RuntimeError("planted")
        return claim(tx, kind, *args, **options)

    monkeypatch.setattr(write_back.jobs, "claim", breaks)
    monkeypatch.setattr(write_back, "FIRST_PAUSE", 0.05)
    with connected(database_url, tmp_path, dovecot) as place:
        house = place.house
        assert house.write_back is not None
        eventually(lambda: not broken[0])
        first = place.thread("Letter 1")
        eventually(lambda: place.ask("SELECT count(*) FROM placement WHERE message_id IS NULL") == [(0,)])
        house.database.write_now(set_read, place.viewer, first, read=True)
        eventually(lambda: {"\\Seen"} in place.flags())
        eventually(lambda: house.write_back is not None and house.write_back.trouble is None)
