"""The running house: what is open, which loops run here, and how it starts, drains and stops.

Roles: ``web`` answers HTTP (the reception runs it), ``ingest`` is the SMTP listener with the processing of letters,
``send`` and ``clock`` are for what goes out and what is planned. One process holds them all by default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from core import clock, jobs
from core.blobs import BlobFiles
from core.database import Database
from core.errors import HouseError, Invalid
from core.fetch import Fetcher, Guard, resolve_by_system
from core.language import Catalogs, Language
from core.log import get_log
from core.marks import Identity, ensure_identity
from core.resources import locale_dir
from core.secrets import load_keys
from core.settings import Settings, parse_place
from crm.doubles.searching import JOB as DOUBLES_JOB
from crm.parties import ADDRESSES_MOVED
from crm.staff.reads import Reads
from crm.transfer.imports import JOB as TRANSFER_JOB
from mailhub.automatic.sending import Means as AutomaticMeans
from mailhub.campaigns.composing import Writing
from mailhub.campaigns.mailings import TOPIC as MAILINGS
from mailhub.campaigns.pictures import read_inside
from mailhub.campaigns.visiting import VisitBook
from mailhub.campaigns.windows import MailingSending
from mailhub.campaigns.windows.letters import Letters as MailingLetters
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.session import Means, trust
from mailhub.ingest.imap.supervisor import Supervisor
from mailhub.ingest.office import Office
from mailhub.ingest.settling import Settling
from mailhub.ingest.signing import make_get_secret
from mailhub.ingest.smtp import Limits, Listener, LmtpSession, PostOffice
from mailhub.ingest.smtp.certificate import server_context
from mailhub.ingest.write_back import WriteBack
from mailhub.letters.values import Address
from mailhub.mailboxes import devices
from mailhub.mailboxes.imports import IMPORT_JOB
from mailhub.mailboxes.oauth import list_authorities
from mailhub.mailboxes.token_keeper import TokenKeeper
from mailhub.migrations import check_current
from mailhub.notices.mailing import NoticeLetters
from mailhub.notices.push_keys import ensure_push_key
from mailhub.notices.pushing import Pushing
from mailhub.outbound import dkim_keys, ledger, scheduling
from mailhub.outbound.account_ways import AccountWays
from mailhub.outbound.departing import Departing
from mailhub.outbound.direct import Direct
from mailhub.outbound.house_letters import HOUSE_JOB, HouseLetters
from mailhub.outbound.identity import Stamp, make_stamp
from mailhub.outbound.mx import Names
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.send import Sending
from mailhub.outbound.signing import Signing
from mailhub.outbound.sts import Policies, fetch_with
from mailhub.routing.displays import Displays
from mailhub.routing.doubling import Doubling
from mailhub.routing.importing import Importing
from mailhub.routing.indexing import Indexing
from mailhub.routing.processing import Processing
from mailhub.routing.refiling import Refiling
from mailhub.routing.transferring import Transferring
from mailhub.routing.verdicts import VerdictOffice
from mailhub.routing.workers import Workers
from mailhub.runtime.clockwork import start_clock
from mailhub.runtime.loops import Loops
from mailhub.runtime.pulse import beat, sweep
from mailhub.runtime.shapes import DemoPerson, Gone

ROLES = ("web", "ingest", "send", "clock")
DRAIN_SECONDS = 5.0
log = get_log(__name__)


MakeOffice = Callable[[Database, Path, str, int, Stamp], PostOffice]


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
        self.tables = settings.data.dir / "tables"
        self.exports = settings.data.dir / "exports"
        self.keys = load_keys(settings.secret.key_file)
        self.catalogs = Catalogs(locale_dir())
        self.workers = Workers(settings.parse.workers)
        peers = (*Limits().trusted, *settings.smtp.trusted_peers)
        self.verdicts = VerdictOffice(settings.verdicts, self.workers.examine, peers)
        self.names = Names(settings.verdicts.dns_servers, validating=settings.send.validating_dns)
        self.displays = Displays(self.database, self.files, self.workers)
        self.visits = VisitBook(self.database, settings.mailings.machine_networks)
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
        self.mailing_sending: MailingSending | None = None
        self.departing: Departing | None = None
        self.write_back: WriteBack | None = None
        self.loops = Loops(self.database)

    async def open(self) -> None:
        """Open the database and register this process. Raises Conflict when the tables are not current."""
        self.files.folder.mkdir(parents=True, exist_ok=True)
        check_current(self.settings.database.url)
        self.database.start(hear_others=True)
        self.identity = await self.database.write(ensure_identity)
        self.stamp = make_stamp(self.keys, self.settings, self.identity.epoch)
        self.boot = await self.database.write(jobs.start_boot)
        self._reach_accounts()
        if self.settings.web.push:
            await self.database.write(ensure_push_key, self.keys)
        self.loops.open()
        self.loops.begin("heartbeat", beat(self.database, self.boot))
        self.loops.begin(
            "sweeper", sweep(self.database, self.settings.data.keep_arrivals, self.settings.mailings.keep_visits)
        )

    async def start(self, roles: Sequence[str] = ROLES) -> None:
        """Start the loops of these roles. Raises Invalid for an unknown role, OSError for a port that is taken."""
        unknown = [role for role in roles if role not in ROLES]
        if unknown:
            raise Invalid(
                "There is no role named %(role)s; there are: %(roles)s.", role=unknown[0], roles=", ".join(ROLES)
            )
        self.roles = tuple(roles)
        if "web" in roles:
            self.loops.begin("openings and clicks", self.visits.run())
        if "ingest" in roles:
            await self._start_ingest()
        if "send" in roles:
            self._start_sending()
        if "clock" in roles:
            start_clock(self)

    @property
    def automatic(self) -> AutomaticMeans:
        """What it takes to write letters that go by themselves."""
        mailings, base_url = self.settings.mailings, self.settings.web.base_url
        return AutomaticMeans(self.stamp, mailings.consent == "explicit", base_url, mailings.hold_hours * clock.HOUR)

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
        self.loops.wake_by(jobs.TOPIC, self.processing.wake)
        self.loops.begin("processing", self.processing.run())
        refiling = Refiling(self.database, self.boot)
        self.loops.wake_by(f"{jobs.TOPIC}.{ADDRESSES_MOVED}", refiling.wake)
        self.loops.begin("refiling", refiling.run())
        importing = Importing(
            self.database, self.files, self.workers, self.boot, self.uploads, self.settings.imports.folder
        )
        self.loops.wake_by(f"{jobs.TOPIC}.{IMPORT_JOB}", importing.wake)
        self.loops.begin("imports", importing.run())
        tables = Transferring(self.database, self.boot, self.tables, self.settings.company.timezone)
        self.loops.wake_by(f"{jobs.TOPIC}.{TRANSFER_JOB}", tables.wake)
        self.loops.begin("imports of clients", tables.run())
        doubling = Doubling(self.database, self.boot)
        self.loops.wake_by(f"{jobs.TOPIC}.{DOUBLES_JOB}", doubling.wake)
        self.loops.begin("search for doubles", doubling.run())
        self.loops.begin("indexing", Indexing(self.database, self.files, self.workers).run())
        self.loops.begin("settling", Settling(self.database, self.files).run())
        self.loops.begin("tokens", self.tokens.run())
        self.loops.begin("accounts", Supervisor(self.means).run())
        self.write_back = WriteBack(self.means, self.files)
        self.loops.wake_by(f"{jobs.TOPIC}.account", self.write_back.wake)
        self.loops.begin("write-back", self.write_back.run())
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
            mailings=Writing(self.database, self.stamp, self.settings.web.base_url, self.files),
            mailings_beside=True,
        )
        self._start_fast_sending(self.sending, signing)
        self.loops.wake_by(dkim_keys.TOPIC, signing.forget)
        self.loops.wake_by(ledger.TOPIC, self.sending.wake)
        self.loops.begin("sending", self.sending.run())
        self._write_to_people(self.sending, signing)
        zone = ZoneInfo(self.settings.company.timezone)
        self.departing = Departing(self.database, self.files, self.stamp, zone)
        self.loops.wake_by(scheduling.TOPIC, self.departing.wake)
        self.loops.begin("planned letters", self.departing.run())

    def _start_fast_sending(self, sending: Sending, signing: Signing) -> None:
        """Letters of mailings that leave by relays and servers of accounts."""
        send = self.settings.send
        letters = MailingLetters(self.database, self.stamp, signing, self.settings.web.base_url, self.files)
        self.mailing_sending = MailingSending(
            self.database,
            self.keys,
            letters,
            sending.make_carrier,
            boot=self.boot,
            folder=self.settings.data.dir / "handing",
            connections=send.connections,
            may_go=lambda: sending.halt is None,
        )
        self.loops.wake_by(dkim_keys.TOPIC, letters.forget)
        for topic in (MAILINGS, ledger.TOPIC):
            self.loops.wake_by(topic, self.mailing_sending.wake)
        self.loops.begin("letters of mailings", self.mailing_sending.run())

    def _direct(self) -> Direct:
        """The way straight to the servers of a domain."""
        send, names = self.settings.send, self.names
        policies = Policies(self.database, names.ask, fetch_with(self.fetcher))
        inside = send.allowed_networks
        return Direct(names.ask, policies, send.hostname, inside=inside, ask_proved=names.ask_proved)

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
            read_pictures=partial(read_inside, self.database, self.files),
        )
        self.loops.wake_by(f"{jobs.TOPIC}.{HOUSE_JOB}", letters.wake)
        self.loops.begin("letters of the house", letters.run())
        notices = NoticeLetters(self.database, self.keys, self.speak, self.settings.web.base_url)
        self.loops.begin("notices by mail", notices.run())
        if self.settings.web.push:
            self._tell_devices(lambda: sending.halt is None)

    def _tell_devices(self, may_go: Callable[[], bool]) -> None:
        """Notices for people whose browser is closed."""
        base_url = self.settings.web.base_url
        contact = base_url if base_url.startswith("https://") else f"mailto:{self.settings.sign_in.letters_from}"
        pushing = Pushing(self.database, self.keys, self.fetcher, self.speak, contact, may_go)
        self.loops.wake_by(devices.TOPIC, pushing.wake)
        self.loops.begin("notices on devices", pushing.run())

    def speak(self, code: str) -> Language:
        """A language by its code, that of the company for none."""
        company = self.settings.company
        return self.catalogs.language(code or company.language, company.timezone)

    async def failed(self) -> None:
        """Wait until a loop of this house ends by a fault, and raise it: the process must not go on half alive."""
        await self.loops.failed()

    async def stop(self) -> None:
        """Close the doors, let letters under way finish, give back the leases, close the database."""
        await asyncio.gather(*(door.stop() for door in (self.listener, self.lmtp) if door is not None))
        if self.sending is not None:
            await self.sending.stop()
        if self.mailing_sending is not None:
            await self.mailing_sending.stop()
        await self.loops.stop()
        await self._write_visits()
        await self.verdicts.close()
        await self.workers.stop()
        await self.fetcher.close()
        if self.boot:
            try:
                await self.database.write(jobs.stop_boot, self.boot)
            except HouseError as problem:
                log.warning("the leases were not given back and will run out", reason=str(problem))
        await asyncio.to_thread(self.database.close)

    async def _write_visits(self) -> None:
        try:
            await self.visits.write()
        except HouseError as problem:
            log.warning("openings and clicks were lost", reason=str(problem))
