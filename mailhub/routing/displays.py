"""The harmless HTML of letters: made by a worker process on first read, kept for the version of the policy behind it.

What is kept names its pictures by ``part:`` and ``picture:``, since one letter may lie in several mailboxes and each
reader gets addresses with a pass of their own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from html import escape, unescape
from typing import Literal

from sqlalchemy import bindparam, delete, select

from core.blobs import BlobFiles, find_content
from core.database import Database, ReadTx, WriteTx
from core.errors import Conflict, NotFound, Unavailable
from core.log import get_log
from mailhub.letters.html import POLICY_VERSION, HarmlessHtml, estimate_height, split_older
from mailhub.mailboxes.tables import letter_html
from mailhub.routing.workers import WorkerFailed, Workers

Variant = Literal["plain", "pictures"]
Part = Literal["all", "own", "older"]
WIDTHS = (358, 526, 760)
_PART, _PICTURE = "part:", "picture:"
_TAG = re.compile(r'<img(?: [a-z-]+="[^"]*")*>')
_SOURCE = re.compile(r' src="(part|picture):([^"]*)"')
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Display:
    """A letter's HTML as it is kept, what a reader is told about it, and how high it will be for each of ``WIDTHS``;
    where it ends with older letters, ``heights`` are of what stands above and ``older_heights`` of the rest."""

    html: str
    remote_picture_count: int
    links_warned: int
    coloured: bool
    cut: bool
    heights: dict[str, int]
    older_heights: dict[str, int] = field(default_factory=dict)

    def part(self, which: Part) -> Display:
        """The writer's own part, the older letters below it, or all of it."""
        halves = split_older(self.html) if which != "all" and self.older_heights else None
        return self if halves is None else replace(self, html=halves[which == "older"])

    @property
    def pictures(self) -> list[str]:
        """The addresses of the remote pictures, in the order in which they are first shown."""
        found = (source for tag in _TAG.findall(self.html) for source in _SOURCE.findall(tag))
        return list(dict.fromkeys(unescape(address) for kind, address in found if kind == "picture"))

    def addressed(self, part: Callable[[int], str], picture: Callable[[int], str]) -> HarmlessHtml:
        """With the addresses of its files and pictures for one reader, by their numbers."""
        numbers = {address: number for number, address in enumerate(self.pictures)}

        def source(found: re.Match[str]) -> str:
            kind, named = found[1], unescape(found[2])
            return f' src="{escape(part(int(named)) if kind == "part" else picture(numbers[named]))}"'

        html = _TAG.sub(lambda tag: _SOURCE.sub(source, tag[0]), self.html)
        return HarmlessHtml(html, self.remote_picture_count, self.links_warned, self.coloured, self.cut)


_KEPT = select(letter_html.c.html, letter_html.c.facts).where(
    letter_html.c.letter_id == bindparam("letter_id"),
    letter_html.c.variant == bindparam("variant"),
    letter_html.c.policy == POLICY_VERSION,
)


def find_display(tx: ReadTx, letter_id: int, variant: Variant) -> Display | None:
    """What was kept under today's policy, or None."""
    row = tx.row(_KEPT, {"letter_id": letter_id, "variant": variant})
    return None if row is None else Display(row.html, **row.facts)


def keep_display(tx: WriteTx, letter_id: int, variant: Variant, display: Display) -> None:
    """Keep a display in the place of an older one."""
    facts = asdict(display)
    del facts["html"]
    here = (letter_html.c.letter_id == letter_id) & (letter_html.c.variant == variant)
    tx.execute(delete(letter_html).where(here))
    tx.insert(letter_html, letter_id=letter_id, variant=variant, policy=POLICY_VERSION, html=display.html, facts=facts)


class Displays:
    """Shows letters. Whether the reader may see the letter was asked before: this only knows its numbers."""

    def __init__(self, database: Database, files: BlobFiles, workers: Workers) -> None:
        self._database = database
        self._files = files
        self._workers = workers

    async def show(self, letter_id: int, blob_id: int, variant: Variant) -> Display | None:
        """The display of a letter; None for one without HTML. Raises Unavailable when it cannot be read now."""
        kept = await self._database.read(find_display, letter_id, variant)
        if kept is not None:
            return kept
        raw = await self.read_raw(blob_id)
        try:
            shown = await self._workers.show(raw, parts=_PART, proxy=_PICTURE if variant == "pictures" else "")
        except WorkerFailed as problem:
            raise Unavailable("This letter could not be made ready for reading. Its source can be saved.") from problem
        if shown.harmless is None:
            return None
        display = await asyncio.to_thread(_measured, shown.harmless)
        try:
            await self._database.work(keep_display, letter_id, variant, display)
        except (Conflict, Unavailable) as problem:
            log.warning("a display was not kept", letter=letter_id, reason=str(problem))
        return display

    async def read_raw(self, blob_id: int) -> bytes:
        """The bytes of a letter. Raises Unavailable when they are missing: an alarm, never normal."""
        content, sha256 = await self._database.read(find_content, blob_id)
        if content is not None:
            return content
        try:
            return await asyncio.to_thread(self._files.read, sha256)
        except NotFound as problem:
            log.error("the bytes of a letter are missing on the disk", blob=blob_id)
            raise Unavailable(problem.sentence) from problem


def _measured(letter: HarmlessHtml) -> Display:
    html = _TAG.sub(lambda tag: _without_query(tag[0]), letter.html)
    own, older = split_older(html) or (html, "")
    heights = _heights(own)
    below = _heights(older) if older else {}
    return Display(html, letter.remote_picture_count, letter.links_warned, letter.coloured, letter.cut, heights, below)


def _heights(html: str) -> dict[str, int]:
    return {str(width): estimate_height(html, width) for width in WIDTHS}


def _without_query(tag: str) -> str:
    """``part:3?inline=1`` → ``part:3``: how a part is asked for is said when it is addressed."""
    return re.sub(r' src="part:(\d+)\?inline=1"', r' src="part:\1"', tag)
