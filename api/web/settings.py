"""What people set for themselves; for administrators the rules of the mailboxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door, SignInRefused, change_password, ended_cookie, own_path, peer_of
from api.web.account_rows import Accounts, see_accounts, shape_rows
from api.web.acknowledging import see_texts, shape_texts
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.mailbox_settings import shape_boxes, shape_rule
from api.web.shapes import Speaker
from api.web.shell import LANGUAGE_NAMES, Around, see_around
from api.web.signatures import Signature, see_signatures
from api.web.ways import Seen, see_ways, shape_ways
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.language import LANGUAGES
from crm.execution import Way
from crm.staff.people import User, list_users, set_preferences
from crm.staff.readable import Viewer, demand_admin
from mailhub.mailboxes.boxes import Mailbox, list_all_mailboxes, rule_mailbox

THEMES = ("light", "dark", "system")


@dataclass(frozen=True, slots=True)
class Own:
    """What the settings page reads."""

    boxes: list[Mailbox]
    people: list[User]
    accounts: Accounts
    texts: list[tuple[Mailbox, dict[str, str]]]
    managed: list[Mailbox]
    signatures: list[Signature]
    ways: list[Seen]
    around: Around


def see_settings(tx: ReadTx, viewer: Viewer) -> Own:
    """One's own things, and for administrators those of the house."""
    boxes = list_all_mailboxes(tx) if viewer.is_admin else []
    accounts = see_accounts(tx, viewer)
    around = see_around(tx, viewer)
    managed = [box for box in around.boxes if viewer.may("manage", box.scope_id)]
    texts, signatures = see_texts(tx, managed), see_signatures(tx, viewer)
    return Own(boxes, list_users(tx), accounts, texts, managed, signatures, see_ways(tx, viewer, managed), around)


@get("/settings", include_in_schema=False)
async def settings(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """All on one page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: Own) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("settings.html", speaker, found.around, "settings", **shape(speaker, found))

    return html(await door.page(render, see_settings))


@post("/settings/preferences", include_in_schema=False, status_code=303)
async def preferences(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """Language and theme, and back to where one was."""
    form = await read_form(request)
    language, theme = form.get("language"), form.get("theme")
    if language not in (None, *LANGUAGES):
        raise Invalid("There is no such language here.", field="language")
    if theme not in (None, *THEMES):
        raise Invalid("There is no such theme.", field="theme")
    await door.write(keep_preferences, language, theme)
    if request.headers.get("hx-request") == "true":
        return Response(None, status_code=204)
    return Redirect(own_path(urlsplit(request.headers.get("referer", "")).path or "/"), status_code=303)


@post("/settings/password", include_in_schema=False, status_code=303)
async def password(door: NamedDependency[Door], request: Asked) -> Response[Any]:
    """A new password; one signs in with it at once. In a page a refusal is a toast beside what was typed."""
    form = await read_form(request)
    viewer = await door.read(lambda _tx, viewer: viewer)
    try:
        await change_password(door.house, viewer, form.get("old", ""), form.get("new", ""), peer=peer_of(request))
    except SignInRefused as refused:
        raise Invalid(refused.detail, field="old") from refused
    answer: Response[Any] = Redirect("/login", status_code=303)
    if request.headers.get("hx-request") == "true":
        answer = Response("", status_code=200, headers={"HX-Redirect": "/login"}, media_type="text/html")
    answer.set_cookie(ended_cookie(door.house.settings))
    return answer


@post("/settings/mailboxes/{box_id:int}", include_in_schema=False, status_code=303)
async def rule(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """How new threads of a mailbox get their executor."""
    form = await read_form(request)
    await door.write(change_rule, box_id, cast("Way", form.get("way", "")), read_id(form, "executor_id"))
    return Redirect(f"/settings#new-letters-{box_id}", status_code=303)


def keep_preferences(tx: WriteTx, viewer: Viewer, language: str | None, theme: str | None) -> None:
    """The viewer's own."""
    set_preferences(tx, viewer.user_id, language=language, theme=theme)


def change_rule(tx: WriteTx, viewer: Viewer, box_id: int, way: Way, executor_id: int | None) -> None:
    """For an administrator, and no personal mailbox. Raises Forbidden, NotFound, Invalid."""
    demand_admin(viewer)
    rule_mailbox(tx, viewer, box_id, way=way, default_executor_id=executor_id)


def shape(speaker: Speaker, found: Own) -> dict[str, Any]:
    """What the template shows."""
    viewer = speaker.viewer
    code = viewer.language or speaker.language.code
    themes = {"light": speaker.say("Light"), "dark": speaker.say("Dark")}
    theme = themes.get(viewer.theme, speaker.say("Theme of the system"))
    return {
        "languages": [(one, LANGUAGE_NAMES[one], one == code) for one in LANGUAGES],
        "now_spoken": f"{LANGUAGE_NAMES[code]} · {theme}",
        "is_admin": viewer.is_admin,
        "may_import": any(right == "manage" for _, right in viewer.rights),
        "may_keep": bool(found.managed),
        "boxes": shape_boxes(
            speaker,
            {box.address: box for box in (*found.around.boxes, *found.boxes, *found.accounts.boxes)}.values(),
            accounts=shape_rows(speaker, found.accounts),
            rules=[shape_rule(speaker, box, found.people) for box in found.boxes if box.kind == "public"],
            managed=found.managed,
            signatures=found.signatures,
            ways=shape_ways(speaker, found.ways),
            texts=shape_texts(speaker, found.texts),
        ),
    }


ROUTES = [settings, preferences, password, rule]
