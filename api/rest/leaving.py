"""``/drafts/{id}/send`` and ``/schedule``: letting a draft leave, now or later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.drafts import DraftView, show_draft
from api.rest.once import Key, once
from api.rest.replies import Planned, answer_moved, show_planned
from api.rest.shapes import Body, Id, Number, StrictRequest
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, HouseError, Invalid
from crm.staff.readable import Viewer
from mailhub.outbound.drafts import Draft, get_draft
from mailhub.outbound.planning import write_down
from mailhub.outbound.posting import Post, draft_post, draw_post, read_files
from mailhub.outbound.posting import post as post_letter
from mailhub.outbound.scheduling import schedule_draft, unschedule_draft


class Sending(Body):
    """Send the draft as it was in ``version``. ``seen_message_id`` is the newest letter of its thread that you know of;
    it may be left out with ``force``, and for a new letter. It can be taken back for ``wait_seconds``."""

    version: Number
    seen_message_id: Number | None = None
    force: bool = False
    wait_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 0


class Schedule(Body):
    """When the draft leaves by itself, as it was in ``version``: ISO 8601 with its zone. ``unless_reply``: not if
    somebody from outside writes in its thread before. ``seen_message_id`` and ``force`` as for sending."""

    version: Number
    send_at: Annotated[str, msgspec.Meta(max_length=40)]
    unless_reply: bool = False
    seen_message_id: Number | None = None
    force: bool = False


def read_moment(text: str, field: str) -> int:
    """An instant as a program writes it. Raises Invalid."""
    try:
        return clock.parse_iso(text)
    except (ValueError, OverflowError) as problem:
        raise Invalid("Write a moment like 2026-03-01T09:00:00+02:00.", field=field) from problem


def read_post(tx: ReadTx, viewer: Viewer, zone: ZoneInfo, one: Draft, sending: Sending) -> Post:
    """What sending the draft means, still without its files. Raises Invalid for an address that is none, NotFound."""
    if one.version != sending.version:
        raise Conflict("%(name)s has changed this draft meanwhile. Look at it before you go on.", name=one.changed_by)
    if one.thread_id is not None and sending.seen_message_id is None and not sending.force:
        raise Invalid("Say which letter you have seen last, or force the answer.", field="seen_message_id")
    wanted = draft_post(tx, viewer, zone, one)
    answer = replace(
        wanted.answer,
        seen_message_id=sending.seen_message_id,
        force=sending.force,
        wait=sending.wait_seconds * clock.SECOND,
    )
    return replace(wanted, answer=answer)


@post("/drafts/{draft_id:int}/send", tags=["drafts"])
async def send(
    door: NamedDependency[Door],
    request: StrictRequest,
    draft_id: Id,
    data: JSONBody[Sending],
    idempotency_key: Key = None,
) -> Response[Planned | dict[str, Any]]:
    """Send it. 409 with the new `messages` when its thread has moved past `seen_message_id`, unless `force`."""
    house, stamp = door.house, door.house.stamp
    zone = ZoneInfo(house.settings.company.timezone)

    async def prepare() -> Callable[[WriteTx, Viewer], Planned]:
        one = await door.read(get_draft, draft_id)
        wanted = await door.read(read_post, zone, one, data)
        files = await asyncio.to_thread(read_files, house.database, house.files, one.html, one.files)
        wanted = replace(wanted, answer=replace(wanted.answer, files=files))
        fields = await door.read(draw_post, stamp, wanted)
        written = await asyncio.to_thread(write_down, fields, house.files)
        return lambda tx, viewer: show_planned(tx, viewer, post_letter(tx, viewer, stamp, wanted, written))

    try:
        verb = await prepare()
    except HouseError as problem:  # the same request again, under its key: the draft has become a letter long since
        verb = _refuse(problem)
    try:
        planned = await once(door, request, idempotency_key, Planned, verb)
    except Conflict as moved:
        return await answer_moved(door, request, moved)
    return Response(planned, status_code=201)


@put("/drafts/{draft_id:int}/schedule", tags=["drafts"])
async def schedule(door: NamedDependency[Door], draft_id: Id, data: JSONBody[Schedule]) -> DraftView:
    """Let it leave by itself later. Any change of the draft takes it off its moment. 409 when its thread has moved past
    `seen_message_id`, unless `force`."""
    at = read_moment(data.send_at, "send_at")
    kept = await door.write(
        schedule_draft,
        draft_id,
        data.version,
        at,
        unless_reply=data.unless_reply,
        seen_id=data.seen_message_id,
        force=data.force,
    )
    return show_draft(kept)


@delete("/drafts/{draft_id:int}/schedule", tags=["drafts"], status_code=200)
async def unschedule(door: NamedDependency[Door], draft_id: Id) -> DraftView:
    """Keep it here: it is a draft like any other again."""
    return show_draft(await door.write(unschedule_draft, draft_id))


def _refuse(problem: HouseError) -> Callable[[WriteTx, Viewer], Planned]:
    def verb(_tx: WriteTx, _viewer: Viewer) -> Planned:
        raise problem

    return verb


ROUTES = [send, schedule, unschedule]
