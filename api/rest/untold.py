"""``/accounts/{id}/untold``: what an account's server was not told although it was tried again and again."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.rest.once import Key, once_done
from api.rest.shapes import Id, StrictRequest, moment
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.connecting import get_own_account
from mailhub.mailboxes.untold import Untold, find_untold, tell_again


class UntoldView(msgspec.Struct):
    """How many letters lack their mark and how many answers their copy; ``says`` is how the last try ended."""

    marks: int = 0
    copies: int = 0
    since: str | None = None
    says: str = ""


def read_untold(tx: ReadTx, viewer: Viewer, account_id: int) -> Untold | None:
    """Raises NotFound, Forbidden."""
    return find_untold(tx, get_own_account(tx, viewer, account_id).id)


@get("/accounts/{account_id:int}/untold", tags=["accounts"])
async def get_untold(door: NamedDependency[Door], account_id: Id) -> UntoldView:
    """Marks and copies of answers that could not be written back to the server and are tried no more."""
    found = await door.read(read_untold, account_id)
    return UntoldView() if found is None else UntoldView(found.marks, found.copies, moment(found.since), found.said)


@post("/accounts/{account_id:int}/tell", tags=["accounts"], status_code=202)
async def tell(
    door: NamedDependency[Door], request: StrictRequest, account_id: Id, idempotency_key: Key = None
) -> None:
    """Try again to write them back."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: tell_again(tx, viewer, account_id))


ROUTES = [get_untold, tell]
