"""A new letter on a page of its own, and the letters that are being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.composer import Begun, Identity, make_begun, make_post, read_typed, send_post
from api.web.departures import Departure, list_departures, read_departure
from api.web.desk import After, Asked, Desk, html, lead
from api.web.place import Place
from api.web.planned import keep_and_plan
from api.web.planned_lines import make_planned
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx
from core.errors import Invalid
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.letters.html.spoken import spoken
from mailhub.mailboxes.boxes import Mailbox, list_addresses_of
from mailhub.mailboxes.reading import get_message
from mailhub.outbound.beginning import list_senders
from mailhub.outbound.drafts import Draft, get_draft, list_drafts
from mailhub.outbound.scheduling import list_scheduled
from mailhub.outbound.signatures import find_signature

LARGEST_FORM = 4 << 20
SHORT = 160
BoxId = Annotated[int | None, QueryParameter(name="mailbox", ge=1, le=2**63 - 1)]
DraftId = Annotated[int | None, QueryParameter(name="draft", ge=1, le=2**63 - 1)]
To = Annotated[str, QueryParameter(name="to", max_length=2000)]


@dataclass(frozen=True, slots=True)
class NewComposer:
    """See templates/web/write.html."""

    mailbox_id: int
    identities: list[Identity]
    to: str
    cc: str
    bcc: str
    subject: str
    signature: str
    begun: Begun | None
    moments: list[Departure]
    kind: str = "new"
    others: str = ""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A letter under way in the list."""

    url: str
    title: str
    whom: str
    text: str
    by: str
    when: When | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page of a new letter shows."""

    around: Around
    boxes: list[Mailbox]
    box: Mailbox | None
    identities: list[Identity]
    draft: Draft | None


def see_new(tx: ReadTx, viewer: Viewer, mailbox_id: int | None, draft_id: int | None) -> Seen:
    """The mailboxes one may write from, the one that is chosen, and the draft that is taken up. Raises NotFound."""
    draft = get_draft(tx, viewer, draft_id) if draft_id is not None else None
    boxes = list_senders(tx, viewer)
    wanted = draft.mailbox_id if draft else mailbox_id
    box = next((one for one in boxes if one.id == wanted), boxes[0] if boxes else None)
    current = draft.sender if draft and draft.sender else box.address if box else ""
    identities = [
        Identity(address, f"{viewer.name} · {address}", address == current, one.id, signature)
        for one in boxes
        for signature in [find_signature(tx, one.id, viewer.user_id)]
        for address in [one.address, *sorted(list_addresses_of(tx, one.id) - {one.address})]
        if not address.startswith("@")
    ]
    return Seen(see_around(tx, viewer), boxes, box, identities, draft)


@get("/write", include_in_schema=False)
async def write(
    door: NamedDependency[Door], request: Asked, mailbox: BoxId = None, draft: DraftId = None, to: To = ""
) -> Response[str]:
    """A new letter."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        composer = _make_new(speaker, seen, to) if seen.box else None
        return desk.render("write.html", speaker, seen.around, "write", composer=composer)

    return html(await door.page(render, see_new, mailbox, draft))


@post("/write", include_in_schema=False, status_code=200, request_max_body_size=LARGEST_FORM)
async def send(door: NamedDependency[Door], request: Asked, mailbox: BoxId = None) -> Response[str]:
    """Send it; the page goes on to its thread."""
    typed = await read_typed(request)
    mailbox = await door.read(_find_box, typed.sender) or mailbox
    if mailbox is None:
        raise Invalid("Choose a mailbox to write from.", field="mailbox")
    if typed.later:
        await door.write(
            keep_and_plan, typed, read_departure(Desk(door, request).zone, clock.now(), typed.later), None, mailbox
        )
        return lead(request, "/drafts")
    wait = door.house.settings.send.undo_seconds * clock.SECOND
    message_id = await send_post(door, await make_post(door, typed, "", mailbox_id=mailbox, wait=wait))
    message = await door.read(get_message, message_id)
    where = Place("open", message.mailbox_id).thread(message.thread_id)
    return lead(request, f"{where}?sent={message_id}" if wait else where)


@get("/drafts", include_in_schema=False)
async def drafts(door: NamedDependency[Door], request: Asked, after: After = None) -> Response[str]:
    """What is being written, by oneself and by colleagues, where one may answer."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: tuple[Around, Page[Draft], list[Draft]]) -> str:
        speaker = desk.speaker(viewer)
        around, page, later = found
        rows = [_row(speaker, one) for one in page.items if one.send_at is None]
        planned = make_planned(speaker, Place("open"), later)
        more = f"/drafts?after={page.next}" if page.next else ""
        return desk.render("drafts.html", speaker, around, "drafts", drafts=rows, planned=planned, more=more)

    return html(await door.page(render, _see_drafts, after))


def _find_box(tx: ReadTx, viewer: Viewer, sender: str) -> int | None:
    """The mailbox of an address that the viewer may write from."""
    boxes = list_senders(tx, viewer) if sender else []
    return next((one.id for one in boxes if sender == one.address or sender in list_addresses_of(tx, one.id)), None)


def _see_drafts(tx: ReadTx, viewer: Viewer, after: str | None) -> tuple[Around, Page[Draft], list[Draft]]:
    later = list_scheduled(tx, viewer) if after is None else []
    return see_around(tx, viewer), list_drafts(tx, viewer, after=after), later


def _make_new(speaker: Speaker, seen: Seen, to: str) -> NewComposer:
    assert seen.box is not None
    draft, box = seen.draft, seen.box
    return NewComposer(
        mailbox_id=box.id,
        identities=seen.identities,
        to=draft.to if draft else to,
        cc=draft.cc if draft else "",
        bcc=draft.bcc if draft else "",
        subject=draft.subject if draft else "",
        signature=next((one.signature for one in seen.identities if one.mailbox_id == box.id), ""),
        begun=make_begun(draft) if draft else None,
        moments=list_departures(speaker),
    )


def _row(speaker: Speaker, draft: Draft) -> DraftRow:
    url = f"/write?draft={draft.id}" if draft.thread_id is None else Place("open").thread(draft.thread_id)
    words = " ".join(spoken(draft.html).split())
    return DraftRow(
        url=url,
        title=draft.subject,
        whom=draft.to,
        text=words[:SHORT],
        by=speaker.say("me") if draft.changed_by_id == speaker.viewer.user_id else draft.changed_by,
        when=make_when(speaker, draft.changed_at),
    )


ROUTES = [write, send, drafts]
