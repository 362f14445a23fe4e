"""The running house: what is open, which loops run here, and how it starts, drains and stops.

Roles: ``web`` answers HTTP (the reception runs it), ``ingest`` is the SMTP listener with the processing of letters,
``send`` and ``clock`` are for what goes out and what is planned. One process holds them all by default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core import changes, clock, jobs, limits, once
from core.blobs import BlobFiles
from core.database import Database, WriteTx
from core.errors import Conflict, HouseError, Invalid
from core.fetch import Fetcher, Guard, resolve_by_system
from core.language import Catalogs, Language
from core.log import get_log
from core.marks import Identity, ensure_identity
from core.resources import locale_dir
from core.secrets import load_keys
from core.settings import Settings, parse_place
from crm.execution.promises import TOPIC as PROMISED
from crm.parties import ADDRESSES_MOVED
from crm.planner import TOPIC as PLANNED
from crm.staff import ceremonies, sessions
from crm.staff.reads import Reads
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.session import Means, trust
from mailhub.ingest.imap.supervisor import Supervisor
from mailhub.ingest.intake import sweep_arrivals
from mailhub.ingest.office import Office
from mailhub.ingest.settling import Settling
from mailhub.ingest.signing import make_get_secret
from mailhub.ingest.smtp import Limits, Listener, LmtpSession, PostOffice
from mailhub.ingest.smtp.certificate import server_context
from mailhub.ingest.write_back import WriteBack
from mailhub.keeping.loop import Keeping
from mailhub.keeping.requests import TOPIC as KEEPING_TOPIC
from mailhub.letters.values import Address
from mailhub.mailboxes.imports import IMPORT_JOB
from mailhub.mailboxes.notices import sweep_notices
from mailhub.mailboxes.oauth import list_authorities
from mailhub.mailboxes.snoozing import TOPIC as SNOOZED
from mailhub.mailboxes.terms import DEADLINES_MOVED
from mailhub.mailboxes.token_keeper import TokenKeeper
from mailhub.migrations import check_current
from mailhub.notices.mailing import NoticeLetters
from mailhub.outbound import dkim_keys, ledger, scheduling
from mailhub.outbound.account_ways import AccountWays
from mailhub.outbound.departing import Departing
from mailhub.outbound.direct import Direct
from mailhub.outbound.drafts import sweep_drafts
from mailhub.outbound.house_letters import HOUSE_JOB, HouseLetters
from mailhub.outbound.identity import Stamp, make_stamp
from mailhub.outbound.mx import Names
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.send import Sending
from mailhub.outbound.signing import Signing
from mailhub.outbound.sts import Policies, fetch_with
from mailhub.routing.displays import Displays
from mailhub.routing.importing import Importing
from mailhub.routing.indexing import Indexing
from mailhub.routing.processing import Processing
from mailhub.routing.refiling import Refiling
from mailhub.routing.reminding import Reminding
from mailhub.routing.verdicts import VerdictOffice
from mailhub.routing.waking import Waking
from mailhub.routing.watching import Watching
from mailhub.routing.workers import Workers

ROLES = ("web", "ingest", "send", "clock")
BEAT_SECONDS = 5.0
SWEEP_SECONDS = 60.0
DRAIN_SECONDS = 5.0
SWEEPS: tuple[Callable[[WriteTx], int], ...] = (
    limits.sweep,
    once.sweep,
    sessions.sweep,
    ceremonies.sweep,
    changes.sweep,
    sweep_drafts,
    sweep_notices,
)
log = get_log(__name__)


MakeOffice = Callable[[Database, Path, str, int, Stamp], PostOffice]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo company, for the sign-in page. The password is no secret: the demo never leaves loopback."""

    name: str
    email: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A letter that left the house of the demo and went nowhere: what its page of outgoing letters shows."""

    at: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class House:
    """Everything that is open. ``open`` before anything else, ``start`` the loops of the roles, ``stop`` in the end."""

    def __init__(
        self, settings: Settings, *, make_office: MakeOffice = Office, demo: tuple[DemoPerson, ...] = ()
    ) -> None:
        """``make_office`` lets the demo date its letters; ``demo`` are the people whom its sign-in page introduces."""
        self.settings = settings
        self.make_office = make_office
        self.demo = demo
        self.gone: Sequence[Gone] = ()
        self.database = Database(settings.database.url)
        self.files = BlobFiles(Path(settings.blobs.url.removeprefix("file://")))
        self.uploads = settings.data.dir / "imports"
        self.exports = settings.data.dir / "exports"
        self.keys = load_keys(settings.secret.key_file)
        self.catalogs = Catalogs(locale_dir())
        self.workers = Workers(settings.parse.workers)
        peers = (*Limits().trusted, *settings.smtp.trusted_peers)
        self.verdicts = VerdictOffice(settings.verdicts, self.workers.examine, peers)
        self.displays = Displays(self.database, self.files, self.workers)
        self.fetcher = Fetcher(Guard(resolve_by_system))
        self.bounds = Bounds()
        self.reads = Reads()
        self.identity = Identity("", 0, held=False)
        self.stamp = make_stamp(self.keys, settings, 0)
        self.boot = ""
        self.roles: tuple[str, ...] = ()
        self.listener: Listener | None = None
        self.lmtp: Listener | None = None
        self.processing: Processing | None = None
        self.sending: Sending | None = None
        self.departing: Departing | None = None
        self.write_back: WriteBack | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Open the database and register this process. Raises Conflict when the tables are not current."""
        self.files.folder.mkdir(parents=True, exist_ok=True)
        check_current(self.settings.database.url)
        self.database.start(hear_others=True)
        self.identity = await self.database.write(ensure_identity)
        self.stamp = make_stamp(self.keys, self.settings, self.identity.epoch)
        self.boot = await self.database.write(jobs.start_boot)
        self._reach_accounts()
        self._failed = asyncio.get_running_loop().create_future()
        self._begin("heartbeat", self._beat())
        self._begin("sweeper", self._sweep())

    async def start(self, roles: Sequence[str] = ROLES) -> None:
        """Start the loops of these roles. Raises Invalid for an unknown role, OSError for a port that is taken."""
        unknown = [role for role in roles if role not in ROLES]
        if unknown:
            raise Invalid(
                "There is no role named %(role)s; there are: %(roles)s.", role=unknown[0], roles=", ".join(ROLES)
            )
        self.roles = tuple(roles)
        if "ingest" in roles:
            await self._start_ingest()
        if "send" in roles:
            self._start_sending()
        if "clock" in roles:
            keeping = Keeping(self.database, self.files, self.keys, self.exports)
            self._wake_by(KEEPING_TOPIC, keeping.wake)
            self._begin("keeping", keeping.run())
        if "clock" in roles:
            waking = Waking(self.database)
            self._wake_by(SNOOZED, waking.wake)
            self._begin("waking", waking.run())
            watching = Watching(self.database, self.boot)
            self._wake_by(f"{jobs.TOPIC}.{DEADLINES_MOVED}", watching.wake)
            self._begin("watching", watching.run())
            reminding = Reminding(self.database)
            for topic in (PLANNED, PROMISED):
                self._wake_by(topic, reminding.wake)
            self._begin("reminders", reminding.run())

    async def _start_ingest(self) -> None:
        self.processing = Processing(
            self.database,
            self.files,
            self.workers,
            self.boot,
            self.stamp,
            examiner=self.verdicts.examiner,
            new_after=self.settings.threads.new_after_days * clock.DAY,
        )
        self._wake_by(jobs.TOPIC, self.processing.wake)
        self._begin("processing", self.processing.run())
        refiling = Refiling(self.database, self.boot)
        self._wake_by(f"{jobs.TOPIC}.{ADDRESSES_MOVED}", refiling.wake)
        self._begin("refiling", refiling.run())
        importing = Importing(
            self.database, self.files, self.workers, self.boot, self.uploads, self.settings.imports.folder
        )
        self._wake_by(f"{jobs.TOPIC}.{IMPORT_JOB}", importing.wake)
        self._begin("imports", importing.run())
        self._begin("indexing", Indexing(self.database, self.files, self.workers).run())
        self._begin("settling", Settling(self.database, self.files).run())
        self._begin("tokens", self.tokens.run())
        self._begin("accounts", Supervisor(self.means).run())
        self.write_back = WriteBack(self.means, self.files)
        self._wake_by(f"{jobs.TOPIC}.account", self.write_back.wake)
        self._begin("write-back", self.write_back.run())
        smtp = self.settings.smtp
        office = self.make_office(self.database, self.settings.data.dir, smtp.hostname, smtp.max_size, self.stamp)
        trusted = (*Limits().trusted, *smtp.trusted_peers)
        tls = server_context(smtp.tls_cert, smtp.tls_key) if smtp.tls_cert and smtp.tls_key else None
        limits_here = Limits(max_size=smtp.max_size, trusted=trusted, drain_seconds=DRAIN_SECONDS)
        listener = Listener(office, smtp.hostname, host=smtp.host, port=smtp.port, limits=limits_here, tls=tls)
        await listener.start()
        self.listener = listener
        if self.settings.lmtp.socket:
            host, port, path = parse_place(self.settings.lmtp.socket)
            beside = Listener(
                office, smtp.hostname, host=host, port=port, path=path,
                limits=limits_here, tls=tls, conversation=LmtpSession,
            )  # fmt: skip
            await beside.start()
            self.lmtp = beside

    def _reach_accounts(self) -> None:
        """What it takes to reach accounts, for the loops and for whoever tries one."""
        imap, authorities = self.settings.imap, list_authorities(self.settings.oauth)
        self.tokens = TokenKeeper(self.database, self.keys, self.fetcher, authorities, self.boot)
        guard = Guard(resolve_by_system, own=imap.allowed_networks)
        get_secret = make_get_secret(self.database, self.keys, self.tokens)
        self.means = Means(self.database, guard, trust(imap.ca_file), get_secret, self.boot, self.bounds)

    def _start_sending(self) -> None:
        send, signing = self.settings.send, Signing(self.database, self.keys)
        self.sending = Sending(
            self.database,
            self.files,
            self.keys,
            parse_relay(send.relay),
            boot=self.boot,
            folder=self.settings.data.dir,
            hostname=send.hostname,
            connections=send.connections,
            accounts=AccountWays(
                self.database, self.keys, self.means.guard, self.means.context, self.means.get_secret, send.hostname
            ),
            direct=self._direct(),
            guard=Guard(resolve_by_system, own=send.allowed_networks),
            signing=signing,
        )
        self._wake_by(dkim_keys.TOPIC, signing.forget)
        self._wake_by(ledger.TOPIC, self.sending.wake)
        self._begin("sending", self.sending.run())
        self._write_to_people(self.sending, signing)
        zone = ZoneInfo(self.settings.company.timezone)
        self.departing = Departing(self.database, self.files, self.stamp, zone)
        self._wake_by(scheduling.TOPIC, self.departing.wake)
        self._begin("planned letters", self.departing.run())

    def _direct(self) -> Direct:
        """The way straight to the servers of a domain."""
        send, names = self.settings.send, Names(self.settings.verdicts.dns_servers)
        policies = Policies(self.database, names.ask, fetch_with(self.fetcher))
        return Direct(names.ask, policies, send.hostname, inside=send.allowed_networks)

    def _write_to_people(self, sending: Sending, signing: Signing) -> None:
        """Letters of the house itself, and the notices that go out as such."""
        send = self.settings.send
        letters = HouseLetters(
            self.database,
            self.keys,
            parse_relay(send.relay),
            boot=self.boot,
            hostname=send.hostname,
            sender=Address(self.settings.company.name or "mailhub", self.settings.sign_in.letters_from),
            may_go=lambda: sending.halt is None,
            direct=self._direct() if send.house_letters == "direct" else None,
            signing=signing,
        )
        self._wake_by(f"{jobs.TOPIC}.{HOUSE_JOB}", letters.wake)
        self._begin("letters of the house", letters.run())
        notices = NoticeLetters(self.database, self.keys, self.speak, self.settings.web.base_url)
        self._begin("notices by mail", notices.run())

    def speak(self, code: str) -> Language:
        """A language by its code, that of the company for none."""
        company = self.settings.company
        return self.catalogs.language(code or company.language, company.timezone)

    def _wake_by(self, topic: str, wake: Callable[[], None]) -> None:
        """Ring a loop when something of this topic was committed, here or in another process. A topic that ends with
        a star is about all that begin like it."""
        loop = asyncio.get_running_loop()

        def heard(topics: frozenset[str]) -> None:
            if any(one.startswith(topic) or (one.endswith("*") and topic.startswith(one[:-1])) for one in topics):
                loop.call_soon_threadsafe(wake)

        self.database.listen(heard)

    async def failed(self) -> None:
        """Wait until a loop of this house ends by a fault, and raise it: the process must not go on half alive."""
        assert self._failed is not None, "open the house first"
        await self._failed

    async def stop(self) -> None:
        """Close the doors, let letters under way finish, give back the leases, close the database."""
        await asyncio.gather(*(door.stop() for door in (self.listener, self.lmtp) if door is not None))
        if self.sending is not None:
            await self.sending.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.verdicts.close()
        await self.workers.stop()
        await self.fetcher.close()
        if self.boot:
            try:
                await self.database.write(jobs.stop_boot, self.boot)
            except HouseError as problem:
                log.warning("the leases were not given back and will run out", reason=str(problem))
        await asyncio.to_thread(self.database.close)

    def _begin(self, name: str, loop: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failed is None or self._failed.done():
            return
        problem = task.exception()
        if problem is not None:
            log.error("a loop of the server ended", loop=task.get_name(), exc_info=problem)
            self._failed.set_exception(problem)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                alive = await self.database.write(jobs.beat, self.boot)
            except HouseError as problem:
                log.warning("the heartbeat could not be written", reason=str(problem))
                continue
            if not alive:
                raise Conflict("This process was silent too long and its work was given to others. Start it again.")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                for sweep in SWEEPS:
                    await self.database.work(sweep)
                await self.database.work(sweep_arrivals, self.settings.data.keep_arrivals)
            except HouseError as problem:
                log.warning("old rows could not be swept away", reason=str(problem))
