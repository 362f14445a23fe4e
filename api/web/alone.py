"""Pages that stand alone, before anybody is inside: no rail, no menu, a language to choose."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import NotAuthorizedException
from litestar.response import Redirect

from api.auth import csrf_token, own_path, read_credentials, session_cookie
from api.problems import Pages, language_of
from api.web.desk import Asked, html
from api.web.shell import LANGUAGE_NAMES
from core.errors import HouseError
from core.language import LANGUAGES, Language
from mailhub.runtime import House


def house_of(request: Asked) -> House:
    """The house that was asked."""
    house: House = request.app.state.house
    return house


def pages_of(request: Asked) -> Pages:
    """The templates."""
    pages: Pages = request.app.state.pages
    return pages


def language_here(request: Asked) -> Language:
    """The language of a visitor."""
    return language_of(request, pages_of(request))


def say_refusal(request: Asked, refused: HouseError | NotAuthorizedException) -> str:
    """Why not, in the visitor's language."""
    language = language_here(request)
    if isinstance(refused, HouseError):
        return language.gettext(refused.sentence, **refused.fields)
    return language.gettext(refused.detail)


def session_of(request: Asked) -> str | None:
    """The cookie that the browser has, of any worth."""
    return read_credentials(request, house_of(request).settings).session


def show_alone(
    request: Asked, template: str, *, here: str = "/login", session: str | None = None, status: int = 200, **data: Any
) -> Response[str]:
    """A page for a visitor; ``here`` is its own address, ``session`` the cookie that it sets."""
    house = house_of(request)
    secret = session or session_of(request)
    sign = "&" if "?" in here else "?"
    languages = [
        {"code": code, "name": LANGUAGE_NAMES[code], "url": f"{here}{sign}lang={code}"} for code in LANGUAGES
    ]  # fmt: skip
    shown = {"csrf_token": csrf_token(house.keys, secret), "languages": languages, "problem": None, **data}
    answer = html(pages_of(request).render(template, language_here(request), **shown), status)
    if session is not None:
        answer.set_cookie(session_cookie(house.settings, session))
    return answer


def go_in(request: Asked, secret: str, there: str) -> Redirect:
    """To a path of ours, with a session."""
    answer = Redirect(own_path(there), status_code=303)
    answer.set_cookie(session_cookie(house_of(request).settings, secret))
    return answer
