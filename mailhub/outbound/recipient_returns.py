"""What comes back for the letter of a mailing: its row becomes bounced or complained, its address is written to no
more; an answer is noted. As in ``returns`` nothing is believed but a token of ours, and each names one recipient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from mailhub.letters.values import BouncedRecipient, ParsedLetter
from mailhub.outbound.identity import Named, Stamp
from mailhub.outbound.recipient_rows import move_recipient
from mailhub.outbound.states import may_become
from mailhub.outbound.suppression import suppress
from mailhub.outbound.tables import gate, recipient

_ROW = (
    select(recipient, gate.c.mailbox_id, gate.c.scope_id)
    .join(gate, gate.c.mailing_id == recipient.c.mailing_id)
    .where(recipient.c.id == bindparam("id"), recipient.c.epoch == bindparam("epoch"))
)


@dataclass(frozen=True, slots=True)
class Back:
    """The recipient whose letter something came back for, and the mailbox that it left from."""

    recipient_id: int
    epoch: int
    mailbox_id: int


def find_back(tx: ReadTx, stamp: Stamp, addresses: Iterable[str], claimed: str) -> Back | None:
    """The recipient that a report is about: by the return path it came to, else by the Message-ID that it quotes."""
    named = [stamp.read_recipient_path(one) for one in addresses]
    named.append(stamp.read_recipient_id(claimed))
    for one in named:
        row = _find(tx, one)
        if row is not None:
            return Back(row.id, row.epoch, row.mailbox_id)
    return None


def find_mailbox_of(tx: ReadTx, named: Named) -> int | None:
    """The mailbox that the letter of a recipient left from, for the door; None when there is no such row."""
    row = _find(tx, named)
    return None if row is None else int(row.mailbox_id)


def record_back(
    tx: WriteTx,
    stamp: Stamp,
    back: Back,
    kind: Literal["bounce", "complaint"],
    told: BouncedRecipient | None,
    *,
    gone: bool,
    late: bool,
) -> None:
    """Let a report change its row. ``gone``: it says that there is no such address; ``late``: only that it waits."""
    row = _find(tx, Named(back.recipient_id, back.epoch))
    if row is None or late:
        return
    if kind == "complaint" and may_become(row.state, "complained"):
        move_recipient(tx, row, "complained")
        suppress(tx, stamp.keys, row.address, "complaint", f"mailing {row.mailing_id}")
        _tell(tx, row, "complained")
    elif kind == "bounce" and may_become(row.state, "bounced"):
        status, reason = (told.status or "", told.reason) if told is not None else ("", "")
        said = (told.diagnostic if told is not None else None) or reason
        move_recipient(tx, row, "bounced", reply_code=0, reply_status=status, reply_text=said[:500])
        if gone:
            suppress(tx, stamp.keys, row.address, "bounce", f"{status} {reason}".strip())
        _tell(tx, row, "bounced")


def note_answer(tx: WriteTx, stamp: Stamp, parsed: ParsedLetter, message_id: int) -> None:
    """A person answered the letter of a mailing: the first answer is written down."""
    for text in dict.fromkeys((*parsed.in_reply_to, *reversed(parsed.references))):
        row = _find(tx, stamp.read_recipient_id(text))
        if row is None:
            continue
        if row.answered_at is None:
            here = update(recipient).where(recipient.c.id == row.id)
            tx.execute(here.values(answered_at=clock.now(), answer_id=message_id))
            _tell(tx, row, "answered")
        return


def _find(tx: ReadTx, named: Named | None) -> Any:
    return None if named is None else tx.row(_ROW, {"id": named.id, "epoch": named.epoch})


def _tell(tx: WriteTx, row: Any, what: str) -> None:
    fields = {"mailing_id": row.mailing_id, "counterparty_id": row.counterparty_id}
    record_change(tx, f"recipient.{what}", row.id, scope_id=row.scope_id, fields=fields, cause="return")
