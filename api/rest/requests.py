"""``/messages/{id}/invitation``: what somebody outside invites us to, what we answer, and taking it over."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.inviting import means_of
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, StrictRequest, moment
from core.database import ReadTx, WriteTx
from crm.planner import find_next, find_planned
from crm.staff.readable import Viewer
from mailhub.inviting.answering import answer_request, find_standing, take_over
from mailhub.inviting.calendars import Part
from mailhub.inviting.requests import Standing
from mailhub.inviting.sending import LONGEST_WORDS


class OutsideInvitationView(msgspec.Struct):
    """An invitation from outside. `state` is `open`, `changed` (by a newer letter) or `called_off`; `invited` is the
    address of ours that it names. `answer` is what we said last (empty, `accepted`, `tentative` or `declined`) in the
    letter `reply_id`; `outdated` says that the invitation has changed since. `refused` is why nobody can answer it,
    `planned_id` what stands in the calendar because of it."""

    state: str
    organizer: str
    invited: str
    answer: str
    answered_by_id: int | None
    answered_at: str | None
    reply_id: int | None
    outdated: bool
    refused: str
    planned_id: int | None


class Answering(Body):
    """`words` go along to who invites."""

    answer: Literal["accepted", "tentative", "declined"]
    words: Annotated[str, msgspec.Meta(max_length=LONGEST_WORDS)] = ""


class AnsweredView(msgspec.Struct):
    """The letter that says so, and what stands in the calendar because of it; `trouble` says why nothing does although
    somebody comes."""

    message_id: int
    planned_id: int | None
    trouble: str


class TakenView(msgspec.Struct):
    """What stands in the calendar."""

    planned_id: int


def _show(tx: ReadTx, viewer: Viewer, found: Standing) -> OutsideInvitationView:
    planned = None
    if found.event_id is not None and viewer.uses("calendar"):
        number = find_next(tx, found.event_id)
        planned = number if number is not None and find_planned(tx, viewer, [number]) else None
    return OutsideInvitationView(
        state="called_off" if found.called_off else "changed" if found.newer else "open",
        organizer=found.request.said.organizer or "",
        invited=found.invited,
        answer=found.answer,
        answered_by_id=found.answered_by_id,
        answered_at=moment(found.answered_at),
        reply_id=found.reply_id,
        outdated=found.outdated,
        refused=str(found.refused) if found.refused is not None else "",
        planned_id=planned,
    )


@get("/messages/{message_id:int}/invitation", tags=["messages"])
async def get_invitation(door: NamedDependency[Door], message_id: Id) -> OutsideInvitationView:
    """How the invitation that a letter brings stands. 404 for a letter that brings none."""
    return await door.read(lambda tx, viewer: _show(tx, viewer, find_standing(tx, viewer, message_id)))


@post("/messages/{message_id:int}/invitation", tags=["messages"], status_code=200)
async def answer_invitation(
    door: NamedDependency[Door],
    request: StrictRequest,
    message_id: Id,
    data: JSONBody[Answering],
    idempotency_key: Key = None,
) -> AnsweredView:
    """Tell who invites whether we come, from the address that was invited; who comes or may come has it in their
    calendar. Another answer goes over the one before. 409 for what cannot be answered, was called off or has
    changed."""
    means = means_of(door.house)
    part: Part = data.answer

    def verb(tx: WriteTx, viewer: Viewer) -> AnsweredView:
        done = answer_request(tx, viewer, means, message_id, part, data.words)
        return AnsweredView(done.message_id, done.planned_id, str(done.trouble) if done.trouble is not None else "")

    return await once(door, request, idempotency_key, AnsweredView, verb)


@post("/messages/{message_id:int}/invitation/calendar", tags=["messages"], status_code=200)
async def take_invitation(
    door: NamedDependency[Door], request: StrictRequest, message_id: Id, idempotency_key: Key = None
) -> TakenView:
    """Put it into one's own calendar and answer nobody; who invites moves it and calls it off there."""
    means = means_of(door.house)

    def verb(tx: WriteTx, viewer: Viewer) -> TakenView:
        return TakenView(take_over(tx, viewer, means, message_id))

    return await once(door, request, idempotency_key, TakenView, verb)


ROUTES = [get_invitation, answer_invitation]
CALENDAR = [take_invitation]
