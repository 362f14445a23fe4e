"""``/tags``: the words that people put on threads, and ``/threads/{id}/followers``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest
from api.rest.threads import get_row
from core.database import ReadTx, WriteTx
from crm.staff.people import list_names
from crm.staff.readable import Viewer
from mailhub.mailboxes.following import list_followers
from mailhub.mailboxes.tag_rows import Tag
from mailhub.mailboxes.tags import change_tag, delete_tag, list_tags, make_tag, merge_tags, restore_tag

TagId = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Colour = Annotated[int, msgspec.Meta(ge=0, le=4)]


class TagView(msgspec.Struct):
    """A tag. ``colour``: 0 for none, else 1 to 4."""

    id: int
    name: str
    colour: int


class NewTag(Body):
    """A tag to make."""

    name: Name
    colour: Colour = 0


class TagChange(Body):
    """What to change; what is not named stays."""

    name: Name | UnsetType = UNSET
    colour: Colour | UnsetType = UNSET


class Into(Body):
    """Another tag."""

    into_id: Number


class FollowerView(msgspec.Struct):
    """Somebody who follows a thread."""

    user_id: int
    name: str


def show_tag(tag: Tag) -> TagView:
    """A tag in the shape of the interface."""
    return TagView(tag.id, tag.name, tag.colour)


@get("/tags", tags=["tags"])
async def list_all(door: NamedDependency[Door]) -> Items[TagView]:
    """All tags, by name."""
    return Items([show_tag(one) for one in await door.read(lambda tx, _viewer: list_tags(tx))])


@post("/tags", tags=["tags"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewTag], idempotency_key: Key = None
) -> TagView:
    """Make a tag; the one that is there when its name is known. Needs the right to answer in some mailbox."""

    def verb(tx: WriteTx, viewer: Viewer) -> TagView:
        return show_tag(make_tag(tx, viewer, data.name, data.colour))

    return await once(door, request, idempotency_key, TagView, verb)


@patch("/tags/{tag_id:int}", tags=["tags"])
async def change(door: NamedDependency[Door], tag_id: TagId, data: JSONBody[TagChange]) -> TagView:
    """Rename or colour a tag. Needs the right to manage some mailbox."""

    def verb(tx: WriteTx, viewer: Viewer) -> Tag:
        name = None if isinstance(data.name, UnsetType) else data.name
        colour = None if isinstance(data.colour, UnsetType) else data.colour
        return change_tag(tx, viewer, tag_id, name=name, colour=colour)

    return show_tag(await door.write(verb))


@delete("/tags/{tag_id:int}", tags=["tags"])
async def remove(door: NamedDependency[Door], tag_id: TagId) -> None:
    """Delete a tag; it can be restored until its name is used again."""
    await door.write(delete_tag, tag_id)


@post("/tags/{tag_id:int}/restore", tags=["tags"], status_code=200)
async def restore(door: NamedDependency[Door], tag_id: TagId) -> TagView:
    """Bring a deleted tag back, with its threads."""
    return show_tag(await door.write(restore_tag, tag_id))


@post("/tags/{tag_id:int}/merge", tags=["tags"], status_code=200)
async def merge(door: NamedDependency[Door], tag_id: TagId, data: JSONBody[Into]) -> TagView:
    """Put another tag on every thread that has this one, and delete this one. Answers with the other."""
    return show_tag(await door.write(merge_tags, tag_id, data.into_id))


def see_followers(tx: ReadTx, viewer: Viewer, thread_id: int) -> list[FollowerView]:
    """Who follows a thread. Raises NotFound."""
    ids = list_followers(tx, get_row(tx, viewer, thread_id).id)
    names = list_names(tx, ids)
    return [FollowerView(one, names[one]) for one in ids]


@get("/threads/{thread_id:int}/followers", tags=["threads"])
async def followers(door: NamedDependency[Door], thread_id: Id) -> Items[FollowerView]:
    """Who follows a thread; `PATCH /threads/{id}` with `followed` is about yourself."""
    return Items(await door.read(see_followers, thread_id))


ROUTES = [list_all, add, change, remove, restore, merge, followers]
