"""Who may do what in a mailbox, as people say it: a page with a line for each person and team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.people import Team, User, list_teams, list_users
from crm.staff.readable import Viewer
from crm.staff.rights import RIGHTS, Right
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.granting import Given, Holder, get_ruled, list_holders, set_rights

ROLES: dict[str, tuple[Right, ...]] = {
    "reads": ("see",),
    "comments": ("see", "comment"),
    "answers": ("see", "comment", "answer"),
    "hands_out": ("see", "comment", "answer", "assign"),
    "manages": RIGHTS,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A mailbox, who has rights there, and who might get some."""

    box: Mailbox
    holders: list[Holder]
    users: list[User]
    teams: list[Team]
    around: Around


def see_rights(tx: ReadTx, viewer: Viewer, box_id: int) -> Seen:
    """Raises NotFound, Forbidden."""
    users = [one for one in list_users(tx) if not one.disabled]
    box = get_ruled(tx, viewer, box_id)
    return Seen(box, list_holders(tx, viewer, box_id), users, list_teams(tx), see_around(tx, viewer))


@get("/settings/mailboxes/{box_id:int}/rights", include_in_schema=False)
async def show(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """The page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        data = shape(speaker, seen)
        return desk.render("rights.html", speaker, seen.around, "settings", box=seen.box, **data)

    return html(await door.page(render, see_rights, box_id))


@post("/settings/mailboxes/{box_id:int}/rights", include_in_schema=False, status_code=303)
async def save(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """What one person or team may do from now on."""
    form = await read_form(request)
    desk = Desk(door, request)
    user_id, team_id = read_who(form.get("who", ""))

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        zone = desk.speaker(viewer).language.zone
        only = form.get("only") == "yes"
        role = form.get("role", "")
        rights = () if role == "" else ROLES.get(role)
        if rights is None:
            raise Invalid("Choose what they may do.", field="role")
        if only and "manage" in rights:
            only = False  # a mailbox is managed as a whole
        given = Given(rights, only, _start(form.get("from", ""), zone), _end(form.get("until", ""), zone))
        set_rights(tx, viewer, box_id, given, user_id=user_id, team_id=team_id)

    await door.write(verb)
    return Redirect(f"/settings/mailboxes/{box_id}/rights", status_code=303)


def read_who(text: str) -> tuple[int | None, int | None]:
    """``u12`` a person, ``t3`` a team. Raises Invalid."""
    kind, number = text[:1], text[1:]
    if kind not in ("u", "t") or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Invalid("Choose a person or a team.", field="who")
    return (int(number), None) if kind == "u" else (None, int(number))


def _start(text: str, zone: Any) -> int | None:
    """The beginning of a day there."""
    return None if not text else clock.from_datetime(datetime.combine(_day(text), time(), zone))


def _end(text: str, zone: Any) -> int | None:
    """The end of a day there."""
    if not text:
        return None
    return clock.from_datetime(datetime.combine(_day(text) + timedelta(days=1), time(), zone))


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as problem:
        raise Invalid("This is no day: %(text)s.", text=text[:20], field="from") from problem
    if not 2000 <= found.year <= 2100:
        raise Invalid("This is no day: %(text)s.", text=text[:20], field="from")
    return found


def shape(speaker: Speaker, seen: Seen) -> dict[str, Any]:
    """See templates/web/rights.html."""
    known = {(one.user_id, one.team_id) for one in seen.holders}
    personal = seen.box.kind == "personal"
    return {
        "holders": [_holder(speaker, one) for one in seen.holders],
        "people": [(f"u{one.id}", one.name) for one in seen.users if (one.id, None) not in known],
        "teams": [] if personal else [(f"t{one.id}", one.name) for one in seen.teams if (None, one.id) not in known],
        "roles": list(role_names(speaker).items()),
        "personal": personal,
    }


def role_names(speaker: Speaker) -> dict[str, str]:
    """What each role is called."""
    return {
        "reads": speaker.say("reads only"),
        "comments": speaker.say("reads and comments"),
        "answers": speaker.say("answers"),
        "hands_out": speaker.say("answers and hands out work"),
        "manages": speaker.say("manages the mailbox"),
    }


def _holder(speaker: Speaker, one: Holder) -> dict[str, Any]:
    zone = speaker.language.zone
    role = next((name for name, rights in ROLES.items() if set(rights) == set(one.rights)), "")
    if one.only_assigned and role == "manages":
        role = ""

    def day(instant: int | None, back: int = 0) -> str:
        return "" if instant is None else clock.to_datetime(instant - back).astimezone(zone).date().isoformat()

    ended = one.until_at is not None and one.until_at <= speaker.now
    return {
        "who": f"u{one.user_id}" if one.user_id is not None else f"t{one.team_id}",
        "name": one.name,
        "team": one.team_id is not None,
        "owner": one.owner,
        "role": role,
        "may": [right in one.rights for right in RIGHTS],
        "only": one.only_assigned,
        "from": day(one.from_at),
        "until": day(one.until_at, back=1),
        "state": "over" if ended else "later" if (one.from_at or 0) > speaker.now else "",
    }


ROUTES = [show, save]
