"""Accounts under test: a certificate for loopback, short bounds, and a supervisor on a loop of its own."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import jobs
from core.database import Database
from core.fetch import Guard
from core.secrets import Keys
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.session import Means, trust
from mailhub.ingest.imap.supervisor import Supervisor
from mailhub.mailboxes.accounts import Account, add_account, get_account, open_secret
from mailhub.mailboxes.boxes import Mailbox
from tests.support.mail import add_office, claim_letters

KEYS = Keys([bytes(32)])
SHORT = Bounds(
    connect=1,
    command=1,
    slowest=1 << 20,
    poll=0.15,
    idle=0.15,
    compare=0.6,
    grace=0.3,
    names=0.5,
    first_pause=0.1,
    longest_pause=0.4,
    throttled_pause=0.2,
)


@dataclass(frozen=True)
class Paper:
    """A certificate for 127.0.0.1 and its key, as files; ``context`` is the server's."""

    certificate: Path
    key: Path
    context: ssl.SSLContext


def make_paper(folder: Path, name: str = "127.0.0.1") -> Paper:
    """A certificate of our own for an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paper = folder / f"{name}.pem", folder / f"{name}.key"
    paper[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paper[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*paper)
    return Paper(*paper, context)


@pytest.fixture(scope="session")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return make_paper(tmp_path_factory.mktemp("paper"))


class Watch:
    """A supervisor that runs beside the test, on short bounds, and what the tests ask of its database."""

    def __init__(self, database: Database, paper: Paper, bounds: Bounds = SHORT) -> None:
        self.database = database
        self.box: Mailbox
        self.box, self.people = add_office(database, "olena")
        self._paper = paper
        self._bounds = bounds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None
        self.inside = ["127.0.0.0/8"]
        self.failed: list[BaseException] = []

    def connect(self, port: int, *, user: str = "info@firm.example", security: str = "tls", **options: Any) -> Account:
        """An account at a server on loopback."""
        return self.database.write_now(
            add_account, KEYS, self.box.id, "127.0.0.1", port, security, user, options.pop("secret", "secret")
        )

    def start(self) -> None:
        """Let it run."""
        began = threading.Event()

        async def live() -> None:
            task = asyncio.current_task()
            loop = asyncio.get_running_loop()
            assert task is not None
            self._stop = lambda: loop.call_soon_threadsafe(task.cancel)
            boot = await self.database.write(jobs.start_boot)

            async def secret(account: Account) -> str:
                return await self.database.read(open_secret, KEYS, account.id)

            guard = Guard(own=self.inside)
            means = Means(self.database, guard, trust(self._paper.certificate), secret, boot, self._bounds)
            supervisor = Supervisor(means)
            began.set()
            await supervisor.run()

        def run() -> None:
            try:
                asyncio.run(live())
            except asyncio.CancelledError:
                pass
            except BaseException as problem:
                self.failed.append(problem)
                raise

        self._thread = threading.Thread(target=run, name="watch")
        self._thread.start()
        assert began.wait(10)

    def stop(self) -> None:
        """End it; a fault of the supervisor is one of the test."""
        if self._thread is not None:
            self._stop()
            self._thread.join(15)
            assert not self._thread.is_alive()
            self._thread = None
        assert not self.failed, self.failed

    def state(self, account: Account) -> Account:
        """How the account is now."""
        return self.database.read_now(get_account, account.id)

    def ask(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a question in SQL."""
        return self.database.read_now(lambda tx: [tuple(row) for row in tx.sql(statement, **values)])

    def stored(self, account: Account, folder: str = "INBOX") -> list[int]:
        """UIDs of the folder whose letters are here."""
        rows = self.ask(
            "SELECT uid FROM placement JOIN folder ON folder.id = folder_id WHERE account_id = :account AND "
            "folder.wire = :folder AND incoming_id IS NOT NULL AND placement.gone_at IS NULL ORDER BY uid",
            account=account.id,
            folder=folder,
        )
        return [uid for (uid,) in rows]

    def process(self) -> None:
        """Let what came in travel."""
        boot = self.database.read_now(lambda tx: tx.sql("SELECT name FROM boot").scalar_one())
        for verb, *args in claim_letters(self.database, boot):
            self.database.write_now(verb, *args)


@pytest.fixture
def watch(database: Database, paper: Paper) -> Iterator[Watch]:
    """A supervisor that is not started yet."""
    watch = Watch(database, paper)
    yield watch
    watch.stop()
