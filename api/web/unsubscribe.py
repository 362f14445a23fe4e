"""``/u/{token}``: where a reader of mailings and automatic letters leaves. Opening it changes
nothing; a POST acts at once (RFC 8058)."""

from __future__ import annotations

from types import ModuleType
from typing import Annotated

from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter

from api.web.alone import house_of, language_here, show_alone
from api.web.desk import Asked
from api.web.forms import read_form
from core.errors import NotFound
from core.secrets import Keys
from mailhub.automatic import leaving as automatic
from mailhub.campaigns import leaving as mailings
from mailhub.campaigns.leaving import Reader

Token = Annotated[str, PathParameter(max_length=200)]
Lang = Annotated[str, QueryParameter(name="lang", max_length=10)]
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@get("/u/{token:str}", include_in_schema=False)
async def look(request: Asked, token: Token, lang: Lang = "") -> Response[str]:
    """The question; machines that open every address of a letter end here."""
    del lang  # read by language_here
    house = house_of(request)
    try:
        reader = await house.database.read(_kind(house.keys, token).see_reader, house.keys, token)
    except NotFound as problem:
        return _broken(request, token, problem)
    return _page(request, token, reader, done="")


@post("/u/{token:str}", include_in_schema=False, status_code=200)
async def act(request: Asked, token: Token) -> Response[str]:
    """Leave, come back, or choose what to hear of. A mail program that says ``List-Unsubscribe=One-Click`` needs no
    page before."""
    house = house_of(request)
    form = await read_form(request) if request.headers.get("content-type", "") else {}
    kind = _kind(house.keys, token)
    try:
        if form.get("act") == "topics" and kind is mailings:
            wanted = {
                int(key[6:]) for key in form if key.startswith("topic_") and key[6:].isdecimal() and len(key) < 25
            }
            reader = await house.database.write(mailings.choose, house.keys, token, wanted)
            return _page(request, token, reader, done="chosen")
        verb = kind.come_back if form.get("act") == "back" else kind.leave
        reader = await house.database.write(verb, house.keys, token)
    except NotFound as problem:
        return _broken(request, token, problem)
    return _page(request, token, reader, done="left" if reader.left else "back")


def _kind(keys: Keys, token: str) -> ModuleType:
    """Of what kind of letter the address is."""
    return automatic if automatic.is_ours(keys, token) else mailings


def _page(request: Asked, token: str, reader: Reader, *, done: str) -> Response[str]:
    answer = show_alone(request, "unsubscribe.html", here=f"/u/{token}", reader=reader, token=token, done=done)
    answer.headers.update(HEADERS)
    return answer


def _broken(request: Asked, token: str, problem: NotFound) -> Response[str]:
    said = language_here(request).gettext(problem.sentence, **problem.fields)
    here = f"/u/{token}"
    answer = show_alone(request, "unsubscribe.html", here=here, status=404, problem=said, reader=None, done="")
    answer.headers.update(HEADERS)
    return answer


ROUTES = [look, act]
