"""Mailings: the list, a new one, and the one page with its five steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from api.auth import Door
from api.exports import written
from api.mailing import Written, begin_check, foot_of, list_chosen, read_choices, save_written
from api.web import desk as desks
from api.web.desk import After, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.mailing_charts import compare
from api.web.mailing_page import STEPS, Asked, make_mailing, see_mailing
from api.web.mailing_speed import SPEED_ROUTES, read_speed, see_stop
from api.web.shapes import make_when
from api.web.shell import Around, see_around
from core.clock import from_datetime
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.paging import Page
from crm.parties import find_parties
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.campaigns.again import retry_failed
from mailhub.campaigns.approving import approve_mailing
from mailhub.campaigns.mailings import (
    Choice,
    Mailing,
    add_mailing,
    change_mailing,
    get_mailing,
    list_mailings,
    set_choices,
)
from mailhub.campaigns.making import FORMATS, LONGEST_SOURCE
from mailhub.campaigns.omitting import leave_out
from mailhub.campaigns.results import Recipient, Shown, begin_export, export_part, show_letter
from mailhub.campaigns.speed import set_speed
from mailhub.campaigns.starting import cancel_mailing, pause_mailing, resume_mailing, start_mailing
from mailhub.campaigns.testing import Trial, send_test
from mailhub.mailboxes.boxes import Mailbox
from mailhub.outbound.beginning import list_senders
from mailhub.outbound.pacing import Pace, list_paces

Step = Annotated[str, QueryParameter(name="step", max_length=20)]
View = Annotated[str, QueryParameter(name="state", max_length=20)]
Words = Annotated[str, QueryParameter(name="q", max_length=320)]
Whose = Annotated[int | None, QueryParameter(name="recipient", ge=1, le=2**63 - 1)]
Tongue = Annotated[str, QueryParameter(name="language", max_length=10)]
Look = Annotated[str, QueryParameter(name="look", max_length=10)]
Part = Annotated[str, QueryParameter(name="part", max_length=10)]
_FRAME = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; sandbox",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-store",
}
_LOOKS = {"": "<style>:root{color-scheme:only light}</style>", "dark": "<style>:root{color-scheme:only dark}</style>"}
_EXPORTED = ("address", "name", "state", "reason", "reply_code", "reply_status", "reply_text")


@dataclass(frozen=True, slots=True)
class SeenAll:
    """What the list reads."""

    page: Page[Mailing]
    boxes: list[Mailbox]
    paces: list[Pace]
    around: Around


def see_all(tx: ReadTx, viewer: Viewer, after: str | None) -> SeenAll:
    """Raises Forbidden for who answers nowhere."""
    demand_somewhere(viewer, "answer")
    boxes = [one for one in list_senders(tx, viewer) if one.kind == "public"]
    return SeenAll(list_mailings(tx, viewer, after=after), boxes, list_paces(tx), see_around(tx, viewer))


@get("/mailings", include_in_schema=False)
async def page(door: NamedDependency[Door], request: desks.Asked, after: After = None) -> Response[str]:
    """All of them, the newest first."""
    return await _list(door, request, after, {}, "")


@get("/mailings/compare", include_in_schema=False)
async def compared(door: NamedDependency[Door], request: desks.Asked) -> Response[str]:
    """Those that left last, beside each other."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: SeenAll) -> str:
        speaker = desk.speaker(viewer)
        rows = compare(speaker, seen.page.items)
        number = speaker.language.format_number
        return desk.render("mailing_compare.html", speaker, seen.around, "mailings", rows=rows, number=number)

    return html(await door.page(render, see_all, None))


async def _list(
    door: Door, request: desks.Asked, after: str | None, typed: Mapping[str, str], problem: str, status: int = 200
) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: SeenAll) -> str:
        speaker = desk.speaker(viewer)
        rows = [
            (one, defaultdict(int, one.counts), make_when(speaker, one.started_at or one.created_at))
            for one in seen.page.items
        ]
        shown = {
            "rows": rows,
            "next": seen.page.next,
            "boxes": seen.boxes,
            "typed": defaultdict(str, typed),
            "problem": problem,
            "stopped": see_stop(door),
            "may_resume": viewer.is_admin,
            "paces": seen.paces,
        }
        number = speaker.language.format_number
        return desk.render("mailings.html", speaker, seen.around, "mailings", mailings=shown, number=number)

    return html(await door.page(render, see_all, after), status)


@post("/mailings", include_in_schema=False, status_code=200)
async def add(door: NamedDependency[Door], request: desks.Asked) -> Response[str]:
    """A new one, to its first step."""
    form = await read_form(request)
    try:
        made = await door.write(add_mailing, form.get("name", ""), read_id(form, "mailbox_id") or 0)
    except Invalid as problem:
        desk = Desk(door, request)
        viewer = await door.read(lambda _tx, viewer: viewer)
        said = desk.speaker(viewer).say(problem.sentence, **problem.fields)
        return await _list(door, request, None, form, said, 400)
    return _to(f"/mailings/{made}?step=whom")


@get("/mailings/{mailing_id:int}", include_in_schema=False)
async def opened(
    door: NamedDependency[Door],
    request: desks.Asked,
    mailing_id: Id,
    step: Step = "",
    recipient: Whose = None,
    view: View = "",
    words: Words = "",
    after: After = None,
    language: Tongue = "",
    look: Look = "",
) -> Response[str]:
    """One of them, at one of its steps."""
    return await _show(door, request, mailing_id, Asked(step, recipient, view, words, after, language, look))


async def _show(
    door: Door,
    request: desks.Asked,
    mailing_id: int,
    asked: Asked,
    typed: Mapping[str, str] | None = None,
    problem: Invalid | Conflict | None = None,
) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Any) -> str:
        speaker = desk.speaker(viewer)
        said = speaker.say(problem.sentence, **problem.fields) if problem is not None else ""
        above = door.house.settings.mailings.approve_above
        shown = make_mailing(speaker, seen, asked, typed or {}, said, above)
        shown["base"] = door.house.settings.web.base_url.rstrip("/")
        return desk.render("mailing.html", speaker, seen.around, "mailings", m=shown)

    status = 200 if problem is None else 409 if isinstance(problem, Conflict) else 400
    return html(await door.page(render, see_mailing, mailing_id, asked), status)


@post("/mailings/{mailing_id:int}", include_in_schema=False, status_code=200)
async def act(door: NamedDependency[Door], request: desks.Asked, mailing_id: Id) -> Response[str]:
    """What is set at one of its steps, and what is done with it; a form with a mistake comes back as it was typed."""
    form = await read_form(request, LONGEST_SOURCE)
    what, language = form.get("act", ""), form.get("language", "")
    asked = Asked(step=form.get("step", ""), language=language)
    try:
        there = await _do(door, Desk(door, request), mailing_id, what, form)
    except (Invalid, Conflict) as problem:
        return await _show(door, request, mailing_id, asked, form, problem)
    return _to(f"/mailings/{mailing_id}?step={there}" + (f"&language={quote(language)}" if language else ""))


async def _do(door: Door, desk: Desk, mailing_id: int, what: str, form: dict[str, str]) -> str:
    """Do it; returns the step to go on with. Raises what its verb raises."""
    if what == "whom":
        await door.write(_choose, mailing_id, form)
        return "what" if form.get("next") else "whom"
    if what == "what":
        await _write(door, mailing_id, form)
        return "check" if form.get("next") else "what"
    if what == "when":
        await door.write(_set, mailing_id, form)
        return "when"
    if what == "speed":
        zone = desk.zone.key
        await door.write(lambda tx, viewer: set_speed(tx, viewer, mailing_id, zone=zone, **read_speed(form)))
        return "when"
    if what == "start":
        start_at = _moment(desk, form.get("start_at", ""))
        count = read_id(form, "recipients_count") or 0
        above, confirmed = door.house.settings.mailings.approve_above, form.get("confirmed") == "yes"
        verb = partial(start_mailing, start_at=start_at, confirmed=confirmed, approve_above=above)
        await door.write(verb, mailing_id, count)
        return "results"
    if what == "test":
        house, user = door.house, read_id(form, "user_id")
        test = Trial([user] if user else [], read_id(form, "recipient_id"), form.get("language", ""))
        await door.write(
            lambda tx, viewer: send_test(tx, viewer, house.keys, house.settings.web.base_url, mailing_id, test)
        )
        return step_of(form)
    if what == "approve":
        count = read_id(form, "recipients_count") or 0
        await door.write(approve_mailing, mailing_id, count)
        return "when"
    verbs: dict[str, tuple[Any, str]] = {
        "check": (begin_check, "check"), "leave_out": (leave_out, "check"), "pause": (pause_mailing, "results"),
        "resume": (resume_mailing, "results"), "cancel": (cancel_mailing, "results"),
        "retry": (retry_failed, "results"),
    }  # fmt: skip
    if what not in verbs:
        raise Invalid("This answer is not known.", field="act")
    verb, step = verbs[what]
    await door.write(verb, mailing_id)
    return step


def step_of(form: Mapping[str, str]) -> str:
    """The step that a form stands on."""
    return form.get("step", "") if form.get("step") in STEPS else "check"


def _choose(tx: WriteTx, viewer: Viewer, mailing_id: int, form: dict[str, str]) -> None:
    """Groups and segments by their switches, clients by their names."""
    before = list_chosen(tx, mailing_id)
    asked: dict[str, Any] = {"everybody": bool(form.get("everybody"))}
    for kind in ("group", "segment"):
        said = {key.removeprefix(f"{kind}_"): value for key, value in form.items() if key.startswith(f"{kind}_")}
        asked[f"{kind}_ids"] = [read_id({kind: key}, kind) or 0 for key, value in said.items() if value == "takes"]
        asked[f"exclude_{kind}_ids"] = [
            read_id({kind: key}, kind) or 0 for key, value in said.items() if value == "leaves"
        ]
    chosen = read_choices(asked, before)
    dropped = read_id(form, "drop_client")
    chosen = [one for one in chosen if not (one.kind == "client" and one.number == dropped)]
    words = form.get("client", "").strip()
    if words:
        found = find_parties(tx, "counterparty", words, 2)
        if len(found) != 1:
            sentence = "Nobody is called so." if not found else "Several clients are called so. Write more of the name."
            raise Invalid(sentence, field="client")
        chosen.append(Choice(True, "client", found[0]))
    if set(chosen) != set(before):
        set_choices(tx, viewer, mailing_id, chosen)
    cap = form.get("cap_days", "") or "0"
    if not cap.isascii() or not cap.isdigit() or len(cap) > 6:
        raise Invalid("A number, please.", field="cap_days")
    change_mailing(
        tx,
        viewer,
        mailing_id,
        people=form.get("people") or None,
        cap_days=int(cap),
        topic_id=read_id(form, "topic_id") or 0,
    )


async def _write(door: Door, mailing_id: int, form: dict[str, str]) -> None:
    shape = next((one for one in FORMATS if one == form.get("format")), None)
    if shape is None:
        raise Invalid("A letter comes in one format: mjml, html, markdown or text.", field="format")
    sender = await door.read(lambda tx, viewer: get_mailing(tx, viewer, mailing_id).sender_name)
    language = form.get("language", "")
    foot = foot_of(door.house, language, sender)
    made = Written.make(shape, form.get("subject", ""), form.get("source", ""), foot, language)
    seen = read_id(form, "version") or 0
    await door.write(lambda tx, viewer: save_written(tx, viewer, mailing_id, made, seen=seen))


def _set(tx: WriteTx, viewer: Viewer, mailing_id: int, form: dict[str, str]) -> None:
    canary = read_id(form, "canary") or 0
    change_mailing(
        tx, viewer, mailing_id, name=form.get("name"), sender=form.get("sender"), sender_name=form.get("sender_name"),
        canary=canary, tracking=form.get("tracking") or None, pictures=form.get("pictures") or None,
    )  # fmt: skip


def _moment(desk: Desk, text: str) -> int | None:
    """What was typed on the clock of the house. Raises Invalid."""
    if not text:
        return None
    try:
        return from_datetime(datetime.fromisoformat(text).replace(tzinfo=desk.zone))
    except ValueError as problem:
        raise Invalid("This is no day and hour.", field="start_at") from problem


@get("/mailings/{mailing_id:int}/letters/{recipient_id:int}", include_in_schema=False)
async def letter(
    door: NamedDependency[Door],
    mailing_id: Id,
    recipient_id: Id,
    part: Annotated[str, QueryParameter(max_length=10)] = "",
    look: Look = "",
) -> Response[str]:
    """The letter of one of them, as a document of its own for a frame that lets nothing run; or its plain text. It is
    light whatever the reader's own pages are, and dark where that is asked for (``look``)."""
    shown: Shown = await door.read(show_letter, door.house.settings.web.base_url, mailing_id, recipient_id)
    if part == "text" or not shown.letter.html:
        return Response(shown.letter.plain, media_type="text/plain", headers=_FRAME)
    html = shown.letter.html + _LOOKS["dark" if look == "dark" else ""]
    return Response(html, media_type="text/html", headers=_FRAME)


@get("/mailings/{mailing_id:int}/recipients.csv", include_in_schema=False)
async def export(door: NamedDependency[Door], mailing_id: Id) -> Stream:
    """All recipients with what became of their letters, those who were left out too; a thousand at a time, so that a
    million takes no memory. So much leaves at once that a person shows first that it is them."""
    first = await door.write(door.proved(begin_export, programs=True), mailing_id)
    headers = {"Content-Disposition": f'attachment; filename="mailing-{mailing_id}.csv"'}
    return Stream(_lines(door, mailing_id, first), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(door: Door, mailing_id: int, rows: Sequence[Recipient]) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf" + written([_EXPORTED], ",")
    while rows:
        yield written([[str(getattr(one, name)) for name in _EXPORTED] for one in rows], ",")
        rows = await door.read(export_part, mailing_id, rows[-1].id)


def _to(where: str) -> Response[str]:
    return Response("", status_code=303, headers={"Location": where}, media_type="text/html")


ROUTES = [page, compared, add, opened, act, letter, export, *SPEED_ROUTES]
