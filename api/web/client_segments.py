"""The segments of a client on its page, and putting clients into segments by hand, from there and from the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Id
from api.web.forms import read_form, read_id
from api.web.segments import go
from api.web.shapes import Speaker, make_when
from core.database import ReadTx
from core.errors import Invalid
from crm.segments import Segment, Stay, add_members, drop_members, list_segments, list_segments_of
from crm.staff.readable import Viewer

MOST_CHOSEN = 200


@dataclass(frozen=True, slots=True)
class Grouped:
    """See templates/web/_client_segments.html."""

    stays: list[tuple[str, str, str, str, int | None]]
    choices: list[tuple[int, str]]
    url: str
    may_change: bool


def see_segments(tx: ReadTx, viewer: Viewer, client_id: int) -> tuple[list[Stay], list[Segment]]:
    """What the client is in, and what it may be put into by hand; nothing in a house without segments."""
    if not viewer.uses("segments"):
        return [], []
    by_hand = [one for one in list_segments(tx, "counterparties") if one.by_hand]
    return list_segments_of(tx, "counterparties", client_id), by_hand


def show_segments(speaker: Speaker, client_id: int, seen: tuple[list[Stay], list[Segment]]) -> Grouped:
    """The part of the card."""
    stays, by_hand = seen
    inside = {one.segment_id for one in stays}
    hands = {one.id for one in by_hand}
    rows = []
    for one in stays:
        since = make_when(speaker, one.entered_at)
        url = f"/segments/{one.segment_id}"
        mine = one.segment_id if one.segment_id in hands else None
        rows.append((one.name, url, f"{url}/why/{client_id}", since.text if since else "", mine))
    choices = [(one.id, one.name) for one in by_hand if one.id not in inside]
    return Grouped(rows, choices, f"/clients/{client_id}/segments", speaker.viewer.may_somewhere("answer"))


@post("/clients/{client_id:int}/segments", include_in_schema=False, status_code=200)
async def put(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[Any]:
    """Into a segment by hand, or out of one."""
    form = await read_form(request)
    add, remove = read_id(form, "add"), read_id(form, "remove")
    if remove is not None:
        await door.write(drop_members, remove, [client_id])
    elif add is not None:
        await door.write(add_members, add, [client_id])
    return go(request, f"/clients/{client_id}#segments")


@post("/clients/segments", include_in_schema=False, status_code=200)
async def put_chosen(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """Those chosen in the list, into a segment by hand."""
    form = await request.form()
    segment_id = read_id(await read_form(request), "segment_id")
    chosen = [str(one) for one in form.getall("client")] if "client" in form else []
    ids = [int(one) for one in chosen if one.isascii() and one.isdigit() and len(one) < 19]
    if segment_id is None or not ids or len(ids) > MOST_CHOSEN:
        raise Invalid("Choose clients and a segment first.", field="client")
    await door.write(add_members, segment_id, ids)
    return go(request, f"/segments/{segment_id}")


ROUTES = [put, put_chosen]
