"""The people of the staff, for administrators: who there is, inviting, roles, where somebody is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.auth.letters import invite
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.places import shape_places
from api.web.shapes import Speaker, make_when
from api.web.shell import LANGUAGE_NAMES, Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.language import LANGUAGES
from crm.staff import administration
from crm.staff.audit import record_audit
from crm.staff.factors import Factors, get_factors
from crm.staff.people import User, add_user, find_password, get_user, list_users
from crm.staff.readable import Viewer, demand_admin
from crm.staff.sessions import Session, list_sessions

HERE = "/settings/people"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page of one person reads."""

    person: User
    factors: Factors
    sessions: list[Session]
    password: bool
    around: Around


def see_people(tx: ReadTx, viewer: Viewer) -> tuple[list[User], Around]:
    """Raises Forbidden."""
    demand_admin(viewer)
    return list_users(tx), see_around(tx, viewer)


def see_person(tx: ReadTx, viewer: Viewer, user_id: int, secret: str | None) -> Seen:
    """Raises Forbidden, NotFound."""
    demand_admin(viewer)
    person = get_user(tx, user_id)
    sessions = list_sessions(tx, user_id, secret)
    return Seen(person, get_factors(tx, user_id), sessions, find_password(tx, person.email) is not None,
                see_around(tx, viewer))  # fmt: skip


@get(HERE, include_in_schema=False)
async def people(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Everybody, by name, those who have left last."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[list[User], Around]) -> str:
        users, around = found
        languages = [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES]
        here = [one for one in users if not one.disabled]
        gone = [one for one in users if one.disabled]
        shown = {"people": [*here, *gone], "languages": languages, "relay": bool(door.house.settings.send.relay)}
        return desk.render("people.html", desk.speaker(viewer), around, "settings", **shown)

    return html(await door.page(render, see_people))


@post(HERE, include_in_schema=False, status_code=303)
async def add_person(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Add a colleague and invite them by mail."""
    form = await read_form(request)
    language = form.get("language", "")
    if language not in ("", *LANGUAGES):
        raise Invalid("There is no such language here.", field="language")

    def add(tx: WriteTx, viewer: Viewer) -> int:
        demand_admin(viewer)
        door.demand_proof(tx)
        is_admin = form.get("role") == "administrator"
        user_id = add_user(tx, form.get("email", ""), form.get("name", ""), is_admin=is_admin, language=language)
        record_audit(tx, viewer.user_id, "user-added", str(user_id), is_admin=is_admin)
        if door.house.settings.send.relay:
            invite(tx, viewer, door.house, user_id)
        return user_id

    return Redirect(f"{HERE}/{await door.write(add)}", status_code=303)


@get(f"{HERE}/{{user_id:int}}", include_in_schema=False)
async def person(door: NamedDependency[Door], request: Asked, user_id: Id) -> Response[str]:
    """One person."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        shown = shape(speaker, seen) | {"me": seen.person.id == viewer.user_id}
        shown |= {"relay": bool(door.house.settings.send.relay)}
        return desk.render("person.html", speaker, seen.around, "settings", **shown)

    return html(await door.page(render, see_person, user_id, door.credentials.session))


@post(f"{HERE}/{{user_id:int}}", include_in_schema=False, status_code=303)
async def change_person(door: NamedDependency[Door], request: Asked, user_id: Id) -> Redirect:
    """What the administrator does with the account: ``act`` says what."""
    form = await read_form(request)
    act, name = form.get("act", ""), form.get("name", "")[:64]

    def change(tx: WriteTx, viewer: Viewer) -> None:
        demand_admin(viewer)
        door.demand_proof(tx)
        if act in ("administrator", "colleague"):
            administration.change_role(tx, viewer, user_id, act == "administrator")
        elif act == "invite":
            invite(tx, viewer, door.house, user_id)
        elif act == "sign-out":
            administration.end_sessions_of(tx, viewer, user_id)
        elif act == "sign-out-there":
            administration.end_session_of(tx, viewer, user_id, name)
        elif act == "reset-factors":
            administration.reset_factors(tx, viewer, user_id)
        elif act == "disable":
            administration.let_go(tx, viewer, user_id)
        else:
            raise Invalid("There is no such act.", field="act")

    await door.write(change)
    return Redirect(f"{HERE}/{user_id}", status_code=303)


def shape(speaker: Speaker, seen: Seen) -> dict[str, Any]:
    """What the template shows."""
    return {
        "person": seen.person,
        "password": seen.password,
        "codes_since": make_when(speaker, seen.factors.codes_since, long=True),
        "passkeys": seen.factors.passkeys,
        "sessions": shape_places(speaker, seen.sessions),
    }


ROUTES = [people, add_person, person, change_person]
