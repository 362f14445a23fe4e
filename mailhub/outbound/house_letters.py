"""Letters of the house itself to its own people: notices, links for a new password. They belong to no mailbox and no
thread, so they are jobs and no rows of the ledger.

They say that a machine wrote them (``Auto-Submitted: auto-generated``) and leave with the null return path, so that
nothing answers them and nothing comes back. Their words are sealed while they wait. Like everything that leaves they
obey the stop file, the hold of a restored copy and the relay. A mark is committed before the dot of each; after a
cut or a kill that hides the answer it is sent again under the same Message-ID, once a cut and ``MOST_REPEATS`` times in
all. While the relay cannot be used they wait, and no try of theirs counts.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec

import msgspec

from core import clock, jobs
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError, Unavailable
from core.log import get_log
from core.rounds import Rounds
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.outbound.compose import Fields, compose
from mailhub.outbound.connection import Connection, CutError, RelayError
from mailhub.outbound.direct import Direct, UnreachedError
from mailhub.outbound.headers import ascii_address
from mailhub.outbound.parts import File
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply, judge
from mailhub.outbound.signing import Signing

HOUSE_JOB = "house.letter"
SWEEP_SECONDS = 5.0
AGAIN_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
MOST_REPEATS = 5
_SEAL = "house letter"
P = ParamSpec("P")
log = get_log(__name__)


class HouseLetter(msgspec.Struct):
    """What one says, and to whom. ``code`` makes its Message-ID; ``html`` is a whole document or empty; ``from_name``
    and ``from_address`` stand as its sender, where they are empty the house; ``pictures`` are the names of those that
    go along inside of it."""

    to: str
    name: str
    subject: str
    text: str
    code: str
    html: str = ""
    from_name: str = ""
    from_address: str = ""
    pictures: list[str] = []


def post_house_letter(
    tx: WriteTx,
    keys: Keys,
    to: str,
    subject: str,
    text: str,
    *,
    name: str = "",
    html: str = "",
    sender: Address | None = None,
    pictures: Sequence[str] = (),
) -> None:
    """Let the house write to somebody of the staff, once this transaction is committed. ``pictures`` are names by which
    the loop finds the files that ``html`` shows as its own parts."""
    by = sender or Address("", "")
    code = secrets.token_hex(12)
    letter = HouseLetter(to, name, subject, text, code, html, by.name, by.address, list(pictures))
    sealed = b64encode(keys.seal(_SEAL, msgspec.json.encode(letter))).decode()
    jobs.enqueue(tx, HOUSE_JOB, {"sealed": sealed})


class HouseLetters(Rounds):
    """The loop that brings them to the relay."""

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
        direct: Direct | None = None,
        signing: Signing | None = None,
        read_pictures: Callable[[Sequence[str]], tuple[File, ...]] = lambda _: (),
    ) -> None:
        """``sender`` is the address of the house; ``may_go`` says whether anything may leave at this moment. With
        ``direct`` they go straight to the servers of each domain, whatever relay there is; with ``signing`` they are
        signed as letters of mailboxes are. ``read_pictures`` finds pictures by their names, in a
        thread."""
        super().__init__("letters of the house", SWEEP_SECONDS)
        self._database = database
        self._keys = keys
        self._relay = relay
        self._boot = boot
        self._hostname = hostname
        self._sender = sender
        self._may_go = may_go
        self._direct = direct
        self._signing = signing
        self._read_pictures = read_pictures
        self._pause = 0.0
        self._rests_until = 0.0

    async def look(self) -> None:
        """Send what waits."""
        while await self.once():
            pass

    async def once(self) -> bool:
        """One letter. False when nothing waits or nothing may leave."""
        nowhere = self._relay is None and self._direct is None
        if nowhere or not self._may_go() or time.monotonic() < self._rests_until:
            return False
        claimed = await self._database.work(jobs.claim, HOUSE_JOB, self._boot, 1)
        for job in claimed:
            try:
                await self._carry(job)
            except Conflict as problem:
                log.warning("a letter of the house is in other hands", job=job.id, reason=str(problem))
        return bool(claimed)

    async def _carry(self, job: jobs.Job) -> None:
        """One letter to its end, whatever that is. Raises Conflict when its lease was lost: then it did not leave."""
        marks = int(job.payload.get("marks", 0))
        if marks > MOST_REPEATS:
            log.error("nobody knows whether a letter of the house arrived", job=job.id, times=marks)
            await self._surely(jobs.finish, job)
            return
        try:
            letter = self._open(job)
            recipient, raw = ascii_address(letter.to), await asyncio.to_thread(self.write_down, letter)
        except (HouseError, ValueError) as problem:
            log.error("a letter of the house cannot be written", job=job.id, reason=str(problem))
            await self._surely(jobs.give_up, job, str(problem))
            return
        try:
            if self._signing is not None:
                raw = await self._signing.sign(raw)
            connection = await self._connect(recipient.rpartition("@")[2])
        except (RelayError, Unavailable) as problem:
            await self._rest(job, str(problem))
            return
        except UnreachedError as unreached:  # that domain alone
            await self._record(job, unreached.reply, marks)
            return
        try:
            reply = await connection.offer("", recipient, len(raw))
            if reply.code == 354:
                job = await self._database.work(_mark, job, marks + 1)
                reply = await connection.hand_over(raw)
        except (RelayError, Unavailable) as problem:
            await self._rest(job, str(problem))
        except CutError as cut:
            await self._surely(jobs.give_up, job, str(cut))
        else:
            await connection.close()
            await self._record(job, reply, marks)
        finally:
            connection.abandon()

    async def _connect(self, domain: str) -> Connection:
        """A connection that is open. Raises RelayError, UnreachedError."""
        if self._direct is not None:
            return await self._direct.connect(domain)
        assert self._relay is not None, "there is a way"
        connection = Connection(self._relay, self._hostname)
        try:
            await connection.open()
        except BaseException:
            connection.abandon()
            raise
        return connection

    async def _record(self, job: jobs.Job, reply: Reply, marks: int) -> None:
        """What the relay said of a letter, written down for good; ``marks`` is how often its fate was hidden before."""
        if judge(reply) == "later":
            await self._surely(_mark, job, marks)
            why = f"{reply.code} {reply.text}"
            if reply.code == 421:  # it asks everybody to go, whatever it thinks of this letter
                await self._rest(job, why)
            else:
                await self._surely(jobs.give_up, job, why)
            return
        self._pause = 0.0
        if judge(reply) != "sent":
            log.error("a letter of the house was refused", job=job.id, code=reply.code, reason=reply.text)
        await self._surely(jobs.finish, job)

    async def _rest(self, job: jobs.Job, why: str) -> None:
        """Leave the relay alone for a while that doubles until it takes a letter again; no letter is to blame."""
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._rests_until = time.monotonic() + self._pause
        log.warning("letters of the house wait", reason=why, seconds=self._pause)
        await self._surely(jobs.put_off, job, int(self._pause * clock.SECOND))

    async def _surely(self, verb: Callable[Concatenate[WriteTx, P], object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Write this, at the latest when the database can again: what the relay said is never forgotten."""
        while True:
            try:
                await self._database.work(verb, *args, **kwargs)
                return
            except Unavailable as problem:
                log.warning("what became of a letter of the house is not written down yet", reason=str(problem))
                await asyncio.sleep(AGAIN_SECONDS)

    def _open(self, job: jobs.Job) -> HouseLetter:
        return msgspec.json.decode(self._keys.open(_SEAL, b64decode(job.payload["sealed"])), type=HouseLetter)

    def write_down(self, letter: HouseLetter) -> bytes:
        """Its bytes, for a caller without an event loop. Raises Invalid, TooMuch, NotFound for a picture that is
        gone."""
        sender = Address(letter.from_name, letter.from_address) if letter.from_address else self._sender
        domain = ascii_address(sender.address).rpartition("@")[2]
        return compose(
            Fields(
                message_id=f"h.{letter.code}@{domain}",
                date=clock.now(),
                from_=sender,
                to=(Address(letter.name, letter.to),),
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
                files=self._read_pictures(letter.pictures) if letter.pictures else (),
                automatic="auto-generated",
            )
        )


def _mark(tx: WriteTx, job: jobs.Job, marks: int) -> jobs.Job:
    """Committed before the letter's dot leaves: from here on nobody knows, until the answer is written down."""
    return jobs.note(tx, job, marks=marks)
