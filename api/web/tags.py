"""The page of the tags: rename, colour, merge and delete them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.shapes import TAG_COLOURS
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.mailboxes.tag_rows import Tag
from mailhub.mailboxes.tags import change_tag, delete_tag, list_tags, make_tag, merge_tags, restore_tag

PAGE = "/settings/tags"
Gone = Annotated[int | None, QueryParameter(name="gone", ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag with its colours to choose from and the tags it may be merged into."""

    id: int
    name: str
    colour: str
    colours: list[tuple[int, str, bool]]
    others: list[Tag]


def see_tags(tx: ReadTx, viewer: Viewer) -> tuple[list[Tag], Around]:
    """All tags, by name."""
    return list_tags(tx), see_around(tx, viewer)


@get(PAGE, include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked, gone: Gone = None) -> Response[str]:
    """The page; ``gone`` is the tag that was just deleted and can be brought back."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[list[Tag], Around]) -> str:
        (tags, around), speaker = found, desk.speaker(viewer)
        say = speaker.say
        names = (say("Grey"), say("Blue"), say("Green"), say("Orange"), say("Pink"))
        rows = [
            TagRow(
                one.id,
                one.name,
                TAG_COLOURS[one.colour],
                [(number, name, number == one.colour) for number, name in enumerate(names)],
                [other for other in tags if other.id != one.id],
            )
            for one in tags
        ]
        data = {
            "rows": rows, "gone": gone, "may_manage": viewer.may_somewhere("manage"),
            "may_make": viewer.may_somewhere("answer"),
        }  # fmt: skip
        return desk.render("tags.html", speaker, around, "settings", **data)

    return html(await door.page(render, see_tags))


@post(PAGE, include_in_schema=False, status_code=303)
async def make(door: NamedDependency[Door], request: Asked) -> Redirect:
    """A new one."""
    await door.write(make_tag, (await read_form(request)).get("name", ""))
    return Redirect(PAGE, status_code=303)


@post("/settings/tags/{tag_id:int}", include_in_schema=False, status_code=303)
async def change(door: NamedDependency[Door], request: Asked, tag_id: Id) -> Redirect:
    """Another name, another colour."""
    form = await read_form(request)
    colour = read_id(form, "colour")

    def verb(tx: WriteTx, viewer: Viewer) -> Tag:
        return change_tag(tx, viewer, tag_id, name=form.get("name", ""), colour=colour)

    await door.write(verb)
    return Redirect(PAGE, status_code=303)


@post("/settings/tags/{tag_id:int}/merge", include_in_schema=False, status_code=303)
async def merge(door: NamedDependency[Door], request: Asked, tag_id: Id) -> Redirect:
    """Into another one."""
    into_id = read_id(await read_form(request), "into_id")
    if into_id is None:
        raise Invalid("Choose another tag.", field="into_id")
    await door.write(merge_tags, tag_id, into_id)
    return Redirect(PAGE, status_code=303)


@post("/settings/tags/{tag_id:int}/delete", include_in_schema=False, status_code=303)
async def drop(door: NamedDependency[Door], tag_id: Id) -> Redirect:
    """Away with it; the page offers to bring it back."""
    await door.write(delete_tag, tag_id)
    return Redirect(f"{PAGE}?gone={tag_id}", status_code=303)


@post("/settings/tags/{tag_id:int}/restore", include_in_schema=False, status_code=303)
async def restore(door: NamedDependency[Door], tag_id: Id) -> Redirect:
    """Back again, with its threads."""
    await door.write(restore_tag, tag_id)
    return Redirect(PAGE, status_code=303)


ROUTES = [show, make, change, merge, drop, restore]
