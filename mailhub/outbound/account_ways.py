"""Connections to the servers of accounts: only under TLS, only where the guard lets accounts lie, and with what the
account signs in with at this moment."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from core.database import Database
from core.errors import HouseError
from core.fetch import Guard, open_socket
from core.secrets import Keys
from mailhub.mailboxes.accounts import Account, find_relay_secret, get_account
from mailhub.outbound.connection import CONNECT_SECONDS, Connection, RelayError
from mailhub.outbound.relay import Privacy, Relay

REFUSED = "%(host)s refuses the password of this account. Enter it again, or sign in again."
UNREACHED = "%(host)s cannot be used now: %(why)s"
SENT_AWAY = "The server wants no letters now: %(why)s"


class WayError(Exception):
    """The server of an account takes no letters now. ``sentence`` with ``fields`` is for people; ``refused``: it does
    not let the account in."""

    def __init__(self, sentence: str, fields: dict[str, object], *, refused: bool = False) -> None:
        super().__init__(sentence % fields if fields else sentence)
        self.sentence = sentence
        self.fields = fields
        self.refused = refused


class AccountWays:
    """Opens connections for whoever sends."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        guard: Guard,
        context: ssl.SSLContext,
        get_secret: Callable[[Account], Awaitable[str]],
        hostname: str,
    ) -> None:
        """``get_secret`` gives the password of the way in, or an access token that is good now."""
        self._database = database
        self._keys = keys
        self._guard = guard
        self._context = context
        self._get_secret = get_secret
        self._hostname = hostname

    async def connect(self, account_id: int) -> Connection:
        """A connection on which letters can be offered. Raises WayError, NotFound for an account that is gone."""
        one = await self._database.read(get_account, account_id)
        host = one.smtp_host or ""
        try:
            relay = await self._find_relay(one)
            guard = self._guard if one.smtp_inside else self._guard.without_own()
            connected = await open_socket(guard, host, one.smtp_port, "smtp", CONNECT_SECONDS)
        except HouseError as problem:
            raise WayError(problem.sentence, dict(problem.fields)) from problem
        except OSError as problem:
            why = str(problem) or type(problem).__name__
            raise WayError(UNREACHED, {"host": host, "why": why}) from problem
        connection = Connection(relay, self._hostname, connected=connected, context=self._context)
        try:
            await connection.open()
        except RelayError as problem:
            if problem.refused:
                raise WayError(REFUSED, {"host": host}, refused=True) from problem
            raise WayError(UNREACHED, {"host": host, "why": str(problem)}) from problem
        return connection

    async def _find_relay(self, one: Account) -> Relay:
        """Raises as the keys and ``get_secret``."""
        own = await self._database.read(find_relay_secret, self._keys, one.id)
        secret = await self._get_secret(one) if own is None else own
        privacy = cast("Privacy", one.smtp_security)
        auth = one.auth if own is None else "password"
        return Relay(one.smtp_host or "", one.smtp_port, one.smtp_user or one.user, secret, privacy, auth)
