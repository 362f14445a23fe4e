"""Letters of the house itself to its own people: notices, links for a new password. They belong to no mailbox and no
thread, so they are jobs and no rows of the ledger.

They say that a machine wrote them (``Auto-Submitted: auto-generated``) and leave with the null return path, so that
nothing answers them and nothing comes back. Their words are sealed while they wait. Like everything that leaves they
obey the stop file, the hold of a restored copy and the relay. After a cut that hides the answer a letter is sent again
under the same Message-ID.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable

import msgspec

from core import clock, jobs
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError, Unavailable
from core.log import get_log
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.outbound.compose import Fields, compose
from mailhub.outbound.connection import Connection, CutError, RelayError
from mailhub.outbound.headers import ascii_address
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply, judge

HOUSE_JOB = "house.letter"
SWEEP_SECONDS = 5.0
_SEAL = "house letter"
log = get_log(__name__)


class HouseLetter(msgspec.Struct):
    """What one says, and to whom. ``code`` makes its Message-ID."""

    to: str
    name: str
    subject: str
    text: str
    code: str


def post_house_letter(tx: WriteTx, keys: Keys, to: str, subject: str, text: str, *, name: str = "") -> None:
    """Let the house write to somebody of the staff, once this transaction is committed."""
    letter = HouseLetter(to, name, subject, text, secrets.token_hex(12))
    sealed = b64encode(keys.seal(_SEAL, msgspec.json.encode(letter))).decode()
    jobs.enqueue(tx, HOUSE_JOB, {"sealed": sealed})


class HouseLetters:
    """The loop that brings them to the relay. Runs until it is cancelled; ``wake`` makes it look at once."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        relay: Relay | None,
        *,
        boot: str,
        hostname: str,
        sender: Address,
        may_go: Callable[[], bool],
    ) -> None:
        """``sender`` is the address of the house; ``may_go`` says whether anything may leave at this moment."""
        self._database = database
        self._keys = keys
        self._relay = relay
        self._boot = boot
        self._hostname = hostname
        self._sender = sender
        self._may_go = may_go
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Send what waits, then sleep until woken or for a sweep."""
        while True:
            self._bell.clear()
            try:
                while await self.once():
                    pass
            except HouseError as problem:
                log.warning("letters of the house wait", reason=str(problem))
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def once(self) -> bool:
        """One letter. False when nothing waits or nothing may leave."""
        if self._relay is None or not self._may_go():
            return False
        claimed = await self._database.work(jobs.claim, HOUSE_JOB, self._boot, 1)
        for job in claimed:
            try:
                reply = await self._send(self._relay, self._open(job))
            except (RelayError, CutError, Unavailable) as problem:
                await self._database.work(jobs.give_up, job, str(problem))
                continue
            except (HouseError, ValueError) as problem:
                log.error("a letter of the house cannot be written", reason=str(problem))
            else:
                if judge(reply) == "later":
                    await self._database.work(jobs.give_up, job, f"{reply.code} {reply.text}")
                    continue
                if judge(reply) != "sent":
                    log.error("a letter of the house was refused", code=reply.code, reason=reply.text)
            await self._finish(job)
        return bool(claimed)

    def _open(self, job: jobs.Job) -> HouseLetter:
        return msgspec.json.decode(self._keys.open(_SEAL, b64decode(job.payload["sealed"])), type=HouseLetter)

    def write_down(self, letter: HouseLetter) -> bytes:
        """Its bytes. Raises Invalid, TooMuch."""
        domain = ascii_address(self._sender.address).rpartition("@")[2]
        return compose(
            Fields(
                message_id=f"h.{letter.code}@{domain}",
                date=clock.now(),
                from_=self._sender,
                to=(Address(letter.name, letter.to),),
                subject=letter.subject,
                text=letter.text,
                automatic="auto-generated",
            )
        )

    async def _send(self, relay: Relay, letter: HouseLetter) -> Reply:
        """Hand it to the relay; what that says last. Raises RelayError, CutError."""
        raw = self.write_down(letter)
        connection = Connection(relay, self._hostname)
        await connection.open()
        try:
            reply = await connection.offer("", ascii_address(letter.to), len(raw))
            return await connection.hand_over(raw) if reply.code == 354 else reply
        finally:
            await connection.close()

    async def _finish(self, job: jobs.Job) -> None:
        try:
            await self._database.work(jobs.finish, job)
        except Conflict:
            log.warning("a letter of the house was sent by two", job=job.id)
