"""Pictures of mailings: they lie in this house under an address that nobody guesses, for whoever opens the letter.

A picture stays as long as a letter of a mailing names it, whichever mailing it was brought to; what no letter has named
for ``UNNAMED`` goes. Its type is what its bytes are."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, select

from core import clock
from core.blobs import BlobFiles, keep_settled, read_blob
from core.blobs.letting_go import doubt
from core.database import Database, ReadTx, WriteTx
from core.errors import Invalid, NotFound, TooMuch
from crm.staff.readable import Viewer
from mailhub.campaigns.mailings import get_mailing, hold_draft
from mailhub.campaigns.tables import picture, picture_use
from mailhub.letters.filenames import safe_file_name
from mailhub.outbound.parts import File

PATH = "/p"
LARGEST = 5 << 20
HEAVY = 1 << 20
"""Above this the check says so: readers on the way wait for it."""
MOST = 100
LARGEST_INSIDE = 256 << 10
"""All pictures together that go along in a letter: each reader gets them anew."""
UNNAMED = 7 * clock.DAY
_SWEPT = 50
_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png", "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "jpg", "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "gif", "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp", "image/webp"),
)
TYPES = {ending: kind for _, ending, kind in _KINDS}
_NAMED = re.compile(r"/p/([0-9a-f]{32})\.(?:png|jpg|gif|webp)")
_SHOWN = re.compile(r"""(<img\s[^>]*?\bsrc=)(["'])[^"'\s]*/p/([0-9a-f]{32})\.(png|jpg|gif|webp)\2""", re.IGNORECASE)
_BY_NAME = select(picture).where(picture.c.name == bindparam("name"))
_BY_NAMES = select(picture).where(picture.c.name.in_(bindparam("names", expanding=True))).order_by(picture.c.id)
_OF_MAILING = select(picture).where(picture.c.mailing_id == bindparam("id")).order_by(picture.c.id)


@dataclass(frozen=True, slots=True)
class Picture:
    """One of them; ``path`` is where it lies below the address of the house, ``title`` what its file was called."""

    id: int
    mailing_id: int
    blob_id: int
    title: str
    path: str
    content_type: str
    size: int


def find_kind(content: bytes) -> str:
    """The ending that fits the bytes. Raises Invalid for all but PNG, JPEG, GIF and WebP."""
    found = next((ending for magic, ending, _ in _KINDS if magic.match(content)), None)
    if found is None:
        raise Invalid("A picture is a PNG, JPEG, GIF or WebP file.", field="file")
    return found


def add_picture(
    tx: WriteTx, viewer: Viewer, mailing_id: int, title: str, ending: str, content: tuple[bytes, int]
) -> Picture:
    """Bring a picture to a mailing; ``content`` is hash and size of bytes that are durable already. Raises NotFound,
    Forbidden, Conflict once the mailing was started, TooMuch."""
    hold_draft(tx, viewer, mailing_id)
    if content[1] > LARGEST:
        raise TooMuch("A picture has at most %(most)s MB.", most=LARGEST >> 20)
    if len(tx.rows(_OF_MAILING, {"id": mailing_id})) >= MOST:
        raise TooMuch("A mailing has at most %(most)s pictures.", most=MOST)
    made = tx.insert(
        picture, mailing_id=mailing_id, blob_id=keep_settled(tx, *content), name=secrets.token_hex(16), ending=ending,
        title=safe_file_name(title) or "picture", size=content[1], created_at=clock.now(),
    )  # fmt: skip
    return _shape(tx.get(picture, made))


def list_pictures(tx: ReadTx, viewer: Viewer, mailing_id: int) -> list[Picture]:
    """Those that were brought to a mailing, the oldest first. Raises NotFound."""
    get_mailing(tx, viewer, mailing_id)
    return [_shape(row) for row in tx.rows(_OF_MAILING, {"id": mailing_id})]


def find_picture(tx: ReadTx, file: str) -> Picture:
    """The picture under this name, for anybody. Raises NotFound."""
    name, _, ending = file.partition(".")
    row = tx.row(_BY_NAME, {"name": name})
    if row is None or row.ending != ending:
        raise NotFound("There is no such picture.")
    return _shape(row)


def remove_picture(tx: WriteTx, viewer: Viewer, mailing_id: int, picture_id: int) -> None:
    """Take one away that no letter names. Raises NotFound, Forbidden, Conflict, Invalid for one that is named."""
    hold_draft(tx, viewer, mailing_id)
    row = tx.row(select(picture).where(picture.c.id == picture_id, picture.c.mailing_id == mailing_id))
    if row is None:
        raise NotFound("There is no such picture.")
    if tx.row(select(picture_use.c.mailing_id).where(picture_use.c.picture_id == picture_id).limit(1)) is not None:
        raise Invalid("A letter names this picture. Take it out of the letter first.", field="picture")
    tx.execute(delete(picture).where(picture.c.id == picture_id))
    doubt(tx, [row.blob_id])


def find_named(tx: ReadTx, html: str) -> list[Picture]:
    """The pictures of this house that a letter names."""
    names = sorted(set(_NAMED.findall(html)))[:1000]
    return [_shape(row) for row in tx.rows(_BY_NAMES, {"names": names})] if names else []


def turn_inside(html: str) -> tuple[str, list[str]]:
    """The HTML with the pictures of this house that stand in it named as parts of the letter (``cid:``, RFC 2392), and
    their names by which ``read_inside`` finds them. A picture behind the text (a style) stays where it lies."""
    names: dict[str, None] = {}

    def lead(found: re.Match[str]) -> str:
        names[f"{found[3]}.{found[4].lower()}"] = None
        return f'{found[1]}"cid:{found[3]}.{found[4].lower()}"'

    return _SHOWN.sub(lead, html), list(names)


def read_inside(database: Database, files: BlobFiles, names: Iterable[str]) -> tuple[File, ...]:
    """The pictures under these names as parts of a letter, for a caller without an event loop. Raises NotFound."""
    made = []
    for name in names:
        one = database.read_now(find_picture, name)
        made.append(File(one.title, one.content_type, read_blob(database, files, one.blob_id), name))
    return tuple(made)


def note_uses(tx: WriteTx, mailing_id: int, letters: Iterable[str]) -> None:
    """Write down which pictures the letters of a mailing name now."""
    named = {one.id for html in letters for one in find_named(tx, html)}
    tx.execute(delete(picture_use).where(picture_use.c.mailing_id == mailing_id))
    tx.insert_many(picture_use, [{"mailing_id": mailing_id, "picture_id": one} for one in sorted(named)])


def sweep_pictures(tx: WriteTx) -> int:
    """Delete some of those that no letter names; their bytes go when nothing else wants them."""
    used = exists().where(picture_use.c.picture_id == picture.c.id)
    old = picture.c.created_at < clock.now() - UNNAMED
    gone = tx.rows(select(picture.c.id, picture.c.blob_id).where(old, ~used).order_by(picture.c.id).limit(_SWEPT))
    doubt(tx, [one.blob_id for one in gone])
    return tx.execute(delete(picture).where(picture.c.id.in_([one.id for one in gone]))) if gone else 0


def _shape(row: Row[Any]) -> Picture:
    path = f"{PATH}/{row.name}.{row.ending}"
    return Picture(row.id, row.mailing_id, row.blob_id, row.title, path, TYPES[row.ending], row.size)
