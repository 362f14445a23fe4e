"""A letter of ours laid down: its bytes, the letter in its thread like every other, and a delivery for each recipient.

Composing a large letter takes longer than anybody may hold the writer, so it is done beforehand: ``draw`` names the
letter on a snapshot, ``write_down`` makes its bytes outside of every transaction, ``plan_letter`` takes them over if
they still say what is to be said, and else makes them anew.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, bindparam, select

from core import clock
from core.blobs import BlobFiles, keep, keep_settled
from core.database import ReadTx, WriteTx
from core.fulltext.index import Words
from crm.interactions import record_letter as record_on_timeline
from mailhub.letters.values import Address
from mailhub.letters.worker import Understood as Understanding
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.letters import Known, Understood, record_letter
from mailhub.mailboxes.messages import COUNTER_BITS, mint_message_id, record_message
from mailhub.mailboxes.planning import propose
from mailhub.mailboxes.tables import message
from mailhub.mailboxes.threads import answered
from mailhub.outbound.compose import Fields, compose
from mailhub.outbound.headers import wire_address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import plan_deliveries
from mailhub.outbound.states import Kind

LARGE = 1 << 18
"""Bytes of a letter that go into their file at once, and not through the database first."""
_MASK = (1 << COUNTER_BITS) - 1
_TAKEN = select(message.c.id).where(message.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Written:
    """A letter made of its fields; ``sha256`` is set when its bytes lie in their file already."""

    fields: Fields
    raw: bytes
    understood: Understanding
    sha256: bytes | None = None


def draw(tx: ReadTx, stamp: Stamp, box: Mailbox, fields: Fields, last_message_id: int) -> Fields:
    """The fields with an id of their own and the date of this moment, behind the newest message of their thread."""
    now = clock.now()
    message_id = mint_message_id(tx, now, _seed_behind(last_message_id, now))
    domain = wire_address(box.address).rpartition("@")[2]
    answers = stamp.reply_address(message_id, fields.from_.address) if fields.automatic is None else None
    answer_to = (Address(fields.from_.name, answers),) if answers is not None else ()
    return replace(fields, message_id=stamp.message_id(message_id, domain), date=now, reply_to=answer_to)


def write_down(fields: Fields, files: BlobFiles | None = None) -> Written:
    """Make the bytes. With ``files`` those of a large letter are durable when this returns. Raises Invalid, TooMuch."""
    raw = compose(fields)
    sha256 = None
    if files is not None and len(raw) > LARGE:
        sha256 = hashlib.sha256(raw).digest()
        files.write(sha256, raw)
    return Written(fields, raw, understand(raw), sha256)


def plan_letter(
    tx: WriteTx,
    stamp: Stamp,
    row: Row[Any],
    box: Mailbox,
    fields: Fields,
    people: Sequence[Address],
    kind: Kind,
    *,
    by_id: int | None,
    wait: int = 0,
    written: Written | None = None,
    forwards: bool = False,
) -> int:
    """Write the letter, lay it into its thread and onto the timeline, and queue it. ``row`` is the thread, held;
    ``written`` is the same letter, made beforehand; one that ``forwards`` answers nobody."""
    if written is None or not _still_says(tx, stamp, written, fields, row.last_message_id):
        written = write_down(draw(tx, stamp, box, fields, row.last_message_id))
    parsed, now = written.understood.parsed, written.fields.date
    named = stamp.read_message_id(written.fields.message_id)
    assert named is not None, "a letter of ours names its message"
    words = Words(written.understood.subject, written.understood.people, written.understood.body)
    letter_id, _ = record_letter(tx, Understood(parsed, words), Known(tx, [parsed]))
    record_message(
        tx,
        letter_id=letter_id,
        mailbox_id=box.id,
        scope_id=row.scope_id,
        thread_id=row.id,
        blob_id=_keep(tx, written),
        direction="out",
        spam=False,
        dated_at=now,
        received_at=now,
        trace={"by": by_id, "forwards": True} if forwards else {"by": by_id},
        fate="forwarded" if forwards else "",
        words=words,
        seed=0,
        minted=named.id,
    )
    answered(tx, named.id)
    if row.counterparty_id is not None:
        record_on_timeline(
            tx,
            row.counterparty_id,
            row.scope_id,
            contact_id=row.contact_id,
            direction="out",
            happened_at=now,
            subject=parsed.subject,
            thread_id=row.id,
            message_id=named.id,
            executor_id=row.executor_id,
            counts=kind == "personal" and not forwards,
            letter_id=letter_id,
        )
        if kind == "personal" and not forwards:
            propose(tx, row.id, named.id, "us", now)
    recipients = [wire_address(person.address) for person in people]
    plan_deliveries(tx, stamp, named.id, box.scope_id, wire_address(box.address), recipients, kind, wait=wait)
    return named.id


def _keep(tx: WriteTx, written: Written) -> int:
    if written.sha256 is not None:
        return keep_settled(tx, written.sha256, len(written.raw))
    return keep(tx, written.raw)


def _still_says(tx: ReadTx, stamp: Stamp, written: Written, fields: Fields, last_message_id: int) -> bool:
    """Whether nothing of it has changed since, and its id is still free and the newest of its thread."""
    named = stamp.read_message_id(written.fields.message_id)
    if named is None or named.id <= last_message_id or tx.value(_TAKEN, {"id": named.id}) is not None:
        return False
    same = replace(written.fields, message_id=fields.message_id, date=fields.date, reply_to=fields.reply_to)
    return same == fields


def _seed_behind(last_id: int, now: int) -> int:
    """Where to begin to look for an id: behind the newest message when that is of this very second."""
    same_second = last_id >> COUNTER_BITS == now // clock.SECOND
    return (last_id + 1) & _MASK if same_second else secrets.randbits(COUNTER_BITS - 1)
