"""By way of the company's single sign-on: in, out, showing again that it is you, joining one's account with it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any

from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door, own_path, peer_of
from api.auth.credentials import LONGEST_SECRET, is_secure
from api.auth.second import PER_PEER
from api.auth.sso import SHOWN, Aim, SingleSignOn, is_fresh
from api.web.alone import go_in, house_of, say_refusal, session_of, show_alone
from api.web.desk import Asked
from api.web.own_entry import HERE
from api.web.signing import Next
from core import clock
from core.database import WriteTx
from core.errors import Forbidden, HouseError, TooMuch
from core.limits import take
from core.secrets import new_secret
from core.settings import Oidc
from crm.staff.ceremonies import LIFE, Ceremony, begin_ceremony, end_ceremony
from crm.staff.identities import Admission, Told, enter_by_identity, find_identity, join_identity
from crm.staff.readable import Viewer
from crm.staff.sessions import ProofNeeded, find_session, is_proved, prove_session, start_session
from mailhub.runtime import House

SSO = "sso"
Said = Annotated[str, QueryParameter(max_length=4000)]
State = Annotated[str, QueryParameter(name="state", max_length=4000)]


@get("/login/sso", include_in_schema=False)
async def to_sso(request: Asked, next_: Next = "/") -> Response[Any]:
    """To the provider; the way back is bound to this browser by a cookie of its own."""
    return await _send(request, "enter", own_path(next_))


@get("/prove/sso", include_in_schema=False)
async def prove_there(door: NamedDependency[Door], request: Asked, next_: Next = "/") -> Response[Any]:
    """To the provider, who asks who it is anew."""
    viewer = await door.read(lambda _tx, viewer: viewer)
    return await _send(request, "prove", own_path(next_), viewer.user_id)


@get(f"{HERE}/join", include_in_schema=False)
async def join_there(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """To the provider, to join one's account with the one there; after showing that it is oneself, and by a link of our
    own page: another site that leads here could have somebody else signed in there."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This request came from another site and was not carried out.")

    def may(tx: Any, viewer: Viewer) -> int:
        door.demand_proof(tx)
        return viewer.user_id

    return await _send(request, "join", HERE, await door.read(may))


@get("/login/sso/back", include_in_schema=False)
async def from_sso(
    request: Asked, said: State = "", code: Said = "", iss: Said = "", error: Said = ""
) -> Response[Any]:  # fmt: skip
    """Back from there. What was begun is used up whatever comes of it."""
    house = house_of(request)
    try:
        begun = await house.database.write(end_ceremony, SSO, request.cookies.get(_name(house), "")[:LONGEST_SECRET])
        told = await _sso(request).finish(begun, {"code": code, "state": said, "iss": iss, "error": error})
        seen = peer_of(request), request.headers.get("user-agent", "")
        secret = await house.database.write(_carry_out, house.settings.oidc, begun, told, session_of(request), seen)
    except HouseError as refused:
        return show_alone(request, "no_way.html", problem=say_refusal(request, refused), status=403)
    answer = go_in(request, secret, str(begun.details["next"]))
    answer.set_cookie(_cookie(house, "", 0))
    return answer


def _carry_out(
    tx: WriteTx, oidc: Oidc, begun: Ceremony, told: Told, here: str | None, seen: tuple[str, str]
) -> str:  # fmt: skip
    """What this way there was for; the secret of the session that goes on. Raises Forbidden, Conflict."""
    rule, aim = Admission(oidc.domains, oidc.add_people), begun.details.get("aim", "enter")
    if aim == "enter":
        user_id, (peer, agent) = enter_by_identity(tx, told, rule), seen
        return start_session(
            tx, user_id, peer=peer, agent=agent, replaces=here, shown=SHOWN, proved_at=told.signed_in_at or 0
        )
    signed_in = find_session(tx, here or "")
    if here is None or signed_in is None or signed_in[0] != begun.user_id:
        raise Forbidden("You are not signed in here any more as who you were. Begin again.")
    if aim == "join":
        if not is_proved(tx, here):
            raise ProofNeeded("Show that it is you before you change this.")
        join_identity(tx, signed_in[0], told, rule)
        return here
    if find_identity(tx, told) != signed_in[0]:
        raise Forbidden("You signed in as somebody else there, so it shows nothing here.")
    if not is_fresh(begun, told):
        raise Forbidden("The single sign-on does not say that you signed in there just now. Show it another way.")
    return prove_session(tx, here)


def _count(tx: WriteTx, peer: str) -> None:
    if peer and not ip_network(peer).is_loopback:
        take(tx, f"sso-from:{peer}", PER_PEER)


async def _send(request: Asked, aim: Aim, there: str, user_id: int | None = None) -> Response[Any]:
    house, peer, secret = house_of(request), peer_of(request), new_secret()
    try:
        await house.database.write(_count, peer)
        begun = await _sso(request).begin(there, aim)
    except HouseError as refused:
        status = 429 if isinstance(refused, TooMuch) else 503
        return show_alone(request, "no_way.html", problem=say_refusal(request, refused), status=status)
    await house.database.write(lambda tx: begin_ceremony(tx, SSO, secret, user_id=user_id, **begun.details))
    answer = Redirect(begun.url, status_code=303)
    answer.set_cookie(_cookie(house, secret, LIFE // clock.SECOND))
    return answer


def _sso(request: Asked) -> SingleSignOn:
    sso: SingleSignOn = request.app.state.sso
    return sso


def _name(house: House) -> str:
    return "__Host-mailhub-sso" if is_secure(house.settings) else "mailhub-sso"


def _cookie(house: House, secret: str, seconds: int) -> Cookie:
    return Cookie(
        key=_name(house), value=secret, max_age=seconds, path="/",
        secure=is_secure(house.settings), httponly=True, samesite="lax",
    )  # fmt: skip


ROUTES = [to_sso, prove_there, join_there, from_sso]
