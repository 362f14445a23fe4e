"""The history of hands of a thread, shown on demand in its head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.shapes import Speaker, make_when
from core.database import ReadTx
from crm.execution import Assignment, list_hands
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from mailhub.mailboxes.reading import get_thread


@dataclass(frozen=True, slots=True)
class Hands:
    """Who had a thread, with everybody's names."""

    hands: list[Assignment]
    names: dict[int, str]


def see_hands(tx: ReadTx, viewer: Viewer, thread_id: int) -> Hands:
    """Raises NotFound for a thread that the viewer does not see."""
    get_thread(tx, viewer, thread_id)
    return Hands(list_hands(tx, thread_id), {one.id: one.name for one in list_users(tx)})


@get("/threads/{thread_id:int}/hands", include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked, thread_id: Id) -> Response[str]:
    """The fragment: the newest hand first."""
    desk = Desk(door, request)
    found = await door.read(see_hands, thread_id)
    speaker = desk.speaker(door.viewer)
    rows = [shape_hand(speaker, one, found.names) for one in reversed(found.hands)]
    return html(desk.render("_hands.html", speaker, None, "all", hands=rows))


def shape_hand(speaker: Speaker, one: Assignment, names: dict[int, str]) -> dict[str, Any]:
    """One line."""
    absent = names.get(one.instead_of_id or 0, "?")
    by = names.get(one.by_id or 0)
    say = speaker.say
    reasons = {
        "manager": say("the client's responsible manager"),
        "default": say("the executor of this mailbox"),
        "round_robin": say("whose turn it was"),
        "least_busy": say("who had least to do"),
        "rule": say("by a rule"),
        "rule_turn": say("by a rule, whose turn it was"),
        "rule_least_busy": say("by a rule, who had least to do"),
        "continued": say("had it before"),
        "back": say("given back"),
        "deputy": say("stands in for %(name)s", name=absent),
    }
    reason = reasons.get(one.reason, "")
    if by is not None and one.by_id != one.executor_id:
        reason = ", ".join(part for part in (reason, say("given by %(name)s", name=by)) if part)
    return {
        "name": names.get(one.executor_id, "?"),
        "reason": reason,
        "from": make_when(speaker, one.assigned_at, long=True),
        "to": make_when(speaker, one.ended_at, long=True),
    }


ROUTES = [show]
