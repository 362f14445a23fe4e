"""The buttons of a thread. Each answers with what changed of the page that is there, or leads back to it."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.desk import Asked, Desk, Here, Id, Sought, html
from api.web.forms import read_form, read_id
from api.web.inbox import make_opened, ready_displays, see_thread
from api.web.panel import about_client
from api.web.place import Place, read_place
from api.web.rows import make_row
from api.web.toasts import Composed, Toast, Undo
from core.database import ReadTx
from core.errors import Invalid
from crm.parties import Counterparty, list_counterparties
from crm.staff.readable import Viewer
from mailhub.mailboxes.handling import assign_thread, set_read
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.senders import introduce_client, introduce_contact, refuse_sender

FOUND_CLIENTS = 8


@post("/threads/{thread_id:int}/close", include_in_schema=False, status_code=200)
async def close(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Nothing is left to do."""
    await door.write(change_state, thread_id, "closed")
    return await changed(door, request, read_place(place), thread_id, "Closed: %(subject)s", undo="reopen")


@post("/threads/{thread_id:int}/reopen", include_in_schema=False, status_code=200)
async def reopen(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Something is left to do after all."""
    await door.write(change_state, thread_id, "open")
    return await changed(door, request, read_place(place), thread_id, "Open again: %(subject)s", with_panel=True)


@post("/threads/{thread_id:int}/junk", include_in_schema=False, status_code=200)
async def junk(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Nobody asked for this letter."""
    await door.write(change_state, thread_id, "spam")
    here = read_place(place)
    return await changed(door, request, here, thread_id, "Marked as junk: %(subject)s", undo="reopen", with_panel=True)


@post("/threads/{thread_id:int}/unread", include_in_schema=False, status_code=200)
async def unread(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """As if it were new, for oneself."""
    await door.write(set_read, thread_id, read=False)
    return await changed(door, request, read_place(place), thread_id, "Marked unread: %(subject)s", same_thread=False)


@post("/threads/{thread_id:int}/assign", include_in_schema=False, status_code=200)
async def assign(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Give it to somebody, or with an empty field to nobody."""
    executor_id = read_id(await read_form(request), "executor_id")
    before = (await door.read(get_thread, thread_id)).row
    await door.write(assign_thread, thread_id, executor_id)
    sentence = "Assigned to %(name)s" if executor_id else "Assigned to nobody"
    back = Undo("", {"executor_id": str(before.executor_id or "")})
    undo = back if door.viewer.may("assign", before.scope_id, before.executor_id) else None
    return await changed(
        door, request, read_place(place), thread_id, sentence, undo="assign" if undo else "", back=undo
    )


@post("/threads/{thread_id:int}/sender", include_in_schema=False, status_code=200)
async def sender(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Say who wrote."""
    form = await read_form(request)
    answer = form.get("answer", "")
    who = (await door.read(get_thread, thread_id)).row.who
    if answer == "new":
        contact = form.get("contact", "").strip()
        await door.write(
            introduce_client, thread_id, form.get("name", ""), contact, domain=form.get("domain", "").strip() or None
        )
    elif answer == "file":
        client_id = read_id(form, "counterparty_id")
        if client_id is None:
            raise Invalid("Choose a client first.", field="counterparty_id")
        await door.write(introduce_contact, thread_id, client_id, who, read_id(form, "contact_id"))
    elif answer == "no":
        await door.write(refuse_sender, thread_id)
    else:
        raise Invalid("This answer is not known.", field="answer")
    sentence = "Noted: not a client" if answer == "no" else "Filed under %(client)s"
    return await changed(door, request, read_place(place), thread_id, sentence, with_panel=True)


@get("/threads/{thread_id:int}/clients", include_in_schema=False)
async def find_clients(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting", words: Sought = ""
) -> Response[str]:
    """Clients by a part of their name, as buttons that file the thread under one."""
    here, desk = read_place(place), Desk(door, request)

    def render(viewer: Viewer, found: list[Counterparty]) -> str:
        speaker = desk.speaker(viewer)
        clients = [{"id": one.id, "name": one.name, "about": about_client(speaker, one)} for one in found]
        url = here.act(thread_id, "sender")
        return desk.render("_found_clients.html", speaker, None, here, clients=clients, answer_url=url)

    return html(await door.page(render, see_clients, words))


def see_clients(tx: ReadTx, _viewer: Viewer, words: str) -> list[Counterparty]:
    """The first few of that name; none for no words."""
    return list(list_counterparties(tx, words=words, limit=FOUND_CLIENTS).items) if words.strip() else []


async def changed(
    door: Door,
    request: Asked,
    place: Place,
    thread_id: int,
    sentence: str,
    *,
    undo: str = "",
    back: Undo | None = None,
    taken_back: Undo | None = None,
    same_thread: bool = True,
    with_panel: bool = False,
    composer: Composed | None = None,
    more: dict[str, str] | None = None,
) -> Response[str]:
    """What of the page is another now: the row, the thread when it is the open one, a toast. No scripts: the page.

    ``undo`` names the button of the same thread that takes it back, ``taken_back`` one elsewhere by its address;
    ``more`` fills the sentence.
    """
    if request.headers.get("hx-request") != "true":
        return Response("", status_code=303, headers={"Location": place.thread(thread_id)}, media_type="text/html")
    opened = await door.read(see_thread, place, thread_id, False)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    row = opened.seen.open.row
    fields = {"subject": row.subject or speaker.say("no subject"), "name": _name(row, door.viewer, speaker.say("me"))}
    text = speaker.language.gettext(sentence, **fields, client=row.counterparty_name or "", **(more or {}))
    undoing = Undo(place.act(thread_id, undo), back.fields if back else {}) if undo else None
    seconds = door.house.settings.send.undo_seconds if undo == "take-back" else 0
    toast = Toast(text, taken_back or undoing, composer=composer, seconds=seconds)
    here = _is_open(request, thread_id)
    data = {"thread": None, "panel": None, "oob_panel": False}
    if here and same_thread:
        displays = await ready_displays(request, opened.seen.open)
        data |= make_opened(speaker, place, opened, displays) | {"oob_panel": with_panel}
    shown = make_row(speaker, place, row, open_id=thread_id if here else None)
    return await desk.render_later("_changed.html", speaker, opened.around, place, row=shown, toast=toast, **data)


def _name(row: ThreadRow, viewer: Viewer, me: str) -> str:
    return me if row.executor_id == viewer.user_id else row.executor_name or ""


def _is_open(request: Asked, thread_id: int) -> bool:
    path = request.headers.get("hx-current-url", "").partition("?")[0]
    return path.endswith(f"/threads/{thread_id}")


ROUTES = [close, reopen, junk, unread, assign, sender, find_clients]
