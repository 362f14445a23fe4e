"""On a client's page: what comes next with them and what was promised."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.planner_words import Shown, show
from api.web.promises import PromiseLine, make_promise_line
from api.web.shapes import Speaker
from core.database import ReadTx
from crm.execution.promises import Promise, list_promises
from crm.interactions import may_write
from crm.planner import Planned, list_planned_of
from crm.staff.people import list_users
from crm.staff.readable import Viewer

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Coming:
    """What is open of a client beside its letters."""

    planned: list[Planned]
    promises: list[Promise]
    users: dict[int, str]


@dataclass(frozen=True, slots=True)
class Opened:
    """See templates/web/_card_open.html."""

    planned: list[Shown]
    promises: list[PromiseLine]
    plan_url: str | None
    promise_url: str | None
    hand_url: str
    may_hand: bool
    users: list[tuple[int, str]]


def see_coming(tx: ReadTx, viewer: Viewer, client_id: int) -> Coming:
    """Of a series its next time alone."""
    planned = list_planned_of(tx, viewer, client_id, SHOWN) if viewer.uses("calendar") else []
    promises = list_promises(tx, viewer, counterparty_id=client_id, limit=SHOWN) if viewer.uses("promises") else []
    return Coming(planned, promises, {one.id: one.name for one in list_users(tx) if not one.disabled})


def make_opened(speaker: Speaker, client_id: int, coming: Coming, *, thread_id: int | None = None) -> Opened:
    """The section; on the basis of the letter of a thread where one is open."""
    users, may = coming.users, may_write(speaker.viewer)
    about = f"client={client_id}" if thread_id is None else f"thread={thread_id}"
    return Opened(
        planned=[show(speaker, one, {}, users) for one in coming.planned],
        promises=[make_promise_line(speaker, one, {}, users) for one in coming.promises],
        plan_url=f"/calendar/new?{about}" if may and speaker.viewer.uses("calendar") else None,
        promise_url=f"/promises/new?{about}" if may and speaker.viewer.uses("promises") else None,
        hand_url=f"/clients/hand-over?client={client_id}",
        may_hand=speaker.viewer.may_somewhere("assign"),
        users=list(users.items()),
    )
