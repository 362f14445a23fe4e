"""``/mailboxes``: those whose letters the reader may see, and their rights."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.execution import Way
from crm.staff.audit import record_audit
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_admin
from crm.staff.rights import Grant, Right, add_grant, list_grants, remove_grant
from mailhub.mailboxes.boxes import Mailbox, add_mailbox, list_mailboxes
from mailhub.mailboxes.granting import check_holder, get_ruled


class MailboxView(msgspec.Struct):
    """A mailbox. ``rights`` are the reader's own."""

    id: int
    address: str
    name: str
    kind: str
    owner_id: int | None
    way: str
    default_executor_id: int | None
    answer_hours: int
    rights: list[str]


def show_mailbox(box: Mailbox, viewer: Viewer) -> MailboxView:
    """A mailbox in the shape of the interface."""
    return MailboxView(
        id=box.id,
        address=box.address,
        name=box.name,
        kind=box.kind,
        owner_id=box.owner_id,
        way=box.way,
        default_executor_id=box.default_executor_id,
        answer_hours=box.answer_hours,
        rights=sorted(right for scope, right in viewer.rights if scope == box.scope_id),
    )


def get_seen_mailbox(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """The mailbox, when its letters may be seen. Raises NotFound."""
    for box in list_mailboxes(tx, viewer):
        if box.id == mailbox_id:
            return box
    raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)


class GrantView(msgspec.Struct):
    """One right of a user or a group; ``only_assigned`` narrows it to the threads that the person executes."""

    id: int
    user_id: int | None
    group_id: int | None
    right: str
    only_assigned: bool


class NewMailbox(Body):
    """A mailbox to add. A personal one needs its owner, who gets every right on it; a public one has none."""

    address: str
    name: str
    kind: Literal["public", "personal"]
    owner_id: Number | None = None
    aliases: tuple[str, ...] = ()
    catch_all: str | None = None
    way: Way = "manager"
    default_executor_id: Number | None = None
    answer_hours: Number = 8


class NewGrant(Body):
    """A right for exactly one of a user and a group."""

    right: Right
    user_id: Number | None = None
    group_id: Number | None = None
    only_assigned: bool = False


def show_grant(grant: Grant) -> GrantView:
    """A grant in the shape of the interface."""
    return GrantView(grant.id, grant.user_id, grant.team_id, grant.right, grant.only_assigned)


def make_mailbox(tx: WriteTx, viewer: Viewer, new: NewMailbox) -> Mailbox:
    """Add a mailbox. Raises Forbidden, Invalid, Conflict, NotFound for a person who does not exist."""
    demand_admin(viewer)
    if new.default_executor_id is not None:
        get_user(tx, new.default_executor_id)
    box = add_mailbox(
        tx,
        new.address,
        new.name,
        new.kind,
        owner_id=new.owner_id,
        aliases=new.aliases,
        catch_all=new.catch_all,
        way=new.way,
        default_executor_id=new.default_executor_id,
        answer_hours=new.answer_hours,
    )
    record_audit(tx, viewer.user_id, "mailbox-added", str(box.id), kind=box.kind)
    return box


def read_grants(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> list[Grant]:
    """The grants in a mailbox. Raises NotFound, Forbidden."""
    return list_grants(tx, get_ruled(tx, viewer, mailbox_id).scope_id)


def give_right(tx: WriteTx, viewer: Viewer, mailbox_id: int, new: NewGrant) -> Grant:
    """Give a right. Raises NotFound, Forbidden, Invalid."""
    box = get_ruled(tx, viewer, mailbox_id)
    check_holder(tx, box, new.user_id, new.group_id)
    add_grant(tx, box.scope_id, new.right, user_id=new.user_id, team_id=new.group_id, only_assigned=new.only_assigned)
    record_audit(
        tx, viewer.user_id, "grant-added", str(box.id), right=new.right, to_user=new.user_id, to_team=new.group_id
    )
    return list_grants(tx, box.scope_id)[-1]


def take_right(tx: WriteTx, viewer: Viewer, mailbox_id: int, grant_id: int) -> None:
    """Take a right away; it is gone in the next request of whoever had it. Raises NotFound, Forbidden, Invalid for the
    owner's own."""
    box = get_ruled(tx, viewer, mailbox_id)
    found = next((one for one in list_grants(tx, box.scope_id) if one.id == grant_id), None)
    if found is None:
        raise NotFound("There is no grant with the number %(id)s.", id=grant_id)
    check_holder(tx, box, found.user_id, found.team_id)
    remove_grant(tx, found.scope_id, found.right, user_id=found.user_id, team_id=found.team_id)
    taken = {"right": found.right, "from_user": found.user_id, "from_team": found.team_id}
    record_audit(tx, viewer.user_id, "grant-removed", str(mailbox_id), **taken)


@get("/mailboxes", tags=["mailboxes"])
async def list_boxes(door: NamedDependency[Door]) -> Items[MailboxView]:
    """The mailboxes whose letters you may see."""
    boxes = await door.read(list_mailboxes)
    return Items([show_mailbox(box, door.viewer) for box in boxes])


@get("/mailboxes/{mailbox_id:int}", tags=["mailboxes"])
async def get_box(door: NamedDependency[Door], mailbox_id: Id) -> MailboxView:
    """One mailbox."""
    return show_mailbox(await door.read(get_seen_mailbox, mailbox_id), door.viewer)


@post("/mailboxes", tags=["mailboxes"])
async def make_box(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewMailbox], idempotency_key: Key = None
) -> MailboxView:
    """Add a mailbox (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> MailboxView:
        return show_mailbox(make_mailbox(tx, viewer, data), viewer)

    return await once(door, request, idempotency_key, MailboxView, verb)


@get("/mailboxes/{mailbox_id:int}/grants", tags=["mailboxes"])
async def list_rights(door: NamedDependency[Door], mailbox_id: Id) -> Items[GrantView]:
    """Who may do what in a mailbox that you manage."""
    return Items([show_grant(grant) for grant in await door.read(read_grants, mailbox_id)])


@post("/mailboxes/{mailbox_id:int}/grants", tags=["mailboxes"])
async def make_grant(
    door: NamedDependency[Door],
    request: StrictRequest,
    mailbox_id: Id,
    data: JSONBody[NewGrant],
    idempotency_key: Key = None,
) -> GrantView:
    """Give a right in a mailbox that you manage."""

    def verb(tx: WriteTx, viewer: Viewer) -> GrantView:
        return show_grant(give_right(tx, viewer, mailbox_id, data))

    return await once(door, request, idempotency_key, GrantView, verb)


@delete("/mailboxes/{mailbox_id:int}/grants/{grant_id:int}", tags=["mailboxes"])
async def end_grant(door: NamedDependency[Door], mailbox_id: Id, grant_id: Id) -> None:
    """Take a right away; it is gone in the next request."""
    await door.write(take_right, mailbox_id, grant_id)


ROUTES = [list_boxes, get_box, make_box, list_rights, make_grant, end_grant]
