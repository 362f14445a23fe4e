"""What a session brought, made durable: letters, placements and the cursor in one transaction.

Every verb asks for the lease first. A process that lost the account stores nothing any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, or_, select, update

from core import clock
from core.blobs import blob
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from mailhub.ingest.imap.client import Opened
from mailhub.ingest.intake import Arrival, accept
from mailhub.mailboxes.account_tables import account, folder, placement
from mailhub.mailboxes.leases import demand_lease
from mailhub.mailboxes.messages import Direction
from mailhub.mailboxes.placements import Folder, Listed, get_folder, list_uids, record_folders
from mailhub.mailboxes.tables import incoming

RESETS_WITHIN = clock.DAY
GIVEN_UP = 1_000


@dataclass(frozen=True, slots=True)
class Holder:
    """Who stores: the account, the mailbox it fills, and the boot that holds its lease."""

    account_id: int
    mailbox_id: int
    boot: str
    since: int


@dataclass(frozen=True, slots=True)
class Got:
    """A letter as the server handed it out; without ``raw`` it is owed, and ``error`` says why. ``given_up``: only a
    person may have it asked for again."""

    uid: int
    raw: bytes | None
    flags: tuple[str, ...]
    date: int | None
    sent: bool
    error: str = ""
    given_up: bool = False


def store_folders(tx: WriteTx, holder: Holder, listed: Sequence[Listed]) -> None:
    """Take over the list of folders. Raises Conflict without the lease."""
    demand_lease(tx, holder.account_id, holder.boot)
    record_folders(tx, holder.account_id, listed)


def store_opened(tx: WriteTx, holder: Holder, folder_id: int, opened: Opened, most_resets: int) -> Folder | None:
    """Note what the server says of a folder. Another UIDVALIDITY, larger or smaller, begins the folder anew: its
    letters are found again by their content. None after ``most_resets`` of them within a day. Raises Conflict.

    What lies in a folder when its account is first looked at is history and quiet. In a folder that appears later or
    begins anew the date at which the server took a letter decides, with room for clocks that go wrong: one live letter
    too many is less bad than a client's letter that nobody sees.
    """
    demand_lease(tx, holder.account_id, holder.boot)
    here = get_folder(tx, folder_id)
    account_seen_at = tx.get(account, holder.account_id).seen_at
    now = clock.now()
    values: dict[str, object] = {"server_count": opened.exists, "looked_at": now, "error": ""}
    if here.uidvalidity != opened.uidvalidity:
        values |= {"uidvalidity": opened.uidvalidity, "last_uid": 0, "highest_modseq": 0, "compared_at": None}
        if not here.uidvalidity and account_seen_at is None:
            values |= {"quiet_below": max(opened.uidnext, 1)}
        else:
            before = (here.looked_at - clock.DAY) if here.looked_at else 0
            values |= {"quiet_below": 0, "quiet_before": max(holder.since - clock.HOUR, before)}
        if here.uidvalidity:
            recent = here.resets_since is not None and here.resets_since > now - RESETS_WITHIN
            resets = here.resets + 1 if recent else 1
            values |= {"resets": resets, "resets_since": here.resets_since if recent else now}
            if resets > most_resets:
                return None
    tx.change(folder, folder_id, **values)
    return get_folder(tx, folder_id)


_KNOWN = (
    select(placement.c.incoming_id)
    .join(blob, blob.c.id == placement.c.blob_id)
    .join(folder, folder.c.id == placement.c.folder_id)
    .join(account, account.c.id == folder.c.account_id)
    .where(
        blob.c.sha256 == bindparam("sha256"),
        account.c.mailbox_id == bindparam("mailbox_id"),
        placement.c.incoming_id.is_not(None),
    )
    .order_by(placement.c.id)
    .limit(1)
)
_PLACED = select(placement.c.id, placement.c.tries).where(
    placement.c.folder_id == bindparam("folder_id"),
    placement.c.uidvalidity == bindparam("uidvalidity"),
    placement.c.uid == bindparam("uid"),
)


def store_letters(tx: WriteTx, holder: Holder, here: Folder, letters: Sequence[Got], cursor: int) -> int:
    """Letters, where they lie, and the cursor at once; returns how many of them were new.

    A letter whose bytes this mailbox had from a server before, wherever and under whatever UID, is only placed. Raises
    Conflict when the lease is lost or the folder began anew meanwhile.
    """
    demand_lease(tx, holder.account_id, holder.boot)
    now = get_folder(tx, here.id)
    if now.uidvalidity != here.uidvalidity:
        raise Conflict("The folder began anew in the meantime.")
    new = 0
    for got in letters:
        values: dict[str, object] = {"flags": " ".join(got.flags), "error": got.error, "gone_at": None}
        if got.raw is not None:
            sha256 = hashlib.sha256(got.raw).digest()
            known = tx.value(_KNOWN, {"sha256": sha256, "mailbox_id": holder.mailbox_id})
            incoming_id = accept(tx, _arrival(holder, now, got, got.raw)) if known is None else int(known)
            new += known is None
            # Held, so that a journey that ends at this moment still tells which message it became.
            tx.lock(incoming, incoming_id)
            arrived = tx.get(incoming, incoming_id)
            values |= {"blob_id": arrived.blob_id, "incoming_id": incoming_id, "message_id": arrived.message_id}
        _place(tx, now, got.uid, values, asks=GIVEN_UP if got.given_up else 1)
    if cursor > now.last_uid:
        tx.change(folder, here.id, last_uid=cursor)
    return new


def is_due(here: Folder, seconds: float) -> bool:
    """Is the last comparison of this folder with the server so long ago?"""
    return here.compared_at is None or clock.now() - here.compared_at > seconds * clock.SECOND


def count_ask(tx: WriteTx, holder: Holder, here: Folder, uid: int) -> int:
    """A letter was asked for in vain; returns how often by now. It is owed until it comes. Raises Conflict."""
    demand_lease(tx, holder.account_id, holder.boot)
    row = tx.row(_PLACED, {"folder_id": here.id, "uidvalidity": here.uidvalidity, "uid": uid})
    _place(tx, here, uid, {})
    return 1 if row is None else int(row.tries) + 1


def count_here(tx: ReadTx, here: Folder, given_up: int) -> int:
    """How many letters of the folder are here, with those that were asked for in vain ``given_up`` times."""
    counted = select(func.count()).where(
        placement.c.folder_id == here.id,
        placement.c.uidvalidity == here.uidvalidity,
        placement.c.gone_at.is_(None),
        or_(placement.c.incoming_id.is_not(None), placement.c.tries >= given_up),
    )
    return int(tx.value(counted))


def _place(tx: WriteTx, here: Folder, uid: int, values: dict[str, object], *, asks: int = 1) -> None:
    at = {"folder_id": here.id, "uidvalidity": here.uidvalidity, "uid": uid}
    found = tx.row(_PLACED, at)
    if found is None:
        tx.insert(placement, **at, **values, tries=asks, placed_at=clock.now())
    else:
        tx.change(placement, found.id, **values, missing_at=None, tries=found.tries + asks)


def _arrival(holder: Holder, here: Folder, got: Got, raw: bytes) -> Arrival:
    now = clock.now()
    dated = got.date if got.date is not None and 0 < got.date <= now else now
    direction: Direction = "out" if got.sent else "in"
    quiet = got.uid < here.quiet_below or (here.quiet_before is not None and dated < here.quiet_before)
    return Arrival(
        raw=raw,
        source="imap",
        received_at=dated,
        mailbox_ids=[holder.mailbox_id],
        trace={"account": holder.account_id, "folder": here.name, "role": here.role, "uid": got.uid},
        quiet=quiet or here.role == "trash",
        direction=direction,
    )


def store_flags(
    tx: WriteTx, holder: Holder, here: Folder, flags: Sequence[tuple[int, tuple[str, ...]]], modseq: int
) -> None:
    """Take over flags, and up to which MODSEQ they are known. Raises Conflict without the lease."""
    demand_lease(tx, holder.account_id, holder.boot)
    for uid, words in flags:
        row = tx.row(_PLACED, {"folder_id": here.id, "uidvalidity": here.uidvalidity, "uid": uid})
        if row is not None:
            tx.change(placement, row.id, flags=" ".join(words))
    if modseq:
        tx.change(folder, here.id, highest_modseq=modseq)


def store_absence(
    tx: WriteTx, holder: Holder, here: Folder, first: int, last: int, present: Sequence[int], grace: int
) -> bool:
    """Note which letters of a range of UIDs the server has no more. True when one is missing and its time is not up.

    A letter that stays away for ``grace`` (microseconds) gets ``gone_at``; its row and the letter stay. When it lies in
    no other folder either, the change ``letter.expunged`` says so.
    """
    demand_lease(tx, holder.account_id, holder.boot)
    now = clock.now()
    there = set(present)
    waiting = False
    for uid, placed in list_uids(tx, here.id, here.uidvalidity, first, last).items():
        if uid in there:
            if placed.missing_at is not None:
                tx.change(placement, placed.id, missing_at=None)
        elif placed.missing_at is None:
            tx.change(placement, placed.id, missing_at=now)
            waiting = True
        elif placed.missing_at > now - grace:
            waiting = True
        else:
            tx.change(placement, placed.id, gone_at=now)
            _tell_expunged(tx, holder, placed.message_id)
    return waiting


def _tell_expunged(tx: WriteTx, holder: Holder, message_id: int | None) -> None:
    elsewhere = (placement.c.message_id == message_id) & placement.c.gone_at.is_(None)
    if message_id is not None and tx.value(select(placement.c.id).where(elsewhere).limit(1)) is None:
        record_change(tx, "letter.expunged", message_id, fields={"account_id": holder.account_id}, cause="server")


def store_compared(tx: WriteTx, holder: Holder, here: Folder, *, whole: bool) -> None:
    """The folder was compared with the server from end to end; ``whole`` when nothing is left to look at again.
    Placements under an earlier UIDVALIDITY are history now. Raises Conflict without the lease."""
    demand_lease(tx, holder.account_id, holder.boot)
    older = (placement.c.folder_id == here.id) & (placement.c.uidvalidity != here.uidvalidity)
    tx.execute(update(placement).where(older, placement.c.gone_at.is_(None)).values(gone_at=clock.now()))
    values = {"compared_at": clock.now(), "look_now": 0} if whole else {"look_now": 0}
    tx.change(folder, here.id, **values)


def store_folder_error(tx: WriteTx, holder: Holder, folder_id: int, error: str) -> None:
    """The server does not open this folder; the others go on. Raises Conflict without the lease."""
    demand_lease(tx, holder.account_id, holder.boot)
    tx.change(folder, folder_id, error=error)
