"""One account: how it is, its folders against the server, and what a person may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.account_words import Words, describe, show_tried
from api.web.desk import Asked, Desk, Id, html
from api.web.forms import read_form
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.ingest.reconciling import Compared, compare_now
from mailhub.ingest.trying import try_account
from mailhub.mailboxes.accounts import Account, fetch_now, pause_account, resume_account, set_switches
from mailhub.mailboxes.connecting import (
    SeenAccount,
    Size,
    change_sign_in,
    count_try,
    disconnect_account,
    follow_own_folder,
    get_own_account,
    get_seen_account,
    measure,
)
from mailhub.mailboxes.placements import Folder, count_placed, list_folders
from mailhub.mailboxes.tokens import TokenState, find_token_state
from mailhub.mailboxes.trust import NAMELESS, choose_trusted_servers, propose_server, trust_of
from mailhub.mailboxes.untold import Untold, find_untold, tell_again
from mailhub.outbound.ways import WayTrouble, choose_way, find_trouble

SWITCHES = ("seen", "answered", "sent")


@dataclass(frozen=True, slots=True)
class Line:
    """A folder in the table: what the server holds, what is here; ``note`` says what differs."""

    name: str
    followed: bool
    server: str
    here: str
    differs: bool
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the page reads."""

    seen: SeenAccount
    size: Size
    folders: list[tuple[Folder, int]]
    token: TokenState | None
    untold: Untold | None
    proposed: str
    trouble: WayTrouble | None
    around: Around


def see_account(tx: ReadTx, viewer: Viewer, account_id: int) -> Found:
    """Raises NotFound. What is not the viewer's own is left out."""
    seen = get_seen_account(tx, viewer, account_id)
    folders: list[tuple[Folder, int]] = []
    if seen.is_own:
        placed = count_placed(tx, account_id)
        folders = [(one, placed.get(one.id, 0)) for one in list_folders(tx, account_id) if one.gone_at is None]
    token = find_token_state(tx, account_id) if seen.is_own else None
    untold = find_untold(tx, account_id) if seen.is_own else None
    proposed = propose_server(tx, seen.account) if seen.is_own else ""
    trouble = find_trouble(tx, account_id) if seen.is_own else None
    return Found(seen, measure(tx, seen.box.id), folders, token, untold, proposed, trouble, see_around(tx, viewer))


@get("/settings/accounts/{account_id:int}", include_in_schema=False)
async def page(door: NamedDependency[Door], request: Asked, account_id: Id) -> Response[str]:
    """The page of an account."""
    desk = Desk(door, request)

    def render(viewer: Viewer, found: Found) -> str:
        speaker = desk.speaker(viewer)
        return desk.render("account.html", speaker, found.around, "settings", **shape(speaker, found))

    return html(await door.page(render, see_account, account_id))


@post("/settings/accounts/{account_id:int}/compare", include_in_schema=False, status_code=200)
async def compare(door: NamedDependency[Door], request: Asked, account_id: Id) -> Response[str]:
    """Letter by letter, now: the table with what differs."""
    found = await door.write(get_for_try, account_id)
    compared = await compare_now(door.house.means, found)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    lines = [_compared_line(speaker, account_id, one) for one in compared]
    wrong = sum(line.differs for line in lines)
    said = speaker.say("Everything that the server holds is here.")
    if wrong:
        said = speaker.language.ngettext(
            "%(n)s folder is not here as the server has it.",
            "%(n)s folders are not here as the server has them.",
            wrong,
        )
    return await desk.render_later(
        "_folders.html", speaker, None, "settings", folders=lines, compared=said, account_id=account_id
    )


@post("/settings/accounts/{account_id:int}/test", include_in_schema=False, status_code=200)
async def test(door: NamedDependency[Door], request: Asked, account_id: Id) -> Response[str]:
    """Connect and sign in, now."""
    found = await door.write(get_for_try, account_id)
    finding = await try_account(door.house.means, found)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    return await desk.render_later("_finding.html", speaker, None, "settings", tried=show_tried(speaker, finding))


@post("/settings/accounts/{account_id:int}/fetch", include_in_schema=False, status_code=303)
async def fetch(door: NamedDependency[Door], account_id: Id) -> Redirect:
    """Look at every folder now."""
    await door.write(lambda tx, viewer: fetch_now(tx, get_own_account(tx, viewer, account_id).id))
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/pause", include_in_schema=False, status_code=303)
async def pause(door: NamedDependency[Door], account_id: Id) -> Redirect:
    """Leave the server alone."""
    await door.write(lambda tx, viewer: pause_account(tx, get_own_account(tx, viewer, account_id).id))
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/resume", include_in_schema=False, status_code=303)
async def resume(door: NamedDependency[Door], account_id: Id) -> Redirect:
    """Try again at once."""
    await door.write(lambda tx, viewer: resume_account(tx, get_own_account(tx, viewer, account_id).id))
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/tell", include_in_schema=False, status_code=303)
async def tell(door: NamedDependency[Door], account_id: Id) -> Redirect:
    """Try again to tell the server what it was not told."""
    await door.write(tell_again, account_id)
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/password", include_in_schema=False, status_code=303)
async def password(door: NamedDependency[Door], request: Asked, account_id: Id) -> Redirect:
    """Another password, and try again at once."""
    secret = (await read_form(request)).get("password", "")
    await door.write(change_sign_in, door.house.keys, account_id, secret=secret)
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/switches", include_in_schema=False, status_code=303)
async def switches(door: NamedDependency[Door], request: Asked, account_id: Id) -> Redirect:
    """What is written back to the server."""
    form = await read_form(request)
    seen, answered, sent = (form.get(name) == "yes" for name in SWITCHES)
    await door.write(keep_switches, account_id, seen=seen, answered=answered, sent=sent)
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/trust", include_in_schema=False, status_code=303)
async def trust(door: NamedDependency[Door], request: Asked, account_id: Id) -> Redirect:
    """Whose word about senders counts: named ones, or what follows from the place."""
    form = await read_form(request)
    named = None if form.get("automatic") == "yes" else form.get("servers", "").replace(",", " ").split()
    await door.write(choose_trusted_servers, account_id, named)
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/way", include_in_schema=False, status_code=303)
async def way(door: NamedDependency[Door], request: Asked, account_id: Id) -> Redirect:
    """By which server letters of the mailbox leave."""
    sends = (await read_form(request)).get("sends") == "yes"
    await door.write(choose_way, account_id, sends=sends)
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/folders/{folder_id:int}", include_in_schema=False, status_code=303)
async def follow(door: NamedDependency[Door], request: Asked, account_id: Id, folder_id: Id) -> Redirect:
    """Follow a folder or leave it alone."""
    followed = (await read_form(request)).get("followed") == "yes"
    await door.write(follow_own_folder, account_id, folder_id, followed=followed)
    return _back(account_id)


@post("/settings/accounts/{account_id:int}/disconnect", include_in_schema=False, status_code=303)
async def disconnect(door: NamedDependency[Door], account_id: Id) -> Redirect:
    """Forget the account; its letters stay."""
    await door.write(disconnect_account, account_id)
    return Redirect("/settings#accounts", status_code=303)


def get_for_try(tx: WriteTx, viewer: Viewer, account_id: int) -> Account:
    """Raises NotFound, Forbidden, TooMuch."""
    found = get_own_account(tx, viewer, account_id)
    count_try(tx, viewer)
    return found


def keep_switches(tx: WriteTx, viewer: Viewer, account_id: int, *, seen: bool, answered: bool, sent: bool) -> None:
    """Raises NotFound, Forbidden."""
    set_switches(tx, get_own_account(tx, viewer, account_id).id, seen=seen, answered=answered, sent=sent)


def shape(speaker: Speaker, found: Found) -> dict[str, Any]:
    """What ``account.html`` shows."""
    one, box = found.seen.account, found.seen.box
    words = describe(speaker, found.seen, found.token)
    looked: When | None = make_when(
        speaker, max((f.looked_at or 0 for f, _ in found.folders), default=0) or None, long=True
    )
    return {
        "account": one if found.seen.is_own else None,
        "account_id": one.id,
        "box": {"name": box.name, "address": box.address},
        "words": words,
        "size": speaker.language.ngettext("%(n)s letter, %(size)s", "%(n)s letters, %(size)s", found.size.letters,
                                          size=speaker.language.format_size(found.size.bytes)),
        "sign_in_url": _sign_in_url(found, words),
        "untold": _untold(speaker, found.untold),
        "believed": {"names": _believed(speaker, one), "chosen": one.trusted_servers, "proposed": found.proposed},
        "way": {"says": speaker.say(found.trouble.sentence, **found.trouble.fields) if found.trouble else "",
                "since": make_when(speaker, found.trouble.since, long=True) if found.trouble else None},
        "folders": [_line(speaker, one.id, folder, here) for folder, here in found.folders],
        "looked": looked,
        "compared": None,
    }  # fmt: skip


def _believed(speaker: Speaker, one: Account) -> list[str]:
    """The names under which the account's server may speak of senders."""
    names = trust_of(one).servers
    below = [name for name in names if name.startswith(".") and name[1:] not in names]
    nameless = [speaker.say("lines without a name")] if NAMELESS in names else []
    return [name for name in names if name not in (NAMELESS, *below) and not name.startswith(".")] + [
        f"*{name}" for name in below
    ] + nameless  # fmt: skip


def _untold(speaker: Speaker, found: Untold | None) -> dict[str, Any] | None:
    """What ``_untold.html`` shows."""
    if found is None:
        return None
    ngettext = speaker.language.ngettext
    marks = ngettext(
        "%(n)s letter is not marked there as it is here.",
        "%(n)s letters are not marked there as they are here.",
        found.marks,
    )
    copies = ngettext("%(n)s answer has no copy there.", "%(n)s answers have no copy there.", found.copies)
    return {
        "marks": marks if found.marks else "",
        "copies": copies if found.copies else "",
        "since": make_when(speaker, found.since, long=True),
        "said": found.said,
    }


def _sign_in_url(found: Found, words: Words) -> str | None:
    """Where to agree again, for an account that signs in by tokens."""
    one, token = found.seen.account, found.token
    if token is None or words.state == "ok":
        return None
    return f"/settings/mailboxes/{one.mailbox_id}/sign-in/{token.authority}?user={one.user}"


def _line(speaker: Speaker, account_id: int, folder: Folder, here: int) -> Line:
    missing = folder.server_count - here
    differs = folder.followed and (missing != 0 or bool(folder.error))
    note = folder.error
    if differs and not note:
        note = _difference(speaker, max(missing, 0), max(-missing, 0))
    url = f"/settings/accounts/{account_id}/folders/{folder.id}"
    number = speaker.language.format_number
    return Line(folder.name, folder.followed, number(folder.server_count), number(here), differs, note, url)


def _compared_line(speaker: Speaker, account_id: int, one: Compared) -> Line:
    note = one.error or (speaker.say("The server began it anew; it is read again.") if one.renumbered else "")
    if one.differs and not note:
        note = _difference(speaker, one.missing + one.owed, one.gone)
    url = f"/settings/accounts/{account_id}/folders/{one.folder_id}"
    number = speaker.language.format_number
    return Line(one.name, one.followed, number(one.server), number(one.here), one.differs, note, url)


def _difference(speaker: Speaker, missing: int, gone: int) -> str:
    parts = []
    if missing:
        parts.append(speaker.language.ngettext("%(n)s is not here yet.", "%(n)s are not here yet.", missing))
    if gone:
        parts.append(speaker.language.ngettext("%(n)s is gone there.", "%(n)s are gone there.", gone))
    return " ".join(parts)


def _back(account_id: int) -> Redirect:
    return Redirect(f"/settings/accounts/{account_id}", status_code=303)


ROUTES = [page, compare, test, fetch, tell, pause, resume, password, switches, trust, way, follow, disconnect]
