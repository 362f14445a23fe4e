"""Connecting a mailbox to its server: a form that tries the server while one types, and signing in at Google and
Microsoft instead of a password."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, cast
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from api.auth import Door
from api.web.account_words import Tried, show_tried
from api.web.desk import Asked, Desk, Id
from api.web.forms import read_form
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, HouseError, Invalid, Unavailable
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.ingest.imap.session import seen_by
from mailhub.ingest.trying import Server, try_imap
from mailhub.mailboxes.accounts import Account, Relay, Security
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.connecting import connect_account, count_try, get_own_mailbox
from mailhub.mailboxes.oauth import Authority, Tokens, consent_url, make_verifier, redeem_code
from mailhub.mailboxes.providers import (
    IMAPS,
    PROVIDERS,
    SUBMISSIONS,
    AuthorityKey,
    Provider,
    find_provider,
    guess_servers,
)
from mailhub.mailboxes.tokens import connect_with_tokens
from mailhub.runtime import House

STATE_PURPOSE = "oauth-state"
STATE_LIFE = 15 * clock.MINUTE
BACK = "/settings/signed-in"
Sent = Annotated[str, QueryParameter(max_length=2000)]
Sealed = Annotated[str, QueryParameter(name="state", max_length=2000)]


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form."""

    user: str
    host: str
    port: str
    security: str


class Errand(msgspec.Struct):
    """What has to come back from the authority unchanged, sealed on its way."""

    mailbox_id: int
    user_id: int
    user: str
    authority: str
    verifier: str
    at: int


def see_box(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> tuple[Mailbox, Around]:
    """Raises NotFound, Forbidden."""
    return get_own_mailbox(tx, viewer, mailbox_id), see_around(tx, viewer)


def allow(tx: WriteTx, viewer: Viewer, mailbox_id: int) -> tuple[Mailbox, Around]:
    """``see_box`` for who is about to try something. Raises TooMuch too."""
    found = see_box(tx, viewer, mailbox_id)
    count_try(tx, viewer)
    return found


@get("/settings/mailboxes/{box_id:int}/connect", include_in_schema=False)
async def form(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """The form, filled as far as the address tells."""
    box, around = await door.read(see_box, box_id)
    return await _show(door, request, box, around, _filled(box.address, {}))


@post("/settings/mailboxes/{box_id:int}/look", include_in_schema=False, status_code=200)
async def look(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[str]:
    """While one types: whose server it is, whether it answers, and what that provider wants."""
    box, _ = await door.write(allow, box_id)
    fields = await read_form(request)
    anew, user = fields.get("typed") == "user", fields.get("user", "")
    exchangers = await _list_exchangers(door.house, user or box.address) if anew else ()
    filled = _filled(box.address, {} if anew else fields, user=user, exchangers=exchangers)
    server = _server(filled, "")
    means = seen_by(door.house.means, is_admin=door.viewer.is_admin)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    finding = await try_imap(means.guard, means.context, server)
    tried = show_tried(speaker, finding)
    is_guess = anew and not finding.is_well and find_provider(filled.host) is None
    template = "_server.html" if anew else "_server_said.html"
    return await desk.render_later(
        template, speaker, None, "settings", **_shape(door, speaker, box, filled, tried), is_guess=is_guess
    )


@post("/settings/mailboxes/{box_id:int}/connect", include_in_schema=False)
async def connect(door: NamedDependency[Door], request: Asked, box_id: Id) -> Response[Any]:
    """Check and connect: what does not work is told beside the form, and nothing is kept."""
    box, around = await door.write(allow, box_id)
    fields = await read_form(request)
    filled = _filled(box.address, fields, user=fields.get("user", ""))
    server = _server(filled, fields.get("password", ""))
    means = seen_by(door.house.means, is_admin=door.viewer.is_admin)
    finding = await try_imap(means.guard, means.context, server)
    if not finding.is_well:
        tried = show_tried(Desk(door, request).speaker(door.viewer), finding)
        return await _show(door, request, box, around, filled, tried)
    made = await door.write(keep, door.house, box.id, server)
    return Redirect(f"/settings/accounts/{made.id}", status_code=303)


@get("/settings/mailboxes/{box_id:int}/sign-in/{key:str}", include_in_schema=False)
async def sign_in(door: NamedDependency[Door], box_id: Id, key: FromPath[str], user: FromQuery[str] = "") -> Redirect:
    """To the page of Google or Microsoft on which one agrees. Nothing changes here by it."""
    box, _ = await door.read(see_box, box_id)
    authority = _authority(door.house, key)
    errand = Errand(box.id, door.viewer.user_id, user.strip()[:320] or box.address, key, make_verifier(), clock.now())
    sealed = door.house.keys.seal(STATE_PURPOSE, msgspec.json.encode(errand))
    url = consent_url(
        authority,
        redirect_url=door.house.settings.web.base_url + BACK,
        address=errand.user,
        state=base64.urlsafe_b64encode(sealed).decode(),
        verifier=errand.verifier,
    )
    return Redirect(url, status_code=303)


@get(BACK, include_in_schema=False)
async def signed_in(
    door: NamedDependency[Door], request: Asked, code: Sent = "", sealed: Sealed = "", error: Sent = ""
) -> Response[str]:  # fmt: skip
    """Back from there: one more press connects, so that a link alone never does."""
    viewer = await door.read(lambda _tx, viewer: viewer)
    errand = _open_errand(door.house, viewer, sealed)
    if error or not code:
        raise Forbidden("You did not agree there, so nothing was connected.")
    box, around = await door.read(see_box, errand.mailbox_id)
    desk = Desk(door, request)
    shown = {"box": box, "user": errand.user, "authority": _authority(door.house, errand.authority).name}
    return await desk.render_later(
        "signed_in.html", desk.speaker(door.viewer), around, "settings", code=code, state=sealed, **shown
    )


@post(BACK, include_in_schema=False, status_code=303)
async def finish(door: NamedDependency[Door], request: Asked) -> Redirect:
    """Redeem the code and keep the account."""
    fields = await read_form(request)
    viewer = await door.read(lambda _tx, viewer: viewer)
    errand = _open_errand(door.house, viewer, fields.get("state", ""))
    authority = _authority(door.house, errand.authority)
    await door.write(allow, errand.mailbox_id)
    tokens = await redeem_code(
        door.house.fetcher,
        authority,
        code=fields.get("code", ""),
        verifier=errand.verifier,
        redirect_url=door.house.settings.web.base_url + BACK,
    )
    made = await door.write(keep_tokens, door.house, errand, tokens)
    return Redirect(f"/settings/accounts/{made.id}", status_code=303)


def keep(tx: WriteTx, viewer: Viewer, house: House, mailbox_id: int, server: Server) -> Account:
    """Connect what was tried, with the way out that the provider has. Raises as ``connect_account``."""
    provider = find_provider(server.host)
    relay = None if provider is None else _relay(provider, server.user)
    return connect_account(
        tx, viewer, house.keys, mailbox_id, server.host, server.port, server.security, server.user, server.secret,
        relay=relay,
    )  # fmt: skip


def keep_tokens(tx: WriteTx, viewer: Viewer, house: House, errand: Errand, tokens: Tokens) -> Account:
    """Connect with what the authority gave. Raises NotFound, Forbidden."""
    box = get_own_mailbox(tx, viewer, errand.mailbox_id)
    key = cast("AuthorityKey", errand.authority)
    provider = next(one for one in PROVIDERS if one.authority == key)
    relay = _relay(provider, errand.user)
    made = connect_with_tokens(
        tx, house.keys, box.id, provider.imap_host, IMAPS, "tls", errand.user, key, tokens, relay=relay
    )
    record_audit(tx, viewer.user_id, "account-connected", str(made.id), mailbox=box.id)
    return made


def _relay(provider: Provider, user: str) -> Relay:
    security: Security = "tls" if provider.smtp_port == SUBMISSIONS else "starttls"
    return Relay(provider.smtp_host, provider.smtp_port, security, user)


def _authority(house: House, key: str) -> Authority:
    found = house.tokens.authorities.get(cast("AuthorityKey", key))
    if found is None:
        raise Unavailable("This server is not known there yet: its client id is missing in the settings.")
    return found


def _open_errand(house: House, viewer: Viewer, state: str) -> Errand:
    """Raises Invalid for what this person did not begin here a moment ago."""
    try:
        sealed = base64.urlsafe_b64decode(state.encode("ascii"))
        errand = msgspec.json.decode(house.keys.open(STATE_PURPOSE, sealed), type=Errand)
    except (UnicodeError, binascii.Error, HouseError, msgspec.DecodeError) as problem:
        raise Invalid("This sign-in was not begun here. Begin it again from the settings.") from problem
    if errand.user_id != viewer.user_id or not 0 <= clock.now() - errand.at < STATE_LIFE:
        raise Invalid("This sign-in was not begun here. Begin it again from the settings.")
    return errand


async def _list_exchangers(house: House, address: str) -> tuple[str, ...]:
    """Who carries the mail of a company's own domain, which says nothing of its provider by itself."""
    domain = address.rpartition("@")[2].strip()
    return () if find_provider(domain) else await house.verdicts.list_exchangers(domain)


def _filled(address: str, fields: dict[str, str], *, user: str = "", exchangers: tuple[str, ...] = ()) -> Form:
    user = user.strip() or address
    guess = guess_servers(user, exchangers)
    return Form(
        user=user,
        host=fields.get("host", "").strip() or guess.imap_host,
        port=fields.get("port", "").strip() or "993",
        security=fields.get("security") or "tls",
    )


def _server(filled: Form, secret: str) -> Server:
    """Without a secret only the server itself is asked. Raises Invalid."""
    if not (filled.port.isascii() and filled.port.isdigit() and 0 < int(filled.port) < 65536):
        raise Invalid("A port is a number from 1 to 65535.", field="port")
    if filled.security not in ("tls", "starttls"):
        raise Invalid("The connection is secured by tls or starttls; in clear no password is sent.", field="security")
    security = cast("Security", filled.security)
    return Server(filled.host, int(filled.port), security, filled.user if secret else "", secret)


def _shape(door: Door, speaker: Speaker, box: Mailbox, filled: Form, tried: Tried | None) -> dict[str, Any]:
    provider = find_provider(filled.host)
    authority = None
    if provider is not None and provider.authority is not None:
        known = door.house.tokens.authorities.get(provider.authority)
        url = f"/settings/mailboxes/{box.id}/sign-in/{provider.authority}?{urlencode({'user': filled.user})}"
        authority = {"name": provider.name, "url": url if known else None}
    return {
        "box": {"id": box.id, "name": box.name, "address": box.address},
        "form": filled,
        "provider": provider and {"name": provider.name, "advice": speaker.say(provider.advice), "page": provider.page},
        "authority": authority,
        "tried": tried,
    }


async def _show(
    door: Door, request: Asked, box: Mailbox, around: Around, filled: Form, tried: Tried | None = None
) -> Response[str]:
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    shown = _shape(door, speaker, box, filled, tried) | {"fresh": tried is None, "is_guess": False}
    return await desk.render_later(
        "connect.html", speaker, around, "settings", checked=tried, **(shown | {"tried": None})
    )


ROUTES = [form, look, connect, sign_in, signed_in, finish]
