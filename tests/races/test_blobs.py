"""Bytes are brought and let go at the same moment: nobody refers to what is not there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import select

from core.blobs import blob, blob_doubt, find_content, keep, keep_settled, letting_go, record_settled
from core.database import Database, WriteTx
from mailhub.mailboxes.tables import mailbox
from mailhub.outbound.tables import draft, draft_file
from tests.races.conftest import Race
from tests.support.mail import add_office

CONTENT = b"We need pumps."
HASH = hashlib.sha256(CONTENT).digest()
_BRING: tuple[Callable[[WriteTx], int], ...] = (
    partial(keep, content=CONTENT),
    partial(keep_settled, sha256=HASH, size=len(CONTENT)),
)


def test_bytes_whose_row_is_let_go_while_they_come_are_kept_anew(database: Database, race: Race) -> None:
    _, (ivan,) = add_office(database, "ivan")
    for number in range(12):
        blob_id = database.write_now(keep, CONTENT)
        database.write_now(record_settled, [blob_id])
        gone, held = race((letting_go._delete, blob_id), (partial(_refer, _BRING[number % 2], ivan),))
        assert not isinstance(held, BaseException), held
        assert gone is (held != blob_id)
        assert database.read_now(find_content, held)[1] == HASH
        database.write_now(_clear)


def _refer(bring: Callable[[WriteTx], int], person: int, tx: WriteTx) -> int:
    """What a room does that keeps bytes: a row that refers to them."""
    blob_id = bring(tx)
    time.sleep(0.02)
    box = tx.row(select(mailbox))
    assert box is not None
    draft_id = tx.insert(
        draft, mailbox_id=box.id, scope_id=box.scope_id, kind="new", author_id=person, changed_by_id=person,
        created_at=0, changed_at=0,
    )  # fmt: skip
    tx.insert(
        draft_file, draft_id=draft_id, blob_id=blob_id, name="a", content_type="text/plain", size=1, content_id="",
        created_at=0,
    )  # fmt: skip
    return blob_id


def _clear(tx: WriteTx) -> None:
    for table in (draft_file, draft, blob_doubt, blob):
        tx.execute(table.delete())
