"""The letters that left the house of the demo: they are kept on this machine and shown to everybody who plays."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get
from litestar.di import NamedDependency
from markupsafe import Markup

from api.auth import Door
from api.web.desk import Asked, Desk, Id, html
from api.web.letters import split_quote
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core.errors import NotFound
from crm.staff.readable import Viewer
from mailhub.letters.letter import parse_letter
from mailhub.letters.linkify import text_to_html
from mailhub.runtime import Gone, House

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter as it left."""

    url: str
    when: When | None
    sender: str
    to: str
    envelope: str
    subject: str
    text: Markup
    files: list[str]
    automatic: bool


@get("/demo/outbox", include_in_schema=False)
async def outbox(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The newest first."""
    _demand_demo(door.house)
    desk = Desk(door, request)

    def render(viewer: Viewer, around: Around) -> str:
        speaker = desk.speaker(viewer)
        gone = list(enumerate(door.house.gone))[: -SHOWN - 1 : -1]
        sent = [_sent(speaker, number, one) for number, one in gone]
        return desk.render("outbox.html", speaker, around, "outbox", sent=sent)

    return html(await door.page(render, see_around))


@get("/demo/outbox/{n:int}", include_in_schema=False)
async def sent_raw(door: NamedDependency[Door], n: Id) -> Response[bytes]:
    """The bytes as they went over the wire."""
    _demand_demo(door.house)
    await door.read(lambda _tx, viewer: viewer)
    if not 0 <= n < len(door.house.gone):
        raise NotFound("There is no letter with the number %(id)s.", id=n)
    headers = {
        "Content-Disposition": f'attachment; filename="sent-{n}.eml"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(door.house.gone[n].raw, headers=headers, media_type="message/rfc822")


def _demand_demo(house: House) -> None:
    if not house.demo:
        raise NotFound("This is no demo.")


def _sent(speaker: Speaker, number: int, gone: Gone) -> Sent:
    parsed = parse_letter(gone.raw)
    text, _ = split_quote(parsed.text or "", parsed.reply_text or "")
    return Sent(
        url=f"/demo/outbox/{number}",
        when=make_when(speaker, gone.at, long=True),
        sender=", ".join(f"{one.name} <{one.address}>" if one.name else one.address for one in parsed.from_),
        to=", ".join(gone.recipients),
        envelope=gone.sender or "<>",
        subject=parsed.subject,
        text=Markup(text_to_html(text)),  # noqa: S704 - escaped there
        files=[part.filename or part.content_type for part in parsed.attachments],
        automatic=parsed.auto_submitted not in (None, "no"),
    )


ROUTES = [outbox, sent_raw]
