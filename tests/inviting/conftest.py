"""A house with a client, a meeting with two of its people, and somebody who may invite them from a mailbox."""

from __future__ import annotations

import email
from dataclasses import dataclass, field
from typing import Any

import icalendar
import pytest
from sqlalchemy import func, select

from core import clock
from core.blobs import find_content
from core.database import Database, ReadTx
from core.language import Catalogs
from core.resources import locale_dir
from core.secrets import Keys
from crm.parties import add_contact, add_counterparty
from crm.planner import Plan, Planned, get_planned
from crm.planner.tables import occurrence
from mailhub.inviting.guests import Guests, list_guests
from mailhub.inviting.sending import Means, send_invitations
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.planning import plan
from mailhub.mailboxes.tables import message
from mailhub.outbound.identity import Stamp
from tests.support.world import START, World

STAMP = Stamp(Keys([b"k" * 32]), 1, "verp", "bounce.firm.example")


@dataclass
class Meeting:
    """The world with one meeting on Tuesday at ten in Kyiv."""

    world: World
    means: Means
    client: int
    anna: int
    boris: int
    planned: int = 0
    sent: list[int] = field(default_factory=list)

    def write(self, verb: Any, *given: Any, **named: Any) -> Any:
        return self.world.database.write_now(verb, *given, **named)

    @property
    def ivan(self) -> Any:
        return self.world.viewer("ivan")

    def plan_of(self, **changed: Any) -> Plan:
        told = {
            "kind": "meeting", "subject": "Насоси, ціни", "starts": "2026-11-24T10:00", "zone": "Europe/Kyiv",
            "executor_id": self.world.person("ivan"), "counterparty_id": self.client, "contact_id": self.anna,
            "place": "Київ; вул. Садова, 3", "body": "Не казати про знижку",
        }  # fmt: skip
        return Plan(**{**told, **changed})

    def plan(self, **changed: Any) -> int:
        self.planned = self.write(plan, self.ivan, self.plan_of(**changed))
        return self.planned

    def times(self) -> list[int]:
        """All the times of the event that is planned."""
        mine = select(occurrence.c.id).where(occurrence.c.event_id == self.one().event_id)
        return self.world.database.read_now(lambda tx: tx.values(mine.order_by(occurrence.c.due_at)))

    def next_one(self) -> int:
        """The time that was planned last."""
        return int(self.world.database.read_now(lambda tx: tx.value(select(func.max(occurrence.c.id)))))

    def invite(self, **named: Any) -> list[int]:
        named.setdefault("mailbox_id", self.world.box("sales").id)
        return self.write(send_invitations, self.ivan, self.means, self.planned, **named)

    def one(self) -> Planned:
        return self.world.database.read_now(get_planned, self.ivan, self.planned)

    def guests(self) -> Guests:
        return self.world.database.read_now(
            lambda tx: list_guests(tx, STAMP.keys, get_planned(tx, self.ivan, self.planned))
        )

    def answers(self) -> dict[str, str]:
        return {one.address: one.answer for one in self.guests().guests}

    def letter(self, message_id: int) -> ParsedLetter:
        """A letter of ours, as its reader understands it."""
        return parse_letter(self.raw(message_id))

    def raw(self, message_id: int) -> bytes:
        def read(tx: ReadTx) -> bytes:
            content, _ = find_content(tx, tx.value(select(message.c.blob_id).where(message.c.id == message_id)))
            assert content is not None
            return content

        return self.world.database.read_now(read)

    def calendar(self, message_id: int) -> icalendar.Calendar:
        """The calendar object of a letter, read by another reader."""
        found = [
            part
            for part in email.message_from_bytes(self.raw(message_id)).walk()
            if part.get_content_type() == "text/calendar"
        ]
        return icalendar.Calendar.from_ical(found[0].get_payload(decode=True))


@pytest.fixture(scope="session")
def catalogs() -> Catalogs:
    return Catalogs(locale_dir())


@pytest.fixture
def meeting(database: Database, catalogs: Catalogs, monkeypatch: pytest.MonkeyPatch) -> Meeting:
    world = World(database, stamp=STAMP)
    world.grant("ivan", "sales", "answer", "assign")
    monkeypatch.setattr(clock, "now", lambda: max(world.now, START))
    client = database.write_now(add_counterparty, "Client")
    anna = database.write_now(
        add_contact, "Anna", counterparty_id=client, emails=["anna@client.example"], language="uk"
    )
    boris = database.write_now(add_contact, "Boris", counterparty_id=client, emails=["boris@client.example"])
    made = Meeting(world, Means(STAMP, catalogs, "en"), client, anna, boris)
    made.plan(contact_ids=(boris,))
    return made
