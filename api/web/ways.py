"""How the letters of a mailbox leave: a section of the settings for whoever manages one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Id
from api.web.forms import read_form
from api.web.shapes import Speaker
from core.database import ReadTx, WriteTx
from core.secrets import Keys
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import Mailbox
from mailhub.outbound.lane_troubles import LaneTrouble, find_lane_trouble
from mailhub.outbound.mailbox_ways import CHOICES, Chosen, choose_way_of_mailbox, get_chosen
from mailhub.outbound.ways import Way

Seen = tuple[Mailbox, Chosen, LaneTrouble | None]


@dataclass(frozen=True, slots=True)
class WayRow:
    """A mailbox with its way in words, the choices, and what is the matter with its own relay."""

    url: str
    name: str
    address: str
    words: str
    choices: list[tuple[str, str, bool]]
    server: str
    trouble: str


def see_ways(tx: ReadTx, viewer: Viewer, managed: Sequence[Mailbox]) -> list[Seen]:
    """For the mailboxes that the viewer manages."""
    found: list[Seen] = []
    for box in managed:
        chosen = get_chosen(tx, viewer, box.id)
        trouble = find_lane_trouble(tx, Way("relay", box.id).lane) if chosen.way == "relay" else None
        found.append((box, chosen, trouble))
    return found


def shape_ways(speaker: Speaker, found: Sequence[Seen]) -> list[WayRow]:
    """What the template shows."""
    names = {
        "usual": speaker.say("Its account's server, else the house's relay"),
        "house": speaker.say("Always the house's relay"),
        "relay": speaker.say("A relay of its own"),
        "direct": speaker.say("Straight to the servers of each domain"),
    }
    rows = []
    for box, chosen, trouble in found:
        words = names[chosen.way] if chosen.way != "relay" else chosen.server
        said = "" if trouble is None else speaker.say(trouble.sentence, **trouble.fields)
        choices = [(str(way), names[way], way == chosen.way) for way in CHOICES]
        url = f"/settings/mailboxes/{box.id}/way"
        rows.append(WayRow(url, box.name, box.address, words, choices, chosen.server, said))
    return rows


@post("/settings/mailboxes/{box_id:int}/way", include_in_schema=False, status_code=303)
async def save(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """Let letters leave so. An empty line for the relay keeps the one that there is."""
    form = await read_form(request)
    await door.write(_choose, door.house.keys, box_id, form)
    return Redirect(f"/settings#ways-{box_id}", status_code=303)


def _choose(tx: WriteTx, viewer: Viewer, keys: Keys, box_id: int, form: dict[str, Any]) -> None:
    choose_way_of_mailbox(tx, keys, viewer, box_id, form.get("way", ""), form.get("relay", "").strip() or None)


ROUTES = [save]
