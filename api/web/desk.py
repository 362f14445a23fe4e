"""What a request for a page carries, and how its answer is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Request, Response
from litestar.params import PathParameter, QueryParameter

from api.auth import Door
from api.problems import Pages, language_of
from api.web.place import Place
from api.web.shapes import Speaker
from api.web.shell import Around, make_shell
from core import clock
from core.changes import Position
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import Counters

NOTHING = Around([], Counters(0, 0, {}), 0, Position())
Asked = Request[Any, Any, Any]
Words = Annotated[str, QueryParameter(name="q", max_length=500)]
Sought = Annotated[str, QueryParameter(name="words", max_length=500)]
After = Annotated[str | None, QueryParameter(name="after", max_length=2048)]
Here = Annotated[str, QueryParameter(name="place", max_length=100)]
Id = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Renders for whoever asked."""

    door: Door
    request: Asked

    @property
    def pages(self) -> Pages:
        """The templates."""
        pages: Pages = self.request.app.state.pages
        return pages

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of what people type and read here."""
        return ZoneInfo(self.door.house.settings.company.timezone)

    def speaker(self, viewer: Viewer) -> Speaker:
        """Who reads, for shaping."""
        return Speaker(viewer, language_of(self.request, self.pages), clock.now())

    def render(self, name: str, speaker: Speaker, around: Around | None, here: Place | str, **data: Any) -> str:
        """A page or a fragment inside the house; ``around`` is None for a fragment without a rail."""
        session = self.door.credentials.session
        shell = make_shell(self.door.house, session, speaker, around or NOTHING, here)
        return self.pages.render(name, speaker.language, speaker.viewer.theme, shell=shell, **data)

    async def render_later(
        self, name: str, speaker: Speaker, around: Around | None, here: Place | str, **data: Any
    ) -> Response[str]:
        """``render`` in a thread, as an answer."""
        return html(await asyncio.to_thread(self.render, name, speaker, around, here, **data))


def html(body: str, status: int = 200) -> Response[str]:
    """A page or a fragment."""
    return Response(body, status_code=status, media_type="text/html", headers={"Vary": "HX-Request"})


def lead(request: Asked, where: str) -> Response[str]:
    """On to another page, with scripts and without."""
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Redirect": where}, media_type="text/html")
    return Response("", status_code=303, headers={"Location": where}, media_type="text/html")


def wants(request: Asked) -> str:
    """What of a page htmx asked for: the tag and id of its target, empty for the whole page."""
    headers = request.headers
    if headers.get("hx-request") != "true" or headers.get("hx-request-type") == "full":
        return ""
    return str(headers.get("hx-target", "")) if not headers.get("hx-history-restore-request") else ""
