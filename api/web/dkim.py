"""How letters are signed: the keys of our domains, the records to publish, and whether they stand there."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.outbound import dkim_keys
from mailhub.outbound.dkim_keys import CHANGED, MISSING, DkimKey, list_domains, list_keys
from mailhub.routing.published import look_up

PAGE = "/settings/signing"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """See templates/web/dkim.html. ``state`` is ok, look or broken."""

    id: int
    domain: str
    algorithm: str
    name: str
    record: str
    state: str
    text: str


@get(PAGE, include_in_schema=False)
async def keys(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """All keys, and the domains that have none."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[Around, list[DkimKey], list[str]]) -> str:
        speaker = desk.speaker(viewer)
        around, known, domains = found
        bare = [one for one in domains if one not in {key.domain for key in known}]
        rows = [_row(speaker, one) for one in known]
        return desk.render("dkim.html", speaker, around, "settings", keys=rows, bare=bare, url=PAGE)

    return html(await door.page(render, _see))


@post(PAGE, include_in_schema=False, status_code=303)
async def act(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Make keys for a domain, or look for the records of all."""
    form = await read_form(request)
    if form.get("act") == "check":
        known = await door.read(list_keys)
        found = await look_up(door.house.settings, known)
        await door.write(_record, found)
    elif form.get("act") == "make":
        await door.write(_make, door, form.get("domain", ""))
    else:
        raise Invalid("This answer is not known.", field="act")
    return Redirect(PAGE, status_code=303)


@post("/settings/signing/{key_id:int}/remove", include_in_schema=False, status_code=303)
async def remove(door: NamedDependency[Door], key_id: Id) -> Redirect:
    """Sign with it no more."""
    await door.write(dkim_keys.remove_key, key_id)
    return Redirect(PAGE, status_code=303)


def _see(tx: ReadTx, viewer: Viewer) -> tuple[Around, list[DkimKey], list[str]]:
    known = list_keys(tx, viewer)
    return see_around(tx, viewer), known, list_domains(tx)


def _make(tx: WriteTx, viewer: Viewer, door: Door, domain: str) -> None:
    dkim_keys.make_keys(tx, door.house.keys, viewer, domain)


def _record(tx: WriteTx, viewer: Viewer, found: dict[int, str]) -> None:
    for key_id, fault in found.items():
        dkim_keys.record_look(tx, viewer, key_id, fault)


def _row(speaker: Speaker, one: DkimKey) -> KeyRow:
    sentences = {
        "": "In use: letters of this domain are signed",
        MISSING: "The record is not published yet",
        CHANGED: "Another key is published there",
    }
    if one.checked_at is None:
        text = speaker.say("Not looked for yet")
    elif one.fault in sentences:
        text = speaker.say(sentences[one.fault])
    else:
        text = speaker.say("The DNS did not answer: %(why)s", why=one.fault)
    state = "ok" if one.in_use and not one.fault else "broken" if one.in_use else "look"
    return KeyRow(one.id, one.domain, one.algorithm, one.name, one.record, state, text)


ROUTES = [keys, act, remove]
