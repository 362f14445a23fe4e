"""Accounts by people: who may connect one, change it, and what others are shown of it.

An account of a public mailbox is the administrators'; one of a personal mailbox its owner's alone. Of the latter an
administrator sees that it exists, whether it works and how large it is; nobody else sees that it exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from core import clock
from core.blobs import blob
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid, NotFound
from core.limits import Rate, take
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.mailboxes.account_tables import account
from mailhub.mailboxes.accounts import (
    Account,
    Relay,
    Security,
    add_account,
    get_account,
    list_accounts,
    remove_account,
    resume_account,
    set_place,
    set_relay,
    set_secret,
)
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_all_mailboxes
from mailhub.mailboxes.placements import choose_folders, follow_folder, get_folder
from mailhub.mailboxes.tables import message
from mailhub.mailboxes.tokens import forget_tokens

TRIES = Rate(30, clock.MINUTE)


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """An account as this viewer may see it. ``is_own``: they may change it and read all of it; otherwise only its
    ``state`` and size are theirs to know."""

    account: Account
    box: Mailbox
    is_own: bool


@dataclass(frozen=True, slots=True)
class Size:
    """What lies in the mailbox: letters, and their bytes."""

    letters: int
    bytes: int


def owns(viewer: Viewer, box: Mailbox) -> bool:
    """True when the viewer may connect accounts to this mailbox."""
    return box.owner_id == viewer.user_id if box.kind == "personal" else viewer.is_admin


def get_own_mailbox(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """A mailbox to which the viewer may connect accounts. Raises NotFound, Forbidden when they see its letters."""
    box = get_mailbox(tx, mailbox_id)
    if owns(viewer, box):
        return box
    if box.scope_id in viewer.full | viewer.assigned:
        raise Forbidden("Only an administrator may do this.")
    raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)


def list_own_mailboxes(tx: ReadTx, viewer: Viewer) -> list[Mailbox]:
    """The mailboxes to which the viewer may connect accounts."""
    return [box for box in list_all_mailboxes(tx) if owns(viewer, box)]


def list_seen_accounts(tx: ReadTx, viewer: Viewer) -> list[SeenAccount]:
    """Every account of which the viewer may know, in the order in which they were connected."""
    boxes = {box.id: box for box in list_all_mailboxes(tx)}
    seen = [SeenAccount(one, boxes[one.mailbox_id], owns(viewer, boxes[one.mailbox_id])) for one in list_accounts(tx)]
    return [one for one in seen if one.is_own or viewer.is_admin]


def get_seen_account(tx: ReadTx, viewer: Viewer, account_id: int) -> SeenAccount:
    """One account of which the viewer may know. Raises NotFound."""
    found = get_account(tx, account_id)
    box = get_mailbox(tx, found.mailbox_id)
    if not (owns(viewer, box) or viewer.is_admin):
        raise NotFound("There is no account with the number %(id)s.", id=account_id)
    return SeenAccount(found, box, owns(viewer, box))


def get_own_account(tx: ReadTx, viewer: Viewer, account_id: int) -> Account:
    """An account that the viewer may change and look into. Raises NotFound, Forbidden."""
    seen = get_seen_account(tx, viewer, account_id)
    if not seen.is_own:
        raise Forbidden("The account of a personal mailbox is its owner's alone.")
    return seen.account


def count_try(tx: WriteTx, viewer: Viewer) -> None:
    """A person tries accounts this often and no oftener: guessing passwords is not what it is for. Raises TooMuch."""
    take(tx, f"account-try:{viewer.user_id}", TRIES)


def measure(tx: ReadTx, mailbox_id: int) -> Size:
    """How much lies in a mailbox."""
    found = select(func.count().label("letters"), func.coalesce(func.sum(blob.c.size), 0).label("bytes"))
    here = found.select_from(message).join(blob, blob.c.id == message.c.blob_id)
    row = tx.row(here.where(message.c.mailbox_id == mailbox_id))
    assert row is not None, "an aggregate has a row"
    return Size(int(row.letters), int(row.bytes))


def connect_account(
    tx: WriteTx,
    viewer: Viewer,
    keys: Keys,
    mailbox_id: int,
    host: str,
    port: int,
    security: Security,
    user: str,
    secret: str,
    *,
    relay: Relay | None = None,
    folders: Sequence[tuple[str, str]] = (),
) -> Account:
    """Connect an account with a password. ``folders`` are wire and name of the only ones to follow; without any, all
    that the server has. Raises NotFound, Forbidden, Invalid, Conflict."""
    box = get_own_mailbox(tx, viewer, mailbox_id)
    made = add_account(tx, keys, box.id, host, port, security, user, secret, relay=relay, inside=viewer.is_admin)
    if folders:
        choose_folders(tx, made.id, folders)
    record_audit(tx, viewer.user_id, "account-connected", str(made.id), mailbox=box.id)
    return made


def change_sign_in(
    tx: WriteTx,
    viewer: Viewer,
    keys: Keys,
    account_id: int,
    *,
    host: str | None = None,
    port: int | None = None,
    security: Security | None = None,
    user: str | None = None,
    secret: str | None = None,
) -> Account:
    """Another password, or another place and name with the password that is meant for it: a stored password never
    goes to a server that it was not entered for. Raises NotFound, Forbidden, Invalid."""
    found = get_own_account(tx, viewer, account_id)
    now = (found.host, found.port, found.security, found.user)
    then = (host or found.host, port or found.port, security or found.security, user or found.user)
    if then != now and secret is None:
        raise Invalid("For another server or name enter the password too.", field="password")
    if then != now:
        same = (found.host, found.port) == then[:2]
        set_place(tx, account_id, *then, inside=viewer.is_admin or (same and found.inside))
    if secret is not None:
        tx.change(account, account_id, auth="password")
        set_secret(tx, keys, account_id, secret)
        forget_tokens(tx, account_id)
    record_audit(tx, viewer.user_id, "account-changed", str(account_id))
    return get_account(tx, account_id)


def change_relay(
    tx: WriteTx, viewer: Viewer, keys: Keys, account_id: int, relay: Relay | None, *, entered: bool = False
) -> None:
    """Another way out; None for the one of the house. Without a password of its own only where that of the way in was
    ``entered`` with it: a stored one never goes to a server that it was not entered for. Raises NotFound, Forbidden,
    Invalid."""
    found = get_own_account(tx, viewer, account_id)
    if relay is not None and relay.secret is None:
        now = (found.smtp_host, found.smtp_port, found.smtp_security, found.smtp_user)
        if now == (relay.host, relay.port, relay.security, relay.user):
            return
        if not entered:
            raise Invalid("For another server or name enter the password too.", field="smtp")
    same = relay is not None and (found.smtp_host, found.smtp_port) == (relay.host, relay.port)
    set_relay(tx, keys, account_id, relay, inside=viewer.is_admin or (same and found.smtp_inside))
    record_audit(tx, viewer.user_id, "account-changed", str(account_id))


def disconnect_account(tx: WriteTx, viewer: Viewer, account_id: int) -> None:
    """Forget an account; its letters stay. Raises NotFound, Forbidden."""
    found = get_own_account(tx, viewer, account_id)
    remove_account(tx, found.id)
    record_audit(tx, viewer.user_id, "account-disconnected", str(account_id), mailbox=found.mailbox_id)


def follow_own_folder(tx: WriteTx, viewer: Viewer, account_id: int, folder_id: int, *, followed: bool) -> None:
    """Say whether letters of a folder are fetched. Raises NotFound, Forbidden."""
    found = get_own_account(tx, viewer, account_id)
    if get_folder(tx, folder_id).account_id != found.id:
        raise NotFound("There is no folder with the number %(id)s.", id=folder_id)
    follow_folder(tx, folder_id, followed=followed)


def resume_own_account(tx: WriteTx, viewer: Viewer, account_id: int) -> None:
    """Try again at once. Raises NotFound, Forbidden."""
    resume_account(tx, get_own_account(tx, viewer, account_id).id)
