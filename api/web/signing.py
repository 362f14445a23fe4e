"""Signing in and out: the password, the second step, a passkey instead of both."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import segno
from litestar import Response, get, post
from litestar.params import QueryParameter
from litestar.response import Redirect

from api import auth
from api.auth import SignInNeeded, SignInRefused, ended_cookie, own_path, peer_of
from api.auth.sso import SHOWN, SingleSignOn
from api.web.alone import go_in, house_of, language_here, say_refusal, session_of, show_alone
from api.web.desk import Asked
from api.web.forms import read_form
from core.database import ReadTx
from core.errors import Forbidden, Invalid, TooMuch
from crm.staff.factors import begin_codes, read_setup
from crm.staff.passkeys import LARGEST_ANSWER
from crm.staff.people import get_user
from crm.staff.sessions import find_shown, find_waiting
from crm.staff.totp import spell_secret, totp_uri
from mailhub.runtime import House

Next = Annotated[str, QueryParameter(name="next", max_length=2000)]
REFUSED = (TooMuch, Invalid, Forbidden, SignInRefused)


@get("/login", include_in_schema=False)
async def login(request: Asked, next_: Next = "/") -> Response[str]:
    """The form."""
    return _page(request, next_)


@post("/login", include_in_schema=False, status_code=200)
async def sign_in(request: Asked) -> Response[Any]:
    """To where one wanted to go, to the second step, or the form again with the reason."""
    house = house_of(request)
    form = await read_form(request)
    email, there = form.get("email", ""), own_path(form.get("next", "/"))
    try:
        secret = await auth.sign_in(
            house,
            email,
            form.get("password", ""),
            peer=peer_of(request),
            agent=request.headers.get("user-agent", ""),
            replaces=session_of(request),
        )
    except REFUSED as refused:
        return _page(request, there, email=email, problem=say_refusal(request, refused))
    if await auth.find_step(house, secret):
        there = f"/login/second?next={quote(there)}"
    return go_in(request, secret, there)


@get("/login/second", include_in_schema=False)
async def second(request: Asked, next_: Next = "/") -> Response[Any]:
    """What is asked beside the password; who owes nothing begins at the beginning."""
    step = await auth.find_step(house_of(request), session_of(request))
    return await _step(request, step, own_path(next_)) if step else Redirect("/login", status_code=303)


@post("/login/second", include_in_schema=False, status_code=200)
async def show_second(request: Asked) -> Response[Any]:
    """The code, or the first code of who sets codes up to come in."""
    form = await read_form(request)
    house, half, there = house_of(request), session_of(request) or "", own_path(form.get("next", "/"))
    step = await auth.find_step(house, half)
    seen = {"peer": peer_of(request), "agent": request.headers.get("user-agent", "")}
    typed = form.get("code", "")[:100]
    try:
        if step == "factor":
            secret, codes = await auth.set_up_first(house, half, form.get("setup", ""), typed, **seen)
            return show_alone(request, "recovery_codes.html", session=secret, codes=codes, next=there)
        return go_in(request, await auth.show_code(house, half, typed, **seen), there)
    except SignInNeeded:
        return Redirect("/login", status_code=303)
    except REFUSED as refused:
        return await _step(request, step, there, say_refusal(request, refused), form.get("setup", ""))


@post("/login/passkey/begin", include_in_schema=False, status_code=200)
async def begin_passkey(request: Asked) -> Response[str]:
    """What the browser asks its person with."""
    return Response(
        await auth.begin_passkey(house_of(request), peer_of(request)), media_type="application/json"
    )  # fmt: skip


@post("/login/passkey", include_in_schema=False, status_code=200)
async def passkey(request: Asked, next_: Next = "/") -> Response[Any]:
    """The browser's answer: in, or why not, in words."""
    answer = await read_answer(request)
    try:
        secret = await auth.enter_by_passkey(
            house_of(request),
            answer,
            peer=peer_of(request),
            agent=request.headers.get("user-agent", ""),
            replaces=session_of(request),
        )
    except REFUSED as refused:
        return Response({"problem": say_refusal(request, refused)}, status_code=401)
    done = Response({"next": own_path(next_)}, status_code=200)
    done.set_cookie(auth.session_cookie(house_of(request).settings, secret))
    return done


@post("/logout", include_in_schema=False, status_code=200)
async def sign_out(request: Asked) -> Response[Any]:
    """The session ends here and now; who came by the single sign-on is led to where that ends too."""
    house, secret, out = house_of(request), session_of(request), None
    if secret and await house.database.read(find_shown, secret) == SHOWN:
        sso: SingleSignOn = request.app.state.sso
        out = await sso.find_way_out()
    await auth.sign_out(house, secret)
    # A page and no redirect: a form of ours may lead nowhere else (form-action).
    answer: Response[Any] = Redirect("/login", status_code=303)
    if out is not None:
        answer = show_alone(request, "signed_out.html", out=out, provider=house.settings.oidc.name)
    answer.set_cookie(ended_cookie(house.settings))
    return answer


async def read_answer(request: Asked) -> dict[str, Any]:
    """What a passkey answered, as the browser's script sends it. Raises Invalid."""
    body = await request.body()
    try:
        answer = msgspec.json.decode(body if len(body) <= LARGEST_ANSWER else b"", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Invalid("The answer of the passkey does not hold. Try again.") from problem
    return answer


def draw_code(text: str) -> str:
    """A QR code as SVG of our own page: no script, no style, no picture from elsewhere."""
    return segno.make(text, error="m").svg_inline(scale=4, border=3, omitsize=True, dark="#000", light="#fff")


async def _step(
    request: Asked, step: str, there: str, problem: str | None = None, setup: str = ""
) -> Response[str]:  # fmt: skip
    house, status = house_of(request), 401 if problem else 200
    here = f"/login/second?next={quote(there)}"
    shown: dict[str, Any] = {"here": here, "next": there, "problem": problem, "status": status}
    passkeys = bool(auth.site_of(house).rp_id)
    if step != "factor":
        return show_alone(request, "second.html", waits_for=step, passkeys=passkeys, **shown)
    found = await house.database.read(_waiting_person, session_of(request) or "")
    if found is None:
        return show_alone(request, "second.html", waits_for="code", passkeys=passkeys, **shown)
    return show_alone(request, "set_up_codes.html", **shown, **shape_setup(house, found, setup))


def shape_setup(house: House, person: tuple[int, str], setup: str = "") -> dict[str, Any]:
    """A new secret as a picture and in letters; after a wrong code the same one again."""
    user_id, email = person
    secret, sealed = begin_codes(house.keys, user_id)
    if setup:
        with suppress(Invalid):
            secret, sealed = read_setup(house.keys, user_id, setup), setup
    uri = totp_uri(secret, house.settings.company.name or "mailhub", email)
    return {"setup": sealed, "spelt": spell_secret(secret), "picture": draw_code(uri), "uri": uri}


def _waiting_person(tx: ReadTx, secret: str) -> tuple[int, str] | None:
    waiting = find_waiting(tx, secret)
    return None if waiting is None else (waiting.user_id, get_user(tx, waiting.user_id).email)


def _page(request: Asked, there: str, *, email: str = "", problem: str | None = None) -> Response[str]:
    house, language = house_of(request), language_here(request)
    people = [
        {"name": one.name, "email": one.email, "password": one.password, "role": language.gettext(one.role)}
        for one in house.demo
    ]
    return show_alone(
        request,
        "login.html",
        status=401 if problem else 200,
        problem=problem,
        email=email,
        next=own_path(there),
        people=people,
        passkeys=bool(auth.site_of(house).rp_id),
        sso=house.settings.oidc.name if house.settings.oidc.issuer else None,
        letters=bool(house.settings.send.relay),
    )


ROUTES = [login, sign_in, second, show_second, begin_passkey, passkey, sign_out]
