"""Signing in and out."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import SignInRefused, csrf_token, ended_cookie, own_path, peer_of, read_credentials, session_cookie
from api.auth import sign_in as let_in
from api.auth import sign_out as let_out
from api.problems import Pages, language_of
from api.web.desk import Asked, html
from api.web.forms import read_form
from api.web.shell import LANGUAGE_NAMES
from core.errors import Invalid, TooMuch
from core.language import LANGUAGES
from mailhub.runtime import House

Next = Annotated[str, QueryParameter(name="next", max_length=2000)]


@get("/login", include_in_schema=False)
async def login(request: Asked, next_: Next = "/") -> Response[str]:
    """The form."""
    return _page(request, next_)


@post("/login", include_in_schema=False, status_code=200)
async def sign_in(request: Asked) -> Response[Any]:
    """To where one wanted to go, or the form again with the reason."""
    house: House = request.app.state.house
    form = await read_form(request)
    email, there = form.get("email", ""), own_path(form.get("next", "/"))
    old = read_credentials(request, house.settings).session
    try:
        secret = await let_in(
            house,
            email,
            form.get("password", ""),
            peer=peer_of(request),
            agent=request.headers.get("user-agent", ""),
            replaces=old,
        )
    except SignInRefused as refused:
        return _page(request, there, email=email, problem=language_of(request, _pages(request)).gettext(refused.detail))
    except (TooMuch, Invalid) as refused:
        said = language_of(request, _pages(request)).gettext(refused.sentence, **refused.fields)
        return _page(request, there, email=email, problem=said)
    answer = Redirect(there, status_code=303)
    answer.set_cookie(session_cookie(house.settings, secret))
    return answer


@post("/logout", include_in_schema=False, status_code=303)
async def sign_out(request: Asked) -> Redirect:
    """The session ends here and now."""
    house: House = request.app.state.house
    await let_out(house, read_credentials(request, house.settings).session)
    answer = Redirect("/login", status_code=303)
    answer.set_cookie(ended_cookie(house.settings))
    return answer


def _pages(request: Asked) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _page(request: Asked, there: str, *, email: str = "", problem: str | None = None) -> Response[str]:
    house: House = request.app.state.house
    pages = _pages(request)
    language = language_of(request, pages)
    people = [
        {"name": one.name, "email": one.email, "password": one.password, "role": language.gettext(one.role)}
        for one in house.demo
    ]
    languages = [{"code": code, "name": LANGUAGE_NAMES[code], "url": f"/login?lang={code}"} for code in LANGUAGES]
    session = read_credentials(request, house.settings).session
    body = pages.render(
        "login.html",
        language,
        problem=problem,
        email=email,
        next=own_path(there),
        csrf_token=csrf_token(house.keys, session),
        languages=languages,
        people=people,
    )
    return html(body, 401 if problem else 200)


ROUTES = [login, sign_in, sign_out]
