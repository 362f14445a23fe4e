"""Parts of a page that fetch themselves when something moved: the rail, a row, the news above a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.desk import Asked, Desk, Here, Id, Words, html
from api.web.place import Place, read_place
from api.web.rows import belongs, make_row
from api.web.shell import Around, see_around
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import ThreadRow, get_rows

MOST_NEWS = 99
PageName = Annotated[str, QueryParameter(name="page", max_length=20)]


@dataclass(frozen=True, slots=True)
class News:
    """How many threads have come into a list since it was shown."""

    count: int
    url: str


@get("/fragments/rail", include_in_schema=False)
async def rail(
    door: NamedDependency[Door], request: Asked, place: Here = "waiting", page: PageName = "", q: Words = ""
) -> Response[str]:
    """The rail with true counters."""
    desk = Desk(door, request)
    here: Place | str = page if page.isalpha() else read_place(place, q)

    def render(viewer: Viewer, around: Around) -> str:
        return desk.render("_rail.html", desk.speaker(viewer), around, here)

    return html(await door.page(render, see_around))


@get("/fragments/rows/{thread_id:int}", include_in_schema=False)
async def row(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting", q: Words = ""
) -> Response[str]:
    """A row as it is now; nothing for a thread that one may not see any more."""
    desk, here = Desk(door, request), read_place(place, q)

    def render(viewer: Viewer, found: list[ThreadRow]) -> str:
        if not found:
            return ""
        speaker = desk.speaker(viewer)
        return desk.render("_one_row.html", speaker, None, here, row=make_row(speaker, here, found[0]))

    return html(await door.page(render, get_rows, [thread_id]))


@get("/fragments/rows", include_in_schema=False)
async def rows(
    door: NamedDependency[Door],
    request: Asked,
    place: Here = "waiting",
    q: Words = "",
    ids: Annotated[str, QueryParameter(name="ids", max_length=2000)] = "",
) -> Response[str]:
    """Many rows as they are now, each in its own place on the page."""
    desk, here = Desk(door, request), read_place(place, q)

    def render(viewer: Viewer, found: list[ThreadRow]) -> str:
        speaker = desk.speaker(viewer)
        shown = [make_row(speaker, here, one) for one in found]
        return desk.render("_bulk_done.html", speaker, None, here, rows=shown, toast=None, many=False)

    return html(await door.page(render, get_rows, _ids(ids)))


@get("/fragments/news", include_in_schema=False)
async def news(
    door: NamedDependency[Door],
    request: Asked,
    place: Here = "waiting",
    q: Words = "",
    ids: Annotated[str, QueryParameter(name="ids", max_length=2000)] = "",
) -> Response[str]:
    """How many of these threads belong into this list."""
    desk, here = Desk(door, request), read_place(place, q)

    def render(viewer: Viewer, found: list[ThreadRow]) -> str:
        count = 0 if here.words else sum(belongs(here, one, viewer.user_id) for one in found)
        return desk.render("_news.html", desk.speaker(viewer), None, here, news=News(count, here.url))

    return html(await door.page(render, get_rows, _ids(ids)))


def _ids(text: str) -> list[int]:
    names = [name for name in text.split(",") if name][-MOST_NEWS:]
    if not all(name.isascii() and name.isdigit() and len(name) < 19 for name in names):
        raise Invalid("The threads must be numbers.", field="ids")
    return [int(name) for name in names]


ROUTES = [rail, row, rows, news]
