"""Threads that a search finds: those with a letter that is like it, the most like first, then the newest.

A search never walks without end. Where a reader sees all of a mailbox the index of words answers for exactly those
mailboxes. Where they see only what they execute, or ask something of the thread itself, the threads are looked up first
if they are few, and else the index is asked a bounded number of times: then ``Found.older`` says that older letters
were not looked at yet, and ``next`` goes on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from core import clock
from core.database import ReadTx
from core.errors import Invalid
from core.fulltext.index import find_rows
from core.fulltext.question import LIKENESSES, Likeness
from core.paging import decode_cursor, encode_cursor
from crm.staff.readable import Viewer
from mailhub.mailboxes.finding.asking import Search, parse_search
from mailhub.mailboxes.finding.narrowing import Narrow, keep, narrow
from mailhub.mailboxes.finding.showing import Hit, find_earlier, find_newest, owners_of, show
from mailhub.mailboxes.lists import PAGE, ThreadRow, get_rows
from mailhub.mailboxes.messages import COUNTER_BITS
from mailhub.mailboxes.tables import message

# How many letters each look into the index takes: a look costs more than the letters that it finds.
LOOKS = (200, 1000)
# Of how many of them the threads are read at a time: a page is full long before the last one.
ROWS = 64


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits. ``next`` is where to go on, None at the end; ``older``: the page is short because older letters
    were not looked at yet, none before the instant ``looked_back_to`` for now."""

    hits: Sequence[Hit]
    next: str | None
    older: bool = False
    looked_back_to: int | None = None


def find_threads(
    tx: ReadTx,
    viewer: Viewer,
    search: Search,
    *,
    scope_id: int | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Found:
    """A page of what is found, each thread once, by the letter that is most like the search.

    Raises Invalid for a bad cursor and for a mailbox, client or tag that nobody is called.
    """
    if search.empty:
        return Found([], None)
    narrowed = narrow(tx, viewer, search, scope_id)
    walk = _Walk(tx, viewer, search, narrowed, after)
    page = walk.page(limit)
    back = (walk.before >> COUNTER_BITS) * clock.SECOND if walk.older and walk.before is not None else None
    return Found(show(tx, viewer, search, page), walk.next, walk.older, back)


def search_threads(
    tx: ReadTx, viewer: Viewer, query: str, *, scope_id: int | None = None, limit: int = PAGE
) -> list[ThreadRow]:
    """The threads alone, for whoever chooses one; the last word may be unfinished."""
    found = find_threads(tx, viewer, parse_search(query, typed=True), scope_id=scope_id, limit=limit)
    return [hit.row for hit in found.hits]


_ENDS = select(
    select(func.min(message.c.id)).scalar_subquery().label("oldest"),
    select(func.max(message.c.id)).scalar_subquery().label("newest"),
)


class _Walk:
    """From the place of a cursor towards older and less like letters, until a page is full."""

    def __init__(self, tx: ReadTx, viewer: Viewer, search: Search, narrowed: Narrow, after: str | None) -> None:
        self.tx, self.viewer, self.search, self.narrowed = tx, viewer, search, narrowed
        self.ways = search.question.likenesses() if search.question.wanted else list(LIKENESSES[:1])
        self.way, self.before = 0, _id_at(search.before)
        self.continued = after is not None
        if after is not None:
            way, before = decode_cursor(after, (int, int))
            if not 0 <= int(way) < len(self.ways):
                raise Invalid("This place in the list is not known. Start from the beginning.", field="after")
            self.way, self.before = int(way), int(before)
        self.since = _id_at(search.since)
        ends = tx.row(_ENDS)
        assert ends is not None
        self.oldest, self.newest = ends.oldest or 0, ends.newest or 0
        self.next: str | None = None
        self.older = False

    def page(self, limit: int) -> list[tuple[ThreadRow, int, Likeness]]:
        """The next threads, each with the letter by which it was found."""
        taken: dict[int, tuple[ThreadRow, int, Likeness]] = {}
        looks = iter(LOOKS)
        most = next(looks)
        while most:
            ids = self._look(most)
            owners = owners_of(self.tx, ids)
            for some in (ids[at : at + ROWS] for at in range(0, len(ids), ROWS)):
                wanted = dict.fromkeys(owners[one] for one in some if one in owners)
                rows = self._rows([owner for owner in wanted if owner not in taken])
                for message_id in some:
                    row = rows.get(owners.get(message_id, 0))
                    if row is not None and row.id not in taken:
                        if len(taken) == limit:
                            self.next = encode_cursor((self.way, self.before or 0))
                            return list(taken.values())
                        taken[row.id] = row, message_id, self.ways[self.way]
                    self.before = message_id
            if len(ids) == most:
                most = next(looks, 0)
            elif not self._less_like():
                return list(taken.values())
        self.older = True
        self.next = encode_cursor((self.way, self.before or 0))
        return list(taken.values())

    def _less_like(self) -> bool:
        self.way, self.before = self.way + 1, _id_at(self.search.before)
        return self.way < len(self.ways)

    def _look(self, most: int) -> list[int]:
        """Ids of messages, newest first, below the place."""
        scopes, among = self.narrowed.scopes, self.narrowed.messages
        found: list[int] = []
        if scopes and not self.search.question.wanted:
            found = find_newest(self.tx, self.viewer, scopes, most, self.before, self.since)
        elif scopes:
            found = find_rows(
                self.tx,
                scopes,
                self.search.question,
                most,
                likeness=self.ways[self.way],
                before=self.newest + 1 if self.before is None else min(self.before, self.newest + 1),
                since=max(self.since or 0, self.oldest),
            )
        if among:
            low, high = self.since or 0, self.before if self.before is not None else 1 << 62
            few = [one for one in among.get(self.ways[self.way], ()) if low <= one < high]
            found = sorted({*found, *few}, reverse=True)[:most]
        return found

    def _rows(self, thread_ids: list[int]) -> dict[int, ThreadRow]:
        """Those that the viewer may see, that fit, and that no earlier page has shown."""
        if not thread_ids:
            return {}
        fitting = {row.id: row for row in get_rows(self.tx, self.viewer, thread_ids) if keep(self.narrowed, row)}
        if self.continued:
            way = self.ways[self.way]
            for thread_id in find_earlier(self.tx, self.search, fitting.values(), way, self.before or 0):
                fitting.pop(thread_id, None)
        return fitting


def _id_at(instant: int | None) -> int | None:
    return None if instant is None else instant // clock.SECOND << COUNTER_BITS
