"""Many threads at once, from the checkboxes of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency

from api.auth import Door
from api.bulking import carry_out, take_back
from api.web.actions import Toast, Undo
from api.web.desk import Asked, Desk, Here, Id, Words, html
from api.web.forms import read_form, read_id
from api.web.place import Place, read_place
from api.web.rows import make_row
from api.web.shapes import Speaker, make_person
from core.database import ReadTx
from core.errors import Invalid
from crm.staff.people import User, get_user, list_users
from crm.staff.readable import Viewer
from crm.staff.rights import list_people_with
from mailhub.mailboxes.boxes import list_mailboxes
from mailhub.mailboxes.bulk import ACTS, MOST_THREADS, Wish, parse_wish
from mailhub.mailboxes.lists import ThreadRow, get_rows

MOST_SHOWN = 100  # rows that are sent anew; a list in which more has moved reads itself again


@dataclass(frozen=True, slots=True)
class Touched:
    """Rows as they are now, and the name of whom they were given to."""

    rows: Sequence[ThreadRow]
    name: str


def see_touched(tx: ReadTx, viewer: Viewer, wish: Wish | None, ids: Sequence[int]) -> Touched:
    """What a page shows of what has just been done."""
    given = wish is not None and wish.act == "assign" and wish.value is not None
    name = get_user(tx, wish.value).name if given and wish is not None else ""
    return Touched(get_rows(tx, viewer, ids[:MOST_SHOWN]) if ids else [], name)


@post("/threads/bulk", include_in_schema=False, status_code=200)
async def do_bulk(door: NamedDependency[Door], request: Asked, place: Here = "waiting", q: Words = "") -> Response[str]:
    """One act on all that are checked."""
    here = read_place(place, q)
    wish, ids = _read_wish(await read_form(request)), _read_ids(await request.form())
    outcome = await carry_out(door, wish, ids)
    touched = await door.read(see_touched, wish, outcome.done)
    speaker = Desk(door, request).speaker(door.viewer)
    toast = Toast(
        " ".join(_sentences(speaker, wish, touched.name, len(outcome.done), len(outcome.refused))),
        Undo(here.all(f"bulk/{outcome.bulk_id}/undo"), {}) if outcome.done else None,
    )
    return await _answer(door, request, here, touched, toast, many=len(outcome.done) > MOST_SHOWN)


@post("/threads/bulk/{bulk_id:int}/undo", include_in_schema=False, status_code=200)
async def undo_bulk(
    door: NamedDependency[Door], request: Asked, bulk_id: Id, place: Here = "waiting", q: Words = ""
) -> Response[str]:
    """All of it back, but what somebody has changed since."""
    here = read_place(place, q)
    back = await take_back(door, bulk_id)
    touched = await door.read(see_touched, None, back.restored)
    speaker = Desk(door, request).speaker(door.viewer)
    many = speaker.language.ngettext
    parts = []
    if back.restored:
        parts.append(many("%(n)s thread is as it was.", "%(n)s threads are as they were.", len(back.restored)))
    if back.changed:
        parts.append(
            many(
                "%(n)s was left alone: somebody has changed it since.",
                "%(n)s were left alone: somebody has changed them since.",
                len(back.changed),
            )
        )
    return await _answer(door, request, here, touched, Toast(" ".join(parts)), many=len(back.restored) > MOST_SHOWN)


async def _answer(
    door: Door, request: Asked, here: Place, touched: Touched, toast: Toast, *, many: bool
) -> Response[str]:
    if request.headers.get("hx-request") != "true":
        return Response("", status_code=303, headers={"Location": here.url}, media_type="text/html")
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    rows = [make_row(speaker, here, one) for one in touched.rows]
    return await desk.render_later("_bulk_done.html", speaker, None, here, rows=rows, toast=toast, many=many)


def _sentences(speaker: Speaker, wish: Wish, name: str, done: int, refused: int) -> list[str]:
    many = speaker.language.ngettext
    if wish.act == "assign":
        to = speaker.say("me") if wish.value == speaker.viewer.user_id else name
        said = many("%(n)s thread assigned to %(name)s.", "%(n)s threads assigned to %(name)s.", done, name=to)
        if wish.value is None:
            said = many("%(n)s thread is nobody's now.", "%(n)s threads are nobody's now.", done)
    else:
        said = {
            "close": many("%(n)s thread closed.", "%(n)s threads closed.", done),
            "reopen": many("%(n)s thread is open again.", "%(n)s threads are open again.", done),
            "spam": many("%(n)s thread marked as junk.", "%(n)s threads marked as junk.", done),
            "read": many("%(n)s thread marked read.", "%(n)s threads marked read.", done),
            "unread": many("%(n)s thread marked unread.", "%(n)s threads marked unread.", done),
        }[wish.act]
    parts = [said] if done else []
    if refused:
        parts.append(many("%(n)s you may not change.", "%(n)s you may not change.", refused))
    return parts


def _read_wish(fields: dict[str, str]) -> Wish:
    """The button that was pressed. A button with a value says both: ``assign:5``."""
    act, _, value = fields.get("act", "").partition(":")
    known = ACTS.get(act)
    if known is None or known.read is None:
        return parse_wish(act)
    return parse_wish(act, read_id({"value": value}, "value"))


def _read_ids(form: FormMultiDict) -> list[int]:
    names = [name for name in form.getall("thread", []) if isinstance(name, str)]
    if len(names) > MOST_THREADS or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in names):
        raise Invalid("Choose 1 to %(most)s threads.", most=MOST_THREADS, field="thread_ids")
    return [int(name) for name in names]


@get("/fragments/people", include_in_schema=False)
async def people(door: NamedDependency[Door], request: Asked, place: Here = "waiting") -> Response[str]:
    """To whom threads of this list may be given."""
    desk, here = Desk(door, request), read_place(place)

    def render(viewer: Viewer, found: list[User]) -> str:
        shown = [make_person(one.name, me=one.id == viewer.user_id, person_id=one.id) for one in found]
        return desk.render("_bulk_people.html", desk.speaker(viewer), None, here, people=shown)

    return html(await door.page(render, see_people, here.mailbox_id))


def see_people(tx: ReadTx, viewer: Viewer, mailbox_id: int | None) -> list[User]:
    """Who may answer in a mailbox, or in any in which the viewer may give work; the viewer first."""
    boxes = [box for box in list_mailboxes(tx, viewer) if mailbox_id in (None, box.id)]
    scopes = [box.scope_id for box in boxes if viewer.may("assign", box.scope_id)]
    able = {viewer.user_id}.union(*(list_people_with(tx, scope_id, "answer") for scope_id in scopes))
    return sorted(
        (one for one in list_users(tx) if one.id in able), key=lambda one: (one.id != viewer.user_id, one.name)
    )


ROUTES = [do_bulk, undo_bulk, people]
