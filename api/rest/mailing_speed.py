"""How fast mailings leave: of one, of the house, of a mailbox, to a domain; and the red buttons, for everything and for
a domain."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from api.auth import Door
from api.rest.mailing_speed_shapes import NewPace, NewStop, PaceView, SendingView, Speed, SpeedView, StoppedDomain
from api.rest.once import Key, once_done
from api.rest.shapes import Id, Items, StrictRequest, moment
from core import clock
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.campaigns.mailings import get_mailing
from mailhub.campaigns.speed import forecast_end, plan_days, set_speed
from mailhub.outbound.pacing import list_paces, set_pace
from mailhub.outbound.stopped_domains import let_domain, list_stopped, stop_domain
from mailhub.outbound.stopping import is_stopped, resume_all, stop_all


def see_speed(tx: ReadTx, viewer: Viewer, mailing_id: int) -> SpeedView:
    """Raises NotFound."""
    one = get_mailing(tx, viewer, mailing_id)
    ends = moment(forecast_end(one, clock.now()))
    return SpeedView(
        one.a_minute, one.days, one.since_hour, one.until_hour, one.zone, one.warm_up, one.rate, ends,
        plan_days(tx, viewer, mailing_id),
    )  # fmt: skip


@get("/mailings/{mailing_id:int}/speed", tags=["mailings"])
async def read_speed(door: NamedDependency[Door], mailing_id: Id) -> SpeedView:
    """How fast it leaves, in which hours, and when it will have left."""
    return await door.read(see_speed, mailing_id)


@put("/mailings/{mailing_id:int}/speed", tags=["mailings"])
async def write_speed(door: NamedDependency[Door], mailing_id: Id, data: JSONBody[Speed]) -> SpeedView:
    """Holds at once, for one under way too; the plan of the first days is fixed by the start."""
    zone = data.zone or door.house.settings.company.timezone

    def verb(tx: WriteTx, viewer: Viewer) -> SpeedView:
        set_speed(
            tx, viewer, mailing_id, a_minute=data.a_minute, days=data.days, since_hour=data.since_hour,
            until_hour=data.until_hour, zone=zone, warm_up=data.warm_up,
        )  # fmt: skip
        return see_speed(tx, viewer, mailing_id)

    return await door.write(verb)


@get("/paces", tags=["mailings"])
async def paces(door: NamedDependency[Door]) -> Items[PaceView]:
    """Rates that somebody set, and those that were learned from servers which asked for less."""
    found = await door.read(lambda tx, _viewer: list_paces(tx))
    return Items([PaceView(one.name, one.a_minute, one.learned) for one in found])


@put("/paces", tags=["mailings"], status_code=204)
async def write_pace(door: NamedDependency[Door], data: JSONBody[NewPace]) -> None:
    """So many letters of mailings a minute for the house, a mailbox, or to a domain."""
    await door.write(set_pace, data.name, data.a_minute)


@get("/sending", tags=["mailings"])
async def sending(door: NamedDependency[Door]) -> SendingView:
    """Whether somebody stopped all sending."""
    await door.read(lambda _tx, _viewer: None)
    return SendingView(is_stopped(door.house.settings.data.dir))


@post("/sending/stop", tags=["mailings"], status_code=204)
async def stop(door: NamedDependency[Door], request: StrictRequest, idempotency_key: Key = None) -> None:
    """The red button: no letter leaves any more, over restarts too."""
    folder = door.house.settings.data.dir
    await once_done(door, request, idempotency_key, lambda tx, viewer: stop_all(tx, viewer, folder))


@post("/sending/resume", tags=["mailings"], status_code=204)
async def resume(door: NamedDependency[Door], request: StrictRequest, idempotency_key: Key = None) -> None:
    """Let letters leave again."""
    folder = door.house.settings.data.dir
    await once_done(door, request, idempotency_key, lambda tx, viewer: resume_all(tx, viewer, folder))


@get("/stopped-domains", tags=["mailings"])
async def stopped(door: NamedDependency[Door]) -> Items[StoppedDomain]:
    """Domains to which no mailing leaves now: somebody stopped them, or their servers want less until then."""
    found = await door.read(lambda tx, _viewer: list_stopped(tx))
    return Items([StoppedDomain(name, moment(at), moment(until)) for name, at, until in found])


@post("/stopped-domains", tags=["mailings"], status_code=204)
async def stop_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewStop], idempotency_key: Key = None
) -> None:
    """The red button for one domain: no mailing leaves to it any more."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: stop_domain(tx, viewer, data.domain))


@delete("/stopped-domains/{domain:str}", tags=["mailings"])
async def let_one(door: NamedDependency[Door], domain: Annotated[str, PathParameter(max_length=253)]) -> None:
    """Let mailings leave to it again."""
    await door.write(let_domain, domain)


ROUTES = [read_speed, write_speed, paces, write_pace, sending, stop, resume, stopped, stop_one, let_one]
