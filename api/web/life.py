"""The life of a letter on one strip, asked for in its menu."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.shapes import Speaker, When, make_when
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.automatic.letters import Automatic, find_why
from mailhub.outbound.life import Step, list_life

_ICONS = {
    "received": "mail", "imported": "mail", "matched": "building", "unmatched": "user-question",
    "junk": "shield-exclamation", "assigned": "user-check", "read": "mail-opened", "answered": "arrow-back-up",
    "written": "edit", "delivery": "clock",
}  # fmt: skip
_OF_STATE = {"sent": "check", "failed": "mail-exclamation", "bounced": "mail-exclamation", "cancelled": "x"}


@dataclass(frozen=True, slots=True)
class StepLine:
    """See templates/web/_life.html."""

    icon: str
    text: str
    when: When | None


@get("/messages/{message_id:int}/life", include_in_schema=False)
async def life(door: NamedDependency[Door], request: Asked, message_id: Id) -> Response[str]:
    """Its steps as a list."""
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> tuple[list[Step], Automatic | None]:
        return list_life(tx, viewer, message_id), find_why(tx, message_id)

    def render(viewer: Viewer, seen: tuple[list[Step], Automatic | None]) -> str:
        speaker = desk.speaker(viewer)
        steps, why = seen
        lines = [_line(speaker, one) for one in steps]
        if why is not None:
            lines.insert(0, _why(speaker, why))
        return desk.render("_life.html", speaker, None, "", steps=lines)

    return html(await door.page(render, see))


def _why(speaker: Speaker, why: Automatic) -> StepLine:
    """A letter that went by itself says by which rule, and on what occasion."""
    said = speaker.say(
        "This letter went by itself: rule “%(rule)s”, version %(version)s.", rule=why.rule, version=why.version
    )
    about = [str(why.facts[key]) for key in ("subject", "number", "date") if why.facts.get(key)]
    return StepLine("clock", " · ".join((said, *about)), make_when(speaker, why.due_at, long=True))


def _line(speaker: Speaker, one: Step) -> StepLine:
    sentences = {
        "received": "Received from %(who)s",
        "imported": "Imported from %(who)s",
        "matched": "Belongs to %(who)s",
        "unmatched": "No client was found for it",
        "junk": "Taken for junk",
        "assigned": "Assigned: %(who)s",
        "read": "Read by %(who)s",
        "answered": "Answered by %(who)s",
        "written": "Written by %(who)s",
        "queued": "Waits for %(who)s",
        "sending": "Is being sent to %(who)s",
        "sent": "Taken by the server of %(who)s",
        "deferred": "Not taken yet for %(who)s",
        "failed": "Refused for %(who)s",
        "unknown": "Nobody knows whether it reached %(who)s",
        "bounced": "Came back from %(who)s",
        "complained": "Called junk by %(who)s",
        "cancelled": "Not sent to %(who)s",
    }
    text = speaker.say(sentences[one.state or one.what], who=", ".join(one.who))
    detail = one.detail if one.what == "delivery" and one.state != "sent" else ""
    icon = _OF_STATE.get(one.state or "", _ICONS[one.what])
    by_way = speaker.say("by way of %(server)s", server=one.server) if one.server else ""
    said = " · ".join(part for part in (text, by_way, detail) if part)
    return StepLine(icon, said, make_when(speaker, one.at, long=True))


ROUTES = [life]
