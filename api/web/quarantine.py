"""Letters that could not be processed: why, their source, and what can be done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.web.actions import see_clients
from api.web.desk import After, Asked, Desk, Id, Sought, html
from api.web.forms import read_form, read_id
from api.web.panel import about_client
from api.web.quarantine_words import STOPPED_AT
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from core.blobs import read_blob
from core.database import ReadTx
from core.errors import Invalid, NotFound
from core.paging import Page
from crm.parties import Counterparty
from crm.staff.readable import Viewer
from mailhub.letters.clean import one_line
from mailhub.routing.quarantine import Held, file_by_hand, get_held, list_held, retry, retry_all

SOURCE_LINES = 60
LONGEST_LINE = 500
Brought = Annotated[int | None, QueryParameter(name="import", ge=1, le=2**63 - 1, description="Of one import alone")]


@dataclass(frozen=True, slots=True)
class Urls:
    """What can be done with a held letter; None for what the person may not."""

    raw: str
    retry: str | None
    file: str | None
    find: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the source."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A line of the list."""

    id: int
    url: str
    sender: str
    mailbox: str
    why: str
    time_iso: str
    time_text: str
    current: bool


@dataclass(frozen=True, slots=True)
class HeldLetter:
    """See templates/web/quarantine.html."""

    id: int
    sender: str
    arrived: str
    why: str
    detail: str
    source: list[Line]
    source_cut: bool
    urls: Urls


@dataclass(frozen=True, slots=True)
class Shelf:
    """The list."""

    total: int
    next_url: str | None
    letters: list[HeldRow]
    retry_url: str


def see_shelf(
    tx: ReadTx, viewer: Viewer, after: str | None, held_id: int | None, import_id: int | None = None
) -> tuple[Page[Held], Held | None, Around]:
    """The list and one of it. Raises NotFound for one that is not (any more) in quarantine or not theirs."""
    chosen = get_held(tx, viewer, held_id) if held_id is not None else None
    return list_held(tx, viewer, after=after, import_id=import_id), chosen, see_around(tx, viewer)


@get("/quarantine", include_in_schema=False)
async def quarantine(
    door: NamedDependency[Door], request: Asked, after: After = None, brought: Brought = None
) -> Response[str]:
    """All that is held back, or what an import brought of it."""
    return await show(door, request, after, None, brought)


@get("/quarantine/{held_id:int}", include_in_schema=False)
async def one(
    door: NamedDependency[Door], request: Asked, held_id: Id, after: After = None, brought: Brought = None
) -> Response[str]:
    """One of them beside the others."""
    return await show(door, request, after, held_id, brought)


async def show(
    door: Door, request: Asked, after: str | None, held_id: int | None, brought: int | None
) -> Response[str]:
    """The list, and the chosen one."""
    page, chosen, around = await door.read(see_shelf, after, held_id, brought)
    only = "" if brought is None else f"import={brought}"
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    names = {box.id: box.address for box in around.boxes}
    lines, cut = await asyncio.to_thread(_source, door, chosen) if chosen else ([], False)
    shelf = Shelf(
        total=around.held,
        next_url=f"/quarantine?after={page.next}{only and '&' + only}" if page.next else None,
        letters=[_row(speaker, held, names, chosen, only) for held in page.items],
        retry_url="/quarantine/retry",
    )
    letter = _letter(speaker, chosen, names, lines, cut=cut) if chosen else None
    return await desk.render_later("quarantine.html", speaker, around, "quarantine", held=shelf, letter=letter)


@post("/quarantine/{held_id:int}/retry", include_in_schema=False, status_code=303)
async def run_again(door: NamedDependency[Door], held_id: Id) -> Redirect:
    """Its journey once more."""
    await door.write(retry, held_id)
    return Redirect("/quarantine", status_code=303)


@post("/quarantine/retry", include_in_schema=False, status_code=303)
async def run_all_again(door: NamedDependency[Door]) -> Redirect:
    """After a fault was mended: the journeys of all."""
    await door.write(retry_all)
    return Redirect("/quarantine", status_code=303)


@post("/quarantine/{held_id:int}/file", include_in_schema=False, status_code=200)
async def file(door: NamedDependency[Door], request: Asked, held_id: Id) -> Response[Any]:
    """Let it out and put it to a client."""
    client_id = read_id(await read_form(request), "counterparty_id")
    if client_id is None:
        raise Invalid("Choose a client first.", field="counterparty_id")
    await door.write(file_by_hand, held_id, client_id)
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Redirect": "/quarantine"}, media_type="text/html")
    return Redirect("/quarantine", status_code=303)


@get("/quarantine/{held_id:int}/clients", include_in_schema=False)
async def find_clients(door: NamedDependency[Door], request: Asked, held_id: Id, words: Sought = "") -> Response[str]:
    """Clients by a part of their name, as buttons that file the letter there."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: list[Counterparty]) -> str:
        speaker = desk.speaker(viewer)
        clients = [{"id": one.id, "name": one.name, "about": about_client(speaker, one)} for one in found]
        url = f"/quarantine/{held_id}/file"
        return desk.render("_found_clients.html", speaker, None, "quarantine", clients=clients, answer_url=url)

    return html(await door.page(render, see_clients, words))


def _row(speaker: Speaker, held: Held, names: dict[int, str], chosen: Held | None, only: str) -> HeldRow:
    when = make_when(speaker, held.received_at)
    assert when is not None
    return HeldRow(
        id=held.id,
        url=f"/quarantine/{held.id}{only and f'?{only}'}",
        sender=held.mail_from or speaker.say("nobody named"),
        mailbox=names.get(held.mailbox_id, ""),
        why=speaker.say(held.error),
        time_iso=when.iso,
        time_text=when.text,
        current=chosen is not None and chosen.id == held.id,
    )


def _letter(speaker: Speaker, held: Held, names: dict[int, str], lines: list[Line], *, cut: bool) -> HeldLetter:
    when = make_when(speaker, held.received_at, long=True)
    assert when is not None
    may = speaker.viewer.may("answer", held.scope_id)
    here = f"/quarantine/{held.id}"
    tried = speaker.language.ngettext("Tried once", "Tried %(n)s times", held.tries)
    return HeldLetter(
        id=held.id,
        sender=held.mail_from or speaker.say("nobody named"),
        arrived=speaker.say("to %(mailbox)s, arrived %(when)s", mailbox=names.get(held.mailbox_id, ""), when=when.text),
        why=speaker.say(held.error),
        detail=speaker.say("It stopped at: %(step)s. %(tried)s.", step=_step(speaker, held.step), tried=tried),
        source=lines,
        source_cut=cut,
        urls=Urls(
            raw=f"/api/v1/quarantine/{held.id}/raw",
            retry=f"{here}/retry" if may else None,
            file=f"{here}/file" if may else None,
            find=f"{here}/clients",
        ),
    )


def _step(speaker: Speaker, step: str) -> str:
    return speaker.say(STOPPED_AT[step]) if step in STOPPED_AT else step


def _source(door: Door, held: Held) -> tuple[list[Line], bool]:
    """The first lines of a letter, each made harmless to look at; the whole is in its .eml."""
    try:
        raw = read_blob(door.house.database, door.house.files, held.blob_id)
    except NotFound:
        return [], False  # said on the health page; the letter itself is told above
    lines = raw[: SOURCE_LINES * 1000].splitlines()
    shown = [one_line(line[:LONGEST_LINE].decode("utf-8", "replace")) for line in lines[:SOURCE_LINES]]
    return [Line(number, text) for number, text in enumerate(shown, 1)], len(raw) > sum(map(len, lines[:SOURCE_LINES]))


ROUTES = [quarantine, one, run_again, run_all_again, file, find_clients]
