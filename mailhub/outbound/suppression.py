"""Addresses that must not be written to, and the one rule that asks. It is asked at plan, at claim and in the
transaction of the mark, and nowhere else.

Reasons: ``bounce`` (the address does not exist), ``complaint`` (its reader called a letter of ours junk),
``unsubscribed``, ``hand`` (somebody of the staff decided). A person who writes to us and complained of a mailing may
still be answered: a ``personal`` letter is stopped by ``bounce`` and ``hand`` alone; a ``transactional`` one (an
invoice, a password) by these and ``complaint``, since who leaves mailings still wants it; all others by every reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx, among
from core.errors import Invalid
from core.paging import Page, cut_page, decode_cursor
from core.secrets import Keys
from mailhub.letters.addresses import parse_addr_spec
from mailhub.outbound.states import Kind
from mailhub.outbound.tables import suppression

Why = Literal["bounce", "complaint", "unsubscribed", "hand"]
REASONS: tuple[Why, ...] = get_args(Why)
Reason = str
"""One of ``REASONS``, or ``topic 7``: not to be written to about that."""
_STOPS: dict[Kind, frozenset[str]] = {
    "personal": frozenset({"bounce", "hand"}), "transactional": frozenset({"bounce", "hand", "complaint"}),
}  # fmt: skip
_TOPIC = "topic "
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


def topic_reason(topic_id: int) -> Reason:
    """How it stands in the table that a reader does not want to hear of a topic."""
    return f"{_TOPIC}{topic_id}"


def _stops(reason: Reason, kind: Kind, topic_id: int | None) -> bool:
    """The rule for one reason: whether it stops a letter of this kind that is about this topic."""
    if reason.startswith(_TOPIC):
        return kind == "mailing" and topic_id is not None and reason == topic_reason(topic_id)
    return reason in _STOPS.get(kind, frozenset(REASONS))


def find_obstacle(tx: ReadTx, keys: Keys, address: str, kind: Kind, topic_id: int | None = None) -> Reason | None:
    """The rule: what stops a letter of this kind, about this topic, to this address, None when it may go."""
    reasons = find_reasons(tx, keys, address)
    return next((reason for reason in reasons if _stops(reason, kind, topic_id)), None)


def may_send(tx: ReadTx, keys: Keys, address: str, kind: Kind, topic_id: int | None = None) -> bool:
    """True when a letter of this kind may go to this address."""
    return find_obstacle(tx, keys, address, kind, topic_id) is None


_THOSE = (
    select(suppression.c.address_hash, suppression.c.reason)
    .where(among(suppression.c.address_hash, "hashes"))
    .order_by(suppression.c.id)
)
_AT_ONCE = 400


def list_obstacles(
    tx: ReadTx, keys: Keys, addresses: Sequence[str], kind: Kind, topic_id: int | None = None
) -> dict[str, Reason]:
    """``find_obstacle`` for many addresses in their canonical form: what stops a letter to each; those that may be
    written to are not there."""
    found: dict[str, Reason] = {}
    for at in range(0, len(addresses), _AT_ONCE):
        some = addresses[at : at + _AT_ONCE]
        whose: dict[bytes, str] = {}
        for hashes in keys.digests_of(_PURPOSE, [address.encode() for address in some]):
            whose.update(zip(hashes, some, strict=True))
        for row in tx.rows(_THOSE, {"hashes": list(whose)}):
            if _stops(row.reason, kind, topic_id):
                found.setdefault(whose[bytes(row.address_hash)], row.reason)
    return found


def digests_of(keys: Keys, canonical: str) -> tuple[bytes, ...]:
    """How an address would stand in the table, under every key of the house."""
    return keys.digests(_PURPOSE, canonical.encode())


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


_THERE = select(suppression.c.address_hash, suppression.c.reason).where(among(suppression.c.address_hash, "hashes"))


def suppress_all(tx: WriteTx, keys: Keys, told: Sequence[tuple[str, Reason, int]], detail: str) -> int:
    """Write to these addresses (in their canonical form, each with its reason and since when, 0 for now) no more,
    letters that already wait included; some hundreds in a unit. Says for how many that is new."""
    tx.lock_keys(("suppression", address) for address, _, _ in told)
    addresses = list({address for address, _, _ in told})
    there: set[tuple[str, Reason]] = set()
    newest: dict[str, bytes] = {}
    for at in range(0, len(addresses), _AT_ONCE):
        some = addresses[at : at + _AT_ONCE]
        under = keys.digests_of(_PURPOSE, [address.encode() for address in some])
        newest.update(zip(some, under[0], strict=True))
        whose = {digest: address for digests in under for digest, address in zip(digests, some, strict=True)}
        rows = tx.rows(_THERE, {"hashes": list(whose)})
        there |= {(whose[bytes(row.address_hash)], row.reason) for row in rows}
    now = clock.now()
    fresh: dict[tuple[str, Reason], dict[str, Any]] = {}
    for address, reason, since in told:
        if (address, reason) not in there:
            values = {"reason": reason, "detail": detail[:500], "created_at": since or now}
            fresh.setdefault((address, reason), {"address_hash": newest[address], **values})
    for row_id, row in zip(tx.insert_all(suppression, list(fresh.values())), fresh.values(), strict=True):
        record_change(tx, "suppression.added", row_id, fields={"reason": row["reason"]})
    return len(fresh)


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
