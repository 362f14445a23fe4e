"""``/trash``: threads that were thrown away, and the way back."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.rest.mailboxes import get_seen_mailbox
from api.rest.once import Key, once_done
from api.rest.shapes import After, Id, Items, Limit, StrictRequest, Whichever, moment, page_of
from core.database import ReadTx
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.mailboxes.trash import Thrown, bring_back, list_trash
from mailhub.outbound.throwing import throw_away


class ThrownView(msgspec.Struct):
    """A thread in the trash; it goes for good at ``gone_at``."""

    thread_id: int
    mailbox_id: int
    subject: str
    who: str
    message_count: int
    thrown_by: str | None
    thrown_at: str | None
    gone_at: str | None


def show_thrown(one: Thrown) -> ThrownView:
    """In the shape of the interface."""
    thrown, gone = moment(one.at), moment(one.until)
    return ThrownView(one.thread_id, one.mailbox_id, one.subject, one.who, one.message_count, one.by, thrown, gone)


def read_trash(tx: ReadTx, viewer: Viewer, mailbox_id: int | None, after: str | None, limit: int) -> Page[Thrown]:
    """Of one mailbox or of all that the viewer sees. Raises NotFound."""
    if mailbox_id is not None:
        get_seen_mailbox(tx, viewer, mailbox_id)
    return list_trash(tx, viewer, mailbox_id=mailbox_id, after=after, limit=limit)


@get("/trash", tags=["threads"])
async def list_thrown(
    door: NamedDependency[Door], mailbox_id: Whichever = None, limit: Limit = 50, after: After = None
) -> Items[ThrownView]:
    """What was thrown away in the last thirty days, the latest first."""
    return page_of(await door.read(read_trash, mailbox_id, after, limit), show_thrown)


@post("/threads/{thread_id:int}/trash", tags=["threads"], status_code=204)
async def throw(
    door: NamedDependency[Door], request: StrictRequest, thread_id: Id, idempotency_key: Key = None
) -> None:
    """Throw a thread away; for thirty days it can be brought back."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: throw_away(tx, viewer, thread_id))


@post("/threads/{thread_id:int}/restore", tags=["threads"], status_code=204)
async def restore(
    door: NamedDependency[Door], request: StrictRequest, thread_id: Id, idempotency_key: Key = None
) -> None:
    """Take a thread out of the trash, as it was."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: bring_back(tx, viewer, thread_id))


ROUTES = [list_thrown, throw, restore]
