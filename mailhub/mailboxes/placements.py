"""Folders of an account and the letters in them, as the server told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from mailhub.mailboxes.account_tables import account, folder, placement
from mailhub.mailboxes.accounts import TOPIC, Role


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder at the server. ``server_count`` is how many letters it held when it was last looked at."""

    id: int
    account_id: int
    wire: str
    name: str
    role: Role
    followed: bool
    uidvalidity: int
    last_uid: int
    quiet_below: int
    quiet_before: int | None
    highest_modseq: int
    server_count: int
    resets: int
    resets_since: int | None
    looked_at: int | None
    compared_at: int | None
    look_now: bool
    error: str
    gone_at: int | None


@dataclass(frozen=True, slots=True)
class Placement:
    """A letter in a folder. Without ``message_id`` it is still on its way; without ``incoming_id`` the server owes
    it."""

    id: int
    folder_id: int
    uidvalidity: int
    uid: int
    flags: tuple[str, ...]
    blob_id: int | None
    incoming_id: int | None
    message_id: int | None
    error: str
    tries: int
    placed_at: int
    missing_at: int | None
    gone_at: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder as LIST names it: ``wire`` is the server's own spelling, a character a byte. ``followed``: its letters
    are fetched unless a person says otherwise."""

    wire: str
    name: str
    role: Role
    followed: bool = True


def record_folders(tx: WriteTx, account_id: int, listed: Sequence[Listed]) -> None:
    """Take over what the server lists: new folders are added, others are marked as gone. Where the folders were chosen
    no new one is followed."""
    chosen = not tx.get(account, account_id).follow_new
    known = {row.wire: row for row in tx.rows(select(folder).where(folder.c.account_id == account_id))}
    for one in listed:
        row = known.pop(one.wire, None)
        if row is None:
            followed = int(one.followed)
            tx.insert(
                folder, account_id=account_id, wire=one.wire, name=one.name, role=one.role,
                followed=0 if chosen else followed,
            )  # fmt: skip
        elif (row.name, row.role, row.gone_at) != (one.name, one.role, None):
            tx.change(folder, row.id, name=one.name, role=one.role, gone_at=None)
    for row in known.values():
        if row.gone_at is None:
            tx.change(folder, row.id, gone_at=clock.now())


def choose_folders(tx: WriteTx, account_id: int, chosen: Sequence[tuple[str, str]]) -> None:
    """Follow these folders (wire and name) and no others, also when new ones appear. Raises NotFound."""
    if not tx.change(account, account_id, follow_new=0):
        raise NotFound("There is no account with the number %(id)s.", id=account_id)
    known = {row.wire: row for row in tx.rows(select(folder).where(folder.c.account_id == account_id))}
    for wire, name in chosen:
        if known.pop(wire, None) is None:
            tx.insert(folder, account_id=account_id, wire=wire, name=name, role="other", followed=1)
        else:
            tx.execute(
                update(folder).where(folder.c.account_id == account_id, folder.c.wire == wire).values(followed=1)
            )
    for row in known.values():
        tx.change(folder, row.id, followed=0)
    tx.announce(TOPIC)


_FOLDERS = select(folder).where(folder.c.account_id == bindparam("account_id")).order_by(folder.c.id)


def list_folders(tx: ReadTx, account_id: int) -> list[Folder]:
    """The folders of an account, in the order in which they became known."""
    return [_folder(row) for row in tx.rows(_FOLDERS, {"account_id": account_id})]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What lay in the folders of an account at the first look: about how many letters, and how many are here."""

    letters: int
    fetched: int


def find_backlog(tx: ReadTx, account_id: int) -> Backlog | None:
    """None for an account that is through with it, or whose folders are not known yet. Reckoned from the numbers that
    the server gives its letters, which may have gaps."""
    folders = [one for one in list_folders(tx, account_id) if one.followed and one.gone_at is None and one.uidvalidity]
    if all(one.last_uid >= one.quiet_below - 1 for one in folders):
        return None
    letters = sum(one.server_count for one in folders)
    fetched = sum(one.server_count * min(one.last_uid, one.quiet_below - 1) // max(one.quiet_below - 1, 1)
                  for one in folders)  # fmt: skip
    return Backlog(letters, min(fetched, letters))


def get_folder(tx: ReadTx, folder_id: int) -> Folder:
    """The folder. Raises NotFound."""
    return _folder(tx.get(folder, folder_id))


def follow_folder(tx: WriteTx, folder_id: int, *, followed: bool) -> None:
    """Say whether letters of this folder are fetched. Raises NotFound."""
    if not tx.change(folder, folder_id, followed=int(followed), look_now=1):
        raise NotFound("There is no folder with the number %(id)s.", id=folder_id)
    tx.announce(TOPIC)


def list_placements(tx: ReadTx, message_id: int) -> list[Placement]:
    """Where a message lies now at other servers: what write-back has to touch."""
    here = (placement.c.message_id == message_id) & placement.c.gone_at.is_(None)
    return [_placement(row) for row in tx.rows(select(placement).where(here).order_by(placement.c.id))]


_OF_ARRIVAL = (
    update(placement).where(placement.c.incoming_id == bindparam("incoming")).values(message_id=bindparam("message"))
)


def record_placed_message(tx: WriteTx, incoming_id: int, message_id: int) -> None:
    """The letter that was placed has become this message."""
    tx.execute(_OF_ARRIVAL, {"incoming": incoming_id, "message": message_id})


def list_uids(tx: ReadTx, folder_id: int, uidvalidity: int, first: int, last: int) -> dict[int, Placement]:
    """The letters that we believe to lie in a range of UIDs of a folder, by UID; those owed are among them."""
    here = (
        (placement.c.folder_id == folder_id)
        & (placement.c.uidvalidity == uidvalidity)
        & placement.c.uid.between(first, last)
        & placement.c.gone_at.is_(None)
    )
    return {int(row.uid): _placement(row) for row in tx.rows(select(placement).where(here))}


def count_placed(tx: ReadTx, account_id: int) -> dict[int, int]:
    """How many letters we believe to lie in each folder of an account, those owed left out."""
    here = (folder.c.account_id == account_id) & placement.c.gone_at.is_(None) & placement.c.incoming_id.is_not(None)
    counted = select(placement.c.folder_id, func.count().label("letters")).join(folder).where(here)
    return {row.folder_id: row.letters for row in tx.rows(counted.group_by(placement.c.folder_id))}


def _folder(row: Any) -> Folder:
    values: dict[str, Any] = {name: getattr(row, name) for name in Folder.__dataclass_fields__}
    return Folder(**values | {"followed": bool(row.followed), "look_now": bool(row.look_now)})


def _placement(row: Any) -> Placement:
    values: dict[str, Any] = {name: getattr(row, name) for name in Placement.__dataclass_fields__}
    return Placement(**values | {"flags": tuple(row.flags.split())})
