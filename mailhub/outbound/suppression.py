"""Addresses that must not be written to, and the one rule that asks. It is asked at plan, at claim and in the
transaction of the mark, and nowhere else.

Reasons: ``bounce`` (the address does not exist), ``complaint`` (its reader called a letter of ours junk),
``unsubscribed``, ``hand`` (somebody of the staff decided). A person who writes to us and complained of a mailing may
still be answered: a ``personal`` letter is stopped by ``bounce`` and ``hand`` alone, all others by every reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page, cut_page, decode_cursor
from core.secrets import Keys
from mailhub.letters.addresses import parse_addr_spec
from mailhub.outbound.states import Kind
from mailhub.outbound.tables import suppression

Reason = Literal["bounce", "complaint", "unsubscribed", "hand"]
REASONS: tuple[Reason, ...] = get_args(Reason)
_STOPS_PERSONAL: frozenset[str] = frozenset({"bounce", "hand"})
_PURPOSE = "suppressed address"
_FOUND = (
    select(suppression.c.reason)
    .where(suppression.c.address_hash.in_(bindparam("hashes", expanding=True)))
    .order_by(suppression.c.id)
)


def canonical_address(address: str) -> str:
    """The one form in which recipients are compared: domain in ASCII, all in lower case. Raises Invalid."""
    found = parse_addr_spec(address.strip())
    if found is None:
        raise Invalid("%(address)s is not an e-mail address.", address=address[:320], field="to")
    return found.lower()


def find_reasons(tx: ReadTx, keys: Keys, address: str) -> list[Reason]:
    """Why this address must not be written to, oldest reason first; empty for most. Raises Invalid for no address."""
    hashes = list(keys.digests(_PURPOSE, canonical_address(address).encode()))
    return tx.values(_FOUND, {"hashes": hashes})


def find_obstacle(tx: ReadTx, keys: Keys, address: str, kind: Kind) -> Reason | None:
    """The rule: what stops a letter of this kind to this address, None when it may go."""
    reasons = find_reasons(tx, keys, address)
    return next((reason for reason in reasons if kind != "personal" or reason in _STOPS_PERSONAL), None)


def may_send(tx: ReadTx, keys: Keys, address: str, kind: Kind) -> bool:
    """True when a letter of this kind may go to this address."""
    return find_obstacle(tx, keys, address, kind) is None


def suppress(tx: WriteTx, keys: Keys, address: str, reason: Reason, detail: str = "") -> bool:
    """Write to this address no more, letters that already wait included. False when that was so already."""
    canonical = canonical_address(address)
    tx.lock_key("suppression", canonical)
    if reason in find_reasons(tx, keys, address):
        return False
    newest = keys.digests(_PURPOSE, canonical.encode())[0]
    row_id = tx.insert(suppression, address_hash=newest, reason=reason, detail=detail[:500], created_at=clock.now())
    record_change(tx, "suppression.added", row_id, fields={"reason": reason})
    return True


def lift(tx: WriteTx, keys: Keys, address: str, reason: Reason | None = None) -> int:
    """Allow the address again, for one reason or for all; says how many reasons went."""
    hashes = list(keys.digests(_PURPOSE, canonical_address(address).encode()))
    gone = delete(suppression).where(suppression.c.address_hash.in_(hashes))
    return tx.execute(gone if reason is None else gone.where(suppression.c.reason == reason))


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One reason why an address is not written to. Whose it is, only who knows the address can find out."""

    id: int
    reason: Reason
    detail: str
    created_at: int


def list_suppressions(
    tx: ReadTx, keys: Keys, *, address: str | None = None, after: str | None = None, limit: int = 50
) -> Page[Suppressed]:
    """All reasons, the newest first, or those of one address. Raises Invalid for no address, a bad cursor."""
    statement = select(suppression).order_by(suppression.c.id.desc())
    if address is not None:
        hashes = list(keys.digests(_PURPOSE, canonical_address(address).encode()))
        statement = statement.where(suppression.c.address_hash.in_(hashes))
    if after is not None:
        statement = statement.where(suppression.c.id < decode_cursor(after, (int,))[0])
    page = cut_page(tx.rows(statement.limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([Suppressed(row.id, row.reason, row.detail, row.created_at) for row in page.items], page.next)


def lift_one(tx: WriteTx, suppression_id: int) -> bool:
    """Take one reason away. False when there is none of this number."""
    gone = tx.execute(delete(suppression).where(suppression.c.id == suppression_id)) == 1
    if gone:
        record_change(tx, "suppression.lifted", suppression_id)
    return gone
