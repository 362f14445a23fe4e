"""The files of a draft, and the pictures that stand in its text.

They come and go beside its versions, which are of what is typed.
"""

from __future__ import annotations

import secrets

from sqlalchemy import delete

from core import clock
from core.blobs import keep_settled
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound, TooMuch
from crm.staff.readable import Viewer
from mailhub.letters.filenames import safe_file_name
from mailhub.outbound.drafts import DraftFile, get_draft, hold_draft, keep_here
from mailhub.outbound.tables import draft_file

MOST_FILES = 50
INSIDE = "inside"
_LONGEST_TYPE = 100


def add_file(
    tx: WriteTx,
    viewer: Viewer,
    draft_id: int,
    name: str,
    content_type: str,
    content: tuple[bytes, int],
    *,
    largest: int,
    inside: bool = False,
) -> DraftFile:
    """Lay a file beside a draft; ``inside`` for a picture that is to stand in its text, and goes with it.

    ``content`` is the hash and size of bytes that are durable already; ``largest`` is how many bytes all files of a
    letter may have together. Raises NotFound, Invalid, TooMuch."""
    found = keep_here(tx, hold_draft(tx, viewer, draft_id))
    sha256, size = content
    if not size:
        raise Invalid("The file %(name)s is empty.", name=name[:200], field="file")
    if len(found.files) >= MOST_FILES or sum(one.size for one in found.files) + size > largest:
        raise TooMuch("The files of a letter have %(most)s MB at most. Send a link to the rest.", most=largest >> 20)
    kind = content_type.partition(";")[0].strip().lower()[:_LONGEST_TYPE] or "application/octet-stream"
    file_id = tx.insert(
        draft_file,
        draft_id=draft_id,
        blob_id=keep_settled(tx, sha256, size),
        name=safe_file_name(name) or "file",
        content_type=kind,
        size=size,
        content_id=f"{secrets.token_hex(8)}.{INSIDE if inside else 'file'}",
        created_at=clock.now(),
    )
    return get_file(tx, viewer, draft_id, file_id)


def get_file(tx: ReadTx, viewer: Viewer, draft_id: int, file_id: int) -> DraftFile:
    """A file of a draft. Raises NotFound."""
    for one in get_draft(tx, viewer, draft_id).files:
        if one.id == file_id:
            return one
    raise NotFound("This draft has no such file.")


def remove_file(tx: WriteTx, viewer: Viewer, draft_id: int, file_id: int) -> None:
    """Take a file away again. Raises NotFound."""
    keep_here(tx, hold_draft(tx, viewer, draft_id))
    get_file(tx, viewer, draft_id, file_id)
    tx.execute(delete(draft_file).where(draft_file.c.id == file_id))
