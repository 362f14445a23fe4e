"""``/threads/{id}/presence``: who else has a thread open and types in it. Nothing of it is kept."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.live import Live, Person
from api.rest.shapes import Body, Id
from core.database import ReadTx
from core.errors import NotFound
from crm.staff.readable import Viewer

Asked = Request[Any, Any, Any]
_TAB = "^[A-Za-z0-9-]{1,40}$"


class Beat(Body):
    """Said every five seconds while somebody reads; ``tab`` is a name of the window, made up by itself."""

    tab: Annotated[str, msgspec.Meta(pattern=_TAB)]
    typing: bool = False


class Others(msgspec.Struct):
    """Who else is there. What moves afterwards comes as events named ``presence``."""

    people: list[Person]


@post("/threads/{thread_id:int}/presence", tags=["live"], status_code=200)
async def here(door: NamedDependency[Door], request: Asked, thread_id: Id, data: JSONBody[Beat]) -> Others:
    """Say that you have a thread open. Whoever says nothing for twelve seconds is gone."""
    live: Live = request.app.state.live

    def see(tx: ReadTx, viewer: Viewer) -> tuple[int, list[Person]]:
        found = live.see(tx, viewer, {thread_id})
        if not found:
            raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
        return viewer.user_id, found[0].people

    try:
        user_id, people = await door.read(see)
    except NotFound:
        if "viewer" in request.scope["state"]:  # a right that was taken: they are not there any more
            live.presence.leave(data.tab, door.viewer.user_id, thread_id)
        raise
    live.presence.note(data.tab, user_id, thread_id, typing=data.typing)
    return Others(people)


@delete("/threads/{thread_id:int}/presence", tags=["live"])
async def gone(
    door: NamedDependency[Door],
    request: Asked,
    thread_id: Id,
    tab: Annotated[str, QueryParameter(max_length=40, description="The name of the window.")] = "",
) -> None:
    """Say that you have left it."""
    live: Live = request.app.state.live
    live.presence.leave(tab, await door.read(lambda _tx, viewer: viewer.user_id), thread_id)


ROUTES = [here, gone]
