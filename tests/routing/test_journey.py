"""From bytes to a thread with its client and its executor."""

from __future__ import annotations

from core import jobs
from core.database import Database
from core.fulltext.index import Words
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.ingest.intake import PROCESS_JOB, Arrival, accept
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.lists import count_threads, list_threads, search_threads
from mailhub.mailboxes.reading import get_thread
from mailhub.routing.processing import process


def letter(
    subject: str,
    message_id: str,
    *,
    sender: str = "Anna <anna@client.example>",
    extra: str = "",
    body: str = "We need pumps.",
) -> bytes:
    return (
        f"From: {sender}\r\nTo: sales@firm.example\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        f"Date: Fri, 20 Nov 2026 10:00:00 +0200\r\n{extra}\r\n{body}\r\n"
    ).encode()


def deliver(database: Database, raw: bytes, mailbox_id: int, *, quiet: bool = False) -> None:
    arrival = Arrival(raw, "smtp", 1_795_000_000_000_000, [mailbox_id], {"mail_from": "x"}, quiet=quiet)
    database.write_now(accept, arrival)
    boot = database.write_now(jobs.start_boot)
    for job in database.write_now(jobs.claim, PROCESS_JOB, boot, 10):
        answer = understand(raw)
        database.write_now(process, job, answer.parsed, Words(answer.subject, answer.people, answer.body))


def test_a_letter_finds_its_client_thread_and_executor(database: Database) -> None:
    olena = database.write_now(add_user, "olena@firm.example", "Olena")
    box = database.write_now(add_mailbox, "sales@firm.example", "Sales", "public")
    database.write_now(add_grant, box.scope_id, "answer", user_id=olena)
    client = database.write_now(add_counterparty, "Client Ltd", manager_id=olena)
    database.write_now(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    deliver(database, letter("Pumps", "1@client"), box.id)
    deliver(database, letter("Re: Pumps", "2@client", extra="In-Reply-To: <1@client>\r\n"), box.id)
    viewer = database.read_now(get_viewer, olena)
    rows = database.read_now(list_threads, viewer, "waiting").items
    assert [(row.subject, row.message_count, row.counterparty_id, row.executor_id) for row in rows] == [
        ("Pumps", 2, client, olena)
    ]
    assert rows[0].unread
    opened = database.read_now(get_thread, viewer, rows[0].id)
    assert [message.subject for message in opened.messages] == ["Pumps", "Re: Pumps"]
    assert database.read_now(count_threads, viewer).by_mailbox == {box.id: 1}
    assert [row.id for row in database.read_now(search_threads, viewer, "pumps")] == [rows[0].id]
    assert database.read_now(list_threads, viewer, "all").items[0].id == rows[0].id
