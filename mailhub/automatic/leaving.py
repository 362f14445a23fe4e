"""Readers who want no more letters that go by themselves: the address in each of them, as mailings have it
(``campaigns.leaving``). It acts on the same list of addresses: who leaves one leaves all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.secrets import Keys
from crm.parties import record_consent
from crm.parties.tables import contact
from mailhub.automatic.tables import automatic_letter, automatic_rule
from mailhub.campaigns.leaving import NOT_OURS, Reader, hide_address
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.outbound.suppression import digests_of, suppress
from mailhub.outbound.tables import suppression

_PURPOSE = "unsubscribe automatic"
_ROW = select(automatic_letter).where(
    automatic_letter.c.id == bindparam("id"),
    automatic_letter.c.epoch == bindparam("epoch"),
    automatic_letter.c.canonical != "",
)
_LEFT = select(suppression.c.id).where(
    suppression.c.address_hash.in_(bindparam("hashes", expanding=True)), suppression.c.reason == "unsubscribed"
)
_STANDS = select(contact.c.id).where(contact.c.id == bindparam("id"), contact.c.merged_into.is_(None))


def leave_token(keys: Keys, letter_id: int, epoch: int) -> str:
    """What stands behind ``/u/`` in such a letter."""
    return keys.sign_token(_PURPOSE, [letter_id], epoch)


def is_ours(keys: Keys, token: str) -> bool:
    """Whether it is the address of a letter that went by itself, and not of a mailing."""
    return keys.read_token(_PURPOSE, token) is not None


def see_reader(tx: ReadTx, keys: Keys, token: str) -> Reader:
    """Whose address it is. Raises NotFound for what this house did not sign, or has forgotten."""
    row = _find(tx, keys, token)
    rule = tx.get(automatic_rule, row.rule_id)
    left = tx.value(_LEFT, {"hashes": list(digests_of(keys, row.canonical))}) is not None
    sender = get_mailbox(tx, rule.mailbox_id).name
    return Reader(row.id, hide_address(row.address), sender, rule.name, "", left)


def leave(tx: WriteTx, keys: Keys, token: str, *, how: str = "one click in a letter") -> Reader:
    """Write to this reader no more. Once or ten times is the same. Raises NotFound."""
    row = _find(tx, keys, token)
    suppress(tx, keys, row.address, "unsubscribed", f"automatic letter {row.id}")
    if row.left_at is None:
        tx.change(automatic_letter, row.id, left_at=clock.now())
        _record(tx, row, given=False, how=how)
        record_change(tx, "automatic_letter.refused", row.id, scope_id=row.scope_id, cause="reader")
    return see_reader(tx, keys, token)


def come_back(tx: WriteTx, keys: Keys, token: str) -> Reader:
    """They left by mistake and want letters again. Raises NotFound."""
    row = _find(tx, keys, token)
    mine = suppression.c.address_hash.in_(list(digests_of(keys, row.canonical)))
    if tx.execute(delete(suppression).where(mine, suppression.c.reason == "unsubscribed")):
        tx.change(automatic_letter, row.id, left_at=None)
        _record(tx, row, given=True, how="came back on the page for leaving")
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
    if row.contact_id is not None and tx.value(_STANDS, {"id": row.contact_id}) is not None:
        record_consent(tx, row.contact_id, given=given, source=f"{how}, automatic letter {row.id}")
