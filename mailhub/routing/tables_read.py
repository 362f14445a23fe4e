"""The parent's side of the process that reads tables of clients (``mailhub.routing.table_worker``)."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec

from core.errors import Invalid
from crm.transfer.document_drafts import DocumentDraft
from crm.transfer.drafts import Draft
from crm.transfer.imports import Looked
from mailhub.routing.table_worker import Cells, Documents, Frame, Reading, Refused, Rows, Sight

SECONDS = 60.0
"""How long the next rows may take: a workbook is unpacked whole before its first one."""
_LARGEST_FRAME = 1 << 28
WRONG = "This file could not be read: it is broken or too large. Save it anew, as CSV, and send that."
_frames = msgspec.msgpack.Decoder(Frame)


async def look_at(reading: Reading) -> Looked:
    """What a file is. Raises Invalid for what is no table."""
    async with aclosing(_ask(reading)) as frames:
        async for frame in frames:
            if isinstance(frame, Sight):
                return Looked(frame.about, frame.headers, frame.sample, frame.total)
    raise Invalid(WRONG)


async def read_drafts(reading: Reading) -> AsyncGenerator[list[Draft] | list[DocumentDraft]]:
    """The rows of a file, or its documents, some at a time. Raises Invalid where it cannot be read to its end."""
    async with aclosing(_ask(reading)) as frames:
        async for frame in frames:
            if isinstance(frame, Rows | Documents):
                if not frame.drafts:
                    return
                yield frame.drafts
    raise Invalid(WRONG)


async def read_cells(reading: Reading, most: int = 100_000) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The headers of a small table and its rows with their numbers, up to ``most``. Raises Invalid where it cannot be
    read to its end."""
    rows: list[tuple[int, list[str]]] = []
    async with aclosing(_ask(reading)) as frames:
        async for frame in frames:
            if isinstance(frame, Cells):
                rows += frame.rows
                if not frame.rows or len(rows) > most:
                    return frame.headers, rows
    raise Invalid(WRONG)


async def _ask(reading: Reading) -> AsyncGenerator[Frame]:
    async with _process() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(ConnectionError):
            process.stdin.write(msgspec.msgpack.encode(reading))
            await process.stdin.drain()
            process.stdin.close()
        while True:
            try:
                async with asyncio.timeout(SECONDS):
                    length = int.from_bytes(await process.stdout.readexactly(4), "big")
                    body = await process.stdout.readexactly(min(length, _LARGEST_FRAME))
            except (TimeoutError, asyncio.IncompleteReadError):
                return
            frame: Frame = _frames.decode(body)
            if isinstance(frame, Refused):
                raise Invalid(frame.sentence, **frame.fields)
            yield frame


@asynccontextmanager
async def _process() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mailhub.routing.table_worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
