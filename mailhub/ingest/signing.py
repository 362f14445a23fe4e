"""What an account signs in with, at the moment of use: its password, or an access token that is good now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.database import Database
from core.secrets import Keys
from mailhub.ingest.imap.trouble import PasswordRefused
from mailhub.mailboxes.accounts import Account, open_secret
from mailhub.mailboxes.token_keeper import TokenKeeper


def make_get_secret(database: Database, keys: Keys, tokens: TokenKeeper) -> Callable[[Account], Awaitable[str]]:
    """``get_secret`` for ``Means``. A token that the server refused is not shown to it again: it may have been taken
    back before its time. Raises as ``open_secret`` and ``TokenKeeper.get_token``."""
    shown: dict[int, str] = {}

    async def get_secret(account: Account) -> str:
        if account.auth == "password":
            return await database.read(open_secret, keys, account.id)
        refused = shown.get(account.id) if account.sentence == PasswordRefused.sentence else None
        shown[account.id] = await tokens.get_token(account.id, refused=refused)
        return shown[account.id]

    return get_secret
