"""A marketer with clients to write to: lists are frozen, checked and sent as the loops do it, without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from core import jobs
from core.database import Database
from crm.parties import add_contact, add_counterparty, list_groups, set_groups
from mailhub.campaigns import checking, letters, mailings, recipients, results, starting
from mailhub.campaigns.conducting import Conducting
from mailhub.campaigns.mailings import Choice, Mailing
from mailhub.campaigns.making import Foot, make_letter
from mailhub.campaigns.preparing import Preparing
from mailhub.outbound.identity import Stamp
from tests.support.world import World

FOOT = Foot("You get this because you are our client.", "Unsubscribe")


@dataclass
class Marketing:
    """The world with a mailbox for news, and a boot that works off jobs."""

    world: World
    stamp: Stamp
    explicit: bool = False
    clients: list[int] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.world.database

    def client(self, name: str, *people: tuple[str, Sequence[str]], group: str = "All", **more: Any) -> int:
        """A client with its people and their addresses, in a group."""
        write = self.database.write_now
        made = write(partial(add_counterparty, **more), name)
        for who, emails in people:
            write(partial(add_contact, emails=list(emails), counterparty_id=made), who)
        write(set_groups, made, [group])
        self.clients.append(made)
        return made

    def group(self, name: str = "All") -> int:
        return next(one.id for one in self.database.read_now(list_groups) if one.name == name)

    def mailing(
        self,
        source: str = "Hello {{ contact.name }}",
        choices: Sequence[Choice] = (),
        *,
        subject: str = "News",
        **more: Any,
    ) -> int:
        """A mailing with a letter, to the group of all unless somebody else is chosen."""
        write, ivan = self.database.write_now, self.world.viewer("ivan")
        made = write(mailings.add_mailing, ivan, "Autumn", self.world.box("news").id)
        if more:
            write(partial(mailings.change_mailing, **more), ivan, made)
        write(mailings.set_choices, ivan, made, list(choices) or [Choice(True, "everybody")])
        letter = make_letter("markdown", subject, source, FOOT)
        write(partial(letters.save_letter, seen=0), ivan, made, "markdown", source, letter)
        return made

    def see(self, mailing_id: int) -> Mailing:
        return self.database.read_now(mailings.get_mailing, self.world.viewer("ivan"), mailing_id)

    def prepare(self) -> None:
        """Work off what is to be frozen and checked."""
        boot = self.database.write_now(jobs.start_boot)
        inside = Preparing(self.database, self.stamp.keys, self.stamp, boot, explicit=self.explicit, inside=False)
        asyncio.run(inside.look())
        self.database.write_now(jobs.stop_boot, boot)

    def ready(self, mailing_id: int) -> Mailing:
        """Freeze and check."""
        write, ivan = self.database.write_now, self.world.viewer("ivan")
        write(recipients.freeze_list, ivan, mailing_id)
        self.prepare()
        write(checking.check_mailing, ivan, mailing_id)
        self.prepare()
        return self.see(mailing_id)

    def start(self, mailing_id: int) -> None:
        count = self.see(mailing_id).recipients_count
        self.database.write_now(starting.start_mailing, self.world.viewer("ivan"), mailing_id, count)

    def conduct(self) -> None:
        asyncio.run(Conducting(self.database).look())

    def rows(self, mailing_id: int, **asked: Any) -> list[results.Recipient]:
        ivan = self.world.viewer("ivan")
        return list(
            self.database.read_now(partial(results.list_recipients, limit=200, **asked), ivan, mailing_id).items
        )
