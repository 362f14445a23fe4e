"""Letters whose words in the index are not yet all they could be: files that nobody has read, words of older rules.

``letter_words.version`` says which: ``UNREAD`` or a number below ``FOLDING_VERSION``. They are taken a few at a time,
the newest first, behind everything else, and until then they are found by the words that stand there.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal_column, select, update

from core.blobs import blob
from core.database import ReadTx, WriteTx
from core.fulltext import FOLDING_VERSION
from core.fulltext.index import Words, add_words, remove_words
from mailhub.mailboxes.letters import hold_words
from mailhub.mailboxes.tables import letter_words, message

MOST_COUNTED = 10_000
_WAITS: ColumnElement[bool] = literal_column(f"letter_words.version < {FOLDING_VERSION}")


@dataclass(frozen=True, slots=True)
class Unread:
    """A letter that waits: whose bytes to read. ``sha256`` where they lie in a file, else ``content``."""

    letter_id: int
    content: bytes | None
    sha256: bytes


def list_unread(tx: ReadTx, limit: int) -> list[Unread]:
    """The newest that wait."""
    ids = [
        int(one)
        for one in tx.values(
            select(letter_words.c.letter_id).where(_WAITS).order_by(letter_words.c.letter_id.desc()).limit(limit)
        )
    ]
    first = select(func.min(message.c.id)).where(message.c.letter_id.in_(ids)).group_by(message.c.letter_id)
    rows = tx.rows(
        select(message.c.letter_id, blob.c.content, blob.c.sha256)
        .join(blob, blob.c.id == message.c.blob_id)
        .where(message.c.id.in_(first))
    )
    found = {int(row.letter_id): Unread(int(row.letter_id), row.content, row.sha256) for row in rows}
    return [found.get(one) or Unread(one, None, b"") for one in ids]


def count_unread(tx: ReadTx) -> int:
    """How many wait, counted up to ``MOST_COUNTED``."""
    return int(
        tx.value(
            select(func.count()).select_from(
                select(letter_words.c.letter_id).where(_WAITS).limit(MOST_COUNTED).subquery()
            )
        )
    )


def index_again(tx: WriteTx, letter_id: int, words: Words | None) -> bool:
    """Put new words in the place of those that stand there, for every message of the letter; None keeps them. False
    when somebody else did it meanwhile."""
    hold_words(tx, letter_id)
    row = tx.row(select(letter_words).where(letter_words.c.letter_id == letter_id))
    if row is None or row.version >= FOLDING_VERSION:
        return False
    here = letter_words.c.letter_id == letter_id
    old = Words(row.subject, row.people, row.body)
    if words is not None and words != old:
        for one in tx.rows(select(message.c.id, message.c.scope_id).where(message.c.letter_id == letter_id)):
            remove_words(tx, one.id, one.scope_id, old)
            add_words(tx, one.id, one.scope_id, words)
        tx.execute(update(letter_words).where(here).values(subject=words.subject, people=words.people, body=words.body))
    tx.execute(update(letter_words).where(here).values(version=FOLDING_VERSION))
    return True
