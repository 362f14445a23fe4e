"""Answering in a thread, and what a person does with a letter on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from litestar import Response, post
from litestar.di import NamedDependency
from markupsafe import Markup

from api.auth import Door
from api.web.actions import changed
from api.web.composer import Typed, make_post, read_typed, send_post
from api.web.departures import read_departure
from api.web.desk import Asked, Desk, Here, Id, html, lead
from api.web.forms import read_form, read_id
from api.web.place import Place, read_place
from api.web.planned import keep_and_plan
from api.web.shapes import Person, Speaker, make_person, make_when
from api.web.toasts import Composed, Undo
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.staff.readable import Viewer
from mailhub.letters.linkify import text_to_html
from mailhub.mailboxes.reading import Message, get_message
from mailhub.outbound import ledger
from mailhub.outbound.drafts import get_draft, revive_draft
from mailhub.outbound.quoting import find_quote
from mailhub.outbound.undoing import take_back

LARGEST_FORM = 4 << 20
MOST_SHOWN = 5
LONGEST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter that came while somebody wrote."""

    who: Person
    time_iso: str
    time_text: str
    lang: str | None
    text: Markup


@dataclass(frozen=True, slots=True)
class Moved:
    """See templates/web/_moved.html."""

    thread_id: int
    newest: int
    title: str
    letters: list[NewLetter]


@post(
    "/threads/{thread_id:int}/reply",
    include_in_schema=False,
    status_code=200,
    request_max_body_size=LARGEST_FORM,
)
async def reply(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Send an answer in a moment; where newer letters came, show them instead."""
    typed = await read_typed(request)
    if typed.later:
        return await plan(door, request, thread_id, typed, read_place(place))
    desk, regret = Desk(door, request), door.house.settings.send.undo_seconds * clock.SECOND
    quoted = await _quoted_text(desk, thread_id, typed)
    wanted = await make_post(door, typed, quoted, thread_id=thread_id, wait=regret)
    try:
        message_id = await send_post(door, wanted, close=typed.close)
    except Conflict as moved:
        if "message_ids" not in moved.fields or request.headers.get("hx-request") != "true":
            raise
        return await _show_moved(desk, thread_id, cast("list[int]", moved.fields["message_ids"]))
    undo = Undo("", {"message_id": str(message_id)})
    composed = Composed("sent", thread_id)
    sentence = "It leaves in a moment: %(subject)s" if regret else "It is sent: %(subject)s"
    if typed.close:
        sentence = "Answered and closed: %(subject)s"
    here = read_place(place)
    return await changed(
        door, request, here, thread_id, sentence, undo="take-back" if regret else "", back=undo, composer=composed
    )


async def plan(door: Door, request: Asked, thread_id: int, typed: Typed, place: Place) -> Response[str]:
    """Let the answer leave later; where newer letters came, show them instead."""
    desk = Desk(door, request)
    try:
        at = read_departure(desk.zone, clock.now(), typed.later)
        held = await door.write(keep_and_plan, typed, at, thread_id, None)
    except Conflict as moved:
        if "message_ids" not in moved.fields or request.headers.get("hx-request") != "true":
            raise
        return await _show_moved(desk, thread_id, cast("list[int]", moved.fields["message_ids"]))
    when = make_when(desk.speaker(door.viewer), held.send_at, long=True)
    sentence = "Planned for %(when)s: %(subject)s"
    undo = Undo(f"/planned/{held.id}?place={place.key}", {"act": "edit"})
    composed = Composed("sent", thread_id)
    more = {"when": when.text if when else ""}
    return await changed(door, request, place, thread_id, sentence, taken_back=undo, composer=composed, more=more)


@post("/threads/{thread_id:int}/take-back", include_in_schema=False, status_code=200)
async def undo_reply(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting"
) -> Response[str]:
    """Do not send it after all; the text is in the form again."""
    message_id = read_id(await read_form(request), "message_id")
    if message_id is None:
        raise Invalid("Name the letter.", field="message_id")
    letter, draft_id = await door.write(_take_back, message_id)
    if draft_id is not None and (await door.read(get_draft, draft_id)).thread_id is None:
        return lead(request, f"/write?draft={draft_id}")
    composed = Composed("back", thread_id, letter.parsed["reply_text"] or letter.parsed["text"] or "", draft_id or 0)
    return await changed(
        door, request, read_place(place), thread_id, "Taken back, nothing was sent: %(subject)s", composer=composed
    )


@post("/threads/{thread_id:int}/delivery", include_in_schema=False, status_code=200)
async def delivery(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting"
) -> Response[str]:
    """Send again, do not send, or say that it arrived."""
    form = await read_form(request)
    delivery_id, act = read_id(form, "delivery_id"), form.get("act", "")
    if delivery_id is None or act not in ("retry", "cancel", "arrived"):
        raise Invalid("This answer is not known.", field="act")
    await door.write(_act_on_delivery, delivery_id, act)
    sentences = {
        "retry": "It is sent again: %(subject)s",
        "cancel": "It is not sent: %(subject)s",
        "arrived": "Noted: it arrived",
    }
    return await changed(door, request, read_place(place), thread_id, sentences[act])


def _take_back(tx: WriteTx, viewer: Viewer, message_id: int) -> tuple[Message, int | None]:
    return take_back(tx, viewer, message_id), revive_draft(tx, message_id)


def _act_on_delivery(tx: WriteTx, viewer: Viewer, delivery_id: int, act: str) -> None:
    if act == "retry":
        ledger.retry(tx, viewer, delivery_id)
    elif act == "cancel":
        ledger.cancel(tx, viewer, delivery_id)
    else:
        ledger.resolve(tx, viewer, delivery_id, arrived=True)


async def _quoted_text(desk: Desk, thread_id: int, typed: Typed) -> str:
    """The letter below the answer, as text."""
    return await desk.door.read(find_quote, desk.zone, thread_id, typed.quoted)


async def _show_moved(desk: Desk, thread_id: int, newer: list[int]) -> Response[str]:
    def see(tx: ReadTx, viewer: Viewer) -> list[Message]:
        return [get_message(tx, viewer, one) for one in newer[-MOST_SHOWN:]]

    def render(viewer: Viewer, found: list[Message]) -> str:
        speaker = desk.speaker(viewer)
        last = found[-1]
        fields = {"name": last.from_name or last.from_address, "when": speaker.language.format_time(last.dated_at)}
        title = speaker.say("Not sent yet: %(name)s wrote at %(when)s, while you were writing", **fields)
        letters = [_new_letter(speaker, one) for one in found]
        moved = Moved(thread_id, last.id, title, letters)
        return desk.render("_moved.html", speaker, None, "", moved=moved)

    return html(await desk.door.page(render, see), 409)


def _new_letter(speaker: Speaker, message: Message) -> NewLetter:
    text = (message.parsed["reply_text"] or message.parsed["text"] or message.excerpt).strip()
    when = make_when(speaker, message.dated_at, long=True)
    assert when is not None
    mine = message.direction == "out" and message.trace.get("by") == speaker.viewer.user_id
    shown = text[:LONGEST_SHOWN] + ("…" if len(text) > LONGEST_SHOWN else "")
    return NewLetter(
        make_person(message.from_name or message.from_address, me=mine),
        when.iso,
        when.text,
        message.language,
        Markup(text_to_html(shown)),  # noqa: S704 - escaped there
    )


ROUTES = [reply, undo_reply, delivery]
