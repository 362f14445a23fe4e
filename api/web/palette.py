"""What the command palette asks of the server: clients, by the beginning of their names."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from markupsafe import Markup

from api.auth import Door
from api.web.actions import see_clients
from api.web.desk import Asked, Desk, Sought, html
from api.web.panel import about_client
from crm.parties import Counterparty
from crm.staff.readable import Viewer

LONGEST = 200


@get("/fragments/palette", include_in_schema=False)
async def find(door: NamedDependency[Door], request: Asked, words: Sought = "") -> Response[str]:
    """Clients, each with its page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: list[Counterparty]) -> str:
        speaker = desk.speaker(viewer)
        clients = [
            {"url": f"/clients/{one.id}", "name": one.name, "about": about_client(speaker, one)} for one in found
        ]
        return desk.render("_palette_found.html", speaker, None, "palette", clients=clients)

    return html(await door.page(render, see_clients, words))


@get("/fragments/client-names", include_in_schema=False)
async def names(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Names of clients to choose from while somebody types one, into a line of conditions of whatever number."""
    words = next((one for name, one in request.query_params.items() if name.startswith("value_")), "")[:LONGEST]

    def render(_viewer: Viewer, found: list[Counterparty]) -> str:
        return "".join(str(Markup('<option value="{}"></option>').format(one.name)) for one in found)

    return html(await door.page(render, see_clients, words))


ROUTES = [find, names]
