"""The whole way from a mail server into threads, beside ``mbsync`` followed by ``notmuch new``.

    python -m bench.account_to_thread [--letters 2000] [--rounds 2] [--workers 2]

A Dovecot of our own on loopback holds the letters, under TLS. Ours is ``mailhub serve`` with a fresh account, from its
start until the last letter is in its thread and can be found (SQLite at ``synchronous=FULL``); theirs copies into a
Maildir and indexes it. Rounds are interleaved; what counts is the ratio. What Dovecot itself needs is in neither
processor figure.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, print_figures
from bench.parse import make_letters
from bench.processes import ROOT, tree
from bench.socket_to_thread import add_clients, with_own_ids
from core.database.engine import open_database
from core.secrets import load_keys
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.boxes import find_mailbox
from mailhub.migrations import upgrade
from tests.ingest.imap.conftest import Paper, make_paper
from tests.support.dovecot import PASSWORD, USER, Dovecot

PATIENCE_SECONDS = 900.0
BOX = "info@bench.example"
MBSYNC = """
IMAPAccount there
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType IMAPS
SystemCertificates no
CertificateFile {certificate}
AuthMechs LOGIN PLAIN

IMAPStore there
Account there

MaildirStore here
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :there:
Near :here:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Letters a second, and seconds of processor a letter in all processes but the server's."""

    rate: float
    processor: float


def ours(server: Dovecot, paper: Paper, letters: int, workers: int) -> Round:
    """A fresh house with this account, until every letter is in its thread."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        path = Path(folder, "mailhub.db")
        upgrade(f"sqlite:///{path}")
        database = open_database(f"sqlite:///{path}")
        database.write_now(add_clients)
        box = database.read_now(find_mailbox, BOX)
        assert box is not None
        keys = load_keys(Path(folder, "secret.key"))
        database.write_now(add_account, keys, box.id, "127.0.0.1", server.port, "tls", USER, PASSWORD)
        database.close()
        environment = {
            "MAILHUB_DATA_DIR": folder,
            "MAILHUB_SMTP_PORT": "0",
            "MAILHUB_PARSE_WORKERS": str(workers),
            "MAILHUB_IMAP_ALLOWED_NETWORKS": "127.0.0.0/8",
            "MAILHUB_IMAP_CA_FILE": str(paper.certificate),
            "MAILHUB_VERDICTS_CHECK": "no",
        }
        command = [sys.executable, "-m", "api.cli", "serve", "--json", "--roles", "ingest"]
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while _arrived(path) < letters:
                if process.poll() is not None or time.perf_counter() - begin > PATIENCE_SECONDS:
                    raise SystemExit("the letters did not all arrive")
                time.sleep(0.1)
            seconds, processor = time.perf_counter() - begin, _processor(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        return Round(letters / seconds, processor / letters)


def theirs(server: Dovecot, paper: Paper, letters: int) -> Round:
    """mbsync into a fresh Maildir, then notmuch new into a fresh index."""
    mbsync, notmuch = shutil.which("mbsync"), shutil.which("notmuch")
    if mbsync is None or notmuch is None:
        raise SystemExit("mbsync or notmuch is missing: apt install isync notmuch")
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        for name in ("mail", "index"):
            Path(folder, name).mkdir()
        place = {"port": server.port, "user": USER, "password": PASSWORD, "folder": folder}
        Path(folder, "mbsyncrc").write_text(MBSYNC.format(certificate=paper.certificate, **place))
        Path(folder, "config").write_text(
            f"[database]\npath={folder}/index\nmail_root={folder}/mail\n[user]\nname=a\nprimary_email=a@bench.example\n"
            "[new]\nignore=.uidvalidity;.mbsyncstate\n"
        )
        environment = {**os.environ, "NOTMUCH_CONFIG": f"{folder}/config"}
        before, begin = _children(), time.perf_counter()
        subprocess.run([mbsync, "-q", "-c", f"{folder}/mbsyncrc", "all"], check=True)
        subprocess.run([notmuch, "new", "--quiet"], check=True, env=environment)
        seconds, processor = time.perf_counter() - begin, _children() - before
        count = subprocess.run([notmuch, "count"], check=True, capture_output=True, env=environment)
        assert int(count.stdout) == letters, count.stdout
        return Round(letters / seconds, processor / letters)


def measure(options: argparse.Namespace) -> list[Figure]:
    """The ratio of the rates, round by round."""
    letters = with_own_ids(make_letters(options.letters))
    peer: list[Round] = []
    rounds: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        paper = make_paper(Path(folder))
        server = Dovecot(paper.certificate, paper.key)
        try:
            server.fill("INBOX", letters)
            for _ in range(options.rounds):
                peer.append(theirs(server, paper, len(letters)))
                rounds.append(ours(server, paper, len(letters), options.workers))
        finally:
            server.stop()
    for name, found in {"mbsync + notmuch": peer, "mailhub": rounds}.items():
        rates = [one.rate for one in found]
        processor = statistics.median(one.processor for one in found) * 1000
        print(f"  {name:16} {statistics.median(rates):5.0f} letters/s, {processor:.2f} ms of processor a letter")
    pairs = list(zip(rounds, peer, strict=True))
    ratio = statistics.median(one.rate / other.rate for one, other in pairs)
    work = statistics.median(other.processor / one.processor for one, other in pairs)
    note = f"{work:.2f} × by processor"
    return [Figure("an account into threads, of mbsync + notmuch new", ratio, "×", 1, 2, more=True, note=note)]


def _arrived(path: Path) -> int:
    connection = sqlite3.connect(path, timeout=30)
    try:
        return int(connection.execute("SELECT count(*) FROM message").fetchone()[0])
    finally:
        connection.close()


def _processor(root: int) -> float:
    ticks = 0
    for pid in tree(root):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(0 if print_figures(measure(read_options())) else 1)
