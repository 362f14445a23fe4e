"""A manager who plans things with clients, rules that write about them, and the loop, looked through by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import clock
from core.database import Database
from core.secrets import Keys
from crm.parties import add_contact, add_counterparty
from crm.planner import Plan, instant_of, plan_event
from mailhub.automatic import letters, rules
from mailhub.automatic.automating import Automating
from mailhub.automatic.letters import Automatic
from mailhub.automatic.sending import Means
from mailhub.automatic.shapes import parse_told
from mailhub.campaigns.making import Foot, make_letter
from mailhub.outbound.identity import Stamp
from mailhub.outbound.tables import delivery
from tests.support.world import World

KYIV = ZoneInfo("Europe/Kyiv")
FOOT = Foot("You get this because you are our client.", "Unsubscribe")
DAY = 24 * 60
SOURCE = "We meet on {{ event.date }} at {{ event.time }}."


@dataclass
class Automatics:
    """Ivan manages the mailbox ``news``; ``at`` sets the clock on the wall in Kyiv."""

    world: World
    stamp: Stamp
    means: Means
    now: int = 0
    made: dict[str, int] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def ivan(self) -> Any:
        return self.world.viewer("ivan")

    def at(self, local: str) -> None:
        """What the clock on the wall shows from now on."""
        self.now = instant_of(datetime.fromisoformat(local), KYIV)

    def on(self, span: int) -> None:
        """So many microseconds pass."""
        self.now += span

    def until(self, local: str, step: int = 6 * clock.HOUR) -> None:
        """Time passes up to this moment, and the loop looks all the while."""
        end = instant_of(datetime.fromisoformat(local), KYIV)
        while self.now < end:
            self.now = min(self.now + step, end)
            self.look()

    def client(self, name: str, email: str = "", person: str = "Anna Kovalenko", **more: Any) -> int:
        """A client with a person, who has an address."""
        made = self.database.write_now(add_counterparty, name)
        emails = [email or f"{name.lower()}@client.example"]
        self.made[name] = self.database.write_now(
            lambda tx: add_contact(tx, person, emails=emails, counterparty_id=made, **more)
        )
        return made

    def plan(self, client: int, subject: str, starts: str, **more: Any) -> int:
        told = Plan(
            kind=more.pop("kind", "meeting"), subject=subject, starts=starts, zone="Europe/Kyiv",
            executor_id=self.world.person("ivan"), counterparty_id=client, **more,
        )  # fmt: skip
        return self.database.write_now(plan_event, self.ivan, told)

    def rule(
        self,
        source: str = "We meet on {{ event.date }} at {{ event.time }}.",
        *,
        on: bool = True,
        subject: str = "Our meeting",
        name: str = "Before meetings",
        **told: Any,
    ) -> int:
        """A rule, tried and switched on."""
        made = make_letter("markdown", "Our meeting", source, FOOT)
        wanted = parse_told({"kind": "event", **told})
        letter = rules.letter_data("markdown", source, made)
        write = self.database.write_now
        rule_id = write(rules.add_rule, self.ivan, self.world.box("news").id, name, wanted, letter)
        if on:
            self.switch_on(rule_id)
        return rule_id

    def switch_on(self, rule_id: int) -> None:
        version = self.database.read_now(rules.get_rule, self.ivan, rule_id).version
        self.database.write_now(rules.note_tried, self.ivan, rule_id, version)
        self.database.write_now(rules.switch_on, self.ivan, rule_id)

    def look(self) -> None:
        """The loop looks once."""
        asyncio.run(Automating(self.database, self.means, KYIV).look())

    def letters(self, state: str | None = None) -> list[Automatic]:
        """Oldest first."""
        page = self.database.read_now(lambda tx, viewer: letters.list_letters(tx, viewer, state=state), self.ivan)
        return list(page.items)[::-1]

    def states(self) -> list[tuple[str, str]]:
        return [(one.state, one.reason) for one in self.letters()]

    def deliveries(self) -> list[Any]:
        """Rows of the ledger."""
        return list(self.database.read_now(lambda tx: tx.rows(select(delivery).order_by(delivery.c.id))))


def make_house(database: Database, monkeypatch: pytest.MonkeyPatch) -> Automatics:
    stamp = Stamp(Keys([b"k" * 32]), 1, "verp", "bounce.firm.example")
    world = World(database, stamp=stamp)
    world.box("news")
    world.grant("ivan", "news", "answer", "manage", "assign", "see", "comment")
    house = Automatics(world, stamp, Means(stamp, False, "https://mail.firm.example", clock.DAY))
    house.at("2026-11-18T10:00")
    monkeypatch.setattr(clock, "now", lambda: house.now)
    return house
