"""``/threads/bulk``: one act on many threads, and the way back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.bulking import carry_out, take_back
from api.problems import language_of
from api.rest.shapes import Body, Id, Number, StrictRequest
from core.clock import parse_iso
from core.errors import Invalid
from mailhub.mailboxes.bulk import MOST_THREADS, parse_wish

Act = Literal["assign", "close", "reopen", "spam", "read", "unread", "snooze", "tag", "untag", "move"]


class BulkBody(Body):
    """Which threads, and what to do with them. ``value``: the executor's number, or null, for ``assign``; a moment as
    ISO 8601 for ``snooze``; the number of the tag or mailbox for ``tag``, ``untag`` and ``move``."""

    thread_ids: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=MOST_THREADS)]
    act: Act
    value: Any = None


class RefusedView(msgspec.Struct):
    """A thread that stays as it was, and why."""

    thread_id: int
    detail: str


class BulkView(msgspec.Struct):
    """What became of the threads. ``bulk_id`` takes it back for a day."""

    bulk_id: int
    done: list[int]
    refused: list[RefusedView]


class BackView(msgspec.Struct):
    """``restored`` are as they were before, ``changed`` were left alone: somebody has changed them since."""

    restored: list[int]
    changed: list[int]


@post("/threads/bulk", tags=["threads"], status_code=200)
async def do_bulk(door: NamedDependency[Door], request: StrictRequest, data: JSONBody[BulkBody]) -> BulkView:
    """Do the same to many threads. Each is done or refused by itself, as your rights on it say; a chunk of fifty is
    one transaction."""
    value = _moment(data.value) if data.act == "snooze" else data.value
    outcome = await carry_out(door, parse_wish(data.act, value), data.thread_ids)
    say = language_of(request, request.app.state.pages).gettext
    refused = [RefusedView(one.thread_id, say(one.sentence, **one.fields)) for one in outcome.refused]
    return BulkView(outcome.bulk_id, outcome.done, refused)


@post("/threads/bulk/{bulk_id:int}/undo", tags=["threads"], status_code=200)
async def undo_bulk(door: NamedDependency[Door], bulk_id: Id) -> BackView:
    """Give every thread back what it was, except where somebody has changed it since."""
    back = await take_back(door, bulk_id)
    return BackView(back.restored, back.changed)


def _moment(value: object) -> int:
    try:
        return parse_iso(value if isinstance(value, str) else "")
    except ValueError:
        raise Invalid("Choose a moment that is still to come, within two years.", field="value") from None


ROUTES = [do_bulk, undo_bulk]
