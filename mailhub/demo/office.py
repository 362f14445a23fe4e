"""The post office of the demo: it dates each letter by what the client's own server says, as if it had come then."""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

from core.clock import from_datetime
from core.database import Database
from mailhub.ingest.office import Office
from mailhub.ingest.smtp import Recipient, Transaction
from mailhub.outbound.identity import Stamp

_STAMP = re.compile(rb"\A(?:[^\r\n]+\r\n)*?Received:[^;]*;\s*([^\r\n]+)\r\n")


class DemoOffice:
    """The house's office with one difference: ``received_at`` is the date of the topmost Received line.

    So ids, order, waiting and deadlines of ten days of letters are right although they come within seconds.
    """

    def __init__(
        self, database: Database, folder: Path, hostname: str, largest: int, stamp: Stamp | None = None
    ) -> None:
        self._office = Office(database, folder, hostname, largest, stamp)

    async def find_recipient(self, address: str, sender: str) -> Recipient | None:
        """As the house does."""
        return await self._office.find_recipient(address, sender)

    async def accept(self, transaction: Transaction) -> str:
        """As the house does, at the time that the letter's own trace tells."""
        stamp = find_stamp(transaction.raw)
        if stamp is not None:
            transaction = replace(transaction, received_at=min(stamp, transaction.received_at))
        return await self._office.accept(transaction)

    def has_room(self, size: int) -> bool:
        """As the house does."""
        return self._office.has_room(size)


def find_stamp(raw: bytes) -> int | None:
    """The instant of the topmost Received line, or None."""
    found = _STAMP.match(raw)
    if found is None:
        return None
    try:
        return from_datetime(parsedate_to_datetime(found[1].decode("ascii", "replace")))
    except ValueError:
        return None
