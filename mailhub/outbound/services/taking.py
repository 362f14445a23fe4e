"""A call of a service, from its proof to what follows: the same verbs that read reports by letter. What it tells of
letters that are not ours is passed over without a word, what it repeats changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import TooMuch
from core.limits import Rate, take
from mailhub.outbound.identity import Stamp
from mailhub.outbound.returns import Returned, find_named, record_report
from mailhub.outbound.services import amazon, mailgun, postmark, sendgrid
from mailhub.outbound.services.amazon import Certificates
from mailhub.outbound.services.keeping import Kind
from mailhub.outbound.services.told import Call, Told
from mailhub.outbound.tables import sending_service


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that is believed: what it tells, and by what it is known where it must be taken once."""

    told: list[Told]
    once: str = ""


async def prove(kind: Kind, secret: str, call: Call, certificates: Certificates) -> Taken:
    """Raises Forbidden for a call that proves nothing, Invalid for one that cannot be read, Unavailable when the
    certificate of its signature does not come."""
    if kind == "ses":
        return Taken(amazon.read(await amazon.prove(call, secret, certificates)))
    if kind == "mailgun":
        said = mailgun.prove(call, secret)
        return Taken(mailgun.read(said), mailgun.token_of(said))
    if kind == "postmark":
        return Taken(postmark.read(postmark.prove(call, secret)))
    return Taken(sendgrid.read(sendgrid.prove(call, secret)))


def record_taken(tx: WriteTx, stamp: Stamp, service_id: int, taken: Taken) -> int:
    """Let it change what it is about. How many letters of ours it told of."""
    tx.lock(sending_service, service_id)
    row = tx.row(select(sending_service.c.taken).where(sending_service.c.id == service_id))
    if row is None:
        return 0  # taken away since
    if taken.once:
        try:
            take(tx, f"service {service_id} {taken.once}", Rate(1, 2 * mailgun.LASTS))
        except TooMuch:
            return 0
    found = 0
    for told in taken.told:
        returned = _find(tx, stamp, told)
        if returned is not None:
            found += 1
            record_report(tx, stamp, returned, told.what, (told.recipient,))
    tx.change(sending_service, service_id, heard_at=clock.now(), taken=row.taken + found)
    return found


def _find(tx: ReadTx, stamp: Stamp, told: Told) -> Returned | None:
    """The first letter that a mark of it names: a return path says more than a Message-ID."""
    found = find_named(tx, stamp, told.marks, "")
    ids = iter(told.marks)
    while found is None and (claimed := next(ids, None)) is not None:
        found = find_named(tx, stamp, (), claimed)
    return found
