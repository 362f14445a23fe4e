"""The buttons of the work on a thread: put it aside, tag and follow it, say how urgent it is, move it."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.actions import changed
from api.web.desk import Asked, Desk, Here, Id, Sought, html
from api.web.forms import read_form, read_id
from api.web.moments import read_moment, say_moment
from api.web.place import read_place
from api.web.toasts import Undo
from api.web.work import make_chip, see_opens
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.mailboxes.attention import set_answer_needed, set_urgent
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.following import follow, unfollow
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.moving import move_thread
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.snoozing import snooze, take_up
from mailhub.mailboxes.tag_rows import Tag
from mailhub.mailboxes.tags import get_tag, list_tags, make_tag, tag_thread

MOST_FOUND = 8


@post("/threads/{thread_id:int}/snooze", include_in_schema=False, status_code=200)
async def put_aside(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting"
) -> Response[str]:
    """Put it aside until a moment."""
    form = await read_form(request)
    before: ThreadRow = (await door.read(get_thread, thread_id)).row
    language = Desk(door, request).speaker(door.viewer).language

    def verb(tx: WriteTx, viewer: Viewer) -> int:
        until = read_moment(form, clock.now(), language.zone, see_opens(tx, before.mailbox_id))
        snooze(tx, viewer, thread_id, until)
        return until

    until = await door.write(verb)
    again = before.snoozed_until
    back = Undo("", {"until": clock.iso(again)}) if again is not None else None
    return await changed(
        door, request, read_place(place), thread_id, "Put aside until %(when)s: %(subject)s",
        undo="take-up" if again is None else "snooze", back=back,
        more={"when": say_moment(language, clock.now(), until)},
    )  # fmt: skip


@post("/threads/{thread_id:int}/take-up", include_in_schema=False, status_code=200)
async def take_up_again(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting"
) -> Response[str]:
    """Do not wait for its moment."""
    before: ThreadRow = (await door.read(get_thread, thread_id)).row
    await door.write(take_up, thread_id)
    again = before.snoozed_until
    back = Undo("", {"until": clock.iso(again)}) if again is not None and again > clock.now() else None
    undo = "snooze" if back else ""
    return await changed(
        door, request, read_place(place), thread_id, "Taken up again: %(subject)s", undo=undo, back=back
    )


@post("/threads/{thread_id:int}/answer", include_in_schema=False, status_code=200)
async def answer(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Is an answer expected?"""
    needed = (await read_form(request)).get("needed") == "yes"

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_answer_needed(tx, viewer, thread_id, needed=needed)

    await door.write(verb)
    sentence = "Needs an answer: %(subject)s" if needed else "No answer needed: %(subject)s"
    back = Undo("", {"needed": "" if needed else "yes"})
    return await changed(door, request, read_place(place), thread_id, sentence, undo="answer", back=back)


@post("/threads/{thread_id:int}/urgent", include_in_schema=False, status_code=200)
async def urgent(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Is it more urgent than others?"""
    wanted = (await read_form(request)).get("urgent") == "yes"

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        set_urgent(tx, viewer, thread_id, urgent=wanted)

    await door.write(verb)
    sentence = "Urgent: %(subject)s" if wanted else "No longer urgent: %(subject)s"
    back = Undo("", {"urgent": "" if wanted else "yes"})
    return await changed(door, request, read_place(place), thread_id, sentence, undo="urgent", back=back)


@post("/threads/{thread_id:int}/follow", include_in_schema=False, status_code=200)
async def follow_thread(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting"
) -> Response[str]:
    """Hear what happens in it, or no more."""
    wanted = (await read_form(request)).get("follow") == "yes"
    await door.write(follow if wanted else unfollow, thread_id)
    sentence = "You follow: %(subject)s" if wanted else "You do not follow any more: %(subject)s"
    back = Undo("", {"follow": "" if wanted else "yes"})
    return await changed(door, request, read_place(place), thread_id, sentence, undo="follow", back=back)


@post("/threads/{thread_id:int}/move", include_in_schema=False, status_code=200)
async def move(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Let it lie in another mailbox."""
    mailbox_id = read_id(await read_form(request), "mailbox_id")
    if mailbox_id is None:
        raise Invalid("Choose a mailbox first.", field="mailbox_id")
    before: ThreadRow = (await door.read(get_thread, thread_id)).row
    await door.write(move_thread, thread_id, mailbox_id)
    target = await door.read(lambda tx, _viewer: get_mailbox(tx, mailbox_id))
    back = Undo("", {"mailbox_id": str(before.mailbox_id)})
    return await changed(
        door, request, read_place(place), thread_id, "Moved to %(mailbox)s: %(subject)s",
        undo="move", back=back, more={"mailbox": target.address},
    )  # fmt: skip


@get("/threads/{thread_id:int}/tags", include_in_schema=False)
async def find_tags(
    door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting", words: Sought = ""
) -> Response[str]:
    """Tags by a part of their name, as buttons that put one on or take it off; and one that makes what was typed."""
    here, desk = read_place(place), Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> tuple[list[Tag], set[int]]:
        return list_tags(tx), {one.id for one in get_thread(tx, viewer, thread_id, most=1).row.tags}

    def render(viewer: Viewer, found: tuple[list[Tag], set[int]]) -> str:
        known, on = found
        sought = " ".join(words.split())
        fits = [one for one in known if sought.casefold() in one.name.casefold()]
        fits.sort(key=lambda one: (one.id not in on, not one.name.casefold().startswith(sought.casefold())))
        new = sought if sought and all(one.name.casefold() != sought.casefold() for one in known) else ""
        tags = [(make_chip(one), one.id in on) for one in fits[:MOST_FOUND]]
        url = here.act(thread_id, "tag")
        return desk.render("_found_tags.html", desk.speaker(viewer), None, here, tags=tags, new_tag=new, tag_url=url)

    return html(await door.page(render, see))


@post("/threads/{thread_id:int}/tag", include_in_schema=False, status_code=200)
async def tag(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Put a tag on, or take one off: by its number, or by a name that is made if there is none yet."""
    form = await read_form(request)
    off = form.get("off") == "yes"

    def verb(tx: WriteTx, viewer: Viewer) -> Tag:
        tag_id = read_id(form, "tag_id")
        chosen = get_tag(tx, tag_id) if tag_id is not None else make_tag(tx, viewer, form.get("words", ""))
        tag_thread(tx, viewer, thread_id, [] if off else [chosen.id], [chosen.id] if off else [])
        return chosen

    chosen = await door.write(verb)
    sentence = "No longer tagged %(tag)s: %(subject)s" if off else "Tagged %(tag)s: %(subject)s"
    back = Undo("", {"tag_id": str(chosen.id), "off": "" if off else "yes"})
    return await changed(
        door, request, read_place(place), thread_id, sentence, undo="tag", back=back, more={"tag": chosen.name}
    )


ROUTES = [put_aside, take_up_again, answer, urgent, follow_thread, move, find_tags, tag]
