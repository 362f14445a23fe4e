"""``/accounts``: what brings letters from other mail servers. Secrets go in and never come out."""

from __future__ import annotations

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.account_shapes import (
    AccountView,
    ChangedAccount,
    ChangedFolder,
    ComparedView,
    FindingView,
    FolderView,
    NewAccount,
    NewRelay,
    TriedAccount,
    show_account,
    show_compared,
    show_finding,
    show_folder,
)
from api.rest.once import Key, once, once_done
from api.rest.shapes import Id, Items, StrictRequest
from core.database import ReadTx, WriteTx
from core.errors import Unavailable
from core.fetch import Purpose
from core.secrets import Keys
from crm.staff.readable import Viewer
from mailhub.ingest.imap.names import encode_name
from mailhub.ingest.imap.session import seen_by
from mailhub.ingest.reconciling import compare_now
from mailhub.ingest.trying import Server, try_account, try_imap
from mailhub.mailboxes.accounts import Account, Relay, fetch_now, pause_account, resume_account, set_switches
from mailhub.mailboxes.connecting import (
    SeenAccount,
    Size,
    change_relay,
    change_sign_in,
    connect_account,
    count_try,
    disconnect_account,
    follow_own_folder,
    get_own_account,
    get_own_mailbox,
    get_seen_account,
    list_seen_accounts,
    measure,
)
from mailhub.mailboxes.placements import Folder, count_placed, list_folders
from mailhub.mailboxes.trust import choose_trusted_servers, propose_server
from mailhub.outbound.ways import WayTrouble, choose_way, end_trouble, find_trouble

Told = tuple[SeenAccount, Size, str, WayTrouble | None]


def read_accounts(tx: ReadTx, viewer: Viewer) -> list[Told]:
    """The accounts of which the viewer may know."""
    return [_told(tx, seen) for seen in list_seen_accounts(tx, viewer)]


def read_account(tx: ReadTx, viewer: Viewer, account_id: int) -> Told:
    """One of them. Raises NotFound."""
    return _told(tx, get_seen_account(tx, viewer, account_id))


def _told(tx: ReadTx, seen: SeenAccount) -> Told:
    proposed = propose_server(tx, seen.account) if seen.is_own else ""
    return seen, measure(tx, seen.box.id), proposed, find_trouble(tx, seen.account.id) if seen.is_own else None


def make_account(tx: WriteTx, viewer: Viewer, keys: Keys, new: NewAccount) -> Told:
    """Connect an account. Raises NotFound, Forbidden, Invalid, Conflict."""
    folders = [(encode_name(name).decode("latin-1"), name) for name in new.folders]
    made = connect_account(
        tx, viewer, keys, new.mailbox_id, new.host, new.port, new.security, new.user, new.password,
        relay=_relay(new.smtp), folders=folders,
    )  # fmt: skip
    if new.trusted_servers is not None:
        choose_trusted_servers(tx, viewer, made.id, new.trusted_servers)
    return read_account(tx, viewer, made.id)


def change_account(tx: WriteTx, viewer: Viewer, keys: Keys, account_id: int, new: ChangedAccount) -> Told:
    """Change an account. Raises NotFound, Forbidden, Invalid."""
    old = get_own_account(tx, viewer, account_id)
    if any(part is not None for part in (new.host, new.port, new.security, new.user, new.password)):
        change_sign_in(
            tx, viewer, keys, old.id, host=new.host, port=new.port, security=new.security, user=new.user,
            secret=new.password,
        )  # fmt: skip
    if not isinstance(new.smtp, msgspec.UnsetType):
        change_relay(tx, viewer, keys, old.id, _relay(new.smtp), entered=new.password is not None)
    if not isinstance(new.trusted_servers, msgspec.UnsetType):
        choose_trusted_servers(tx, viewer, old.id, new.trusted_servers)
    if new.sends is not None:
        choose_way(tx, viewer, old.id, sends=new.sends)
    elif new.smtp is not msgspec.UNSET or new.password is not None:
        end_trouble(tx, old.id)
    set_switches(
        tx,
        old.id,
        seen=old.write_seen if new.write_seen is None else new.write_seen,
        answered=old.write_answered if new.write_answered is None else new.write_answered,
        sent=old.write_sent if new.write_sent is None else new.write_sent,
    )
    if new.paused is not None:
        (pause_account if new.paused else resume_account)(tx, old.id)
    return read_account(tx, viewer, old.id)


def read_folders(tx: ReadTx, viewer: Viewer, account_id: int) -> list[tuple[Folder, int]]:
    """Its folders, and how many letters of each are here. Raises NotFound, Forbidden."""
    found = get_own_account(tx, viewer, account_id)
    placed = count_placed(tx, found.id)
    return [(one, placed.get(one.id, 0)) for one in list_folders(tx, found.id) if one.gone_at is None]


def fetch_all(tx: WriteTx, viewer: Viewer, account_id: int) -> None:
    """Look at every folder now. Raises NotFound, Forbidden."""
    fetch_now(tx, get_own_account(tx, viewer, account_id).id)


def get_for_try(tx: WriteTx, viewer: Viewer, account_id: int) -> Account:
    """One of the tries that a person has. Raises TooMuch, NotFound, Forbidden."""
    found = get_own_account(tx, viewer, account_id)
    count_try(tx, viewer)
    return found


def allow_try(tx: WriteTx, viewer: Viewer, mailbox_id: int) -> None:
    """Before an account is kept: for whoever may keep it. Raises NotFound, Forbidden, TooMuch."""
    get_own_mailbox(tx, viewer, mailbox_id)
    count_try(tx, viewer)


async def _demand_reachable(door: Door, host: str, port: int, purpose: Purpose) -> None:
    """What an administrator need not ask: that a place lies on the public internet. Raises Forbidden, Invalid."""
    if not door.viewer.is_admin:
        try:
            await door.house.means.guard.without_own().check_host(host, port, purpose)
        except Unavailable:
            return  # a name without an address now: the account will say so


def _relay(new: NewRelay | None) -> Relay | None:
    return None if new is None else Relay(new.host, new.port, new.security, new.user, new.password)


@get("/accounts", tags=["accounts"])
async def list_all(door: NamedDependency[Door]) -> Items[AccountView]:
    """The accounts of your mailboxes; administrators also see that those of others exist, and how they are."""
    return Items([show_account(*told) for told in await door.read(read_accounts)])


@get("/accounts/{account_id:int}", tags=["accounts"])
async def get_one(door: NamedDependency[Door], account_id: Id) -> AccountView:
    """One account."""
    return show_account(*await door.read(read_account, account_id))


@post("/accounts", tags=["accounts"])
async def make_one(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewAccount], idempotency_key: Key = None
) -> AccountView:
    """Connect an account to a mailbox: an administrator to a public one, its owner to a personal one."""
    await door.write(allow_try, data.mailbox_id)
    await _demand_reachable(door, data.host, data.port, "imap")
    if data.smtp is not None:
        await _demand_reachable(door, data.smtp.host, data.smtp.port, "smtp")
    keys = door.house.keys
    return await once(
        door,
        request,
        idempotency_key,
        AccountView,
        lambda tx, viewer: show_account(*make_account(tx, viewer, keys, data)),
    )


@patch("/accounts/{account_id:int}", tags=["accounts"])
async def change_one(door: NamedDependency[Door], account_id: Id, data: JSONBody[ChangedAccount]) -> AccountView:
    """Change an account; `paused` false tries it again at once, whatever stopped it."""
    if data.host is not None or data.port is not None:
        old = await door.read(get_own_account, account_id)
        await _demand_reachable(door, data.host or old.host, data.port or old.port, "imap")
    if isinstance(data.smtp, NewRelay):
        await door.read(get_own_account, account_id)
        await _demand_reachable(door, data.smtp.host, data.smtp.port, "smtp")
    return show_account(*await door.write(change_account, door.house.keys, account_id, data))


@delete("/accounts/{account_id:int}", tags=["accounts"])
async def remove_one(door: NamedDependency[Door], account_id: Id) -> None:
    """Disconnect an account; its letters stay."""
    await door.write(disconnect_account, account_id)


@post("/accounts/try", tags=["accounts"], status_code=200)
async def try_new(door: NamedDependency[Door], data: JSONBody[TriedAccount]) -> FindingView:
    """Try an account before it is kept; nothing changes anywhere."""
    await door.write(allow_try, data.mailbox_id)
    means = seen_by(door.house.means, is_admin=door.viewer.is_admin)
    server = Server(data.host, data.port, data.security, data.user, data.password)
    return show_finding(await try_imap(means.guard, means.context, server))


@post("/accounts/{account_id:int}/test", tags=["accounts"], status_code=200)
async def try_one(door: NamedDependency[Door], account_id: Id) -> FindingView:
    """Connect and sign in, and say what is wrong."""
    found = await door.write(get_for_try, account_id)
    return show_finding(await try_account(door.house.means, found))


@post("/accounts/{account_id:int}/fetch", tags=["accounts"], status_code=202)
async def fetch_one(
    door: NamedDependency[Door], request: StrictRequest, account_id: Id, idempotency_key: Key = None
) -> None:
    """Compare every folder with the server now and fetch what is missing."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: fetch_all(tx, viewer, account_id))


@get("/accounts/{account_id:int}/folders", tags=["accounts"])
async def list_its_folders(door: NamedDependency[Door], account_id: Id) -> Items[FolderView]:
    """The folders of an account as of the last look at them."""
    return Items([show_folder(one, here) for one, here in await door.read(read_folders, account_id)])


@patch("/accounts/{account_id:int}/folders/{folder_id:int}", tags=["accounts"])
async def change_folder(
    door: NamedDependency[Door], account_id: Id, folder_id: Id, data: JSONBody[ChangedFolder]
) -> None:
    """Follow a folder or leave it alone."""
    await door.write(follow_own_folder, account_id, folder_id, followed=data.followed)


@post("/accounts/{account_id:int}/reconcile", tags=["accounts"], status_code=200)
async def reconcile_one(door: NamedDependency[Door], account_id: Id) -> Items[ComparedView]:
    """Compare every folder with the server letter by letter, now; nothing changes."""
    found = await door.write(get_for_try, account_id)
    return Items([show_compared(one) for one in await compare_now(door.house.means, found)])


ROUTES = [
    list_all, try_new, try_one, fetch_one, list_its_folders, change_folder, reconcile_one, get_one, make_one,
    change_one, remove_one,
]  # fmt: skip
