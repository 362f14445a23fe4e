"""``/promises``: what was promised, by whom, until when, and whether it was kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from api.auth import Door
from api.rest.interactions import read_moment
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Made, Number, StrictRequest, moment
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.execution.promises import (
    Made as Promised,
)
from crm.execution.promises import (
    Promise,
    count_promises,
    drop_promise,
    get_promise,
    keep_promise,
    list_promises,
    refuse_proposal,
)
from crm.interactions import find_line_of_thread
from crm.staff.readable import Viewer
from mailhub.mailboxes.planning import promise_it, repromise

Whose = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=500)]


class PromiseView(msgspec.Struct):
    """A promise. ``side`` says who made it; ``proposed_message_id`` is the letter that may have kept it."""

    id: int
    counterparty_id: int
    contact_id: int | None
    side: str
    text: str
    due_at: str | None
    state: str
    late: bool
    executor_id: int
    author_id: int
    thread_id: int | None
    proposed_message_id: int | None
    kept_by_message_id: int | None
    ended_at: str | None
    version: int


class TallyView(msgspec.Struct):
    """Promises of somebody: kept in time, kept late, late now, open."""

    executor_id: int
    kept: int
    kept_late: int
    late: int
    open: int


class NewPromise(Body):
    """What is promised, until when; of a letter by its ``thread_id`` (the newest there) or the line ``based_on_id``."""

    counterparty_id: Number
    text: Text
    due_at: datetime
    side: Literal["us", "them"] = "us"
    executor_id: Number | None = None
    contact_id: Number | None = None
    thread_id: Number | None = None
    based_on_id: Number | None = None


class PromiseChange(Body):
    """What is to be another; what is not named stays."""

    text: Text | None = None
    due_at: datetime | None = None
    executor_id: Number | None = None


def show_promise(one: Promise) -> PromiseView:
    """A promise in the shape of the interface."""
    return PromiseView(
        id=one.id,
        counterparty_id=one.counterparty_id,
        contact_id=one.contact_id,
        side=one.side,
        text=one.text,
        due_at=moment(one.due_at),
        state=one.state,
        late=one.is_late(clock.now()),
        executor_id=one.executor_id,
        author_id=one.author_id,
        thread_id=one.based_thread_id,
        proposed_message_id=one.proposed_id,
        kept_by_message_id=one.kept_by_id,
        ended_at=moment(one.ended_at),
        version=one.version,
    )


def _make(tx: WriteTx, viewer: Viewer, new: NewPromise) -> int:
    based_on_id = new.based_on_id
    if based_on_id is None and new.thread_id is not None:
        found = find_line_of_thread(tx, viewer, new.thread_id)
        if found is None:
            raise NotFound("There is no thread with the number %(id)s.", id=new.thread_id)
        based_on_id = found[1].id
    due_at = read_moment(new.due_at, "due_at")
    assert due_at is not None
    made = Promised(
        counterparty_id=new.counterparty_id,
        text=new.text,
        due_at=due_at,
        executor_id=new.executor_id or viewer.user_id,
        side=new.side,
        contact_id=new.contact_id,
        based_on_id=based_on_id,
    )
    return promise_it(tx, viewer, made)


@get("/promises", tags=["promises"])
async def list_all(
    door: NamedDependency[Door],
    counterparty_id: Whose = None,
    executor_id: Whose = None,
    thread_id: Whose = None,
    late: FromQuery[bool] = False,
) -> Items[PromiseView]:
    """Open ones that you may see, the soonest due first; of a client, of somebody, of a thread, or only late ones."""

    def look(tx: ReadTx, viewer: Viewer) -> list[Promise]:
        people = None if executor_id is None else [executor_id]
        named = {"counterparty_id": counterparty_id, "thread_id": thread_id}
        return list_promises(tx, viewer, executor_ids=people, late=late, limit=200, **named)

    return Items([show_promise(one) for one in await door.read(look)])


@get("/promises/tally", tags=["promises"])
async def tally(
    door: NamedDependency[Door], days: Annotated[int, QueryParameter(ge=1, le=366)] = 30
) -> Items[TallyView]:
    """Our promises by who had them: kept and broken, of the last days and open now."""

    def look(tx: ReadTx, viewer: Viewer) -> list[TallyView]:
        found = count_promises(tx, viewer, clock.now() - days * clock.DAY)
        return [TallyView(one.executor_id, one.kept, one.kept_late, one.late, one.open) for one in found]

    return Items(await door.read(look))


@get("/promises/{promise_id:int}", tags=["promises"])
async def get_one(door: NamedDependency[Door], promise_id: Id) -> PromiseView:
    """One promise."""
    return show_promise(await door.read(get_promise, promise_id))


@post("/promises", tags=["promises"])
async def make(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewPromise], idempotency_key: Key = None
) -> Made:
    """Write down what was promised."""
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(_make(tx, viewer, data)))


@patch("/promises/{promise_id:int}", tags=["promises"])
async def change(door: NamedDependency[Door], promise_id: Id, data: JSONBody[PromiseChange]) -> PromiseView:
    """Word it anew, give it more time or into other hands."""
    due_at = read_moment(data.due_at, "due_at")

    def verb(tx: WriteTx, viewer: Viewer) -> Promise:
        repromise(tx, viewer, promise_id, text=data.text, due_at=due_at, executor_id=data.executor_id)
        return get_promise(tx, viewer, promise_id)

    return show_promise(await door.write(verb))


@post("/promises/{promise_id:int}/kept", tags=["promises"], status_code=204)
async def keep(door: NamedDependency[Door], promise_id: Id) -> None:
    """It is kept, by the letter that was proposed if there is one."""
    await door.write(keep_promise, promise_id)


@post("/promises/{promise_id:int}/refuse", tags=["promises"], status_code=204)
async def refuse(door: NamedDependency[Door], promise_id: Id) -> None:
    """The letter that was proposed did not keep it."""
    await door.write(refuse_proposal, promise_id)


@post("/promises/{promise_id:int}/drop", tags=["promises"], status_code=204)
async def drop(door: NamedDependency[Door], promise_id: Id) -> None:
    """It holds no more."""
    await door.write(drop_promise, promise_id)


ROUTES = [list_all, tally, get_one, make, change, keep, refuse, drop]
