"""How one signs in oneself: the password, codes, passkeys, where one is signed in, and keys for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from api.auth import Door, site_of
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.places import Place, shape_places
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from api.web.signing import read_answer, shape_setup
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff import factors, passkeys
from crm.staff.factors import Factors, get_factors
from crm.staff.identities import has_identity
from crm.staff.passkeys import Passkey, list_passkeys
from crm.staff.people import find_password
from crm.staff.readable import Viewer
from crm.staff.sessions import (
    ApiToken,
    Session,
    add_token,
    end_named_session,
    end_other_sessions,
    is_proved,
    list_sessions,
    list_tokens,
    revoke_token,
)

HERE = "/settings/sign-in"
Name = Annotated[str, QueryParameter(name="name", max_length=200)]


@dataclass(frozen=True, slots=True)
class Own:
    """What the page reads. ``proved``: the person showed a moment ago that it is them."""

    factors: Factors
    passkeys: list[Passkey]
    sessions: list[Session]
    tokens: list[ApiToken]
    proved: bool
    password: bool
    joined: bool
    around: Around


def see_own(tx: ReadTx, viewer: Viewer, secret: str | None) -> Own:
    """One's own things."""
    mine = viewer.user_id
    return Own(
        get_factors(tx, mine),
        list_passkeys(tx, mine),
        list_sessions(tx, mine, secret),
        [one for one in list_tokens(tx, mine) if not one.revoked],
        bool(secret) and is_proved(tx, secret or ""),
        find_password(tx, viewer.email) is not None,
        has_identity(tx, mine),
        see_around(tx, viewer),
    )


@get(HERE, include_in_schema=False)
async def own_entry(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """All on one page."""
    return await _show(door, request)


@get(f"{HERE}/codes", include_in_schema=False)
async def set_up(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The picture for the telephone."""
    return await _show_set_up(door, request)


@post(f"{HERE}/codes", include_in_schema=False, status_code=200)
async def keep_codes(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The first code; then the recovery codes, shown once."""
    form = await read_form(request)
    setup = form.get("setup", "")

    def keep(tx: WriteTx, viewer: Viewer) -> list[str]:
        door.demand_proof(tx)
        secret = factors.read_setup(door.house.keys, viewer.user_id, setup)
        return factors.set_up_codes(tx, door.house.keys, viewer.user_id, secret, form.get("code", ""))

    try:
        codes = await door.write(keep)
    except Invalid as refused:
        return await _show_set_up(door, request, setup, refused)
    return await _show_codes(door, request, codes)


@post(f"{HERE}/codes/renew", include_in_schema=False, status_code=200)
async def renew_codes(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """New recovery codes."""

    def renew(tx: WriteTx, viewer: Viewer) -> list[str]:
        door.demand_proof(tx)
        return factors.renew_recovery_codes(tx, viewer.user_id)

    return await _show_codes(door, request, await door.write(renew))


@post(f"{HERE}/codes/remove", include_in_schema=False, status_code=303)
async def remove_codes(door: NamedDependency[Door]) -> Redirect:
    """Codes are asked for no more."""

    def remove(tx: WriteTx, viewer: Viewer) -> None:
        door.demand_proof(tx)
        factors.drop_codes(tx, viewer.user_id, door.house.settings.sign_in.second_factor)

    await door.write(remove)
    return Redirect(HERE, status_code=303)


@post(f"{HERE}/passkeys/begin", include_in_schema=False, status_code=200)
async def begin_passkey(door: NamedDependency[Door]) -> Response[str]:
    """What the browser makes a passkey with."""

    def begin(tx: WriteTx, viewer: Viewer) -> str:
        door.demand_proof(tx)
        return passkeys.begin_passkey(tx, site_of(door.house), viewer.user_id)

    return Response(await door.write(begin), media_type="application/json")


@post(f"{HERE}/passkeys", include_in_schema=False, status_code=200)
async def add_passkey(door: NamedDependency[Door], request: Asked, name: Name = "") -> Response[dict[str, str]]:
    """The passkey that it made."""
    answer = await read_answer(request)

    def add(tx: WriteTx, viewer: Viewer) -> None:
        door.demand_proof(tx)
        passkeys.add_passkey(tx, site_of(door.house), viewer.user_id, name, answer)

    await door.write(add)
    return Response({"next": HERE}, status_code=200)  # without a fragment, so that the page is loaded anew


@post(f"{HERE}/passkeys/{{passkey_id:int}}", include_in_schema=False, status_code=303)
async def change_passkey(door: NamedDependency[Door], request: Asked, passkey_id: Id) -> Redirect:
    """Another name, or away with it."""
    form = await read_form(request)

    def change(tx: WriteTx, viewer: Viewer) -> None:
        door.demand_proof(tx)
        if form.get("act") == "remove":
            passkeys.drop_passkey(tx, viewer.user_id, passkey_id, door.house.settings.sign_in.second_factor)
        else:
            passkeys.rename_passkey(tx, viewer.user_id, passkey_id, form.get("name", ""))

    await door.write(change)
    return Redirect(f"{HERE}#passkeys", status_code=303)


@post("/settings/sign-out-elsewhere", include_in_schema=False, status_code=303)
async def sign_out_elsewhere(door: NamedDependency[Door]) -> Redirect:
    """Every other session ends."""
    mine = door.credentials.session or ""
    await door.write(lambda tx, viewer: end_other_sessions(tx, viewer.user_id, mine))
    return Redirect(f"{HERE}#places", status_code=303)


@post("/settings/sessions/{name:str}/end", include_in_schema=False, status_code=303)
async def sign_out_there(door: NamedDependency[Door], name: Annotated[str, PathParameter(max_length=64)]) -> Redirect:
    """One of the other sessions ends."""
    await door.write(lambda tx, viewer: end_named_session(tx, viewer.user_id, name))
    return Redirect(f"{HERE}#places", status_code=303)


@post(f"{HERE}/tokens", include_in_schema=False, status_code=200)
async def make_token(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """A key for a program, shown this once."""
    form = await read_form(request)
    name = form.get("name", "").strip()[:200]
    if not name:
        raise Invalid("A token needs a name that says which program has it.", field="name")

    def make(tx: WriteTx, viewer: Viewer) -> str:
        door.demand_proof(tx)
        return add_token(tx, viewer.user_id, name, [form.get("scope", "read")])[1]

    return await _show(door, request, made=await door.write(make))


@post(f"{HERE}/tokens/{{token_id:int}}/revoke", include_in_schema=False, status_code=303)
async def drop_token(door: NamedDependency[Door], token_id: Id) -> Redirect:
    """The program is let in no more."""
    await door.write(lambda tx, viewer: revoke_token(tx, viewer.user_id, token_id))
    return Redirect(f"{HERE}#tokens", status_code=303)


async def _show(door: Door, request: Asked, *, made: str | None = None) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, found: Own) -> str:
        speaker = desk.speaker(viewer)
        oidc = door.house.settings.oidc
        shown = shape(speaker, found) | {"site": bool(site_of(door.house).rp_id), "made": made}
        shown["sso"] = oidc.name if oidc.issuer else None
        return desk.render("own_entry.html", speaker, found.around, "settings", **shown)

    return html(await door.page(render, see_own, door.credentials.session))


async def _show_set_up(
    door: Door, request: Asked, setup: str = "", refused: Invalid | None = None
) -> Response[str]:  # fmt: skip
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> Around:
        door.demand_proof(tx)
        return see_around(tx, viewer)

    def render(viewer: Viewer, around: Around) -> str:
        speaker = desk.speaker(viewer)
        shown = shape_setup(door.house, (viewer.user_id, viewer.email), setup)
        problem = speaker.say(refused.sentence, **refused.fields) if refused else None
        return desk.render("own_codes.html", speaker, around, "settings", codes=None, problem=problem, **shown)

    return html(await door.page(render, see), 400 if refused else 200)


async def _show_codes(door: Door, request: Asked, codes: list[str]) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, around: Around) -> str:
        return desk.render("own_codes.html", desk.speaker(viewer), around, "settings", codes=codes, problem=None)

    return html(await door.page(render, see_around))


def shape(speaker: Speaker, found: Own) -> dict[str, Any]:
    """What the template shows."""
    places: list[Place] = shape_places(speaker, found.sessions)
    return {
        "proved": found.proved,
        "password": found.password,
        "joined": found.joined,
        "codes_since": make_when(speaker, found.factors.codes_since, long=True),
        "recovery_left": found.factors.recovery_left,
        "passkeys": [
            {
                "id": one.id,
                "name": one.name,
                "created": make_when(speaker, one.created_at, long=True),
                "used": make_when(speaker, one.used_at, long=True),
                "synced": one.synced,
                "doubted": one.doubted_at is not None,
            }
            for one in found.passkeys
        ],
        "sessions": places,
        "tokens": [
            {
                "id": one.id,
                "name": one.name,
                "may_all": "all" in one.scopes,
                "created": make_when(speaker, one.created_at, long=True),
                "used": make_when(speaker, one.used_at, long=True),
            }
            for one in found.tokens
        ],
    }


ROUTES = [
    own_entry, set_up, keep_codes, renew_codes, remove_codes, begin_passkey, add_passkey, change_passkey,
    sign_out_elsewhere, sign_out_there, make_token, drop_token,
]  # fmt: skip
