"""The trash: what was thrown away, until when it can be brought back, and the two buttons."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import After, Asked, Desk, Id, html, lead
from api.web.shapes import make_when
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.mailboxes.trash import Thrown, bring_back, list_trash
from mailhub.outbound.throwing import throw_away


def see_trash(tx: ReadTx, viewer: Viewer, after: str | None) -> tuple[Page[Thrown], Around]:
    """Raises Invalid for a bad cursor."""
    return list_trash(tx, viewer, after=after), see_around(tx, viewer)


@get("/trash", include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked, after: After = None) -> Response[str]:
    """The page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[Page[Thrown], Around]) -> str:
        (page, around), speaker = found, desk.speaker(viewer)
        rows = [
            {
                "id": one.thread_id,
                "subject": one.subject,
                "who": one.who,
                "mailbox": one.mailbox_address,
                "by": one.by,
                "at": make_when(speaker, one.at, long=True),
                "days": max(0, -((speaker.now - one.until) // 86_400_000_000)),
            }
            for one in page.items
        ]
        more = f"/trash?after={page.next}" if page.next else None
        return desk.render("trash.html", speaker, around, "trash", rows=rows, more=more)

    return html(await door.page(render, see_trash, after))


@post("/threads/{thread_id:int}/trash", include_in_schema=False, status_code=200)
async def throw(door: NamedDependency[Door], request: Asked, thread_id: Id) -> Response[str]:
    """Away with a thread; the trash keeps it for thirty days."""
    await door.write(throw_away, thread_id)
    return lead(request, "/trash")


@post("/trash/{thread_id:int}/restore", include_in_schema=False, status_code=303)
async def restore(door: NamedDependency[Door], thread_id: Id) -> Redirect:
    """Back to where it was."""
    await door.write(bring_back, thread_id)
    return Redirect("/trash", status_code=303)


ROUTES = [show, throw, restore]
