"""Accounts at other mail servers: connected, switched, paused, and how they fare.

An *account* brings letters of one server into one mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, bindparam, delete, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound, Unavailable
from core.fetch.guard import parse_host
from core.secrets import Keys
from mailhub.mailboxes.account_tables import account, folder
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.tables import mailbox

Security = Literal["tls", "starttls"]
Auth = Literal["password", "xoauth2"]
State = Literal["new", "ok", "retry", "wait", "ask_person"]
Role = Literal["inbox", "sent", "drafts", "junk", "trash", "archive", "other"]
TOPIC = "accounts"
LONGEST_SECRET = 16_384


@dataclass(frozen=True, slots=True)
class Account:
    """An account as pages and loops see it, without its secrets. ``sentence`` with ``fields`` says in words how it is
    since the instant ``since``; ``tries`` counts what failed one after the other. ``sends``: letters of the mailbox go
    out by ``smtp_host``, where there is one. ``inside``, ``smtp_inside``: an administrator named the server, so it may
    lie in a network that is not public. ``trusted_servers``: see ``trust``."""

    id: int
    mailbox_id: int
    scope_id: int
    host: str
    port: int
    security: Security
    user: str
    auth: Auth
    smtp_host: str | None
    smtp_port: int
    smtp_security: Security
    smtp_user: str | None
    write_seen: bool
    write_answered: bool
    write_sent: bool
    sends: bool
    inside: bool
    smtp_inside: bool
    trusted_servers: str | None
    paused: bool
    state: State
    since: int
    sentence: str
    fields: dict[str, Any]
    tries: int
    next_at: int
    seen_at: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Relay:
    """The way out of an account: the server that takes its letters. ``secret`` None: the one of the way in."""

    host: str
    port: int
    security: Security
    user: str
    secret: str | None = None


def add_account(
    tx: WriteTx,
    keys: Keys,
    mailbox_id: int,
    host: str,
    port: int,
    security: Security,
    user: str,
    secret: str,
    *,
    auth: Auth = "password",
    relay: Relay | None = None,
    inside: bool = True,
) -> Account:
    """Connect an account to a mailbox; the loops hear of it after the commit. Secrets are sealed for this row alone.
    ``inside`` False where no administrator named its servers: whatever their names mean later, they are reached on the
    public internet alone.

    Raises NotFound for the mailbox, Invalid for what can be no host, port, name or secret, Conflict for an account
    that is connected to this mailbox already. Whether the host may be reached is asked whenever one connects.
    """
    box = get_mailbox(tx, mailbox_id)
    name = _checked(host, port, security, user, secret, auth)
    tx.lock(mailbox, mailbox_id)
    same = (account.c.mailbox_id == mailbox_id) & (account.c.host == name) & (account.c.user == user)
    if tx.value(select(account.c.id).where(same)) is not None:
        raise Conflict("The account %(user)s at %(host)s is connected to this mailbox already.", user=user, host=name)
    now = clock.now()
    account_id = tx.insert(
        account,
        mailbox_id=box.id,
        host=name,
        port=port,
        security=security,
        user=user,
        auth=auth,
        inside=int(inside),
        since=now,
        fields={},
        created_at=now,
    )
    set_secret(tx, keys, account_id, secret)
    if relay is not None:
        set_relay(tx, keys, account_id, relay, inside=inside)
    record_change(tx, "account.added", account_id, scope_id=box.scope_id)
    return get_account(tx, account_id)


def set_secret(tx: WriteTx, keys: Keys, account_id: int, secret: str) -> None:
    """Replace the password (or what OAuth keeps), and try again at once. Raises NotFound, Invalid."""
    keep_secret(tx, keys, account_id, secret)
    resume_account(tx, account_id)


def keep_secret(tx: WriteTx, keys: Keys, account_id: int, secret: str) -> None:
    """Replace the secret and nothing else. Raises NotFound, Invalid."""
    _check_secret(secret)
    if not tx.change(account, account_id, secret=keys.seal(f"account-password:{account_id}", secret.encode())):
        raise _no_account(account_id)


def set_relay(tx: WriteTx, keys: Keys, account_id: int, relay: Relay | None, *, inside: bool = True) -> None:
    """Say through which server letters of this account go out; None for the one of the house. ``inside`` as in
    ``add_account``. Raises NotFound, Invalid."""
    if relay is None:
        values: dict[str, Any] = {"smtp_host": None, "smtp_user": None, "smtp_secret": None}
    else:
        values = {
            "smtp_host": _checked(relay.host, relay.port, relay.security, relay.user, relay.secret or "-", "password"),
            "smtp_port": relay.port,
            "smtp_inside": int(inside),
            "smtp_security": relay.security,
            "smtp_user": relay.user,
            "smtp_secret": relay.secret and keys.seal(f"account-smtp:{account_id}", relay.secret.encode()),
        }
    if not tx.change(account, account_id, **values):
        raise _no_account(account_id)


def set_place(
    tx: WriteTx, account_id: int, host: str, port: int, security: Security, user: str, *, inside: bool = True
) -> None:
    """Where and as whom to sign in from now on. ``inside`` as in ``add_account``. Raises NotFound, Invalid."""
    name = _checked(host, port, security, user, "-", "password")
    place = {"host": name, "port": port, "security": security, "user": user, "inside": int(inside)}
    if not tx.change(account, account_id, **place):
        raise _no_account(account_id)


def set_switches(tx: WriteTx, account_id: int, *, seen: bool, answered: bool, sent: bool) -> None:
    """What is written back to the server: \\Seen, \\Answered, a copy of our answers. Raises NotFound."""
    values = {"write_seen": int(seen), "write_answered": int(answered), "write_sent": int(sent)}
    if not tx.change(account, account_id, **values):
        raise _no_account(account_id)


def open_secret(tx: ReadTx, keys: Keys, account_id: int) -> str:
    """The password in clear, for the moment of use. Raises NotFound, Unavailable when the key file is another."""
    sealed = tx.get(account, account_id).secret
    if sealed is None:
        raise Unavailable("This account has no password. Enter it again.")
    return keys.open(f"account-password:{account_id}", bytes(sealed)).decode()


def find_relay_secret(tx: ReadTx, keys: Keys, account_id: int) -> str | None:
    """The password of the way out in clear; None where that of the way in serves. Raises as ``open_secret``."""
    sealed = tx.get(account, account_id).smtp_secret
    return None if sealed is None else keys.open(f"account-smtp:{account_id}", bytes(sealed)).decode()


_ACCOUNTS = select(account, mailbox.c.scope_id).join(mailbox, mailbox.c.id == account.c.mailbox_id)
_ONE = _ACCOUNTS.where(account.c.id == bindparam("id"))


def get_account(tx: ReadTx, account_id: int) -> Account:
    """The account. Raises NotFound."""
    row = tx.row(_ONE, {"id": account_id})
    if row is None:
        raise _no_account(account_id)
    return _account(row)


def list_accounts(tx: ReadTx, mailbox_id: int | None = None) -> list[Account]:
    """All accounts, or those of one mailbox, in the order in which they were connected."""
    statement = _ACCOUNTS if mailbox_id is None else _ACCOUNTS.where(account.c.mailbox_id == mailbox_id)
    return [_account(row) for row in tx.rows(statement.order_by(account.c.id))]


_TROUBLED = select(account.c.mailbox_id).where(account.c.state == "ask_person")


def list_troubled(tx: ReadTx) -> frozenset[int]:
    """The mailboxes whose letters are not fetched until a person does something."""
    return frozenset(int(found) for found in tx.values(_TROUBLED))


def remove_account(tx: WriteTx, account_id: int) -> None:
    """Forget an account with its folders and placements; its letters stay. Raises NotFound."""
    found = get_account(tx, account_id)
    tx.execute(delete(account).where(account.c.id == account_id))
    record_change(tx, "account.removed", account_id, scope_id=found.scope_id)
    tx.announce(TOPIC)


def pause_account(tx: WriteTx, account_id: int) -> None:
    """Leave the server alone until ``resume_account``. Raises NotFound."""
    if not tx.change(account, account_id, paused=1):
        raise _no_account(account_id)
    tx.announce(TOPIC)


def resume_account(tx: WriteTx, account_id: int) -> None:
    """Try again at once, whatever stopped it, with all its tries. Raises NotFound."""
    if not tx.change(account, account_id, paused=0, tries=0, next_at=0):
        raise _no_account(account_id)
    here = (folder.c.account_id == account_id) & (folder.c.resets > 0)
    tx.execute(update(folder).where(here).values(resets=0, resets_since=None))
    tx.announce(TOPIC)


def fetch_now(tx: WriteTx, account_id: int) -> None:
    """Compare every folder with the server at once and fetch what is owed. Raises NotFound."""
    get_account(tx, account_id)
    tx.execute(update(folder).where(folder.c.account_id == account_id).values(look_now=1))
    tx.execute(update(account).where(account.c.id == account_id).values(next_at=0))
    tx.announce(TOPIC)


def list_called(tx: ReadTx) -> list[int]:
    """Accounts that somebody wants to be looked at now: a folder to be compared, or a pause that was ended."""
    asked = select(folder.c.account_id).where(folder.c.look_now == 1)
    ended = (account.c.state != "ok") & (account.c.next_at == 0)
    return [int(found) for found in tx.values(select(account.c.id).where(ended | account.c.id.in_(asked)))]


def record_state(
    tx: WriteTx,
    /,
    account_id: int,
    state: State,
    sentence: str = "",
    *,
    tries: int = 0,
    next_at: int = 0,
    stop: bool = False,
    **fields: Any,
) -> None:
    """Write down how an account is. ``since`` moves only when the state or its words change; ``stop`` pauses it for a
    person. Who cares hears ``account.changed`` when the state is another one."""
    row = tx.row(_ONE, {"id": account_id})
    if row is None:
        return
    values: dict[str, Any] = {"tries": tries, "next_at": next_at}
    if (row.state, row.sentence) != (state, sentence):
        values |= {"since": clock.now()}
    if state == "ok":
        values |= {"seen_at": clock.now()}
    tx.change(account, account_id, state=state, sentence=sentence, fields=fields, **values)
    if stop:
        tx.change(account, account_id, paused=1)
    if row.state != state:
        record_change(tx, "account.changed", account_id, scope_id=row.scope_id, fields={"state": state}, cause="server")


def _checked(host: str, port: int, security: str, user: str, secret: str, auth: str) -> str:
    name = str(parse_host(host.strip()))
    if not 0 < port < 65536:
        raise Invalid("A port is a number from 1 to 65535.", field="port")
    if security not in ("tls", "starttls"):
        raise Invalid("The connection is secured by tls or starttls; in clear no password is sent.", field="security")
    if auth not in ("password", "xoauth2"):
        raise Invalid("One signs in with password or xoauth2.", field="auth")
    if not 0 < len(user) <= 320 or not user.isprintable():
        raise Invalid("The name to sign in with is missing or holds what cannot be typed.", field="user")
    _check_secret(secret)
    return name


def _check_secret(secret: str) -> None:
    if not 0 < len(secret) <= LONGEST_SECRET or any(sign in secret for sign in "\r\n\0"):
        raise Invalid("The password is missing or holds what cannot be typed.", field="secret")


def _no_account(account_id: int) -> NotFound:
    return NotFound("There is no account with the number %(id)s.", id=account_id)


def _account(row: Row[Any]) -> Account:
    values: dict[str, Any] = {name: getattr(row, name) for name in Account.__dataclass_fields__}
    for switch in ("write_seen", "write_answered", "write_sent", "sends", "inside", "smtp_inside", "paused"):
        values[switch] = bool(values[switch])
    return Account(**values)
