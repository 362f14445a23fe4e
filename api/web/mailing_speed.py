"""How fast mailings leave, and the red button that stops everything: parts of the pages of mailings."""

from __future__ import annotations

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web import desk as desks
from api.web.forms import read_form
from core.errors import Invalid
from mailhub.outbound.pacing import set_pace
from mailhub.outbound.stopping import is_stopped, resume_all, stop_all


def read_speed(form: dict[str, str]) -> dict[str, int]:
    """What was typed of rate, hours and the first days; a field that was left empty is no limit. Raises Invalid."""
    said = {"days": sum(1 << day for day in range(7) if form.get(f"day_{1 << day}"))}
    for name in ("a_minute", "since_hour", "until_hour", "warm_up"):
        said[name] = read_number(form, name, "24" if name == "until_hour" else "0")
    return said


def read_number(form: dict[str, str], name: str, usual: str = "0") -> int:
    """A number that was typed. Raises Invalid."""
    typed = form.get(name, "").strip() or usual
    if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        raise Invalid("A number, please.", field=name)
    return int(typed)


def see_stop(door: Door) -> bool:
    """Whether somebody pressed the red button."""
    return is_stopped(door.house.settings.data.dir)


@post("/mailings/sending", include_in_schema=False, status_code=200)
async def sending(door: NamedDependency[Door], request: desks.Asked) -> Response[str]:
    """The red button: nothing leaves any more, mailing or not; or all of it again."""
    form = await read_form(request)
    folder = door.house.settings.data.dir
    if form.get("act") == "stop":
        await door.write(stop_all, folder)
    elif form.get("act") == "resume":
        await door.write(resume_all, folder)
    else:
        raise Invalid("This answer is not known.", field="act")
    return _back()


@post("/mailings/pace", include_in_schema=False, status_code=200)
async def pace(door: NamedDependency[Door], request: desks.Asked) -> Response[str]:
    """So many letters a minute for the house, a mailbox, or to a domain."""
    form = await read_form(request)
    domain = form.get("domain", "").strip().lstrip("@")
    name = f"domain {domain}" if domain else form.get("name", "")
    await door.write(set_pace, name, read_number(form, "a_minute"))
    return _back()


def _back() -> Response[str]:
    return Response("", status_code=303, headers={"Location": "/mailings"}, media_type="text/html")


SPEED_ROUTES = [sending, pace]
