"""Advertising channels: by what clients come. The list is put in order by people; one that was named is never taken
away, only offered no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, TooMuch
from core.fulltext import fold
from crm.parties.tables import channel, counterparty

MOST = 500
LONGEST_NAME = 100
TO_CORRECT = clock.DAY
"""So long another channel corrects the first one of a client; later the first one stays."""


@dataclass(frozen=True, slots=True)
class Channel:
    """By what clients come. ``ended``: offered no more; who came by it keeps it."""

    id: int
    name: str
    ended: bool


_ALL = select(channel).order_by(channel.c.place, channel.c.name_folded)


def list_channels(tx: ReadTx) -> list[Channel]:
    """All channels in their order, those that ended too."""
    rows = tx.rows(_ALL)
    return [Channel(row.id, row.name, row.ended_at is not None) for row in rows]


def get_channel(tx: ReadTx, channel_id: int) -> Channel:
    """Raises NotFound."""
    row = tx.get(channel, channel_id)
    return Channel(row.id, row.name, row.ended_at is not None)


def find_channel(tx: ReadTx, name: str) -> int | None:
    """The channel of this name, None for no name. Raises Invalid where none is called so."""
    if not name.strip():
        return None
    found = tx.value(_named(fold(_read(name))))
    if found is None:
        raise Invalid("There is no channel “%(name)s”.", name=name.strip()[:LONGEST_NAME], field="channel")
    return int(found)


def add_channel(tx: WriteTx, name: str) -> int:
    """One more, the last of them. Raises Invalid, Conflict where one is called so, TooMuch."""
    name = _read(name)
    tx.lock_key("channel", "order")
    if tx.value(_named(fold(name))) is not None:
        raise Conflict("There is already a channel “%(name)s”. Offer it again, or choose another name.",
                       name=name, field="channel")  # fmt: skip
    return _add(tx, name)


def ensure_channel(tx: WriteTx, name: str) -> int:
    """The channel of this name, made where there is none, begun again where it had ended. Raises Invalid, TooMuch."""
    name = _read(name)
    found = tx.value(_named(fold(name)))
    if found is None:
        tx.lock_key("channel", "order")
        found = tx.value(_named(fold(name)))
    if found is None:
        return _add(tx, name)
    if get_channel(tx, found).ended:
        tx.change(channel, found, ended_at=None)
    return int(found)


def change_channel(tx: WriteTx, channel_id: int, *, name: str | None = None, ended: bool | None = None) -> None:
    """Call it otherwise; offer it no more, or again. Raises NotFound, Invalid, Conflict."""
    tx.lock(channel, channel_id)
    now = get_channel(tx, channel_id)
    values: dict[str, Any] = {}
    if name is not None:
        name = _read(name)
        if tx.value(_named(fold(name))) not in (None, channel_id):
            raise Conflict("There is already a channel “%(name)s”. Offer it again, or choose another name.",
                           name=name, field="channel")  # fmt: skip
        values |= {"name": name, "name_folded": fold(name)}
    if ended is not None and ended != now.ended:
        values["ended_at"] = clock.now() if ended else None
    if values:
        tx.change(channel, channel_id, **values)


def order_channels(tx: WriteTx, ids: Sequence[int]) -> None:
    """These channels in this order, those not named behind them as they stood. Raises Invalid for one that is none."""
    tx.lock_key("channel", "order")
    there = [one.id for one in list_channels(tx)]
    if len(set(ids)) != len(ids) or not set(ids) <= set(there):
        raise Invalid("Name each of these channels once.", field="ids")
    for place, one in enumerate([*ids, *(one for one in there if one not in set(ids))], 1):
        tx.change(channel, one, place=place)


def first_of(now: Any, channel_id: int | None) -> dict[str, Any]:
    """The columns of the first channel of a client (``now`` its row) who is said to have come by ``channel_id``: what
    was said first stays, but what is said within a day from then corrects it, however long ago they came."""
    if now.first_channel_said_at is not None and clock.now() - now.first_channel_said_at >= TO_CORRECT:
        return {}
    if channel_id is None:
        return _NONE
    return {"first_channel_id": channel_id} if now.first_channel_at is not None else first_now(channel_id)


def first_now(channel_id: int | None) -> dict[str, Any]:
    """The columns of the first channel of a new client."""
    moment = clock.now()
    told = {"first_channel_id": channel_id, "first_channel_at": moment, "first_channel_said_at": moment}
    return told if channel_id else _NONE


_NONE: dict[str, Any] = {"first_channel_id": None, "first_channel_at": None, "first_channel_said_at": None}
_UNKNOWN: ColumnElement[bool] = counterparty.c.first_channel_at.is_(None)
_LEARN = (
    update(counterparty)
    .where(counterparty.c.id == bindparam("client"), _UNKNOWN)
    .values(
        first_channel_id=bindparam("came_by"),
        first_channel_at=bindparam("at"),
        first_channel_said_at=bindparam("now"),
        channel_id=func.coalesce(counterparty.c.channel_id, bindparam("came_by")),
        version=counterparty.c.version + 1,
    )
)


def learn_channel(tx: WriteTx, counterparty_id: int, channel_id: int, at: int) -> None:
    """Something came of a client by a channel: of whom none is known, it is their first."""
    if tx.execute(_LEARN, {"client": counterparty_id, "came_by": channel_id, "at": at, "now": clock.now()}):
        record_change(tx, "counterparty.changed", counterparty_id)


def forget_channel(tx: WriteTx, counterparty_id: int, channel_id: int, at: int) -> bool:
    """What came of a client by a channel at this moment did not come after all: True where it had taught their first
    channel, and none is known now."""
    row = tx.row(select(counterparty).where(counterparty.c.id == counterparty_id))
    if row is None or (row.first_channel_id, row.first_channel_at) != (channel_id, at):
        return False
    now = None if row.channel_id == channel_id else row.channel_id
    tx.change(counterparty, counterparty_id, **_NONE, channel_id=now, version=row.version + 1)
    record_change(tx, "counterparty.changed", counterparty_id)
    return True


def keep_first_channels(tx: WriteTx, counterparty_ids: Sequence[int]) -> None:
    """Of these clients, those of whom no first channel is known came by the one that they have now."""
    here = (counterparty.c.id.in_(list(counterparty_ids)), counterparty.c.channel_id.is_not(None), _UNKNOWN)
    now = clock.now()
    first = {"first_channel_id": counterparty.c.channel_id, "first_channel_at": now, "first_channel_said_at": now}
    if counterparty_ids:
        tx.execute(update(counterparty).where(*here).values(first))


def _add(tx: WriteTx, name: str) -> int:
    there = list_channels(tx)
    if len(there) >= MOST:
        raise TooMuch("There are at most %(most)s channels.", most=MOST)
    last = tx.value(select(func.max(channel.c.place))) or 0
    return tx.insert(channel, name=name, name_folded=fold(name), place=last + 1)


def _named(folded: str) -> Any:
    return select(channel.c.id).where(channel.c.name_folded == folded)


def _read(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or "\0" in name:
        raise Invalid("The name of a channel has at most %(count)s characters.", count=LONGEST_NAME, field="channel")
    return name
