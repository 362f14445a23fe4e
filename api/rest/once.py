"""``Idempotency-Key``: a POST that is sent again under its key is answered as the first time; nothing is done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import NoneType
from typing import Annotated, TypeVar

import msgspec
from litestar.params import HeaderParameter

from api.auth import Door
from api.rest.shapes import StrictRequest
from core.database import WriteTx
from core.errors import Invalid
from core.once import Keyed, answer_once
from crm.staff.readable import Viewer

View = TypeVar("View")
LONGEST_KEY = 200
_PURPOSE = "once"
Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="Chosen by you, of up to 200 letters: the same request under the same key within a day is answered "
        "as the first time and carried out once. Under another request it is refused with 409.",
    ),
]


async def once(
    door: Door,
    request: StrictRequest,
    key: str | None,
    kind: type[View],
    verb: Callable[[WriteTx, Viewer], View],
    *,
    secret: bool = False,
) -> View:
    """``door.write(verb)``; under a key only the first time, and its answer again after that; a ``secret`` one is kept
    under the keys of the house. Raises Invalid for a bad key, Conflict for one of another request, and what the verb
    raises."""
    if key is None:
        return await door.write(verb)
    if not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        raise Invalid("An Idempotency-Key has 1 to 200 printable characters.", field="Idempotency-Key")
    body = hashlib.sha256(await request.body()).digest()
    asked = Keyed(key, f"{request.method} {request.scope['path']}", body)
    keys = door.house.keys

    def carry_out(tx: WriteTx, viewer: Viewer) -> bytes:
        answer = msgspec.json.encode(verb(tx, viewer))
        return keys.seal(_PURPOSE, answer) if secret else answer

    kept = await door.write(lambda tx, viewer: answer_once(tx, viewer.user_id, asked, lambda: carry_out(tx, viewer)))
    return msgspec.json.decode(keys.open(_PURPOSE, kept) if secret else kept, type=kind)


async def once_done(
    door: Door, request: StrictRequest, key: str | None, verb: Callable[[WriteTx, Viewer], None]
) -> None:
    """``once`` for what answers with nothing."""
    await once(door, request, key, NoneType, verb)
