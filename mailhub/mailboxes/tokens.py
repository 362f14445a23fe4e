"""The tokens of accounts that sign in by OAuth: kept sealed, renewed by one at a time, stored before use.

The tokens themselves lie in the account's own sealed secret; a row here says until when they are good and who is
renewing them. That is a lease over all processes: the endpoint is asked while no transaction is open, and who comes
second waits for what the first one gets (RFC 6749 6: a refresh token may be good for one use only).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKey, Row, delete, select, update

from core import clock
from core.changes import record_change
from core.columns import Id, instant, number, optional_instant, optional_text, table, text
from core.database import ReadTx, WriteTx
from core.errors import Conflict, NotFound
from core.secrets import Keys
from mailhub.mailboxes.account_tables import account
from mailhub.mailboxes.accounts import (
    Account,
    Relay,
    Security,
    add_account,
    get_account,
    keep_secret,
    open_secret,
    record_state,
    resume_account,
)
from mailhub.mailboxes.oauth import Tokens
from mailhub.mailboxes.providers import AuthorityKey

# Renewed so long before its end, a token outlives an hour's trouble of the endpoint only as long as this.
AHEAD = 15 * clock.MINUTE
USABLE = clock.MINUTE
LEASE = 30 * clock.SECOND
# A refresh token that ends by itself is told of so long before: a person has to agree again.
WARNED_AHEAD = 3 * clock.DAY

account_token = table(
    "account_token",
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    text("authority"),
    instant("expires_at"),
    optional_instant("refresh_until"),
    optional_text("holder"),
    number("held_until", 0),
    optional_instant("trouble_since"),
    text("trouble", ""),
)


@dataclass(frozen=True, slots=True)
class TokenState:
    """How the tokens of an account are. ``trouble`` says why the last renewal failed and ``trouble_since`` since when
    they fail; until ``expires_at`` mail goes on."""

    account_id: int
    authority: AuthorityKey
    expires_at: int
    refresh_until: int | None
    trouble_since: int | None
    trouble: str

    def is_ending(self, now: int) -> bool:
        """True when mail will stop soon unless something is done."""
        return self.trouble_since is not None or (
            self.refresh_until is not None and self.refresh_until < now + WARNED_AHEAD
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """What who needs a token is given: one that is good (``access``), the turn to renew (``refresh``) or, with
    neither, the advice to look again after somebody else's turn."""

    authority: AuthorityKey
    access: str | None = None
    refresh: str | None = None


class _Kept(msgspec.Struct):
    access: str
    refresh: str


def connect_with_tokens(
    tx: WriteTx,
    keys: Keys,
    mailbox_id: int,
    host: str,
    port: int,
    security: Security,
    user: str,
    authority: AuthorityKey,
    tokens: Tokens,
    *,
    relay: Relay | None = None,
) -> Account:
    """``add_account`` for one that signs in by tokens. For an account that is connected already the new agreement
    takes the place of the old one, whatever it was, and it is tried again at once."""
    same = (account.c.mailbox_id == mailbox_id) & (account.c.host == host) & (account.c.user == user)
    known = tx.value(select(account.c.id).where(same))
    if known is None:
        made = add_account(
            tx, keys, mailbox_id, host, port, security, user, _packed(tokens, ""), auth="xoauth2", relay=relay
        )
        known = made.id
    tx.change(account, known, auth="xoauth2")
    tx.execute(delete(account_token).where(account_token.c.account_id == known))
    tx.insert(account_token, account_id=known, authority=authority, expires_at=0)
    _store(tx, keys, known, tokens, "")
    resume_account(tx, known)
    return get_account(tx, known)


def find_token(tx: ReadTx, keys: Keys, account_id: int, refused: str | None = None) -> str | None:
    """The access token, when it is good for a while and not the one that the server has just refused."""
    row = _row(tx, account_id)
    kept = _open(tx, keys, account_id)
    good = row.expires_at > clock.now() + USABLE and kept.access != refused
    return kept.access if good else None


def take_turn(
    tx: WriteTx, keys: Keys, account_id: int, holder: str, refused: str | None = None, *, ahead: int = USABLE
) -> Turn:
    """A good token, or the one turn to renew it. ``ahead``: how long a token has to be good yet. Raises NotFound."""
    tx.lock(account, account_id)
    row, kept = _row(tx, account_id), _open(tx, keys, account_id)
    now = clock.now()
    if row.expires_at > now + ahead and kept.access != refused:
        return Turn(row.authority, access=kept.access)
    if row.held_until > now and row.holder != holder:
        return Turn(row.authority)
    _change(tx, account_id, holder=holder, held_until=now + LEASE)
    return Turn(row.authority, refresh=kept.refresh)


def end_turn(tx: WriteTx, keys: Keys, account_id: int, used: str, tokens: Tokens) -> None:
    """Keep what the endpoint gave for the refresh token ``used``; only afterwards may it be used. Late is better than
    never, so the turn may be over. Raises Conflict when the account has other tokens by now: those are the newer."""
    tx.lock(account, account_id)
    if _open(tx, keys, account_id).refresh != used:
        raise Conflict("The account was signed in anew in the meantime.")
    _store(tx, keys, account_id, tokens, used)


def fail_turn(tx: WriteTx, account_id: int, holder: str, trouble: str, *, ask: str | None = None) -> None:
    """Note that the endpoint gave nothing; with ``ask``, the name of who wants the person's agreement again, the
    account waits for that person. Without the turn nothing is noted."""
    tx.lock(account, account_id)
    row = _row(tx, account_id)
    if row.holder != holder:
        return
    since = row.trouble_since or clock.now()
    _change(tx, account_id, holder=None, held_until=0, trouble_since=since, trouble=trouble)
    if row.trouble_since is None:
        found = get_account(tx, account_id)
        record_change(tx, "account.token_failed", account_id, scope_id=found.scope_id, cause="server")
    if ask is not None:
        record_state(tx, account_id, "ask_person", "%(name)s wants you to sign in again.", stop=True, name=ask)


def forget_tokens(tx: WriteTx, account_id: int) -> None:
    """The account signs in by a password from now on, which is kept in place of what the tokens were in."""
    tx.execute(delete(account_token).where(account_token.c.account_id == account_id))


def list_token_states(tx: ReadTx) -> list[TokenState]:
    """The tokens of all accounts that are not paused, those that end first before the others."""
    kept = select(account_token).join(account, account.c.id == account_token.c.account_id)
    rows = tx.rows(kept.where(account.c.paused == 0).order_by(account_token.c.expires_at))
    return [_state(row) for row in rows]


def find_token_state(tx: ReadTx, account_id: int) -> TokenState | None:
    """How the tokens of this account are; None for one that signs in by password."""
    row = tx.row(select(account_token).where(account_token.c.account_id == account_id))
    return None if row is None else _state(row)


def _store(tx: WriteTx, keys: Keys, account_id: int, tokens: Tokens, old_refresh: str) -> None:
    keep_secret(tx, keys, account_id, _packed(tokens, old_refresh))
    _change(
        tx, account_id, expires_at=tokens.expires_at, refresh_until=tokens.refresh_until,
        holder=None, held_until=0, trouble_since=None, trouble="",
    )  # fmt: skip


def _packed(tokens: Tokens, old_refresh: str) -> str:
    return msgspec.json.encode(_Kept(tokens.access, tokens.refresh or old_refresh)).decode()


def _open(tx: ReadTx, keys: Keys, account_id: int) -> _Kept:
    return msgspec.json.decode(open_secret(tx, keys, account_id), type=_Kept)


def _change(tx: WriteTx, account_id: int, **values: Any) -> None:
    tx.execute(update(account_token).where(account_token.c.account_id == account_id).values(**values))


def _state(row: Row[Any]) -> TokenState:
    return TokenState(row.account_id, row.authority, row.expires_at, row.refresh_until, row.trouble_since, row.trouble)


def _row(tx: ReadTx, account_id: int) -> Row[Any]:
    row = tx.row(select(account_token).where(account_token.c.account_id == account_id))
    if row is None:
        raise NotFound("The account with the number %(id)s does not sign in by tokens.", id=account_id)
    return row
