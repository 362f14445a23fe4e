"""Where clients come from, and what people said to being sent mailings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.fulltext import fold
from crm.parties.personal import demand_own
from crm.parties.tables import channel, consent, contact

LONGEST_SOURCE = 300


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody said: ``given`` or taken back, how (``source``), when, and who wrote it down (None: the house)."""

    given: bool
    source: str
    at: int
    by_id: int | None


@dataclass(frozen=True, slots=True)
class Channel:
    """Where clients come from."""

    id: int
    name: str
    ended: bool


def record_consent(
    tx: WriteTx, contact_id: int, *, given: bool, source: str, at: int | None = None, by_id: int | None = None
) -> None:
    """Write down what a person said to mailings, as of ``at`` (now). Raises NotFound, Invalid."""
    tx.lock(contact, contact_id)
    demand_own(tx.get(contact, contact_id))
    source = " ".join(source.split())
    if not source or len(source) > LONGEST_SOURCE:
        raise Invalid("Say where the consent comes from: a form, a letter, a call.", field="source")
    now = clock.now()
    moment = now if at is None else at
    if moment > now:
        raise Invalid("Nobody can have said it in the future.", field="at")
    tx.insert(consent, contact_id=contact_id, given=int(given), source=source, at=moment, by_id=by_id)
    record_change(tx, "contact.consented", contact_id, fields={"given": given})


_NEWEST = (
    select(consent)
    .where(consent.c.contact_id.in_(bindparam("ids", expanding=True)))
    .order_by(consent.c.contact_id, consent.c.at.desc(), consent.c.id.desc())
)


def list_consents(tx: ReadTx, contact_id: int) -> list[Consent]:
    """All that a person said, the newest first; that holds."""
    return consents_of(tx, [contact_id]).get(contact_id, [])


def consents_of(tx: ReadTx, contact_ids: list[int]) -> dict[int, list[Consent]]:
    """``list_consents`` of several people."""
    found: dict[int, list[Consent]] = {}
    for row in tx.rows(_NEWEST, {"ids": contact_ids}) if contact_ids else ():
        found.setdefault(row.contact_id, []).append(Consent(bool(row.given), row.source, row.at, row.by_id))
    return found


def ensure_channel(tx: WriteTx, name: str) -> int:
    """The channel of this name, made where there is none, begun again where it had ended. Raises Invalid."""
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise Invalid("The name of a channel has at most %(count)s characters.", count=100, field="channel")
    folded = fold(name)
    tx.lock_key("channel", folded)
    row = tx.row(select(channel).where(channel.c.name_folded == folded))
    if row is None:
        return tx.insert(channel, name=name, name_folded=folded)
    if row.ended_at is not None:
        tx.change(channel, row.id, ended_at=None)
    return int(row.id)


def end_channel(tx: WriteTx, channel_id: int) -> None:
    """Offer a channel no more; clients and events that came by it keep it. Raises NotFound."""
    tx.get(channel, channel_id)
    tx.change(channel, channel_id, ended_at=clock.now())


def list_channels(tx: ReadTx) -> list[Channel]:
    """All channels, by name, those that ended too."""
    rows = tx.rows(select(channel).order_by(channel.c.name_folded))
    return [Channel(row.id, row.name, row.ended_at is not None) for row in rows]
