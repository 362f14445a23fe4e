"""What a server holds against what is here, folder by folder, letter by letter.

Nothing changes at the server (EXAMINE), and nothing here: what differs is told, and ``fetch_now`` mends it.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.database import Database
from core.errors import Unavailable
from mailhub.ingest.imap.answers import LARGEST_NUMBER
from mailhub.ingest.imap.client import Client, Opened
from mailhub.ingest.imap.session import Means, open_client
from mailhub.ingest.imap.trouble import Refused, Trouble
from mailhub.mailboxes.accounts import Account
from mailhub.mailboxes.placements import Folder, list_folders, list_uids

FIRST_WINDOW = 2_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One folder. ``server`` and ``here`` count letters. ``missing`` of the server's are not here; ``owed`` are those
    that it names and does not hand out; ``gone`` lie here as if they were still there. ``renumbered`` when the server
    has begun the folder anew and we have not read it since. ``error``: why it could not be opened."""

    folder_id: int
    name: str
    followed: bool
    server: int
    here: int
    missing: int = 0
    owed: int = 0
    gone: int = 0
    renumbered: bool = False
    error: str = ""

    @property
    def differs(self) -> bool:
        """True when a followed folder is not here as the server has it."""
        return self.followed and bool(self.missing or self.owed or self.gone or self.renumbered or self.error)


async def compare_now(means: Means, account: Account) -> list[Compared]:
    """``compare_account`` over a connection of its own. Raises Unavailable with what the server did, and what
    ``open_client`` raises of the house's own."""
    try:
        client = await open_client(means, account)
        try:
            return await compare_account(means.database, client, account.id)
        finally:
            await client.log_out()
    except Trouble as trouble:
        raise Unavailable(trouble.sentence, **trouble.fields) from trouble


async def compare_account(database: Database, client: Client, account_id: int) -> list[Compared]:
    """Compare every folder of an account over a connection that is signed in. Raises Trouble when it breaks."""
    folders = [one for one in await database.read(list_folders, account_id) if one.gone_at is None]
    return [await _compare(database, client, here) for here in folders]


async def _compare(database: Database, client: Client, here: Folder) -> Compared:
    try:
        if not here.followed:
            return Compared(here.id, here.name, False, (await client.status(here.wire)).exists, 0)
        opened = await client.examine(here.wire)
    except Refused as refused:
        return Compared(here.id, here.name, here.followed, 0, 0, error=str(refused))
    if opened.uidvalidity != here.uidvalidity:
        return Compared(here.id, here.name, True, opened.exists, 0, missing=opened.exists, renumbered=True)
    return await _compare_letters(database, client, here, opened)


async def _compare_letters(database: Database, client: Client, here: Folder, opened: Opened) -> Compared:
    """In windows of UIDs, so that a folder of millions fits; large ones over the gaps."""
    server = known = missing = owed = gone = 0
    first, window = 1, FIRST_WINDOW
    while True:
        last = first + window - 1
        is_last = last >= max(opened.uidnext - 1, here.last_uid) or last >= LARGEST_NUMBER
        listed = await client.list_letters(first, None if is_last else last, whole=False)
        there = {one.uid for one in listed}
        ours = await database.read(list_uids, here.id, here.uidvalidity, first, LARGEST_NUMBER if is_last else last)
        lacking = {uid for uid, one in ours.items() if one.incoming_id is None}
        server += len(there)
        known += len(ours) - len(lacking)
        owed += len(lacking & there)
        missing += len(there - ours.keys())
        gone += len(ours.keys() - lacking - there)
        if is_last:
            return Compared(here.id, here.name, True, server, known, missing, owed, gone)
        first = last + 1
        if len(there) < window // 20:
            window *= 4
