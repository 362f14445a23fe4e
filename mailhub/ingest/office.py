"""The post office behind the SMTP listener: mailboxes and durability over the database."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from core.changes import TOPIC
from core.database import Database
from mailhub.ingest.intake import Arrival, accept
from mailhub.ingest.smtp import Recipient, Transaction, received_header
from mailhub.mailboxes.directory import Directory, read_directory
from mailhub.outbound.identity import Stamp
from mailhub.outbound.recipient_returns import find_mailbox_of
from mailhub.outbound.returns import find_mailbox

LOOK_AT_DISK_SECONDS = 1.0


class Office:
    """Answers the listener. The directory of addresses is a snapshot, renewed when a mailbox has changed."""

    def __init__(
        self, database: Database, folder: Path, hostname: str, largest: int, stamp: Stamp | None = None
    ) -> None:
        """``folder`` lies on the disk that letters go to; ``largest`` is the size of the largest letter in bytes;
        ``stamp`` knows the return paths of our letters."""
        self._database = database
        self._folder = folder
        self._hostname = hostname
        self._largest = largest
        self._stamp = stamp
        self._directory: Directory | None = None
        self._fresh = asyncio.Lock()
        self._looked_at = 0.0
        self._free = 0
        database.listen(self._heard)

    async def find_recipient(self, address: str, sender: str) -> Recipient | None:
        """The mailbox behind the address. Everybody may write to everybody here; ``sender`` decides nothing.

        A return path of ours is an address by its signature alone, whatever its domain: of the mailbox whose letter it
        is, or of the postmaster when the ledger does not have that letter (any more).
        """
        del sender
        directory = await self._read_directory()
        named = self._stamp.read_return_path(address) if self._stamp is not None else None
        mailbox_id = None if named is None else await self._database.read(find_mailbox, named)
        if named is None and self._stamp is not None:
            named = self._stamp.read_recipient_path(address)
            mailbox_id = None if named is None else await self._database.read(find_mailbox_of, named)
        if mailbox_id is None:
            mailbox_id = directory.find(address)
        if mailbox_id is None and named is not None:
            mailbox_id = directory.postmaster_id
        return None if mailbox_id is None else Recipient(address, mailbox_id)

    async def accept(self, transaction: Transaction) -> str:
        """Durable first, then the number for the 250."""
        recipients = sorted({recipient.address for recipient in transaction.recipients})
        arrival = Arrival(
            raw=transaction.raw,
            source="smtp",
            received_at=transaction.received_at,
            mailbox_ids=sorted({recipient.mailbox_id for recipient in transaction.recipients}),
            trace={
                "mail_from": transaction.sender,
                "rcpt_to": recipients,
                "peer": transaction.peer,
                "helo": transaction.helo,
                "tls": transaction.tls,
                "protocol": transaction.protocol,
                "defects": list(transaction.defects),
                "received": received_header(transaction, self._hostname, "mailhub").decode("utf-8", "replace"),
            },
            envelope=(transaction.sender, *recipients),
        )
        return str(await self._database.write(accept, arrival))

    def has_room(self, size: int) -> bool:
        """True while the disk has room for one and a half of the largest letter and for this one."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_AT_DISK_SECONDS:
            self._looked_at, self._free = now, shutil.disk_usage(self._folder).free
        return self._free >= max(size, self._largest) * 3 // 2

    def _heard(self, topics: frozenset[str]) -> None:
        if topics & {TOPIC, "*"}:
            self._stale = True

    async def _read_directory(self) -> Directory:
        async with self._fresh:
            if self._directory is None or self._stale:
                self._stale = False
                self._directory = await self._database.read(read_directory)
            return self._directory

    _stale = True
