"""What comes back: which letter of ours a report, a complaint or an automatic answer belongs to, and what follows.

Nothing in such a letter is believed but a token of ours: first in the addresses it was sent to (our return path), then
in the Message-ID of the headers it sends back or answers. A forged one finds nothing.

Whoever received a letter knows its Message-ID. By that alone an address is suppressed only where it was the letter's
one recipient and nobody answered; a return path went to the servers on the way and to that one recipient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from mailhub.letters.values import BouncedRecipient, ParsedLetter
from mailhub.mailboxes.homes import own_thread
from mailhub.mailboxes.returned import take_up_again
from mailhub.mailboxes.tables import letter, letter_reference, message
from mailhub.mailboxes.threads import ANSWERABLE, tell
from mailhub.outbound.identity import REPLY_LASTS, Named, Stamp
from mailhub.outbound.ledger import find_row, move
from mailhub.outbound.recipient_returns import Back, find_back, record_back
from mailhub.outbound.states import may_become
from mailhub.outbound.suppression import canonical_address, suppress
from mailhub.outbound.tables import delivery

REPORTS = frozenset({"bounce", "complaint", "receipt", "auto_reply"})
_GONE = frozenset({"5.1.1", "5.1.10", "5.2.1"})
_SAYS_NOTHING = frozenset({None, "5.0.0", "5.1.0"})


@dataclass(frozen=True, slots=True)
class Returned:
    """The letter of ours that something came back for: its message, that message's own thread and mailbox.

    ``delivery_id`` is the recipient's row where the return path named it, else None. With ``back`` it is the letter of
    a mailing to one recipient, which lies in no thread: message and thread are 0."""

    message_id: int
    thread_id: int
    mailbox_id: int
    delivery_id: int | None
    back: Back | None = None


_BY_DELIVERY = (
    select(delivery.c.message_id, own_thread.label("thread_id"), message.c.mailbox_id)
    .join(message, message.c.id == delivery.c.message_id)
    .where(delivery.c.id == bindparam("id"), delivery.c.epoch == bindparam("epoch"))
)
_BY_MESSAGE = (
    select(own_thread.label("thread_id"), message.c.mailbox_id, letter.c.message_id)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.id == bindparam("id"), message.c.direction == "out")
)
_BY_ADDRESS = (
    select(own_thread.label("thread_id"), message.c.mailbox_id, message.c.dated_at)
    .join(delivery, delivery.c.message_id == message.c.id)
    .where(message.c.id == bindparam("id"), message.c.direction == "out", delivery.c.epoch == bindparam("epoch"))
    .limit(1)
)
_ours, _answer = letter.alias("ours"), message.alias("answer")
_ANSWERED = (
    select(_answer.c.id)
    .select_from(message)
    .join(_ours, _ours.c.id == message.c.letter_id)
    .join(letter_reference, letter_reference.c.message_id == _ours.c.message_id)
    .join(letter, letter.c.id == letter_reference.c.letter_id)
    .join(_answer, _answer.c.letter_id == letter.c.id)
    .where(message.c.id == bindparam("id"), _answer.c.direction == "in", letter.c.kind.in_(sorted(ANSWERABLE)))
    .limit(1)
)
_OF_MESSAGE = select(delivery.c.id, delivery.c.canonical).where(delivery.c.message_id == bindparam("message_id"))


def find_returned(tx: ReadTx, stamp: Stamp, parsed: ParsedLetter, envelope: Iterable[str]) -> Returned | None:
    """The letter of ours that this one reports about or answers by itself; None for every other and for forged ones.

    ``envelope`` are the recipients of its transport; where these are unknown (IMAP) its To serves as well, since only
    the signature counts. An automatic answer that names no more than our Message-ID finds its thread as every other
    letter does, by a sender who has a say there: everybody who was ever shown the letter knows that id.
    """
    if parsed.kind not in REPORTS:
        return None
    return find_named(tx, stamp, (*envelope, *(one.address for one in parsed.to)), parsed.returned_id or "")


def find_named(tx: ReadTx, stamp: Stamp, addresses: Sequence[str], claimed: str) -> Returned | None:
    """The letter of ours that one of the addresses names, else the Message-ID that is claimed to be ours."""
    for address in addresses:
        named = stamp.read_return_path(address)
        row = tx.row(_BY_DELIVERY, named._asdict()) if named is not None else None
        if row is not None and named is not None:
            return Returned(row.message_id, row.thread_id, row.mailbox_id, named.id)
    back = find_back(tx, stamp, addresses, claimed)
    if back is not None:
        return Returned(0, 0, back.mailbox_id, None, back)
    named = stamp.read_message_id(claimed)
    row = tx.row(_BY_MESSAGE, {"id": named.id}) if named is not None else None
    # The number alone may be of another epoch; the whole id is of this letter only.
    if row is None or named is None or row.message_id.lower() != claimed.lower():
        return None
    return Returned(named.id, row.thread_id, row.mailbox_id, None)


def find_answered(tx: ReadTx, stamp: Stamp, parsed: ParsedLetter, envelope: Iterable[str]) -> Returned | None:
    """The letter of ours that somebody answers to the address that it gave for answers; None for every other, for
    forged ones and for those that are too old. Where the envelope is unknown (IMAP) To and Cc serve as well."""
    for address in (*envelope, *(one.address for one in (*parsed.to, *parsed.cc))):
        named = stamp.read_reply_address(address)
        row = tx.row(_BY_ADDRESS, named._asdict()) if named is not None else None
        if row is not None and named is not None and row.dated_at > clock.now() - REPLY_LASTS:
            return Returned(named.id, row.thread_id, row.mailbox_id, None)
    return None


def find_mailbox(tx: ReadTx, named: Named) -> int | None:
    """The mailbox under whose address a delivery left, for the door; None when there is no such row (any more)."""
    row = tx.row(_BY_DELIVERY, named._asdict())
    return None if row is None else int(row.mailbox_id)


def record_returned(tx: WriteTx, stamp: Stamp, returned: Returned, parsed: ParsedLetter) -> None:
    """Let a report change what it is about: rows become bounced or complained, addresses that do not exist or complain
    are written to no more, the answer's thread is in hand again. Receipts and automatic answers change nothing."""
    if parsed.kind == "complaint" or (parsed.kind == "bounce" and parsed.bounce is not None):
        record_report(tx, stamp, returned, parsed.kind, parsed.bounce.recipients if parsed.bounce is not None else ())


def record_report(
    tx: WriteTx,
    stamp: Stamp,
    returned: Returned,
    kind: Literal["bounce", "complaint"],
    told: tuple[BouncedRecipient, ...],
) -> None:
    """Let a bounce of these recipients, or a complaint, change what it is about, whichever way it came."""
    if returned.back is not None:
        one = told[0] if told else None
        gone, late = one is not None and _does_not_exist(one), one is not None and _is_only_late(one)
        record_back(tx, stamp, returned.back, kind, one, gone=gone, late=late)
    elif kind == "bounce":
        for row_id, failed in _match_rows(tx, returned, told):
            _record_bounced(tx, stamp, returned, row_id, failed)
    else:
        for row_id in _rows_of(tx, returned).values():
            _record_complained(tx, stamp, returned, row_id)


def _rows_of(tx: ReadTx, returned: Returned) -> dict[str, int]:
    """The rows that are meant, by canonical address; one where the return path named it."""
    rows = tx.rows(_OF_MESSAGE, {"message_id": returned.message_id})
    return {row.canonical: row.id for row in rows if returned.delivery_id in (None, row.id)}


def _match_rows(
    tx: ReadTx, returned: Returned, told: tuple[BouncedRecipient, ...]
) -> list[tuple[int, BouncedRecipient]]:
    """Which row each told recipient is. Forwarding changes addresses: one row and one recipient belong together."""
    rows = _rows_of(tx, returned)
    found = [(rows[key], one) for one in told if (key := _canonical(one.address)) in rows]
    if not found and len(rows) == 1 and told:
        found = [(next(iter(rows.values())), told[0])]
    return list(dict(found).items())


def _record_bounced(tx: WriteTx, stamp: Stamp, returned: Returned, row_id: int, failed: BouncedRecipient) -> None:
    row = find_row(tx, row_id)
    assert row is not None, "it was found in this unit"
    if _is_only_late(failed):
        tell(tx, row.thread_id, "The letter to %(address)s is delayed on its way.", address=row.recipient)
        return
    if not may_become(row.state, "bounced"):
        return  # a second report of the same, or one for a copy while the next is in hand
    said = failed.diagnostic or failed.reason
    move(tx, row, "bounced", cause="return", reply_code=0, reply_status=failed.status or "", reply_text=said[:500])
    if _does_not_exist(failed) and _may_suppress(tx, returned):
        suppress(tx, stamp.keys, row.recipient, "bounce", f"{failed.status or ''} {failed.reason}".strip())
    _tell_bounced(tx, row, failed, said)
    if row.kind == "personal":
        take_up_again(tx, row.message_id)


def _record_complained(tx: WriteTx, stamp: Stamp, returned: Returned, row_id: int) -> None:
    row = find_row(tx, row_id)
    assert row is not None, "it was found in this unit"
    if not may_become(row.state, "complained") or not _may_suppress(tx, returned):
        return
    move(tx, row, "complained", cause="return")
    suppress(tx, stamp.keys, row.recipient, "complaint")
    tell(tx, row.thread_id, "The reader at %(address)s called our letter junk.", address=row.recipient)


def _does_not_exist(failed: BouncedRecipient) -> bool:
    """The enhanced code decides, as long as the words do not speak of something else, a full mailbox say; where the
    code says nothing, the words have to be plain."""
    if failed.status in _SAYS_NOTHING:
        return failed.bounce_class == "hard" and failed.reason == "unknown_user"
    return failed.status in _GONE and failed.reason in {"unknown_user", "disabled"}


def _is_only_late(failed: BouncedRecipient) -> bool:
    """A warning on the way; X.4.7 says that they have given up (RFC 3463 §3.5)."""
    return failed.action in {"delayed", "delay"} and not (failed.status or "").endswith(".4.7")


def _may_suppress(tx: ReadTx, returned: Returned) -> bool:
    if returned.delivery_id is not None:
        return True
    # Every answer carries our Message-ID on to whoever gets it too, and shows that somebody is there.
    return len(_rows_of(tx, returned)) == 1 and tx.value(_ANSWERED, {"id": returned.message_id}) is None


def _tell_bounced(tx: WriteTx, row: Row[Any], failed: BouncedRecipient, said: str) -> None:
    sentences = {
        "unknown_user": "The letter to %(address)s came back: there is no such address.",
        "unknown_host": "The letter to %(address)s came back: there is no such domain.",
        "mailbox_full": "The letter to %(address)s came back: the mailbox there is full.",
        "spam": "The letter to %(address)s came back: the other server takes it for junk.",
        "": "The letter to %(address)s came back: %(said)s",
    }
    sentence = sentences.get(failed.reason, sentences[""])
    tell(tx, row.thread_id, sentence, address=row.recipient, said=said[:300])


def _canonical(address: str) -> str:
    try:
        return canonical_address(address)
    except Invalid:
        return ""
