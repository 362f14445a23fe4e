"""``/search``: letters, clients and people, as the search page finds them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.auth import Door
from api.rest.mailboxes import get_seen_mailbox
from api.rest.shapes import After, Limit, Whichever, moment
from api.rest.threads import ThreadView, show_thread
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.finding import Found, Known, Piece, find_known, find_threads, parse_search

Asked = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=500,
        description='Words, "phrases", -without, from: to: subject: file: has: is: client: mailbox: tag: before: after',
    ),
]


class PieceView(msgspec.Struct):
    """Some text; ``hit`` is true for what was looked for."""

    text: str
    hit: bool


class HitView(ThreadView, kw_only=True):
    """A thread, and the letter that was found: its subject and a line of it in pieces. ``likeness``: exact, forms
    (other forms of the words) or begins."""

    message_id: int
    likeness: str
    found_subject: list[PieceView]
    excerpt: list[PieceView]
    in_file: bool


class SomebodyView(msgspec.Struct):
    """A client or a person."""

    id: int
    name: str


class FoundView(msgspec.Struct):
    """A page of what was found. ``older``: it is short, as letters before ``looked_back_to`` were not looked at yet;
    ``next`` goes on there. Clients and people stand on the first page only."""

    items: list[HitView]
    counterparties: list[SomebodyView]
    contacts: list[SomebodyView]
    next: str | None
    older: bool
    looked_back_to: str | None


def look(
    tx: ReadTx, viewer: Viewer, words: str, typed: bool, mailbox_id: int | None, after: str | None, limit: int
) -> tuple[Found, Known]:
    """Raises Invalid with what to write instead, NotFound for a mailbox that is not theirs."""
    scope_id = None if mailbox_id is None else get_seen_mailbox(tx, viewer, mailbox_id).scope_id
    search = parse_search(words, typed=typed)
    found = find_threads(tx, viewer, search, scope_id=scope_id, after=after, limit=limit)
    return found, Known([], []) if after is not None or mailbox_id is not None else find_known(tx, search)


@get("/search", tags=["search"])
async def search(
    door: NamedDependency[Door],
    q: Asked,
    limit: Limit = 50,
    after: After = None,
    typed: FromQuery[bool] = False,
    mailbox_id: Whichever = None,
) -> FoundView:
    """Letters by their words, the most like first, then the newest; each thread once. `typed`: the last word may be
    unfinished. Days are those of UTC."""
    found, known = await door.search(look, q, typed, mailbox_id, after, limit)
    return FoundView(
        items=[
            HitView(
                **msgspec.structs.asdict(show_thread(hit.row)),
                message_id=hit.message_id,
                likeness=hit.likeness,
                found_subject=_pieces(hit.subject),
                excerpt=_pieces(hit.excerpt),
                in_file=hit.in_file,
            )
            for hit in found.hits
        ],
        counterparties=[SomebodyView(one.id, one.name) for one in known.clients],
        contacts=[SomebodyView(one.id, one.name) for one in known.people],
        next=found.next,
        older=found.older,
        looked_back_to=moment(found.looked_back_to),
    )


def _pieces(pieces: tuple[Piece, ...]) -> list[PieceView]:
    return [PieceView(one.text, one.hit) for one in pieces]


ROUTES = [search]
