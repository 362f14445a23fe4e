"""``/threads``: lists, one thread, and what people do with it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from api.auth import Door
from api.rest.mailboxes import get_seen_mailbox
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Number, StrictRequest, Whichever, moment, page_of
from core.clock import parse_iso
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page
from crm.staff.readable import Viewer, note_read
from mailhub.mailboxes import finding
from mailhub.mailboxes.attention import set_answer_needed, set_urgent
from mailhub.mailboxes.filing import file_under
from mailhub.mailboxes.following import follow, unfollow
from mailhub.mailboxes.handling import assign_thread, set_read
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.lists import ThreadRow, View, get_rows, list_threads
from mailhub.mailboxes.moving import move_thread
from mailhub.mailboxes.regrouping import merge_threads, split_thread, unmerge_thread, unsplit_thread
from mailhub.mailboxes.snoozing import snooze, take_up
from mailhub.mailboxes.tags import get_tag, make_tag, set_tags
from mailhub.mailboxes.threads import find_root

State = Literal["open", "closed", "spam"]
Priority = Literal["urgent", "normal"]
TagName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Sort = Literal["-last_message_at", "due_at"]


class ThreadView(msgspec.Struct):
    """A thread. ``snoozed_until`` stands on one that is open and put aside until then; ``tags`` are names."""

    id: int
    mailbox_id: int
    subject: str
    state: str
    waiting_for: str | None
    waiting_since: str | None
    due_at: str | None
    executor_id: int | None
    counterparty_id: int | None
    contact_ids: list[int]
    unread: bool
    undelivered: bool
    message_count: int
    attachment_count: int
    last_message_at: str | None
    last_message_id: int
    who: str
    who_address: str
    snippet: str
    language: str
    snoozed_until: str | None
    priority: Priority
    tags: list[str]


class ThreadChange(Body):
    """What to change; what is not named stays. ``executor_id`` null takes the executor off, ``snoozed_until`` null
    takes a thread up again; ``tags`` are all tags that it has, made where there are none yet; ``answer_needed`` false
    lets nobody wait until the next letter; ``followed`` is about yourself."""

    state: State | UnsetType = UNSET
    unread: bool | UnsetType = UNSET
    counterparty_id: Number | UnsetType = UNSET
    executor_id: Number | UnsetType | None = UNSET
    snoozed_until: Annotated[str, msgspec.Meta(max_length=40)] | UnsetType | None = UNSET
    answer_needed: bool | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    tags: Annotated[list[TagName], msgspec.Meta(max_length=50)] | UnsetType = UNSET
    followed: bool | UnsetType = UNSET
    mailbox_id: Number | UnsetType = UNSET


class Other(Body):
    """Another thread."""

    thread_id: Number


class Letters(Body):
    """Letters of a thread."""

    message_ids: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=1000)]


def show_thread(row: ThreadRow) -> ThreadView:
    """A thread in the shape of the interface."""
    return ThreadView(
        id=row.id,
        mailbox_id=row.mailbox_id,
        subject=row.subject,
        state="open" if row.state == "snoozed" else row.state,
        waiting_for=row.waiting_for,
        waiting_since=moment(row.waiting_since),
        due_at=moment(row.due_at),
        executor_id=row.executor_id,
        counterparty_id=row.counterparty_id,
        contact_ids=[row.contact_id] if row.contact_id is not None else [],
        unread=row.unread,
        undelivered=row.undelivered,
        message_count=row.message_count,
        attachment_count=row.attachment_count,
        last_message_at=moment(row.last_message_at),
        last_message_id=row.last_message_id,
        who=row.who,
        who_address=row.who_address,
        snippet=row.snippet,
        language=row.language,
        snoozed_until=moment(row.snoozed_until),
        priority="urgent" if row.urgent else "normal",
        tags=[one.name for one in row.tags],
    )


def get_row(tx: ReadTx, viewer: Viewer, thread_id: int) -> ThreadRow:
    """The thread as a row; for one that was merged, the thread that shows its letters. Raises NotFound, alike for what
    is not there and what is not theirs."""
    rows = get_rows(tx, viewer, [find_root(tx, thread_id)])
    if not rows:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    note_read(viewer, rows[0].scope_id, rows[0].id)
    return rows[0]


def find_threads(
    tx: ReadTx,
    viewer: Viewer,
    view: View,
    mailbox_id: int | None,
    words: str,
    after: str | None,
    limit: int,
    tag_id: int | None = None,
) -> Page[ThreadRow]:
    """A page of a view, or what a search finds, in one mailbox or in all that the viewer sees."""
    scope_id = None if mailbox_id is None else get_seen_mailbox(tx, viewer, mailbox_id).scope_id
    if words:
        found = finding.find_threads(
            tx, viewer, finding.parse_search(words), scope_id=scope_id, after=after, limit=limit
        )
        return Page([hit.row for hit in found.hits], found.next)
    if tag_id is not None:
        get_tag(tx, tag_id)
    return list_threads(tx, viewer, view, scope_id=scope_id, tag_id=tag_id, after=after, limit=limit)


def change_thread(tx: WriteTx, viewer: Viewer, thread_id: int, change: ThreadChange) -> ThreadRow | None:
    """Do all that is named, or nothing; the thread afterwards, None when the viewer gave it out of their own sight."""
    if not isinstance(change.state, UnsetType):
        change_state(tx, viewer, thread_id, change.state)
    if not isinstance(change.unread, UnsetType):
        set_read(tx, viewer, thread_id, read=not change.unread)
    if not isinstance(change.snoozed_until, UnsetType):
        _put_aside(tx, viewer, thread_id, change.snoozed_until)
    if not isinstance(change.answer_needed, UnsetType):
        set_answer_needed(tx, viewer, thread_id, needed=change.answer_needed)
    if not isinstance(change.priority, UnsetType):
        set_urgent(tx, viewer, thread_id, urgent=change.priority == "urgent")
    if not isinstance(change.tags, UnsetType):
        set_tags(tx, viewer, thread_id, [make_tag(tx, viewer, name).id for name in change.tags])
    if not isinstance(change.followed, UnsetType):
        (follow if change.followed else unfollow)(tx, viewer, thread_id)
    if not isinstance(change.mailbox_id, UnsetType):
        move_thread(tx, viewer, thread_id, change.mailbox_id)
    if not isinstance(change.counterparty_id, UnsetType):
        file_under(tx, viewer, thread_id, change.counterparty_id, None)
    if not isinstance(change.executor_id, UnsetType):
        assign_thread(tx, viewer, thread_id, change.executor_id)
        return next(iter(get_rows(tx, viewer, [thread_id])), None)
    return get_row(tx, viewer, thread_id)


def _put_aside(tx: WriteTx, viewer: Viewer, thread_id: int, until: str | None) -> None:
    if until is None:
        take_up(tx, viewer, thread_id)
        return
    try:
        snooze(tx, viewer, thread_id, parse_iso(until))
    except (ValueError, OverflowError) as mistake:
        raise Invalid("A moment is written as in ISO 8601, with its time zone.", field="snoozed_until") from mistake


def merge(tx: WriteTx, viewer: Viewer, thread_id: int, other_id: int) -> ThreadRow:
    """The thread with the letters of both."""
    merge_threads(tx, viewer, thread_id, other_id)
    return get_row(tx, viewer, thread_id)


def unmerge(tx: WriteTx, viewer: Viewer, thread_id: int, other_id: int) -> ThreadRow | None:
    """The thread that was taken out again, None when the viewer may not see it by itself."""
    unmerge_thread(tx, viewer, thread_id, other_id)
    return next(iter(get_rows(tx, viewer, [other_id])), None)


def split(tx: WriteTx, viewer: Viewer, thread_id: int, message_ids: list[int]) -> ThreadRow:
    """The new thread."""
    return get_row(tx, viewer, split_thread(tx, viewer, thread_id, message_ids))


def unsplit(tx: WriteTx, viewer: Viewer, thread_id: int) -> ThreadRow:
    """The thread that has the letters again."""
    return get_row(tx, viewer, unsplit_thread(tx, viewer, thread_id))


def choose_view(view: View | None, state: State | None, sort: Sort | None) -> View:
    """The view that a list asks for. Raises Invalid for what does not go together."""
    chosen: View = view or state or ("waiting" if sort == "due_at" else "all")
    if view is not None and state is not None and view != state:
        raise Invalid("Ask for a view or for a state, not for both.", field="state")
    if sort is not None and (sort == "due_at") != (chosen == "waiting"):
        raise Invalid("What waits is sorted by due_at, everything else by -last_message_at.", field="sort")
    return chosen


@get("/threads", tags=["threads"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    view: FromQuery[View | None] = None,
    mailbox_id: Whichever = None,
    threads_state: Annotated[State | None, QueryParameter(name="state")] = None,
    sort: FromQuery[Sort | None] = None,
    tag_id: Whichever = None,
    q: Annotated[str, QueryParameter(max_length=500, description="What a search finds instead, as /search.")] = "",
) -> Items[ThreadView]:
    """The threads you may see. `view`: waiting (the latest first), mine, open, snoozed (the next to come back
    first), closed, spam, all. `tag_id`: all that have a tag. `q` searches instead."""
    chosen = choose_view(view, threads_state, sort)
    run = door.search if q else door.read
    return page_of(await run(find_threads, chosen, mailbox_id, q, after, limit, tag_id), show_thread)


@get("/threads/{thread_id:int}", tags=["threads"])
async def get_one(door: NamedDependency[Door], thread_id: Id) -> ThreadView:
    """One thread; its letters are at `/messages?thread_id=`."""
    return show_thread(await door.read(get_row, thread_id))


@patch("/threads/{thread_id:int}", tags=["threads"])
async def change_one(
    door: NamedDependency[Door], thread_id: Id, data: JSONBody[ThreadChange]
) -> Response[ThreadView | None]:
    """Close, reopen, put aside, assign, tag, follow, move, file under a client, mark as read: all of it or nothing.
    204 when it is out of your sight afterwards."""
    row = await door.write(change_thread, thread_id, data)
    return Response(None if row is None else show_thread(row), status_code=204 if row is None else 200)


@post("/threads/{thread_id:int}/merge", tags=["threads"], status_code=200)
async def merge_one(
    door: NamedDependency[Door],
    request: StrictRequest,
    thread_id: Id,
    data: JSONBody[Other],
    idempotency_key: Key = None,
) -> ThreadView:
    """Show the letters of another thread of the same mailbox here too. What asks for the other one is answered with
    this one from then on."""

    def verb(tx: WriteTx, viewer: Viewer) -> ThreadView:
        return show_thread(merge(tx, viewer, thread_id, data.thread_id))

    return await once(door, request, idempotency_key, ThreadView, verb)


@post("/threads/{thread_id:int}/unmerge", tags=["threads"], status_code=200)
async def unmerge_one(
    door: NamedDependency[Door],
    request: StrictRequest,
    thread_id: Id,
    data: JSONBody[Other],
    idempotency_key: Key = None,
) -> Response[ThreadView | None]:
    """Take a merged thread out again, with what came to its letters meanwhile. Answers with it, 204 when it is out of
    your sight."""

    def verb(tx: WriteTx, viewer: Viewer) -> Items[ThreadView]:
        row = unmerge(tx, viewer, thread_id, data.thread_id)
        return Items([] if row is None else [show_thread(row)])

    seen = (await once(door, request, idempotency_key, Items[ThreadView], verb)).items
    return Response(seen[0] if seen else None, status_code=200 if seen else 204)


@post("/threads/{thread_id:int}/split", tags=["threads"])
async def split_one(
    door: NamedDependency[Door],
    request: StrictRequest,
    thread_id: Id,
    data: JSONBody[Letters],
    idempotency_key: Key = None,
) -> ThreadView:
    """Move letters into a thread of their own. Answers with it."""

    def verb(tx: WriteTx, viewer: Viewer) -> ThreadView:
        return show_thread(split(tx, viewer, thread_id, data.message_ids))

    return await once(door, request, idempotency_key, ThreadView, verb)


@post("/threads/{thread_id:int}/unsplit", tags=["threads"], status_code=200)
async def unsplit_one(
    door: NamedDependency[Door], request: StrictRequest, thread_id: Id, idempotency_key: Key = None
) -> ThreadView:
    """Give the letters of a thread that was split off back. Answers with the thread that has them again."""

    def verb(tx: WriteTx, viewer: Viewer) -> ThreadView:
        return show_thread(unsplit(tx, viewer, thread_id))

    return await once(door, request, idempotency_key, ThreadView, verb)


ROUTES = [list_all, get_one, change_one, merge_one, unmerge_one, split_one, unsplit_one]
