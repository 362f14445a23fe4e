"""Readers who want no more: the address in each letter, and what one POST to it does (RFC 8058).

The address names the row of its reader and is signed; opening it changes nothing, since machines open every address.
What is said there holds at once, for letters that already wait too: their address is asked about once more in the
transaction of the mark.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.secrets import Keys
from crm.parties import record_consent
from crm.parties.tables import contact
from mailhub.campaigns.tables import mailing
from mailhub.campaigns.topics import Topic, choose_topics, list_topics, list_unwanted
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.outbound.suppression import digests_of, suppress
from mailhub.outbound.tables import recipient, suppression

_PURPOSE = "unsubscribe"
NOT_OURS = "This address is not complete. Copy all of it out of the letter, or answer the letter."


@dataclass(frozen=True, slots=True)
class Reader:
    """Who opened the page: their address with its middle hidden, whose letters they got, whether they have left,
    and what mailings are about, each with whether they want to hear of it."""

    recipient_id: int
    address: str
    sender: str
    mailing: str
    language: str
    left: bool
    topics: tuple[tuple[Topic, bool], ...] = ()


def leave_token(keys: Keys, recipient_id: int, epoch: int) -> str:
    """What stands behind ``/u/`` in the letter of a recipient."""
    return keys.sign_token(_PURPOSE, [recipient_id], epoch)


_ROW = select(recipient).where(
    recipient.c.id == bindparam("id"), recipient.c.epoch == bindparam("epoch"), recipient.c.address != ""
)
_LEFT = select(suppression.c.id).where(
    suppression.c.address_hash.in_(bindparam("hashes", expanding=True)), suppression.c.reason == "unsubscribed"
)


def see_reader(tx: ReadTx, keys: Keys, token: str) -> Reader:
    """Whose address it is. Raises NotFound for what this house did not sign, or has forgotten."""
    row = _find(tx, keys, token)
    sent = tx.row(select(mailing).where(mailing.c.id == row.mailing_id))
    name, sender = ("", "") if sent is None else (sent.name, sent.sender_name or get_mailbox(tx, sent.mailbox_id).name)
    left = tx.value(_LEFT, {"hashes": list(digests_of(keys, row.canonical))}) is not None
    unwanted = list_unwanted(tx, keys, row.address) if row.address else set()
    topics = tuple((one, one.id not in unwanted) for one in list_topics(tx) if not one.ended)
    return Reader(row.id, hide_address(row.address), sender, name, row.language, left, topics)


def leave(tx: WriteTx, keys: Keys, token: str, *, how: str = "one click in a letter") -> Reader:
    """Write to this reader no more, letters that wait included. Once or ten times is the same. Raises NotFound."""
    row = _find(tx, keys, token)
    suppress(tx, keys, row.address, "unsubscribed", f"mailing {row.mailing_id}")
    if row.left_at is None:
        tx.execute(update(recipient).where(recipient.c.id == row.id).values(left_at=clock.now()))
        _record(tx, row, given=False, how=how)
        record_change(tx, "recipient.left", row.id, fields={"mailing_id": row.mailing_id}, cause="reader")
    return see_reader(tx, keys, token)


def choose(tx: WriteTx, keys: Keys, token: str, wanted: Collection[int]) -> Reader:
    """They want to hear of these topics and of no others. Raises NotFound."""
    row = _find(tx, keys, token)
    choose_topics(tx, keys, row.address, wanted, f"mailing {row.mailing_id}")
    record_change(tx, "recipient.chose", row.id, fields={"mailing_id": row.mailing_id}, cause="reader")
    return see_reader(tx, keys, token)


def come_back(tx: WriteTx, keys: Keys, token: str) -> Reader:
    """They left by mistake and want letters again. Raises NotFound."""
    row = _find(tx, keys, token)
    mine = suppression.c.address_hash.in_(list(digests_of(keys, row.canonical)))
    if tx.execute(delete(suppression).where(mine, suppression.c.reason == "unsubscribed")):
        tx.execute(update(recipient).where(recipient.c.id == row.id).values(left_at=None))
        _record(tx, row, given=True, how="came back on the page for leaving")
        record_change(tx, "recipient.came_back", row.id, fields={"mailing_id": row.mailing_id}, cause="reader")
    return see_reader(tx, keys, token)


def _find(tx: ReadTx, keys: Keys, token: str) -> Row[Any]:
    found = keys.read_token(_PURPOSE, token)
    if found is None or len(found.fields) != 1 or not isinstance(found.fields[0], int):
        raise NotFound(NOT_OURS)
    row = tx.row(_ROW, {"id": found.fields[0], "epoch": found.epoch})
    if row is None:
        raise NotFound(NOT_OURS)
    return row


def _record(tx: WriteTx, row: Row[Any], *, given: bool, how: str) -> None:
    """What a person said is kept with the person."""
    if row.contact_id is not None and tx.value(_STANDS, {"id": row.contact_id}) is not None:
        record_consent(tx, row.contact_id, given=given, source=f"{how}, mailing {row.mailing_id}")


_STANDS = select(contact.c.id).where(contact.c.id == bindparam("id"), contact.c.merged_into.is_(None))


def hide_address(address: str) -> str:
    """An address with its middle hidden."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…{local[-1:] if len(local) > 2 else ''}@{domain}"
