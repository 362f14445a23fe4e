"""What an account's server has not been told yet: that letters were read or answered here, and our answers themselves.

Each is a job in the transaction of its cause, done by ``ingest/write_back``. A mark is owed only for letters that lie
at a server where it is missing; a copy of an answer is owed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from core import jobs
from core.database import ReadTx, WriteTx
from mailhub.mailboxes.account_tables import account, folder, placement
from mailhub.mailboxes.providers import find_provider
from mailhub.mailboxes.tables import letter, letter_reference, message

MARK_JOB, COPY_JOB = "account.mark", "account.copy"
SEEN, ANSWERED = "\\Seen", "\\Answered"

_PLACED = (
    select(placement.c.id, placement.c.flags, folder.c.account_id)
    .join(message, message.c.id == placement.c.message_id)
    .join(folder, folder.c.id == placement.c.folder_id)
    .join(account, account.c.id == folder.c.account_id)
    .where(placement.c.gone_at.is_(None), message.c.direction == "in")
    .order_by(placement.c.id)
)
_UNSEEN = _PLACED.where(message.c.thread_id == bindparam("thread_id"), account.c.write_seen == 1)
_UNANSWERED = _PLACED.where(message.c.id == bindparam("message_id"), account.c.write_answered == 1)
_BEFORE = (
    select(message.c.id)
    .join(letter, letter.c.id == message.c.letter_id)
    .join(letter_reference, letter_reference.c.message_id == letter.c.message_id)
    .where(
        message.c.thread_id == bindparam("thread_id"),
        message.c.direction == "in",
        letter_reference.c.letter_id == bindparam("letter_id"),
        letter_reference.c.place == 0,  # what it answers; the others it only names
    )
    .order_by(message.c.id.desc())
    .limit(1)
)
_WRITES_COPIES = (
    select(account.c.id, account.c.sends, account.c.smtp_host)
    .where(account.c.mailbox_id == bindparam("mailbox_id"), account.c.write_sent == 1)
    .order_by(account.c.id)
    .limit(1)
)
_HERE = (
    select(placement.c.id, placement.c.uid, placement.c.uidvalidity, placement.c.flags, folder.c.wire)
    .join(folder, folder.c.id == placement.c.folder_id)
    .where(
        folder.c.account_id == bindparam("account_id"),
        placement.c.id.in_(bindparam("ids", expanding=True)),
        placement.c.gone_at.is_(None),
    )
    .order_by(folder.c.wire, placement.c.uid)
)


def owe_seen(tx: WriteTx, thread_id: int) -> None:
    """The letters of a thread were read here."""
    _owe_mark(tx, tx.rows(_UNSEEN, {"thread_id": thread_id}), SEEN)


def owe_answer(tx: WriteTx, message_id: int) -> None:
    """A letter of ours reached its first recipient: the one that it answers is marked, and a copy is laid aside."""
    sent = tx.get(message, message_id)
    before = tx.value(_BEFORE, {"thread_id": sent.thread_id, "letter_id": sent.letter_id})
    if before is not None:
        _owe_mark(tx, tx.rows(_UNANSWERED, {"message_id": before}), ANSWERED)
    lies_at = tx.row(_WRITES_COPIES, {"mailbox_id": sent.mailbox_id})
    if lies_at is not None and not (lies_at.sends and _files_itself(lies_at.smtp_host)):
        owed = {"account_id": lies_at.id, "message_id": message_id}
        jobs.enqueue(tx, COPY_JOB, owed, dedupe_key=f"{COPY_JOB}:{message_id}")


def _files_itself(smtp_host: str | None) -> bool:
    """Does this server lay aside by itself what it takes? Google's and Microsoft's do: a second copy would be one."""
    provider = find_provider(smtp_host) if smtp_host else None
    return provider is not None and provider.authority is not None


def list_places(tx: ReadTx, account_id: int, placement_ids: Sequence[int]) -> list[Row[Any]]:
    """Where these letters lie at the account now (id, wire, uidvalidity, uid, flags), folder by folder."""
    return list(tx.rows(_HERE, {"account_id": account_id, "ids": list(placement_ids)}))


def record_mark(tx: WriteTx, placement_ids: Sequence[int], flag: str) -> None:
    """The server has the mark now."""
    for row in tx.rows(select(placement.c.id, placement.c.flags).where(placement.c.id.in_(placement_ids))):
        flags = sorted({*row.flags.split(), flag})
        tx.execute(update(placement).where(placement.c.id == row.id).values(flags=" ".join(flags)))


def _owe_mark(tx: WriteTx, placed: Sequence[Row[Any]], flag: str) -> None:
    owed: dict[int, list[int]] = {}
    for row in placed:
        if flag not in row.flags.split():
            owed.setdefault(row.account_id, []).append(row.id)
    for account_id, ids in owed.items():
        jobs.enqueue(tx, MARK_JOB, {"account_id": account_id, "flag": flag, "placements": ids})
