"""``/mailboxes``: those whose letters the reader may see, and their rights."""

from __future__ import annotations

import msgspec
from litestar import get

from api.auth import Door
from api.rest.shapes import Items, Number
from core.database import ReadTx
from core.errors import NotFound
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import Mailbox, list_mailboxes


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


@get("/mailboxes", tags=["mailboxes"])
async def list_boxes(door: Door) -> Items[MailboxView]:
    """The mailboxes whose letters you may see."""
    boxes = await door.read(list_mailboxes)
    return Items([show_mailbox(box, door.viewer) for box in boxes])


@get("/mailboxes/{mailbox_id:int}", tags=["mailboxes"])
async def get_box(door: Door, mailbox_id: Number) -> MailboxView:
    """One mailbox."""
    return show_mailbox(await door.read(get_seen_mailbox, mailbox_id), door.viewer)


ROUTES = [list_boxes, get_box]
