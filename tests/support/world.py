"""A small company in a fresh database, and letters delivered without sockets: for tests of what letters do."""

from __future__ import annotations

from dataclasses import dataclass, field

from core import clock, jobs
from core.blobs import find_content
from core.database import Database, ReadTx
from core.fulltext.index import Words
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import Right, add_grant
from mailhub.ingest.intake import PROCESS_JOB, Arrival, accept
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import Mailbox, add_mailbox
from mailhub.mailboxes.lists import ThreadRow, list_threads
from mailhub.mailboxes.tables import incoming
from mailhub.outbound.identity import Stamp
from mailhub.routing.taking import process

START = 1_795_000_000 * clock.SECOND  # 18 November 2026


def letter(
    subject: str,
    message_id: str,
    *,
    sender: str = "Anna <anna@client.example>",
    references: str = "",
    headers: str = "",
    body: str = "We need pumps.",
) -> bytes:
    """The bytes of a plain letter."""
    extra = f"In-Reply-To: <{references}>\r\n" if references else ""
    return (
        f"From: {sender}\r\nTo: sales@firm.example\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        f"Date: Wed, 18 Nov 2026 10:00:00 +0200\r\n{extra}{headers}\r\n{body}\r\n"
    ).encode()


@dataclass
class World:
    """People and mailboxes by their short names; a clock of arrivals that goes on by a minute a letter."""

    database: Database
    people: dict[str, int] = field(default_factory=dict)
    boxes: dict[str, Mailbox] = field(default_factory=dict)
    now: int = START
    stamp: Stamp | None = None

    def person(self, name: str, *, is_admin: bool = False) -> int:
        """A user, made at the first mention."""
        if name not in self.people:
            self.people[name] = self.database.write_now(
                add_user, f"{name}@firm.example", name.title(), is_admin=is_admin
            )
        return self.people[name]

    def box(self, name: str, *, owner: str | None = None, **options: object) -> Mailbox:
        """A mailbox, made at the first mention: personal with an owner, else public."""
        if name not in self.boxes:
            owner_id = self.person(owner) if owner else None
            kind = "personal" if owner else "public"
            self.boxes[name] = self.database.write_now(
                add_mailbox,
                f"{name}@firm.example",
                name.title(),
                kind,  # type: ignore[arg-type]
                owner_id=owner_id,
                **options,  # type: ignore[arg-type]
            )
        return self.boxes[name]

    def grant(self, person: str, box: str, *rights: Right, only_assigned: bool = False) -> None:
        """Give rights."""
        for right in rights:
            self.database.write_now(
                add_grant,
                self.box(box).scope_id,
                right,
                user_id=self.person(person),
                only_assigned=only_assigned,
            )

    def viewer(self, person: str) -> Viewer:
        """The person with their rights of this moment."""
        return self.database.read_now(get_viewer, self.person(person))

    def arrive(self, raw: bytes, *boxes: str, quiet: bool = False, rcpt: tuple[str, ...] = ()) -> list[int]:
        """Deliver a letter to mailboxes and let it travel; returns the ids of its rows in the intake. ``rcpt`` are the
        recipients of its envelope, where they matter."""
        self.now += clock.MINUTE
        arrival = Arrival(
            raw=raw,
            source="import" if quiet else "smtp",
            received_at=self.now,
            mailbox_ids=[self.box(name).id for name in boxes],
            trace={"mail_from": "anna@client.example", "rcpt_to": list(rcpt)},
            quiet=quiet,
        )
        first = self.database.write_now(accept, arrival)
        self.work()
        return [first + step for step in range(len(boxes))]

    def work(self) -> None:
        """Process whatever waits, as ``routing.processing`` does."""
        boot = self.database.write_now(jobs.start_boot)
        while batch := self.database.write_now(jobs.claim, PROCESS_JOB, boot, 50):
            for job in batch:
                row = self.database.read_now(lambda tx, found=job: tx.get(incoming, found.payload["incoming_id"]))
                raw = self.database.read_now(
                    lambda tx, blob_id=row.blob_id: tx.sql(
                        "SELECT content FROM blob WHERE id = :id", id=blob_id
                    ).scalar()
                )
                answer = understand(bytes(raw))
                words = Words(answer.subject, answer.people, answer.body)
                self.database.write_now(process, job, answer.parsed, words, self.stamp)
        self.database.write_now(jobs.stop_boot, boot)

    def threads(self, person: str, view: str = "all") -> list[ThreadRow]:
        """What the person sees in a view."""
        return list(self.database.read_now(list_threads, self.viewer(person), view).items)  # type: ignore[arg-type]


def _content(tx: ReadTx, incoming_id: int) -> bytes:
    content, _ = find_content(tx, tx.get(incoming, incoming_id).blob_id)
    assert content is not None
    return content
