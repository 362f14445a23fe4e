"""What clients are to each other: said and taken back on the card of either."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.client_form import read_parent
from api.web.desk import Asked, Id
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker
from core.database import WriteTx
from core.errors import Invalid
from crm.parties import Link, add_link, drop_link
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere


def link_kinds(speaker: Speaker) -> dict[str, str]:
    """What one client can be to another, in the order of a form."""
    return {
        "partner": speaker.say("partner"),
        "contractor": speaker.say("contractor"),
        "dealer": speaker.say("dealer"),
        "influencer": speaker.say("influencer"),
        "colleague": speaker.say("colleague"),
        "relative": speaker.say("relative"),
        "friend": speaker.say("friend"),
        "other": speaker.say("linked"),
    }


def link_words(speaker: Speaker, link: Link) -> tuple[int, str, str, str]:
    """The link as a line of the card: its number, what the other is, its name, its page."""
    name = link_kinds(speaker)[link.kind]
    # The one who is something to this client is named with it; this one is it to the other with an arrow.
    return link.id, f"{name} →" if link.reverse else name, link.name, f"/clients/{link.other_id}"


@post("/clients/{client_id:int}/links", include_in_schema=False, status_code=303)
async def links(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[Any]:
    """Another client is something to this one, or is it no more. In a page a refusal is a toast beside what was
    typed."""
    form = await read_form(request)
    link_id = read_id(form, "remove")
    if link_id is not None:
        await door.write(unlink, client_id, link_id)
    else:
        await door.write(link_by_name, client_id, form.get("name", ""), form.get("kind", ""))
    card = f"/clients/{client_id}"
    if request.headers.get("hx-request") == "true":
        # Without a fragment: to one of the same page a browser would jump and read nothing anew.
        return Response("", status_code=200, headers={"HX-Redirect": card}, media_type="text/html")
    return Redirect(f"{card}#links", status_code=303)


def link_by_name(tx: WriteTx, viewer: Viewer, client_id: int, name: str, kind: str) -> None:
    """Raises Forbidden, NotFound, Invalid for a name that nobody or several have, Conflict when it is said already."""
    demand_somewhere(viewer, "answer")
    other_id = read_parent(tx, name)
    if not other_id:
        raise Invalid("Write the name of the client to link with.", field="name")
    add_link(tx, "counterparty", other_id, client_id, kind)
    record_audit(tx, viewer.user_id, "client-changed", str(client_id))


def unlink(tx: WriteTx, viewer: Viewer, client_id: int, link_id: int) -> None:
    """Raises Forbidden, NotFound."""
    demand_somewhere(viewer, "answer")
    drop_link(tx, "counterparty", client_id, link_id)
    record_audit(tx, viewer.user_id, "client-changed", str(client_id))


ROUTES = [links]
