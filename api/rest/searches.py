"""``/search/recent``: what you have searched for of late; nobody else sees it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.rest.shapes import Body, Items
from mailhub.mailboxes.recent_searches import LONGEST, MOST_KEPT, forget_searches, list_searches, remember_search

Words = Annotated[str | None, QueryParameter(name="words", max_length=LONGEST)]


class SearchView(msgspec.Struct):
    """A search by its words."""

    words: str


class NewSearch(Body):
    """What you search for."""

    words: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]


@get("/search/recent", tags=["search"])
async def list_all(door: NamedDependency[Door]) -> Items[SearchView]:
    """The newest first, twenty at most."""
    found = await door.read(list_searches, MOST_KEPT)
    return Items([SearchView(one) for one in found])


@post("/search/recent", tags=["search"], status_code=204)
async def remember(door: NamedDependency[Door], data: JSONBody[NewSearch]) -> None:
    """Keep one; the oldest goes where there are more than twenty."""
    await door.write(remember_search, data.words)


@delete("/search/recent", tags=["search"])
async def forget(door: NamedDependency[Door], words: Words = None) -> None:
    """Let one go by its words, or all of them."""
    await door.write(forget_searches, words)


ROUTES = [list_all, remember, forget]
