"""``/returns/{token}``: where a service that letters leave by tells what came back. Whoever proves nothing changes
nothing, and what is told of letters that are not ours is answered like all else."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.params import PathParameter

from api.returning import Returning
from core.errors import Forbidden, Invalid
from mailhub.outbound.services.keeping import PATH, open_service, record_refused
from mailhub.outbound.services.taking import prove, record_taken
from mailhub.outbound.services.told import Call
from mailhub.runtime import House

Token = Annotated[str, PathParameter(max_length=200)]


@post(PATH + "/{token:str}", include_in_schema=False, status_code=200)
async def take_call(request: Request[Any, Any, Any], token: Token) -> Response[str]:
    """One call. Raises NotFound, Forbidden, Invalid, Unavailable."""
    house: House = request.app.state.house
    returning: Returning = request.app.state.returning
    service_id, kind, secret = await house.database.read(open_service, house.keys, token)
    call = Call(request.headers, await request.body())
    try:
        taken = await prove(kind, secret, call, returning.certificates)
    except (Forbidden, Invalid) as refused:
        await house.database.write(record_refused, service_id, refused.sentence)
        raise
    await house.database.write(record_taken, house.stamp, service_id, taken)
    return Response("", media_type="text/plain", headers={"Cache-Control": "no-store"})


ROUTES = [take_call]
