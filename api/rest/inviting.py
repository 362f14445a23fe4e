"""``/calendar/{id}/invitations``: who is invited to something planned, and what they answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.inviting import means_of
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Number, StrictRequest, moment
from core.database import ReadTx, WriteTx
from crm.planner import get_planned
from crm.staff.readable import Viewer
from mailhub.inviting.guests import Guest, Guests, list_guests
from mailhub.inviting.sending import LONGEST_WORDS, send_invitations


class GuestView(msgspec.Struct):
    """Somebody from outside. `state` is `new`, `invited` or `called_off`, `knows` whether they know how it is now.
    `answer` is empty, `accepted`, `tentative`, `declined` or `counter` (another time is proposed in their letter);
    `times` are answers to single times of a series. `obstacle` says why nobody writes to them."""

    contact_id: int | None
    name: str
    address: str
    state: str
    knows: bool
    answer: str
    answered_at: str | None
    times: dict[str, str]
    obstacle: str


class InvitationsView(msgspec.Struct):
    """`mailbox_id` invites, null before the first time; `due` is how many guests have to be told something."""

    mailbox_id: int | None
    words: str
    due: int
    guests: list[GuestView]


class Inviting(Body):
    """From which mailbox, the first time; `words` go along to every guest, null for those before. The letters leave
    when `wait_seconds` are over: until then they can be taken back."""

    mailbox_id: Number | None = None
    words: Annotated[str, msgspec.Meta(max_length=LONGEST_WORDS)] | None = None
    wait_seconds: Annotated[int, msgspec.Meta(ge=0, le=600)] = 0


class InvitedView(msgspec.Struct):
    """The letters, one for each guest."""

    message_ids: list[int]


def show_guests(found: Guests) -> InvitationsView:
    """All of them as JSON."""
    return InvitationsView(found.mailbox_id, found.words, len(found.due), [_show(found, one) for one in found.guests])


def _show(found: Guests, one: Guest) -> GuestView:
    return GuestView(
        contact_id=one.contact_id,
        name=one.name,
        address=one.address,
        state="invited" if one.told > 0 else "called_off" if one.told else "new",
        knows=one not in found.due and bool(one.told),
        answer=one.answer,
        answered_at=moment(one.answered_at),
        times=dict(one.times),
        obstacle=one.obstacle,
    )


@get("/calendar/{planned_id:int}/invitations", tags=["calendar"])
async def get_guests(door: NamedDependency[Door], planned_id: Id) -> InvitationsView:
    """Who from outside takes part, who of them knows of it, and what they answered."""
    keys = door.house.keys

    def look(tx: ReadTx, viewer: Viewer) -> Guests:
        return list_guests(tx, keys, get_planned(tx, viewer, planned_id))

    return show_guests(await door.read(look))


@post("/calendar/{planned_id:int}/invitations", tags=["calendar"])
async def invite(
    door: NamedDependency[Door],
    request: StrictRequest,
    planned_id: Id,
    data: JSONBody[Inviting],
    idempotency_key: Key = None,
) -> InvitedView:
    """Tell every guest what they do not know yet: that they are invited, what has changed, that it is off. 409 when all
    know it."""
    means = means_of(door.house, data.wait_seconds)

    def verb(tx: WriteTx, viewer: Viewer) -> InvitedView:
        return InvitedView(
            send_invitations(tx, viewer, means, planned_id, mailbox_id=data.mailbox_id, words=data.words)
        )

    return await once(door, request, idempotency_key, InvitedView, verb)


ROUTES = [get_guests, invite]
