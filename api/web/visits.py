"""``/c/{token}`` and ``/o/{token}``: a link of a mailing that was followed, a picture of it that was fetched. Both
answer machines as they answer people, change nothing but figures, and are written down behind the answer."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated

from litestar import Response, get
from litestar.params import PathParameter

from api.auth.credentials import peer_of
from api.heads import WAS_HEAD
from api.web.alone import house_of, language_here, show_alone
from api.web.desk import Asked
from core import clock
from core.errors import NotFound
from mailhub.campaigns.visits import NOT_OURS, Target, Visit, find_target

Token = Annotated[str, PathParameter(max_length=200)]
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
_PICTURE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_MOST_PLACES = 5_000


@get("/c/{token:str}", include_in_schema=False)
async def follow(request: Asked, token: Token) -> Response[str]:
    """To where the link leads. Where that is stands on our side: no address makes it lead elsewhere."""
    name, _, place = token.rpartition(".")
    link = int(place) if place.isascii() and place.isdigit() and len(place) <= 4 else _MOST_PLACES
    try:
        target = await house_of(request).database.read(find_target, house_of(request).keys, name, link)
    except NotFound as problem:
        return _nowhere(request, token, problem)
    await _note(request, target, link)
    if not target.url:
        return _nowhere(request, token, NotFound(NOT_OURS))
    return Response("", status_code=302, headers={**HEADERS, "Location": target.url}, media_type="text/html")


@get("/o/{token:str}", include_in_schema=False, opt={"plain": True})
async def fetch(request: Asked, token: Token) -> Response[bytes]:
    """A picture of one clear dot, whatever was asked for."""
    try:
        target = await house_of(request).database.read(find_target, house_of(request).keys, token, None)
        await _note(request, target, None)
    except NotFound:
        pass  # a broken picture in somebody's letter would tell them nothing
    return Response(_PICTURE, headers=HEADERS, media_type="image/gif")


async def _note(request: Asked, target: Target, link: int | None) -> None:
    method = "HEAD" if WAS_HEAD in request.scope else "GET"
    agent, peer = request.headers.get("user-agent", ""), peer_of(request)
    await house_of(request).visits.note(
        Visit(target.mailing_id, target.recipient_id, link, method, agent, peer, clock.now())
    )


def _nowhere(request: Asked, token: str, problem: NotFound) -> Response[str]:
    said = language_here(request).gettext(problem.sentence, **problem.fields)
    answer = show_alone(request, "nowhere.html", here=f"/c/{token}", status=404, problem=said)
    answer.headers.update(HEADERS)
    return answer


ROUTES = [follow, fetch]
