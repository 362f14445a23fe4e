"""Many threads at once, from the checkboxes of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.bulking import carry_out, take_back
from api.problems import language_of
from api.web.desk import Asked, Desk, Here, Id, Words, html
from api.web.forms import read_form, read_id
from api.web.moments import list_moments, read_moment, say_moment
from api.web.place import Place, read_place
from api.web.rows import make_row
from api.web.shapes import Person, Speaker, make_person, short_name
from api.web.toasts import Toast, Undo
from core import clock
from core.database import ReadTx
from core.errors import Invalid
from crm.staff.people import get_user, list_users
from crm.staff.readable import Viewer
from crm.staff.rights import list_people_with
from mailhub.mailboxes.boxes import list_mailboxes
from mailhub.mailboxes.bulk import ACTS, MOST_THREADS, Wish, parse_wish
from mailhub.mailboxes.lists import ThreadRow, get_rows
from mailhub.mailboxes.tags import list_tags

MOST_SHOWN = 100  # rows that are sent anew; a list in which more has moved reads itself again


What = Annotated[str, QueryParameter(name="of", max_length=10)]


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of a menu: what it sends, what it says."""

    act: str
    name: str
    person: Person | None = None
    about: str = ""


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
    desk = Desk(door, request)
    wish, ids = _read_wish(await read_form(request), desk), _read_ids(await request.form())
    outcome = await carry_out(door, wish, ids)
    touched = await door.read(see_touched, wish, outcome.done)
    speaker = desk.speaker(door.viewer)
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
    ngettext = speaker.language.ngettext
    parts = []
    if back.restored:
        parts.append(ngettext("%(n)s thread is as it was.", "%(n)s threads are as they were.", len(back.restored)))
    if back.changed:
        parts.append(
            ngettext(
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
    ngettext = speaker.language.ngettext
    if wish.act == "assign":
        to = speaker.say("me") if wish.value == speaker.viewer.user_id else name
        said = ngettext("%(n)s thread assigned to %(name)s.", "%(n)s threads assigned to %(name)s.", done, name=to)
        if wish.value is None:
            said = ngettext("%(n)s thread is nobody's now.", "%(n)s threads are nobody's now.", done)
    else:
        said = {
            "close": ngettext("%(n)s thread closed.", "%(n)s threads closed.", done),
            "reopen": ngettext("%(n)s thread is open again.", "%(n)s threads are open again.", done),
            "spam": ngettext("%(n)s thread marked as junk.", "%(n)s threads marked as junk.", done),
            "read": ngettext("%(n)s thread marked read.", "%(n)s threads marked read.", done),
            "unread": ngettext("%(n)s thread marked unread.", "%(n)s threads marked unread.", done),
            "snooze": ngettext("%(n)s thread put aside.", "%(n)s threads put aside.", done),
            "tag": ngettext("%(n)s thread tagged.", "%(n)s threads tagged.", done),
            "untag": ngettext("The tag was taken off %(n)s thread.", "The tag was taken off %(n)s threads.", done),
            "move": ngettext("%(n)s thread moved.", "%(n)s threads moved.", done),
        }[wish.act]
    parts = [said] if done else []
    if refused:
        parts.append(ngettext("%(n)s you may not change.", "%(n)s you may not change.", refused))
    return parts


def _read_wish(fields: dict[str, str], desk: Desk) -> Wish:
    """The button that was pressed. A button with a value says both: ``assign:5``, ``snooze:tomorrow``."""
    act, _, value = fields.get("act", "").partition(":")
    known = ACTS.get(act)
    if known is None or known.read is None:
        return parse_wish(act)
    if act == "snooze":
        return parse_wish(act, read_moment({"when": value}, clock.now(), language_of(desk.request, desk.pages).zone))
    return parse_wish(act, read_id({"value": value}, "value"))


def _read_ids(form: FormMultiDict) -> list[int]:
    names = [name for name in form.getall("thread", []) if isinstance(name, str)]
    if len(names) > MOST_THREADS or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in names):
        raise Invalid("Choose 1 to %(most)s threads.", most=MOST_THREADS, field="thread_ids")
    return [int(name) for name in names]


@get("/fragments/choices", include_in_schema=False)
async def choices(
    door: NamedDependency[Door], request: Asked, place: Here = "waiting", of: What = "assign"
) -> Response[str]:
    """What an act on the threads of this list may be done with: people, moments, tags, mailboxes."""
    desk, here = Desk(door, request), read_place(place)

    def render(viewer: Viewer, found: list[Choice]) -> str:
        speaker = desk.speaker(viewer)
        shown = _moments(speaker) if of == "snooze" else found
        return desk.render("_bulk_choices.html", speaker, None, here, choices=shown, act=of)

    return html(await door.page(render, see_choices, of, here.mailbox_id))


def see_choices(tx: ReadTx, viewer: Viewer, of: str, mailbox_id: int | None) -> list[Choice]:
    """Whoever may answer in a mailbox, or in any in which the viewer may give work, the viewer first; the tags;
    the mailboxes in which the viewer may answer."""
    if of in ("tag", "untag"):
        return [Choice(f"{of}:{one.id}", one.name) for one in list_tags(tx)]
    boxes = list_mailboxes(tx, viewer)
    if of == "move":
        return [Choice(f"move:{box.id}", short_name(box)) for box in boxes if viewer.may("answer", box.scope_id)]
    if of != "assign":
        return []
    scopes = [
        box.scope_id for box in boxes if mailbox_id in (None, box.id) and viewer.may("assign", box.scope_id)
    ]  # fmt: skip
    able = {viewer.user_id}.union(*(list_people_with(tx, scope_id, "answer") for scope_id in scopes))
    found = sorted((one for one in list_users(tx) if one.id in able), key=lambda one: one.name)
    people = [make_person(one.name, me=one.id == viewer.user_id, person_id=one.id) for one in found]
    return [Choice(f"assign:{one.id}", one.name, one) for one in sorted(people, key=lambda one: not one.me)]


def _moments(speaker: Speaker) -> list[Choice]:
    say = speaker.say
    names = {
        "later": say("Later today"),
        "tomorrow": say("Tomorrow morning"),
        "monday": say("On Monday"),
        "week": say("In a week"),
    }
    found = list_moments(speaker.now, speaker.language.zone)
    return [
        Choice(f"snooze:{when}", names[when], about=say_moment(speaker.language, speaker.now, at))
        for when, at in found.items()
    ]


ROUTES = [do_bulk, undo_bulk, choices]
