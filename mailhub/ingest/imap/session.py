"""One session with one account: connect, look at every folder, wait for news, look again.

One connection does it all: the folders are taken in turns, the inbox first, and between the rounds the inbox lies open
under IDLE. Folders that wait are looked at by STATUS, which costs the server little.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.database import Database
from core.fetch import Guard, system_trust
from core.log import get_log
from mailhub.ingest.imap import storing
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.client import Client, Place
from mailhub.ingest.imap.folder import FolderTurn, Memory
from mailhub.ingest.imap.storing import Holder
from mailhub.ingest.imap.trouble import Refused
from mailhub.mailboxes.accounts import Account
from mailhub.mailboxes.placements import Folder, list_folders

# Which folder lies open between the rounds: the inbox, at Gmail the one with all letters.
_FIRST = {"inbox": 0, "archive": 1}
GetSecret = Callable[[Account], Awaitable[str]]
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What every session needs. ``get_secret`` gives the password, or a fresh access token, at the moment of use."""

    database: Database
    guard: Guard
    context: ssl.SSLContext
    get_secret: GetSecret
    boot: str
    bounds: Bounds


def seen_by(means: Means, *, is_admin: bool) -> Means:
    """The means of a person who names a server: what does not lie on the public internet is an administrator's to
    name, so that nobody else finds out what answers inside."""
    return means if is_admin else replace(means, guard=means.guard.without_own())


def guard_of(means: Means, account: Account) -> Guard:
    """Where this account may lie. Asked at every connection: a name that meant a public place when somebody typed it
    may mean one inside by now (DNS rebinding)."""
    return means.guard if account.inside else means.guard.without_own()


class Session:
    """Runs until something goes wrong; ``done`` is called after each round in which every folder was looked at.
    ``letters`` counts those that were stored."""

    def __init__(
        self, means: Means, account: Account, memory: Memory, bell: asyncio.Event, done: Callable[[], Awaitable[None]]
    ) -> None:
        self._means = means
        self._account = account
        self._memory = memory
        self._bell = bell
        self._done = done
        self._holder = Holder(account.id, account.mailbox_id, means.boot, account.created_at)
        self._listed_at = self._rounded_at = 0.0
        self.letters = 0

    async def run(self) -> None:
        """Raises Trouble when the session ends, Conflict when the account was given to another process, Forbidden,
        Invalid or Unavailable when the host may not be reached or the secret not be opened."""
        client = await open_client(self._means, self._account)
        finished = False
        try:
            while True:
                rung = self._bell.is_set()
                self._bell.clear()
                finished = await self._round(client, only_inbox=client.changed and finished and not rung)
                await self._done()
                if finished:
                    await client.idle(min(self._means.bounds.poll, self._means.bounds.idle), self._bell)
        except asyncio.CancelledError:
            await client.log_out()
            raise
        finally:
            client.close()

    async def _round(self, client: Client, *, only_inbox: bool) -> bool:
        """Look at every folder once, the inbox first and last, so that it lies open afterwards. True when all are up
        to date. ``only_inbox`` when something happened there and the others were looked at a moment ago."""
        poll = self._means.bounds.poll
        only_inbox = only_inbox and time.monotonic() - self._rounded_at < poll
        if time.monotonic() - self._listed_at > self._means.bounds.names or not self._listed_at:
            await self._means.database.work(storing.store_folders, self._holder, await client.list_folders())
            self._listed_at = time.monotonic()
        folders = await self._means.database.read(list_folders, self._account.id)
        followed = [one for one in folders if one.followed and one.gone_at is None]
        followed.sort(key=lambda one: (_FIRST.get(one.role, len(_FIRST)), one.id))
        first = next(iter(followed), None)
        if first is None:
            return True
        finished = await self._turn(client, first)
        if only_inbox:
            return finished
        self._rounded_at = time.monotonic()
        left = False
        for here in followed[1:]:
            if await self._has_work(client, here):
                finished = await self._turn(client, here) and finished
                left = True
        if left:
            finished = await self._turn(client, first) and finished
        return finished

    async def _has_work(self, client: Client, here: Folder) -> bool:
        """Is there a reason to open this folder?"""
        due = here.compared_at is None or here.look_now or here.id in self._memory.careful
        if due or here.id not in self._memory.seen or storing.is_due(here, self._means.bounds.compare):
            return True
        try:
            return await client.status(here.wire) != self._memory.seen[here.id]
        except Refused:
            return True  # opening it says why

    async def _turn(self, client: Client, here: Folder) -> bool:
        means = self._means
        turn = FolderTurn(means.database, client, means.bounds, self._holder, here, self._memory)
        try:
            finished = await turn.run()
        except Refused as refused:
            if here.role == "inbox" or turn.opened is not None:
                raise
            await means.database.work(storing.store_folder_error, self._holder, here.id, refused.fields["said"])
            return True
        finally:
            self.letters += turn.letters
        if turn.new:
            log.info("letters fetched", account=self._account.id, folder=here.id, letters=turn.new)
        return finished


async def open_client(means: Means, account: Account) -> Client:
    """A connection to the account's server, signed in. The name is resolved once and checked; what is connected to is
    the address. Raises Trouble, and Forbidden, Invalid or Unavailable as ``Guard.check_host``."""
    addresses = await guard_of(means, account).check_host(account.host, account.port, "imap")
    place = Place(account.host, tuple(addresses), account.port, account.security)
    secret = await means.get_secret(account)
    client = await Client.connect(place, means.context, means.bounds)
    try:
        await client.log_in(account.user, secret, account.auth)
    except BaseException:
        client.close()
        raise
    return client


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Whose certificates are believed: the system's authorities, and those of a file. One for all accounts."""
    if ca_file is None:
        return system_trust()
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    return context
