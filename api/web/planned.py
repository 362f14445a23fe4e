"""Letters that leave later: planning one, and what can be done with it until then."""

from __future__ import annotations

from dataclasses import replace

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.actions import changed
from api.web.composer import Typed, send_draft
from api.web.desk import Asked, Here, Id
from api.web.forms import read_form
from api.web.place import Place, read_place
from api.web.toasts import Composed, Undo
from core import clock
from core.database import WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import clean_outgoing, text_as_html
from mailhub.letters.html.spoken import spoken
from mailhub.outbound.drafts import Draft, DraftKind, Text, add_draft, change_draft, get_draft, remove_draft
from mailhub.outbound.scheduling import schedule_draft, unschedule_draft


def keep_and_plan(
    tx: WriteTx, viewer: Viewer, typed: Typed, at: int, thread_id: int | None, mailbox_id: int | None
) -> Draft:
    """Save what the form holds as a draft, and let it leave at that instant. Raises what ``schedule_draft`` raises."""
    if typed.draft is None:
        kind: DraftKind = "new" if thread_id is None else "reply"
        held = add_draft(tx, viewer, kind, thread_id=thread_id, mailbox_id=mailbox_id)
    else:
        held = get_draft(tx, viewer, typed.draft)
    cids = {one.content_id for one in held.files}
    text = Text(
        sender=typed.sender,
        to=typed.to,
        cc=typed.cc,
        bcc=typed.bcc,
        subject=typed.subject,
        html=clean_outgoing(typed.html, cids) if typed.html else text_as_html(typed.text),
        quoted_id=typed.quoted or 0,
    )
    held = change_draft(tx, viewer, held.id, typed.version or held.version, text)
    return schedule_draft(
        tx,
        viewer,
        held.id,
        held.version,
        at,
        unless_reply=typed.unless_reply and held.kind != "forward",
        seen_id=typed.seen,
        force=typed.force,
    )


@post("/planned/{draft_id:int}", include_in_schema=False, status_code=200)
async def act_on_planned(
    door: NamedDependency[Door], request: Asked, draft_id: Id, place: Here = "waiting"
) -> Response[str]:
    """Write on, send now, or throw away."""
    act = (await read_form(request)).get("act", "")
    one = await door.read(get_draft, draft_id)
    sentences = {
        "edit": "It stays here until you send it: %(subject)s",
        "now": "It is sent: %(subject)s",
        "drop": "Thrown away, nothing is sent: %(subject)s",
    }
    if act not in sentences:
        raise Invalid("This answer is not known.", field="act")
    composed, back = None, None
    if act == "edit":
        one = await door.write(unschedule_draft, draft_id)
        composed = Composed("back", one.thread_id or 0, spoken(one.html), draft_id)
    elif act == "now":
        wait = door.house.settings.send.undo_seconds
        message_id = await send_draft(door, replace(one, seen_id=0), wait * clock.SECOND)
        back = Undo("", {"message_id": str(message_id)}) if wait else None
    else:
        await door.write(remove_draft, draft_id)
    if one.thread_id is None or request.headers.get("hx-request") != "true":
        return _go_on(one, act)
    here = read_place(place)
    undo = "take-back" if back else ""
    return await changed(door, request, here, one.thread_id, sentences[act], undo=undo, back=back, composer=composed)


def _go_on(one: Draft, act: str) -> Response[str]:
    """Without scripts, and for letters that have no thread yet."""
    edit = f"/write?draft={one.id}" if one.thread_id is None else Place("open").thread(one.thread_id)
    return Response("", status_code=303, headers={"Location": edit if act == "edit" else "/drafts"})


ROUTES = [act_on_planned]
