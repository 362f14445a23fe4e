"""The page of addresses that are not written to: looked up, added with a reason, brought from another program, allowed
again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.suppressing import allow_address, bring_addresses, forbid_address, see_suppressions
from api.uploads import LARGEST_SENT
from api.web.automatic_words import say_reason
from api.web.desk import After, Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import Conflict, Invalid
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.campaigns.topics import list_topics
from mailhub.outbound.suppression import Suppressed, Why, topic_reason
from mailhub.outbound.suppression_tables import Sheet

PAGE = "/settings/suppressions"
SHOWN, MOST_DEFECTS = 30, 100
WHYS: tuple[Why, ...] = get_args(Why)
Address = Annotated[str, QueryParameter(name="address", max_length=320)]


@dataclass(frozen=True, slots=True)
class Row:
    """See templates/web/suppressions.html."""

    id: int
    reason: str
    detail: str
    since: When | None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a form: what was refused, or what a table held."""

    fault: str = ""
    added: int = 0
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page reads. ``sought`` is None where no address was looked up."""

    newest: Page[Suppressed]
    sought: list[Suppressed] | None
    topics: Mapping[str, str]
    around: Around


@get(PAGE, include_in_schema=False)
async def show(
    door: NamedDependency[Door], request: Asked, address: Address = "", after: After = None
) -> Response[str]:
    """The newest, and what stands of one address."""
    try:
        return await _page(door, request, address.strip(), after, Told())
    except Invalid as problem:
        return await _page(door, request, "", None, Told(fault=await _say(door, request, problem)), 400)


@post(PAGE, include_in_schema=False, status_code=303)
async def add(door: NamedDependency[Door], request: Asked) -> Redirect | Response[str]:
    """An address more."""
    form = await read_form(request)
    address, said = form.get("address", "").strip(), form.get("detail", "").strip()
    try:
        await door.write(forbid_address, door.house.keys, address, read_why(form.get("reason", "")), said)
    except (Invalid, Conflict) as refused:
        fault = Told(fault=await _say(door, request, refused))
        return await _page(door, request, "", None, fault, 409 if isinstance(refused, Conflict) else 400)
    return Redirect(PAGE, query_params={"address": address}, status_code=303)


@post(f"{PAGE}/bring", include_in_schema=False, status_code=200, request_max_body_size=LARGEST_SENT + (1 << 16))
async def bring(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Many, as another program exports them; what was not taken in is told row by row."""
    form = await read_form(request)
    sent = (await request.form()).get("file")
    content = await sent.read() if isinstance(sent, UploadFile) else b""
    try:
        usual = read_why(form.get("reason", ""))
        added, sheet = await bring_addresses(door, content, usual, form.get("detail", "").strip()[:500])
    except Invalid as refused:
        return await _page(door, request, "", None, Told(fault=await _say(door, request, refused)), 400)
    return await _page(door, request, "", None, Told(added=added, sheet=sheet))


@post(PAGE + "/{suppression_id:int}/lift", include_in_schema=False, status_code=303)
async def lift(door: NamedDependency[Door], request: Asked, suppression_id: Id) -> Redirect:
    """Write there again, for who showed a moment ago that it is them."""
    form = await read_form(request)
    await door.write(door.proved(allow_address), suppression_id)
    return Redirect(PAGE, query_params={"address": form.get("address", "")[:320]}, status_code=303)


def read_why(text: str) -> Why:
    """The reason of a form. Raises Invalid."""
    for one in WHYS:
        if text == one:
            return one
    raise Invalid("There is no such reason.", field="reason")


async def _say(door: Door, request: Asked, refused: Invalid | Conflict) -> str:
    viewer = await door.read(lambda _tx, viewer: viewer)
    return Desk(door, request).speaker(viewer).say(refused.sentence, **refused.fields)


async def _page(
    door: Door, request: Asked, address: str, after: str | None, told: Told, status: int = 200
) -> Response[str]:
    desk, keys = Desk(door, request), door.house.keys

    def see(tx: ReadTx, viewer: Viewer) -> Seen:
        newest = see_suppressions(tx, viewer, keys, None, after, SHOWN)
        sought = see_suppressions(tx, viewer, keys, address, None, SHOWN).items if address else None
        topics = {topic_reason(one.id): one.name for one in list_topics(tx)} if viewer.uses("mailings") else {}
        return Seen(newest, None if sought is None else list(sought), topics, see_around(tx, viewer))

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        shown = shape(speaker, seen, told) | {"address": address, "first": after is None}
        return desk.render("suppressions.html", speaker, seen.around, "settings", **shown)

    return html(await door.page(render, see), status)


def shape(speaker: Speaker, seen: Seen, told: Told) -> dict[str, Any]:
    """See templates/web/suppressions.html."""

    def row(one: Suppressed) -> Row:
        topic = seen.topics.get(one.reason, "")
        said = say_reason(speaker, one.reason if one.reason in WHYS else "topic")
        if topic:
            said = speaker.say("they do not want to hear of “%(topic)s”", topic=topic)
        return Row(one.id, said, one.detail, make_when(speaker, one.created_at, long=True))

    sheet = told.sheet
    defects = [(one.number, speaker.say(one.sentence, **one.fields)) for one in sheet.defects] if sheet else []
    return {
        "rows": [row(one) for one in seen.newest.items],
        "more": f"{PAGE}?after={seen.newest.next}" if seen.newest.next else "",
        "sought": None if seen.sought is None else [row(one) for one in seen.sought],
        "whys": [(one, say_reason(speaker, one)) for one in ("hand", "unsubscribed", "bounce", "complaint")],
        "fault": told.fault,
        "brought": sheet is not None,
        "added": told.added,
        "known": len(sheet.told) - told.added if sheet else 0,
        "wanted": sheet.wanted if sheet else 0,
        "defects": defects[:MOST_DEFECTS],
        "more_defects": max(0, len(defects) - MOST_DEFECTS),
    }


ROUTES = [show, add, bring, lift]
