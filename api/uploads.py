"""Archives on their way in over HTTP: streamed to disk in constant memory, durable before they count.

In parts that may break off and go on (``receive``), or all at once as a form (``receive_form``).
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
)

from api.auth import Door
from core.database import ReadTx
from core.errors import Conflict, Invalid, NotFound, TooMuch, Unavailable
from crm.staff.readable import Viewer
from crm.transfer.imports import PartyImport, demand_import, look_again, start_import
from crm.transfer.imports import get_import as get_table
from crm.transfer.meanings import ABOUT
from mailhub.letters.clean import one_line
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.imports import Import, get_import, get_import_mailbox, record_received, start_upload
from mailhub.routing.importing import upload_file
from mailhub.routing.table_worker import Reading
from mailhub.routing.tables_read import look_at, read_cells
from mailhub.routing.transferring import table_file
from mailhub.runtime import House

BLOCK = 1 << 20
RESERVE = 1 << 30
LONGEST_FIELD = 20
LARGEST_TABLE = 256 * 1000**2
LARGEST_SENT = 10 << 20
WRONG = "Choose a file: a table of text (CSV) or a workbook (XLSX)."
_UNDER_WAY: set[Path] = set()


def check_room(house: House, size: int) -> None:
    """Raises TooMuch for a file larger than the settings allow, Unavailable when the disk has no room for it."""
    most = house.settings.imports.max_size
    if size > most:
        raise TooMuch("A file may have %(most)s MB. Send the archive in several parts.", most=most // 1000**2)
    house.uploads.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(house.uploads).free < size + RESERVE:
        raise Unavailable("The disk of the server has no room for this file. Free some space.")


async def receive(door: Door, request: Request[Any, Any, Any], import_id: int, at: int) -> Import:
    """Bytes of an import's file, which go behind the first ``at``. What came before a connection broke counts. Raises
    NotFound, Forbidden, Conflict, Invalid for more than was announced, Unavailable."""
    found = await door.read(get_import, import_id)
    path = upload_file(door.house.uploads, found.id)
    if found.state != "receiving" or found.received != at or path in _UNDER_WAY:
        raise Conflict("The file goes on elsewhere. Look how much of it is here, and send what follows.")
    check_room(door.house, found.size - at)
    _UNDER_WAY.add(path)
    try:
        async with _writing(path, at, found.size - at) as writer:
            try:
                async for block in request.stream():
                    await writer.write(block)
            except InternalServerException:
                writer.broken = True  # the connection broke off: what came is kept
        return await door.write(record_received, found.id, at, writer.count)
    finally:
        _UNDER_WAY.discard(path)


async def receive_form(door: Door, request: Request[Any, Any, Any]) -> Import:
    """A form with the field ``mailbox_id`` and behind it the file. Raises Invalid, and what ``receive`` raises."""
    boundary = request.content_type[1].get("boundary", "")
    if request.content_type[0] != "multipart/form-data" or not boundary:
        raise Invalid("Send a form (multipart/form-data) with mailbox_id and then the file.")
    check_room(door.house, request.content_length or 0)
    path = door.house.uploads / f".new-{secrets.token_hex(8)}"
    try:
        async with _writing(path, 0, door.house.settings.imports.max_size) as writer:
            box, name = await _read_form(door, request, boundary, writer)
        made = await door.write(start_upload, box.id, name, writer.count)
        await asyncio.to_thread(path.replace, upload_file(door.house.uploads, made.id))
        return await door.write(record_received, made.id, 0, writer.count)
    finally:
        path.unlink(missing_ok=True)


async def receive_table(door: Door, request: Request[Any, Any, Any]) -> PartyImport:
    """A form with a table as its ``file``, of clients or of what its ``kind`` says. Raises Forbidden, Invalid for what
    is no table, TooMuch."""
    await door.read(lambda _tx, viewer: demand_import(viewer))
    boundary = request.content_type[1].get("boundary", "")
    if request.content_type[0] != "multipart/form-data" or not boundary:
        raise Invalid(WRONG, field="file")
    folder, most = door.house.tables, min(LARGEST_TABLE, door.house.settings.imports.max_size)
    if (request.content_length or 0) > most + BLOCK:
        raise TooMuch("A table may have %(most)s MB. Send it in several parts.", most=most // 1000**2)
    folder.mkdir(parents=True, exist_ok=True)
    path, name = folder / f".new-{secrets.token_hex(8)}", ""
    try:
        async with _writing(path, 0, most) as writer:
            name, kind = await _read_file(request, boundary, writer)
        if kind not in ABOUT:
            raise Invalid("There is no kind “%(kind)s” of imports.", kind=kind, field="kind")
        looked = await look_at(Reading(str(path), about=kind))
        made = await door.write(start_import, name, writer.count, looked, kind)
        await asyncio.to_thread(path.replace, table_file(folder, made.id))
        return made
    finally:
        path.unlink(missing_ok=True)


async def read_sent_table(house: House, content: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The headers of a small table that came with a form, and its rows with their numbers. It is read in a process of
    its own. Raises Invalid for what is no table, TooMuch."""
    if len(content) > LARGEST_SENT:
        raise TooMuch("A table may have %(most)s MB. Send it in several parts.", most=LARGEST_SENT >> 20)
    if not content:
        raise Invalid("Choose a file first.", field="file")
    path = house.tables / f".new-{secrets.token_hex(8)}"

    def write() -> None:
        house.tables.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    try:
        await asyncio.to_thread(write)
        return await read_cells(Reading(str(path), plain=True))
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def look_in_another_way(door: Door, transfer_id: int, sheet: str, delimiter: str, encoding: str) -> PartyImport:
    """Look at the file of an import in another way. Raises NotFound, Forbidden, Invalid, Conflict."""
    found = await door.read(get_table, transfer_id)
    path = table_file(door.house.tables, found.id)
    if not path.exists():
        raise NotFound("The file that was sent is not on this server any more. Choose it again.")
    looked = await look_at(Reading(str(path), sheet, delimiter, encoding, about=found.kind))
    return await door.write(look_again, transfer_id, looked)


async def _read_file(request: Request[Any, Any, Any], boundary: str, writer: _Writer) -> tuple[str, str]:
    """The name of the one file of a form, whose bytes are written, and what kind of table it is said to be. Raises
    Invalid."""
    field, name, kind = "", "", bytearray()
    try:
        with PushMultipartParser(boundary, max_segment_count=3) as parser:
            async for block in request.stream():
                for part in parser.parse(block):
                    if isinstance(part, MultipartSegment):
                        field, name = part.name, part.filename or name
                    elif part and field == "file":
                        await writer.write(bytes(part))
                    elif part and field == "kind" and len(kind) + len(part) <= LONGEST_FIELD:
                        kind += part
    except MultipartError as problem:
        raise Invalid("The form cannot be read: %(reason)s", reason=str(problem)) from problem
    if not name or not writer.count:
        raise Invalid(WRONG, field="file")
    return one_line(name), kind.decode("utf-8", "replace") or "clients"


async def _read_form(
    door: Door, request: Request[Any, Any, Any], boundary: str, writer: _Writer
) -> tuple[Mailbox, str]:
    """Whose and what the file is; the right to import is asked before a byte of it is kept."""
    box, name, field, text = None, "", "", bytearray()
    try:
        with PushMultipartParser(boundary, max_segment_count=3) as parser:
            async for block in request.stream():
                for part in parser.parse(block):
                    if isinstance(part, MultipartSegment):
                        field, name = part.name, part.filename or name
                        if field == "file":
                            box = await door.read(_get_box, bytes(text))
                    elif part and field == "file":
                        await writer.write(bytes(part))
                    elif part and field == "mailbox_id" and len(text) + len(part) <= LONGEST_FIELD:
                        text += part
                    elif part:
                        raise Invalid("The field %(name)s is not known.", name=field, field=field)
    except MultipartError as problem:
        raise Invalid("The form cannot be read: %(reason)s", reason=str(problem)) from problem
    if box is None or not name:
        raise Invalid("Send a form (multipart/form-data) with mailbox_id and then the file.")
    return box, name


def _get_box(tx: ReadTx, viewer: Viewer, text: bytes) -> Mailbox:
    if not (text.isdigit() and len(text) < LONGEST_FIELD - 1):
        raise Invalid("The field %(name)s must be a number.", name="mailbox_id", field="mailbox_id")
    return get_import_mailbox(tx, viewer, int(text))


class _Writer:
    """Bytes on their way into a file, written in blocks in a thread."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self._waiting = bytearray()
        self.count = 0
        self.broken = False

    async def write(self, data: bytes) -> None:
        self.count += len(data)
        if self.count > self._most:
            raise Invalid("More bytes came than the file was said to have. Start anew.")
        self._waiting += data
        if len(self._waiting) >= BLOCK:
            await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        self._file.write(self._waiting)
        self._waiting.clear()


@asynccontextmanager
async def _writing(path: Path, at: int, most: int) -> AsyncIterator[_Writer]:
    """The file from ``at`` on; durable when this ends well."""
    try:
        file = await asyncio.to_thread(_open, path, at)
        try:
            writer = _Writer(file, most)
            yield writer
            await asyncio.to_thread(writer.flush)
            await asyncio.to_thread(_sync, file)
        finally:
            await asyncio.to_thread(file.close)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable("The disk of the server has no room for this file. Free some space.") from problem
        raise


def _open(path: Path, at: int) -> IO[bytes]:
    """Raises Conflict when what was said to be here is not."""
    file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+b", buffering=0)  # noqa: SIM115, PTH123
    if file.seek(0, os.SEEK_END) < at:
        file.close()
        raise Conflict("The file that was sent is not on this server any more. Choose it again.")
    file.truncate(at)
    file.seek(at)
    return file


def _sync(file: IO[bytes]) -> None:
    os.fsync(file.fileno())
