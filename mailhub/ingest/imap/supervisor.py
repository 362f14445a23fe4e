"""All accounts of this house: each in a task of its own, under a lease, with its own troubles.

A trouble ends one session and never another's. What follows is decided here: again after a growing, jittered pause;
when the server asked for one, not before; a password that was refused three times is not tried a fourth time.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from core import clock
from core.database import WriteTx
from core.errors import Conflict, Forbidden, HouseError, Invalid, NotFound, Unavailable
from core.log import get_log
from core.rounds import rings
from mailhub.ingest.imap.folder import Memory
from mailhub.ingest.imap.session import Means, Session
from mailhub.ingest.imap.trouble import AskPerson, PasswordRefused, Throttled, Trouble
from mailhub.mailboxes.accounts import TOPIC, Account, State, get_account, list_called, record_state
from mailhub.mailboxes.leases import claim_accounts

SWEEP_SECONDS = 10.0
SEEN_EVERY = 5 * clock.MINUTE
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trouble means for its account: how it is told, and how long the pause is."""

    state: State
    sentence: str
    fields: dict[str, Any]
    pause: float
    stop: bool


class Keeper:
    """Keeps one account up to date until it is cancelled, paused, given away or removed."""

    def __init__(self, means: Means, account_id: int) -> None:
        self._means = means
        self._account_id = account_id
        self._memory = Memory()
        self._brought = 0
        self.bell = asyncio.Event()

    async def run(self) -> None:
        """Session after session."""
        while True:
            try:
                account = await self._means.database.read(get_account, self._account_id)
            except NotFound:
                return
            if account.paused:
                return
            if await self._pause(account):
                continue
            try:
                await self._session(account)
            except Conflict:
                return  # another process has it, and says so itself
            except NotFound:
                continue  # removed in the meantime, or a folder of it
            except Exception as problem:
                if not isinstance(problem, Trouble | HouseError):
                    log.error("an account stumbled", account=account.id, exc_info=problem)
                if await self._note(problem):
                    return

    async def _session(self, account: Account) -> None:
        session = Session(self._means, account, self._memory, self.bell, self._all_is_well)
        try:
            await session.run()
        finally:
            self._brought = session.letters

    async def _pause(self, account: Account) -> bool:
        """Sleep until the account may be tried again, or the bell. True when it slept."""
        seconds = (account.next_at - clock.now()) / clock.SECOND
        if seconds <= 0:
            return False
        self.bell.clear()
        try:
            async with asyncio.timeout(seconds):
                await self.bell.wait()
        except TimeoutError:
            return True
        return True

    async def _all_is_well(self) -> None:
        account = await self._means.database.read(get_account, self._account_id)
        recently = account.seen_at is not None and account.seen_at > clock.now() - SEEN_EVERY
        if account.state != "ok" or not recently:
            await self._means.database.work(record_state, self._account_id, "ok")

    async def _note(self, problem: Exception) -> bool:
        """Write down what went wrong and when it is tried again. True when that is a person's business."""
        account = await self._means.database.read(get_account, self._account_id)
        verdict = judge(problem, account, self._means.bounds.log_ins)
        tries = account.tries + 1
        if isinstance(problem, PasswordRefused) and account.sentence != problem.sentence:
            tries = 1  # these are counted alone: other troubles are no tries of a password
        elif self._brought and not isinstance(problem, PasswordRefused):
            tries = 1  # letters came before the connection broke: it is not hopeless
        bounds = self._means.bounds
        pause = verdict.pause or min(bounds.first_pause * 2 ** min(tries - 1, 20), bounds.longest_pause)
        if isinstance(problem, Throttled) and problem.seconds is None:
            pause = min(bounds.throttled_pause * 2 ** min(tries - 1, 20), bounds.longest_pause * 6)
        pause *= random.uniform(1, 1.3)  # noqa: S311 - so that not all come back at once
        log.info(
            "an account waits",
            account=account.id,
            state=verdict.state,
            why=str(problem),
            tries=tries,
            seconds=round(pause, 1),
        )
        next_at = clock.now() + int(pause * clock.SECOND)
        await self._means.database.work(_record, self._account_id, verdict, tries, next_at)
        return verdict.stop


def _record(tx: WriteTx, account_id: int, verdict: Verdict, tries: int, next_at: int) -> None:
    state, sentence = verdict.state, verdict.sentence
    record_state(tx, account_id, state, sentence, tries=tries, next_at=next_at, stop=verdict.stop, **verdict.fields)


def judge(problem: Exception, account: Account, most_log_ins: int) -> Verdict:
    """What a problem means. ``pause`` 0 leaves its length to the number of tries."""
    if isinstance(problem, PasswordRefused):
        tries = account.tries + 1 if account.sentence == problem.sentence else 1
        last = tries >= most_log_ins
        return Verdict("ask_person" if last else "retry", problem.sentence, dict(problem.fields), 0, last)
    if isinstance(problem, Throttled):
        return Verdict("wait", problem.sentence, dict(problem.fields), problem.seconds or 0, False)
    if isinstance(problem, AskPerson):
        return Verdict("ask_person", problem.sentence, dict(problem.fields), 0, True)
    if isinstance(problem, Trouble):
        return Verdict(problem.state, problem.sentence, dict(problem.fields), 0, False)
    if isinstance(problem, Forbidden | Invalid):
        return Verdict("ask_person", problem.sentence, dict(problem.fields), 0, True)
    if isinstance(problem, Unavailable):
        return Verdict("retry", problem.sentence, dict(problem.fields), 0, False)
    return Verdict("retry", "Something unexpected happened with this account. It is tried again.", {}, 0, False)


class Supervisor:
    """Gives every account that this process may hold a keeper."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._bell = asyncio.Event()
        self._keepers: dict[int, tuple[Keeper, asyncio.Task[None]]] = {}
        loop = asyncio.get_running_loop()

        def heard(topics: frozenset[str]) -> None:
            if topics & {TOPIC, "*"}:
                loop.call_soon_threadsafe(self._bell.set)

        means.database.listen(heard)

    async def run(self) -> None:
        """Until cancelled; then every session says goodbye."""
        try:
            while True:
                rung = self._bell.is_set()
                self._bell.clear()
                await self._look(rung=rung)
                await rings(self._bell, SWEEP_SECONDS)
        finally:
            tasks = [task for _, task in self._keepers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, *, rung: bool) -> None:
        try:
            mine = await self._means.database.work(claim_accounts, self._means.boot)
            called = set(await self._means.database.read(list_called)) if rung else set()
        except Unavailable as problem:
            log.warning("accounts cannot be claimed now", reason=str(problem))
            return
        for account_id in [known for known in self._keepers if known not in mine]:
            self._keepers.pop(account_id)[1].cancel()
        for account_id in mine:
            found = self._keepers.get(account_id)
            if found is None or found[1].done():
                keeper = Keeper(self._means, account_id)
                self._keepers[account_id] = keeper, asyncio.create_task(keeper.run(), name=f"account {account_id}")
            elif account_id in called:
                found[0].bell.set()
