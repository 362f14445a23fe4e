"""What people said to being sent mailings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx, among
from core.errors import Invalid
from crm.parties.personal import demand_own
from crm.parties.tables import consent, contact

LONGEST_SOURCE = 300


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody said: ``given`` or taken back, how (``source``), when, and who wrote it down (None: the house)."""

    given: bool
    source: str
    at: int
    by_id: int | None


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
    .where(among(consent.c.contact_id, "ids"))
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
