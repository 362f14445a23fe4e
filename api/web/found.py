"""What a search shows beside threads, and what it shows while somebody types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Response, get
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Desk, Words, html
from api.web.panel import about_client
from api.web.place import Place
from api.web.rows import Section, make_sections, mark_hits
from api.web.shapes import Speaker
from core.database import ReadTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.mailboxes.finding import Hit, Known, find_known, find_threads, parse_search
from mailhub.mailboxes.recent_searches import list_searches

WHILE_TYPING = 6


@dataclass(frozen=True, slots=True)
class Somebody:
    """A client or a person; see templates/web/_known.html."""

    url: str
    name: str
    about: str
    is_person: bool


@dataclass(frozen=True, slots=True)
class Quick:
    """What is found while somebody types; ``problem`` is what cannot be read of it; ``recent`` is what they searched
    for before, while nothing is typed."""

    hits: Sequence[Hit]
    known: Known
    problem: Invalid | None = None
    recent: Sequence[str] = ()


def make_known(speaker: Speaker, known: Known) -> list[Somebody]:
    """Clients, then people with the page of their first client."""
    clients = [Somebody(f"/clients/{one.id}", one.name, about_client(speaker, one), False) for one in known.clients]
    people = [
        Somebody(f"/clients/{one.counterparty_ids[0]}", one.name, ", ".join(one.emails[:1]), True)
        for one in known.people
    ]
    return clients + people


def see_quick(tx: ReadTx, viewer: Viewer, words: str, speaker: Speaker) -> Quick:
    """The first finds of what may be unfinished."""
    try:
        search = parse_search(words, typed=True, zone=speaker.language.zone)
        found = find_threads(tx, viewer, search, limit=WHILE_TYPING)
    except Invalid as problem:
        return Quick([], Known([], []), problem)
    return Quick(found.hits, find_known(tx, search))


@get("/fragments/found", include_in_schema=False)
async def found_quickly(door: NamedDependency[Door], request: Asked, q: Words = "") -> Response[str]:
    """Clients, people and letters for what stands in the search so far."""
    desk, words = Desk(door, request), q.strip()

    def look(tx: ReadTx, viewer: Viewer) -> tuple[Speaker, Quick]:
        speaker = desk.speaker(viewer)
        if not words:
            return speaker, Quick([], Known([], []), recent=list_searches(tx, viewer))
        return speaker, see_quick(tx, viewer, q.lstrip(), speaker)

    def render(_viewer: Viewer, seen: tuple[Speaker, Quick]) -> str:
        speaker, quick = seen
        place = Place("all", None, words)
        sections = mark_hits(make_sections(speaker, place, [hit.row for hit in quick.hits], open_id=None), quick.hits)
        problem = quick.problem and speaker.say(quick.problem.sentence, **quick.problem.fields)
        return desk.render(
            "_quick.html",
            speaker,
            None,
            place,
            rows=_rows(sections),
            known=make_known(speaker, quick.known),
            problem=problem,
            words=words,
            recent=[(one, Place("all", None, one).url) for one in quick.recent],
            all_url=place.url,
        )

    return html(await door.page(render, look))


def _rows(sections: list[Section]) -> list[object]:
    return [row for section in sections for row in section.rows]


ROUTES = [found_quickly]
