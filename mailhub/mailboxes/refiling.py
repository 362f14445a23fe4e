"""Older letters follow an address: to the contact who learned it, and back when it is taken from them.

Done a few threads at a time, each part in one short transaction with the place to go on from, so that neither people
nor new letters wait. What a person filed by hand stays where they put it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select

from core.database import ReadTx, WriteTx
from core.jobs import Job, enqueue, finish
from crm.parties import ADDRESSES_MOVED, match_address
from mailhub.mailboxes.filing import file_again
from mailhub.mailboxes.tables import letter, message, thread, thread_participant
from mailhub.mailboxes.threads import hold_root

PART = 20
_WRITTEN_BY = (
    select(thread.c.id)
    .join(thread_participant, thread_participant.c.thread_id == thread.c.id)
    .where(
        thread_participant.c.address == bindparam("address"),
        thread_participant.c.how.in_(("wrote", "written")),
        thread.c.id > bindparam("after"),
        thread.c.merged_into.is_(None),
    )
    .order_by(thread.c.id)
    .limit(PART)
)
ASKED_AT_ONCE = 400
_KNOWN = (
    select(thread_participant.c.address)
    .where(thread_participant.c.address.in_(bindparam("addresses", expanding=True)))
    .distinct()
)
_BEGUN_BY = (
    select(thread_participant.c.address)
    .select_from(message)
    .join(letter, letter.c.id == message.c.letter_id)
    .join(
        thread_participant,
        (thread_participant.c.thread_id == message.c.thread_id)
        & (thread_participant.c.address == func.lower(letter.c.from_trusted)),
    )
    .where(message.c.thread_id == bindparam("thread_id"), message.c.direction == "in", message.c.spam == 0)
    .order_by(message.c.id)
    .limit(1)
)


def refile_part(tx: WriteTx, job: Job) -> bool:
    """One part of a job: the next threads of its first address. True when there is more, as another job."""
    addresses, after = list(job.payload["addresses"]), int(job.payload.get("after", 0))
    if not after:
        addresses = _list_known(tx, addresses)
    if not addresses:
        finish(tx, job)
        return False
    found = [int(one) for one in tx.values(_WRITTEN_BY, {"address": addresses[0], "after": after})]
    for thread_id in found:
        refile_thread(tx, thread_id, addresses[0])
    finish(tx, job)
    if len(found) < PART:
        addresses, found = addresses[1:], []
    if addresses:
        enqueue(tx, ADDRESSES_MOVED, {"addresses": addresses, "after": found[-1] if found else 0})
    return bool(addresses)


def refile_all(tx: WriteTx, addresses: Sequence[str]) -> None:
    """Let letters of addresses follow them within this unit: for addresses that just came in, so that few letters are
    theirs."""
    for address in _list_known(tx, addresses):
        after = 0
        while found := tx.values(_WRITTEN_BY, {"address": address, "after": after}):
            for thread_id in found:
                refile_thread(tx, thread_id, address)
            after = found[-1]


def _list_known(tx: ReadTx, addresses: Sequence[str]) -> list[str]:
    """Those of the addresses that wrote to us or were written to, in their order."""
    known: set[str] = set()
    for start in range(0, len(addresses), ASKED_AT_ONCE):
        known.update(tx.values(_KNOWN, {"addresses": list(addresses[start : start + ASKED_AT_ONCE])}))
    return [one for one in addresses if one in known]


def refile_thread(tx: WriteTx, thread_id: int, address: str) -> bool:
    """File a thread by whose this address is now, when it begins with a letter of this address, or with ours to it.
    False when nothing changed."""
    row = hold_root(tx, thread_id)
    if (_find_beginner(tx, row.id) or row.who_address.lower()) != address:
        return False
    return file_again(tx, row, match_address(tx, address))


def _find_beginner(tx: ReadTx, thread_id: int) -> str | None:
    """Who decides whose a thread is: the first who wrote to us in it and was believed; None where nobody wrote."""
    found = tx.value(_BEGUN_BY, {"thread_id": thread_id})
    return None if found is None else str(found)
