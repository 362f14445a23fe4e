"""Whoever needs an access token asks the keeper: it gives one that is good, and renews it when it is not.

Many may ask at once, in this process and in others: one of them goes to the token endpoint, the others wait for what
it gets, be it a token or a refusal. A loop renews ahead of time, so that trouble shows while the old token still lets
mail through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from core import clock
from core.database import Database
from core.errors import Forbidden, HouseError, Invalid, Unavailable
from core.fetch import Fetcher
from core.log import get_log
from core.secrets import Keys
from mailhub.mailboxes.oauth import Authority, Tokens, renew
from mailhub.mailboxes.providers import AuthorityKey
from mailhub.mailboxes.tokens import (
    AHEAD,
    USABLE,
    Turn,
    end_turn,
    fail_turn,
    find_token,
    list_token_states,
    take_turn,
)

LOOK_AGAIN_SECONDS = 0.25
PATIENCE_SECONDS = 60.0
ROUND_SECONDS = 60.0
log = get_log(__name__)


class TokenKeeper:
    """The access tokens of all accounts. ``holder`` names this process; ``authorities`` are those that know this
    server."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        fetcher: Fetcher,
        authorities: Mapping[AuthorityKey, Authority],
        holder: str,
    ) -> None:
        self.authorities = authorities
        self._database = database
        self._keys = keys
        self._fetcher = fetcher
        self._holder = holder
        self._flights: dict[int, asyncio.Task[str]] = {}

    async def get_token(self, account_id: int, *, refused: str | None = None) -> str:
        """An access token that is good for a minute at least; ``refused`` is the one that the mail server has just not
        taken, so that another one is needed.

        Raises Forbidden when the person has to sign in again (the account waits for that), Invalid when the settings
        are wrong, Unavailable when there is none now, NotFound for an account that signs in by password.
        """
        good = await self._database.read(find_token, self._keys, account_id, refused)
        return good or await self._together(account_id, refused, USABLE)

    async def run(self) -> None:
        """Renew ahead of time, for ever. What one account's endpoint says touches no other."""
        while True:
            await self.renew_due()
            await asyncio.sleep(ROUND_SECONDS)

    async def renew_due(self) -> None:
        """Renew, one after the other, every token that ends soon."""
        try:
            states = await self._database.read(list_token_states)
        except HouseError as problem:
            log.warning("the tokens could not be looked through", reason=str(problem))
            return
        for one in states:
            if one.expires_at < clock.now() + AHEAD:
                try:
                    await self._together(one.account_id, None, AHEAD)
                except HouseError as problem:
                    log.warning("a token could not be renewed", account=one.account_id, reason=str(problem))

    async def _together(self, account_id: int, refused: str | None, ahead: int) -> str:
        """One errand for all of this process; who is cancelled while waiting ends it for nobody."""
        flight = self._flights.get(account_id)
        if flight is None:
            flight = asyncio.create_task(self._errand(account_id, refused, ahead), name=f"token {account_id}")
            self._flights[account_id] = flight
            flight.add_done_callback(lambda done: self._land(account_id, done))
        return await asyncio.shield(flight)

    def _land(self, account_id: int, flight: asyncio.Task[str]) -> None:
        del self._flights[account_id]
        if not flight.cancelled():
            flight.exception()  # looked at here, for when nobody waits any more

    async def _errand(self, account_id: int, refused: str | None, ahead: int) -> str:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    turn = await self._database.write(
                        take_turn, self._keys, account_id, self._holder, refused, ahead=ahead
                    )
                    if turn.access is not None:
                        return turn.access
                    if turn.refresh is not None:
                        return await self._renew(account_id, turn, turn.refresh)
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
        except TimeoutError as error:
            raise Unavailable("Another process has been renewing this account's token for too long.") from error

    async def _renew(self, account_id: int, turn: Turn, refresh: str) -> str:
        try:
            tokens = await self._ask(turn, refresh)
        except (Forbidden, Invalid, Unavailable) as problem:
            ask = str(problem.fields["name"]) if isinstance(problem, Forbidden) and "name" in problem.fields else None
            await self._database.write(fail_turn, account_id, self._holder, str(problem), ask=ask)
            raise
        await self._database.write(end_turn, self._keys, account_id, refresh, tokens)
        return tokens.access

    async def _ask(self, turn: Turn, refresh: str) -> Tokens:
        authority = self.authorities.get(turn.authority)
        if authority is None:
            raise Invalid(
                "The settings no longer say as whom this server signs in at %(authority)s.", authority=turn.authority
            )
        return await renew(self._fetcher, authority, refresh)
