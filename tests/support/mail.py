"""Letters for tests: written, understood, at the door."""

from __future__ import annotations

from functools import partial
from typing import Any

from core import clock, jobs
from core.database import Database
from core.fulltext.index import Words
from crm.staff.people import add_user
from crm.staff.rights import add_grant
from mailhub.ingest.intake import PROCESS_JOB, Arrival, accept
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import Mailbox, add_mailbox
from mailhub.mailboxes.letters import Understood
from mailhub.routing.taking import process


def write_letter(number: int, *, answers: int | None = None, sender: str = "anna@client.example") -> bytes:
    """A letter with its number as Message-ID and subject; ``answers`` names an earlier one."""
    reference = "" if answers is None else f"In-Reply-To: <{answers}@client.example>\r\n"
    subject = f"Letter {number}" if answers is None else f"Re: Letter {answers}"
    return (
        f"From: {sender}\r\nTo: sales@firm.example\r\nSubject: {subject}\r\nMessage-ID: <{number}@client.example>\r\n"
        f"Date: Fri, 20 Nov 2026 10:00:00 +0200\r\n{reference}\r\nWe need {number} pumps.\r\n"
    ).encode()


def read_letter(raw: bytes) -> Understood:
    """As the worker process understands it."""
    answer = understand(raw)
    return Understood(answer.parsed, Words(answer.subject, answer.people, answer.body))


def arrive(raw: bytes, *mailbox_ids: int, envelope: tuple[str, ...] | None = None) -> Arrival:
    """A letter at the door, now."""
    return Arrival(raw, "smtp", clock.now(), mailbox_ids, {"mail_from": "anna@client.example"}, envelope=envelope)


def add_office(database: Database, *people: str, **options: Any) -> tuple[Mailbox, list[int]]:
    """A public mailbox and those who may answer in it."""
    box = database.write_now(partial(add_mailbox, **options), "sales@firm.example", "Sales", "public")
    ids = [database.write_now(add_user, f"{name}@firm.example", name) for name in people]
    for user_id in ids:
        database.write_now(partial(add_grant, user_id=user_id), box.scope_id, "answer")
        database.write_now(partial(add_grant, user_id=user_id), box.scope_id, "assign")
    return box, ids


def claim_letters(database: Database, boot: str, most: int = 100) -> list[tuple[Any, ...]]:
    """Calls of ``process`` for all letters that wait, understood."""
    calls = []
    for job in database.write_now(jobs.claim, PROCESS_JOB, boot, most):
        raw = database.read_now(
            lambda tx, job=job: tx.sql(
                "SELECT content FROM blob JOIN incoming ON blob.id = blob_id WHERE incoming.id = :id",
                id=job.payload["incoming_id"],
            ).scalar_one()
        )
        understood = read_letter(bytes(raw))
        calls.append((process, job, understood.parsed, understood.words))
    return calls


def deliver(database: Database, boot: str, raw: bytes, *mailbox_ids: int) -> None:
    """From the door into the thread."""
    database.write_now(accept, arrive(raw, *mailbox_ids))
    for verb, *args in claim_letters(database, boot):
        database.write_now(verb, *args)
