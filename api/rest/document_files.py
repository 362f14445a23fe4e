"""``/documents/{id}/files``: scans, signed contracts, pictures."""

from __future__ import annotations

import asyncio
import hashlib

from litestar import Response, delete, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.rest.document_shapes import FileView, show_file
from api.rest.drafts import LARGEST_UPLOAD, FileName
from api.rest.shapes import Id, StrictRequest
from core.blobs import read_blob
from core.database import ReadTx
from core.errors import TooMuch
from crm.documents import File, add_file, get_document, get_file, remove_file
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.letters.filenames import safe_file_name
from mailhub.letters.serving import download_headers

_LONGEST_TYPE = 100


def ask_for_room(tx: ReadTx, viewer: Viewer, document_id: int) -> None:
    """Nobody fills the disk with what is refused afterwards. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    get_document(tx, document_id)


async def keep_file(door: Door, document_id: int, name: str, kind: str, content: bytes) -> File:
    """Bytes become a file of a document. Raises NotFound, Forbidden, Invalid, TooMuch."""
    most = door.house.settings.send.largest_files
    if len(content) > most:
        raise TooMuch("A file has at most %(most)s MB.", most=most >> 20)
    sha256 = hashlib.sha256(content).digest()
    await asyncio.to_thread(door.house.files.write, sha256, content)
    kind = kind.partition(";")[0].strip().lower()[:_LONGEST_TYPE] or "application/octet-stream"
    kept = (sha256, len(content))
    return await door.write(add_file, document_id, safe_file_name(name) or "file", kind, kept)


@post("/documents/{document_id:int}/files", tags=["documents"], request_max_body_size=LARGEST_UPLOAD)
async def upload(
    door: NamedDependency[Door], request: StrictRequest, document_id: Id, filename: FileName = "file"
) -> FileView:
    """Lay a file beside a document; the body is its bytes, its type that of the request."""
    await door.read(ask_for_room, document_id)
    kind = request.headers.get("content-type", "")
    return show_file(await keep_file(door, document_id, filename, kind, await request.body()))


@get("/documents/{document_id:int}/files/{file_id:int}", tags=["documents"], media_type="application/octet-stream")
async def fetch(door: NamedDependency[Door], document_id: Id, file_id: Id) -> Response[bytes]:
    """The bytes of a file as a download."""
    found = await door.read(lambda tx, _: get_file(tx, document_id, file_id))
    content = await asyncio.to_thread(read_blob, door.house.database, door.house.files, found.blob_id)
    return Response(content, headers=download_headers(found.name, found.content_type, content[:1024]))


@delete("/documents/{document_id:int}/files/{file_id:int}", tags=["documents"])
async def remove(door: NamedDependency[Door], document_id: Id, file_id: Id) -> None:
    """Take a file away again."""
    await door.write(remove_file, document_id, file_id)


ROUTES = [upload, fetch, remove]
