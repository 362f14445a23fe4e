"""Sharing a thread of one's personal mailbox: a menu in the thread, for its owner alone."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Here, Id, lead
from api.web.forms import read_form
from api.web.place import read_place
from api.web.rights import read_who
from core.database import ReadTx
from core.errors import Invalid
from crm.parties import find_manager
from crm.staff.people import list_teams, list_users
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.sharing import WHATS, get_sharing, may_share, share_with


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person or a team: shown the letters, a trace of them, or nothing yet (``what`` empty)."""

    who: str
    name: str
    what: str
    manager: bool = False


@dataclass(frozen=True, slots=True)
class SharingMenu:
    """See templates/web/_sharing.html."""

    url: str
    shown: list[Somebody]
    others: list[Somebody]


def see_sharing(tx: ReadTx, viewer: Viewer, row: ThreadRow) -> SharingMenu | None:
    """With whom the thread is shared and with whom it may be, whoever answers for the client first; None for a thread
    that is not the viewer's to share."""
    if not may_share(viewer, row.scope_id):
        return None
    shown = {(one.user_id, one.team_id): one.what for one in get_sharing(tx, viewer, row.id).shares}
    manager = None if row.counterparty_id is None else find_manager(tx, row.counterparty_id)
    everybody = [
        *(
            Somebody(f"u{one.id}", one.name, shown.get((one.id, None), ""), one.id == manager)
            for one in list_users(tx)
            if not one.disabled and one.id != viewer.user_id
        ),
        *(Somebody(f"t{one.id}", one.name, shown.get((None, one.id), "")) for one in list_teams(tx)),
    ]
    others = sorted((one for one in everybody if not one.what), key=lambda one: not one.manager)
    return SharingMenu(f"/threads/{row.id}/share", [one for one in everybody if one.what], others)


@post("/threads/{thread_id:int}/share", include_in_schema=False, status_code=200)
async def share(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Show the thread to one more, show them something else, or nothing any more (``what`` empty)."""
    form = await read_form(request)
    user_id, team_id = read_who(form.get("who", ""))
    asked = form.get("what", "")
    what = next((one for one in WHATS if one == asked), None)
    if asked and what is None:
        raise Invalid("A thread is shared with a person or a team: its letters, or a trace of them.", field="what")
    await door.write(share_with, thread_id, user_id=user_id, team_id=team_id, what=what)
    return lead(request, read_place(place).thread(thread_id))


ROUTES = [share]
