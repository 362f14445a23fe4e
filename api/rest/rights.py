"""Who may read what: the rights in a mailbox as a whole, and how a personal thread is shared."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest, moment
from core.clock import parse_iso
from core.database import WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from crm.staff.rights import Right
from mailhub.mailboxes.granting import Given, Holder, list_holders, set_rights
from mailhub.mailboxes.sharing import Share, Sharing, get_sharing, share_thread


class HolderView(msgspec.Struct):
    """What a user or a group may do in a mailbox, from when until when; ``owner`` is whose a personal one is."""

    user_id: int | None
    group_id: int | None
    name: str
    rights: list[str]
    only_assigned: bool
    starts_at: str | None
    ends_at: str | None
    owner: bool


class Rights(Body):
    """What exactly one of a user and a group may do from now on; no rights take all away. ``only_assigned`` narrows
    them to the threads that they execute; with ``starts_at`` and ``ends_at`` they hold for a while."""

    rights: tuple[Right, ...]
    user_id: Number | None = None
    group_id: Number | None = None
    only_assigned: bool = False
    starts_at: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    ends_at: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class Shown(Body):
    """A user or a group that is shown a thread: its ``letters``, or a ``trace``: that there was a letter."""

    what: Literal["letters", "trace"]
    user_id: Number | None = None
    group_id: Number | None = None


class WantedSharing(Body, rename={"shown": "with"}):
    """Everybody who is shown the thread from now on; nobody makes it private again."""

    shown: Annotated[tuple[Shown, ...], msgspec.Meta(max_length=100)]


class ShownView(msgspec.Struct):
    """A user or a group, and what they are shown."""

    user_id: int | None
    group_id: int | None
    what: str


def show_holder(one: Holder) -> HolderView:
    """In the shape of the interface."""
    starts, ends = moment(one.from_at), moment(one.until_at)
    return HolderView(one.user_id, one.team_id, one.name, list(one.rights), one.only_assigned, starts, ends, one.owner)


def show_sharing(found: Sharing) -> Items[ShownView]:
    """In the shape of the interface."""
    return Items([ShownView(one.user_id, one.team_id, one.what) for one in found.shares])


@get("/mailboxes/{mailbox_id:int}/rights", tags=["mailboxes"])
async def list_who(door: NamedDependency[Door], mailbox_id: Id) -> Items[HolderView]:
    """Who may do what in a mailbox that you manage, or in your personal one."""
    return Items([show_holder(one) for one in await door.read(list_holders, mailbox_id)])


@put("/mailboxes/{mailbox_id:int}/rights", tags=["mailboxes"])
async def set_who(
    door: NamedDependency[Door],
    request: StrictRequest,
    mailbox_id: Id,
    data: JSONBody[Rights],
    idempotency_key: Key = None,
) -> Items[HolderView]:
    """Let a user or a group have exactly these rights; what is taken is gone in their next request."""
    given = Given(data.rights, data.only_assigned, _read(data.starts_at, "starts_at"), _read(data.ends_at, "ends_at"))

    def verb(tx: WriteTx, viewer: Viewer) -> Items[HolderView]:
        set_rights(tx, viewer, mailbox_id, given, user_id=data.user_id, team_id=data.group_id)
        return Items([show_holder(one) for one in list_holders(tx, viewer, mailbox_id)])

    return await once(door, request, idempotency_key, Items[HolderView], verb)


@get("/threads/{thread_id:int}/sharing", tags=["threads"])
async def show_shared(door: NamedDependency[Door], thread_id: Id) -> Items[ShownView]:
    """With whom you share a thread of your personal mailbox."""
    return show_sharing(await door.read(get_sharing, thread_id))


@put("/threads/{thread_id:int}/sharing", tags=["threads"])
async def set_shared(
    door: NamedDependency[Door],
    request: StrictRequest,
    thread_id: Id,
    data: JSONBody[WantedSharing],
    idempotency_key: Key = None,
) -> Items[ShownView]:
    """Share a thread of your personal mailbox with exactly these; with nobody it is private at once."""
    shares = [Share(one.user_id, one.group_id, one.what) for one in data.shown]

    def verb(tx: WriteTx, viewer: Viewer) -> Items[ShownView]:
        return show_sharing(share_thread(tx, viewer, thread_id, shares))

    return await once(door, request, idempotency_key, Items[ShownView], verb)


def _read(text: str | None, field: str) -> int | None:
    try:
        return None if text is None else parse_iso(text)
    except (ValueError, OverflowError) as problem:
        raise Invalid("%(moment)s is no moment with a time zone.", moment=text, field=field) from problem


ROUTES = [list_who, set_who, show_shared, set_shared]
