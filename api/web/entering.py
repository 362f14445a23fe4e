"""Another way in, a link in a letter; and showing again that it is you."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import PathParameter

from api import auth
from api.auth import Door, own_path, peer_of
from api.auth.credentials import LONGEST_SECRET
from api.auth.letters import find_person_of_link, send_reset, set_password_by_link
from api.web.alone import go_in, house_of, say_refusal, show_alone
from api.web.desk import Asked
from api.web.forms import read_form
from api.web.signing import REFUSED, Next, read_answer
from core.database import ReadTx
from core.errors import Forbidden, HouseError
from crm.staff.factors import get_factors
from crm.staff.identities import has_identity
from crm.staff.people import find_password
from crm.staff.readable import Viewer

Secret = Annotated[str, PathParameter(max_length=LONGEST_SECRET)]


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


ROUTES = [
    forgotten, ask_link, new_password, set_new_password, prove, show_proof, begin_proof,
    passkey_proof,
]  # fmt: skip
