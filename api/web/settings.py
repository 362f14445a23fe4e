"""What people set for themselves; for administrators the rules of the mailboxes and who did what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect

from api.auth import Door, SignInRefused, change_password, ended_cookie, own_path, peer_of
from api.web.account_rows import Accounts, see_accounts, shape_rows
from api.web.acknowledging import see_texts, shape_texts
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker, When, make_when
from api.web.shell import LANGUAGE_NAMES, Around, see_around
from api.web.signatures import Signature, see_signatures
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.language import LANGUAGES
from crm.execution import WAYS, Way
from crm.staff.audit import Entry, list_audit
from crm.staff.people import User, list_users, set_preferences
from crm.staff.readable import Viewer, demand_admin
from crm.staff.sessions import Session, end_named_session, end_other_sessions, list_sessions
from mailhub.mailboxes.boxes import Mailbox, list_all_mailboxes, rule_mailbox

# The first that fits: each browser also names those whose pages it wants to get.
BROWSERS = (
    *(("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")),
    ("curl", "curl"),
)
SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS")),
    ("Linux", "Linux"),
)
THEMES = ("light", "dark", "system")
SHOWN_AUDIT = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is signed in."""

    agent: str
    peer: str
    began: When | None
    seen: When | None
    current: bool
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How new threads of a mailbox get their executor."""

    url: str
    name: str
    address: str
    ways: list[tuple[str, str, bool]]
    people: list[tuple[int, str, bool]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of who did what."""

    when: When | None
    who: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class Own:
    """What the settings page reads."""

    sessions: list[Session]
    boxes: list[Mailbox]
    people: list[User]
    audit: list[Entry]
    accounts: Accounts
    texts: list[tuple[Mailbox, dict[str, str]]]
    managed: list[Mailbox]
    signatures: list[Signature]
    around: Around


def see_settings(tx: ReadTx, viewer: Viewer, secret: str | None) -> Own:
    """One's own things, and for administrators those of the house."""
    boxes = list_all_mailboxes(tx) if viewer.is_admin else []
    audit = list_audit(tx, most=SHOWN_AUDIT) if viewer.is_admin else []
    sessions, accounts = list_sessions(tx, viewer.user_id, secret), see_accounts(tx, viewer)
    around = see_around(tx, viewer)
    managed = [box for box in around.boxes if viewer.may("manage", box.scope_id)]
    texts, signatures = see_texts(tx, managed), see_signatures(tx, viewer)
    return Own(sessions, boxes, list_users(tx), audit, accounts, texts, managed, signatures, around)


@get("/settings", include_in_schema=False)
async def settings(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """All on one page."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: Own) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("settings.html", speaker, found.around, "settings", **shape(speaker, found))

    return html(await door.page(render, see_settings, door.credentials.session))


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


@post("/settings/sign-out-elsewhere", include_in_schema=False, status_code=303)
async def sign_out_elsewhere(door: NamedDependency[Door]) -> Redirect:
    """Every other session ends."""
    await door.write(end_elsewhere, door.credentials.session or "")
    return Redirect("/settings", status_code=303)


@post("/settings/sessions/{name:str}/end", include_in_schema=False, status_code=303)
async def sign_out_there(door: NamedDependency[Door], name: Annotated[str, PathParameter(max_length=64)]) -> Redirect:
    """One of the other sessions ends."""
    await door.write(end_one, name)
    return Redirect("/settings", status_code=303)


@post("/settings/mailboxes/{box_id:int}", include_in_schema=False, status_code=303)
async def rule(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """How new threads of a mailbox get their executor."""
    form = await read_form(request)
    await door.write(change_rule, box_id, cast("Way", form.get("way", "")), read_id(form, "executor_id"))
    return Redirect("/settings#new-letters", status_code=303)


def keep_preferences(tx: WriteTx, viewer: Viewer, language: str | None, theme: str | None) -> None:
    """The viewer's own."""
    set_preferences(tx, viewer.user_id, language=language, theme=theme)


def end_one(tx: WriteTx, viewer: Viewer, name: str) -> None:
    """One of the viewer's own sessions. Raises NotFound."""
    end_named_session(tx, viewer.user_id, name)


def end_elsewhere(tx: WriteTx, viewer: Viewer, secret: str) -> None:
    """The viewer's own sessions but this one."""
    end_other_sessions(tx, viewer.user_id, secret)


def change_rule(tx: WriteTx, viewer: Viewer, box_id: int, way: Way, executor_id: int | None) -> None:
    """For an administrator, and no personal mailbox. Raises Forbidden, NotFound, Invalid."""
    demand_admin(viewer)
    rule_mailbox(tx, viewer, box_id, way=way, default_executor_id=executor_id)


def shape(speaker: Speaker, found: Own) -> dict[str, Any]:
    """What the template shows."""
    names = {user.id: user.name for user in found.people}
    code = speaker.viewer.language or speaker.language.code
    return {
        "languages": [(one, LANGUAGE_NAMES[one], one == code) for one in LANGUAGES],
        "sessions": [
            Place(
                _program(one.agent) or speaker.say("unknown program"),
                one.peer,
                make_when(speaker, one.created_at, long=True),
                make_when(speaker, one.seen_at, long=True),
                one.current,
                one.name,
            )
            for one in found.sessions
        ],
        "accounts": shape_rows(speaker, found.accounts),
        "may_import": any(right == "manage" for _, right in speaker.viewer.rights),
        "rules": [_rule(speaker, box, found.people) for box in found.boxes if box.kind == "public"],
        "managed": found.managed,
        "acknowledging": shape_texts(speaker, found.texts),
        "signatures": found.signatures,
        "audit": [
            Line(
                make_when(speaker, one.at, long=True),
                names.get(one.user_id or 0, speaker.say("the server")),
                speaker.say(ACTIONS.get(one.action, one.action)),
                one.subject,
            )
            for one in found.audit
        ],
    }


def _program(agent: str) -> str:
    """``Firefox · Linux``: enough of what a browser says of itself to know one's own again."""
    browser = next((name for mark, name in BROWSERS if mark in agent), agent[:40])
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part)


def _rule(speaker: Speaker, box: Mailbox, people: list[User]) -> Rule:
    names = {
        "manager": speaker.say("The client's responsible manager, else nobody"),
        "default": speaker.say("The responsible manager, else always this person"),
        "round_robin": speaker.say("The responsible manager, else whose turn it is"),
        "least_busy": speaker.say("The responsible manager, else who has least to do"),
        "nobody": speaker.say("Nobody: people take threads themselves"),
    }
    return Rule(
        url=f"/settings/mailboxes/{box.id}",
        name=box.name,
        address=box.address,
        ways=[(way, names[way], way == box.way) for way in WAYS],
        people=[(one.id, one.name, one.id == box.default_executor_id) for one in people if not one.disabled],
    )


ACTIONS = {
    "signed-in": "signed in",
    "token-added": "made a token",
    "token-revoked": "revoked a token",
    "mailbox-added": "added a mailbox",
    "suppression-added": "forbade an address",
    "suppression-lifted": "allowed an address again",
    "account-connected": "connected an account",
    "account-changed": "changed an account",
    "account-disconnected": "disconnected an account",
    "import-started": "started an import",
    "import-cancelled": "ended an import",
    "team-added": "added a team",
    "team-joined": "put somebody into a team",
    "team-left": "took somebody out of a team",
    "user-added": "added a person",
    "user-disabled": "disabled a person",
    "rule-added": "wrote a rule",
    "rule-changed": "changed a rule",
    "rule-switched-on": "switched a rule on",
    "rule-switched-off": "switched a rule off",
    "rules-ordered": "put rules into another order",
    "rule-deleted": "deleted a rule",
}
ROUTES = [settings, preferences, password, sign_out_elsewhere, sign_out_there, rule]
