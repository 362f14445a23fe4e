"""Other ways in: the single sign-on, a link in a letter; and showing again that it is you."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from api import auth
from api.auth import Door, own_path, peer_of
from api.auth.credentials import LONGEST_SECRET, is_secure
from api.auth.letters import find_person_of_link, send_reset, set_password_by_link
from api.auth.sso import SingleSignOn
from api.web.alone import go_in, house_of, say_refusal, session_of, show_alone
from api.web.desk import Asked
from api.web.forms import read_form
from api.web.signing import REFUSED, Next, read_answer
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, HouseError
from core.secrets import new_secret
from crm.staff.ceremonies import LIFE, begin_ceremony, end_ceremony
from crm.staff.factors import get_factors
from crm.staff.identities import Admission, Told, enter_by_identity, has_identity
from crm.staff.people import find_password
from crm.staff.readable import Viewer
from crm.staff.sessions import start_session

SSO = "sso"
Secret = Annotated[str, PathParameter(max_length=LONGEST_SECRET)]
Said = Annotated[str, QueryParameter(max_length=4000)]
State = Annotated[str, QueryParameter(name="state", max_length=4000)]


@get("/login/sso", include_in_schema=False)
async def to_sso(request: Asked, next_: Next = "/") -> Response[Any]:
    """To the provider; the way back is bound to this browser by a cookie of its own."""
    sso = _sso(request)
    try:
        begun = await sso.begin(own_path(next_))
    except HouseError as refused:
        return show_alone(request, "no_way.html", problem=say_refusal(request, refused), status=503)
    secret = new_secret()
    await house_of(request).database.write(lambda tx: begin_ceremony(tx, SSO, secret, **begun.details))
    answer = Redirect(begun.url, status_code=303)
    answer.set_cookie(_cookie(request, secret, LIFE // clock.SECOND))
    return answer


@get("/login/sso/back", include_in_schema=False)
async def from_sso(
    request: Asked, said: State = "", code: Said = "", iss: Said = "", error: Said = ""
) -> Response[Any]:  # fmt: skip
    """Back from there. What was begun is used up whatever comes of it."""
    house = house_of(request)
    try:
        begun = await house.database.write(end_ceremony, SSO, request.cookies.get(_name(request), "")[:LONGEST_SECRET])
        told = await _sso(request).finish(begun, {"code": code, "state": said, "iss": iss, "error": error})
        oidc = house.settings.oidc
        secret = await house.database.write(
            _enter, told, Admission(oidc.domains, oidc.add_people), peer_of(request),
            request.headers.get("user-agent", ""), session_of(request),
        )  # fmt: skip
    except HouseError as refused:
        return show_alone(request, "no_way.html", problem=say_refusal(request, refused), status=403)
    answer = go_in(request, secret, str(begun.details["next"]))
    answer.set_cookie(_cookie(request, "", 0))
    return answer


@get("/login/forgotten", include_in_schema=False)
async def forgotten(request: Asked) -> Response[str]:
    """The form that asks for a link."""
    relay = bool(house_of(request).settings.send.relay)
    return show_alone(request, "forgotten.html", here="/login/forgotten", sent=False, relay=relay)


@post("/login/forgotten", include_in_schema=False, status_code=200)
async def ask_link(request: Asked) -> Response[str]:
    """The same words for everybody, at once; whatever there is to do is done afterwards."""
    form = await read_form(request)
    answer = show_alone(request, "forgotten.html", here="/login/forgotten", sent=True, relay=True)
    answer.background = BackgroundTask(send_reset, house_of(request), form.get("email", ""), peer=peer_of(request))
    return answer


@get("/login/password/{secret:str}", include_in_schema=False)
async def new_password(request: Asked, secret: Secret) -> Response[str]:
    """The form behind a link."""
    return await _new_password(request, secret)


@post("/login/password/{secret:str}", include_in_schema=False, status_code=200)
async def set_new_password(request: Asked, secret: Secret) -> Response[Any]:
    """The password is set; one signs in with it, and with the second factor that one has."""
    form = await read_form(request)
    try:
        await set_password_by_link(house_of(request), secret, form.get("password", ""))
    except HouseError as refused:
        return await _new_password(request, secret, say_refusal(request, refused))
    return show_alone(request, "password_set.html")


@get("/prove", include_in_schema=False)
async def prove(door: NamedDependency[Door], request: Asked, next_: Next = "/settings/sign-in") -> Response[str]:
    """Before somebody changes how they come in."""
    return await _prove(door, request, next_)


@post("/prove", include_in_schema=False, status_code=200)
async def show_proof(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """The password again; the session goes on under a new secret."""
    form = await read_form(request)
    there = own_path(form.get("next", "/"))
    viewer = await door.read(lambda _tx, viewer: viewer)
    try:
        secret = await auth.prove_by_password(
            door.house, viewer, _session(door), form.get("password", ""), peer=peer_of(request)
        )
    except REFUSED as refused:
        return await _prove(door, request, there, say_refusal(request, refused))
    return go_in(request, secret, there)


@post("/prove/passkey/begin", include_in_schema=False, status_code=200)
async def begin_proof(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """What the browser asks its person with."""
    await door.read(lambda _tx, viewer: viewer)
    return Response(await auth.begin_passkey(door.house, peer_of(request)), media_type="application/json")


@post("/prove/passkey", include_in_schema=False, status_code=200)
async def passkey_proof(door: NamedDependency[Door], request: Asked, next_: Next = "/") -> Response[Any]:
    """The browser's answer."""
    viewer = await door.read(lambda _tx, viewer: viewer)
    answer = await read_answer(request)
    try:
        secret = await auth.prove_by_passkey(door.house, viewer.user_id, _session(door), answer)
    except REFUSED as refused:
        return Response({"problem": say_refusal(request, refused)}, status_code=401)
    done = Response({"next": own_path(next_)}, status_code=200)
    done.set_cookie(auth.session_cookie(door.house.settings, secret))
    return done


def _session(door: Door) -> str:
    if door.credentials.session is None:
        raise Forbidden("A program may not do this. Sign in with a browser.")
    return door.credentials.session


async def _prove(door: Door, request: Asked, there: str, problem: str | None = None) -> Response[str]:
    password, passkeys, sso = await door.read(_ways_to_prove)
    there = own_path(there)
    return show_alone(
        request,
        "prove.html",
        here=f"/prove?next={quote(there)}",
        status=401 if problem else 200,
        problem=problem,
        next=there,
        password=password,
        passkeys=passkeys and bool(auth.site_of(door.house).rp_id),
        sso=door.house.settings.oidc.name if sso and door.house.settings.oidc.issuer else None,
    )


def _ways_to_prove(tx: ReadTx, viewer: Viewer) -> tuple[bool, bool, bool]:
    has_password = find_password(tx, viewer.email) is not None
    return has_password, get_factors(tx, viewer.user_id).passkeys > 0, has_identity(tx, viewer.user_id)


async def _new_password(request: Asked, secret: str, problem: str | None = None) -> Response[str]:
    link = await find_person_of_link(house_of(request), secret)
    if link is None:
        return show_alone(request, "link_over.html", here="/login/forgotten", status=403)
    here = f"/login/password/{quote(secret)}"
    status = 400 if problem else 200
    return show_alone(
        request, "new_password.html", here=here, link=link, action=here, problem=problem, status=status
    )  # fmt: skip


def _enter(tx: WriteTx, told: Told, rule: Admission, peer: str, agent: str, replaces: str | None) -> str:
    user_id = enter_by_identity(tx, told, rule)
    return start_session(tx, user_id, peer=peer, agent=agent, replaces=replaces, shown="single sign-on")


def _sso(request: Asked) -> SingleSignOn:
    sso: SingleSignOn = request.app.state.sso
    return sso


def _name(request: Asked) -> str:
    return "__Host-mailhub-sso" if is_secure(house_of(request).settings) else "mailhub-sso"


def _cookie(request: Asked, secret: str, seconds: int) -> Cookie:
    settings = house_of(request).settings
    return Cookie(
        key=_name(request), value=secret, max_age=seconds, path="/",
        secure=is_secure(settings), httponly=True, samesite="lax",
    )  # fmt: skip


ROUTES = [
    to_sso, from_sso, forgotten, ask_link, new_password, set_new_password, prove, show_proof, begin_proof,
    passkey_proof,
]  # fmt: skip
