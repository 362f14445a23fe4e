"""What idle accounts cost: ``python -m bench.accounts [--accounts 200]``.

A server on loopback, in a process of its own, holds so many accounts under TLS and IDLE; the figure is how much the
resident memory of the process that watches them grows from none to all.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.figures import Figure, print_figures
from core import jobs
from core.database import Database, open_database
from core.fetch import Guard
from core.secrets import Keys
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.session import Means, trust
from mailhub.ingest.imap.supervisor import Supervisor
from mailhub.mailboxes.accounts import Account, add_account, open_secret
from mailhub.migrations import upgrade
from tests.ingest.imap.conftest import make_paper
from tests.support.imap_server import ImapServer
from tests.support.mail import add_office, write_letter

KEYS = Keys([bytes(32)])
FLOOR_MB = 100
SETTLE_SECONDS = 20.0
PATIENCE_SECONDS = 240.0


def serve(folder: Path) -> None:
    """The other side: say the port and stay."""
    paper = make_paper(folder)
    server = ImapServer(paper.context)
    for number in range(3):
        server.boxes["INBOX"].add(write_letter(number))
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


def resident() -> float:
    """What this process holds in memory, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def watch(database: Database, certificate: Path, port: int, accounts: int) -> tuple[float, float]:
    """Memory with no account and with all of them idle, in MB."""
    boot = await database.write(jobs.start_boot)

    async def secret(account: Account) -> str:
        return await database.read(open_secret, KEYS, account.id)

    means = Means(database, Guard(own=["127.0.0.0/8"]), trust(certificate), secret, boot, Bounds())
    box, _ = await asyncio.to_thread(add_office, database)
    task = asyncio.create_task(Supervisor(means).run())
    await asyncio.sleep(1)
    before = resident()
    for number in range(accounts):
        user = f"user{number}@firm.example"
        await database.write(add_account, KEYS, box.id, "127.0.0.1", port, "tls", user, "secret")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await database.read(lambda tx: tx.sql("SELECT count(*) FROM account WHERE state = 'ok'").scalar()) < accounts:
        if time.monotonic() > deadline:
            sys.exit("the accounts are not all well in time")
        await asyncio.sleep(0.5)
    await asyncio.sleep(SETTLE_SECONDS)
    after = resident()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return before, after


def measure(accounts: int) -> list[Figure]:
    """What so many idle accounts add to the memory of the process that watches them."""
    with tempfile.TemporaryDirectory(prefix="mailhub-accounts-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "bench.accounts", "--serve", name]
        other = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        assert other.stdout is not None
        port = int(other.stdout.readline())
        certificate = folder / "127.0.0.1.pem"
        url = f"sqlite:///{folder / 'mailhub.db'}"
        upgrade(url)
        database = open_database(url)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                before, after = runner.run(watch(database, certificate, port, accounts))
        finally:
            database.close()
            other.kill()
            other.wait()
    note = f"{before:.0f} MB without, {after:.0f} MB with them"
    return [Figure(f"{accounts} idle accounts", after - before, "MB", FLOOR_MB, 50, note=note)]


def main() -> None:
    """Measure and print, or be the other side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve)
    else:
        sys.exit(0 if print_figures(measure(options.accounts)) else 1)


if __name__ == "__main__":
    main()
