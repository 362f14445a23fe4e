"""``/views``: saved views of threads, your own and those of your teams."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.rest.once import Key, once
from api.rest.rules import Condition
from api.rest.shapes import After, Body, Id, Items, Limit, Number, StrictRequest, moment
from api.rest.threads import ThreadView, show_thread
from core.database import ReadTx, WriteTx
from core.rules import Field, to_data
from crm.staff.readable import Viewer
from mailhub.mailboxes.views import (
    LONGEST_NAME,
    Looked,
    SavedView,
    add_view,
    change_view,
    count_views,
    delete_view,
    get_view,
    list_view,
    list_views,
    parse_view,
    threads_for,
)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Sort = Literal["-last_message_at", "due_at"]


class ViewView(msgspec.Struct, rename={"condition": "if"}):
    """A view. ``waiting`` counts its threads that wait for us, among the first thousand that do."""

    id: int
    name: str
    condition: dict[str, Any]
    sort: str
    user_id: int
    group_id: int | None
    timezone: str
    version: int
    waiting: int


class NewView(Body, rename={"condition": "if"}):
    """A view of your own; ``group_id`` shares it with a group that you belong to."""

    name: Name
    condition: Condition
    sort: Sort = "-last_message_at"
    group_id: Number | None = None


class ChangedView(Body, rename={"condition": "if"}):
    """What is to be otherwise; ``version`` is the one you looked at: 409 when there is a newer one."""

    name: Name | UnsetType = UNSET
    condition: Condition | UnsetType = UNSET
    sort: Sort | UnsetType = UNSET
    group_id: Number | UnsetType | None = UNSET
    version: Number | None = None


class ThreadsOfView(msgspec.Struct):
    """Threads that fit. ``unfinished``: so many were looked at that the answer stops here, and there may be more;
    ``looked_back_to`` says how far, and ``next`` goes on."""

    items: list[ThreadView]
    next: str | None
    unfinished: bool
    looked_back_to: str | None


class WordView(msgspec.Struct):
    """A field that views may ask for, its type and the questions it answers."""

    field: str
    type: str
    label: str
    ops: list[str]
    choices: list[str]


def see_views(tx: ReadTx, viewer: Viewer) -> list[ViewView]:
    """All, with what waits in them."""
    views = list_views(tx, viewer)
    counts = count_views(tx, viewer, views)
    return [_show(view, counts[view.id]) for view in views]


def see_one(tx: ReadTx, viewer: Viewer, view_id: int) -> ViewView:
    """Raises NotFound."""
    view = get_view(tx, viewer, view_id)
    return _show(view, count_views(tx, viewer, [view])[view.id])


def see_threads(tx: ReadTx, viewer: Viewer, view_id: int, after: str | None, limit: int) -> Looked:
    """Raises NotFound, Invalid."""
    return list_view(tx, viewer, get_view(tx, viewer, view_id), after=after, limit=limit)


@get("/views", tags=["views"])
async def list_all(door: NamedDependency[Door]) -> Items[ViewView]:
    """Your own views and those of your groups."""
    return Items(await door.read(see_views))


@get("/views/vocabulary", tags=["views"])
async def list_words(door: NamedDependency[Door]) -> Items[WordView]:
    """What the conditions of views may ask for."""
    words = await door.read(lambda _tx, viewer: threads_for(viewer))
    return Items([_word(one) for one in words])


@get("/views/{view_id:int}", tags=["views"])
async def get_one(door: NamedDependency[Door], view_id: Id) -> ViewView:
    """One view."""
    return await door.read(see_one, view_id)


@get("/views/{view_id:int}/threads", tags=["views"])
async def list_of_view(
    door: NamedDependency[Door], view_id: Id, limit: Limit = 50, after: After = None
) -> ThreadsOfView:
    """The threads of a view that you may see."""
    looked = await door.read(see_threads, view_id, after, limit)
    rows = [show_thread(row) for row in looked.items]
    return ThreadsOfView(rows, looked.next, looked.unfinished, moment(looked.looked_back_to))


@post("/views", tags=["views"])
async def add_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewView], idempotency_key: Key = None
) -> ViewView:
    """Keep a view."""
    zone = door.house.settings.company.timezone

    def verb(tx: WriteTx, viewer: Viewer) -> ViewView:
        late = data.sort == "due_at"
        wanted = parse_view(viewer, data.name, data.condition, late=late, team_id=data.group_id, zone=zone)
        return see_one(tx, viewer, add_view(tx, viewer, wanted).id)

    return await once(door, request, idempotency_key, ViewView, verb)


@patch("/views/{view_id:int}", tags=["views"])
async def change_one(door: NamedDependency[Door], view_id: Id, data: JSONBody[ChangedView]) -> ViewView:
    """Change a view that you made."""
    return await door.write(_change, view_id, data)


@delete("/views/{view_id:int}", tags=["views"])
async def drop_one(door: NamedDependency[Door], view_id: Id) -> None:
    """Delete a view that you made."""
    await door.write(delete_view, view_id)


def _change(tx: WriteTx, viewer: Viewer, view_id: int, data: ChangedView) -> ViewView:
    view = get_view(tx, viewer, view_id)
    wanted = parse_view(
        viewer,
        view.name if isinstance(data.name, UnsetType) else data.name,
        to_data(view.condition) if isinstance(data.condition, UnsetType) else data.condition,
        late=view.late if isinstance(data.sort, UnsetType) else data.sort == "due_at",
        team_id=view.team_id if isinstance(data.group_id, UnsetType) else data.group_id,
        zone=str(view.zone),
    )
    return see_one(tx, viewer, change_view(tx, viewer, view_id, wanted, version=data.version).id)


def _show(view: SavedView, waiting: int) -> ViewView:
    return ViewView(
        id=view.id,
        name=view.name,
        condition=to_data(view.condition),
        sort="due_at" if view.late else "-last_message_at",
        user_id=view.user_id,
        group_id=view.team_id,
        timezone=str(view.zone),
        version=view.version,
        waiting=waiting,
    )


def _word(field: Field) -> WordView:
    return WordView(field.key, field.type, field.label, list(field.ops), list(field.choices))


ROUTES = [list_all, list_words, get_one, list_of_view, add_one, change_one, drop_one]
