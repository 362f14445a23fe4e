"""The buttons on the card of an invitation from outside."""

from __future__ import annotations

from litestar import Response, post
from litestar.di import NamedDependency

from api.auth import Door
from api.inviting import means_of
from api.web.actions import changed
from api.web.desk import Asked, Here, Id
from api.web.forms import read_form, read_id
from api.web.place import read_place
from core.errors import Invalid
from mailhub.inviting.answering import answer_request, take_over


@post("/threads/{thread_id:int}/invitation", include_in_schema=False, status_code=200)
async def answer(door: NamedDependency[Door], request: Asked, thread_id: Id, place: Here = "waiting") -> Response[str]:
    """Say whether we come, or only put it into one's calendar."""
    form = await read_form(request)
    message_id, act = read_id(form, "message_id"), form.get("act", "")
    if message_id is None:
        raise Invalid("Name the letter.", field="message_id")
    means = means_of(door.house)
    if act == "calendar":
        await door.write(take_over, means, message_id)
    else:
        await door.write(answer_request, means, message_id, act)
    sentences = {
        "accepted": "You come: %(subject)s",
        "tentative": "You may come: %(subject)s",
        "declined": "You do not come: %(subject)s",
        "calendar": "In your calendar: %(subject)s",
    }
    return await changed(door, request, read_place(place), thread_id, sentences[act])


ROUTES = [answer]
