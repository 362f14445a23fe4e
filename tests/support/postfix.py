"""Debian's Postfix as the other side's mail server: an instance of our own, with its queue in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.programs import find_program, not_run

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.client.example
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
{way}
smtp_host_lookup = native
smtp_tls_security_level = none
smtp_connect_timeout = 5s
smtp_helo_timeout = 20s
default_destination_concurrency_limit = {sessions}
default_destination_concurrency_failed_cohort_limit = 1000000
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port() -> int:
    """A port of loopback that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postfix:
    """Takes letters on ``port`` and brings them to ``relay_port``, or by LMTP to a socket, until they are taken."""

    def __init__(self, relay_port: int = 0, sessions: int = 20, *, lmtp: Path | None = None) -> None:
        self._program = find_program("postfix")
        if os.geteuid() != 0:
            not_run("an instance of Postfix needs root")
        self.folder = Path(tempfile.mkdtemp(prefix="mailhub-postfix-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        for name in ("conf", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix", "postfix")
        way = f"relayhost = [127.0.0.1]:{relay_port}" if lmtp is None else f"default_transport = lmtp:unix:{lmtp}"
        main = MAIN.format(folder=self.folder, way=way, sessions=sessions)
        (self.folder / "conf" / "main.cf").write_text(main)
        (self.folder / "conf" / "master.cf").write_text(MASTER.format(port=self.port))
        self._say("start")
        self._wait()

    def feed(self, letters: int, *, sender: str, recipient: str, size: int = 2000) -> subprocess.Popen[bytes]:
        """Begin to hand letters in, each with a Message-ID of its own."""
        command = [find_program("smtp-source"), "-s", "5", "-m", str(letters), "-l", str(size), "-M", "client.example"]
        return subprocess.Popen([*command, "-f", sender, "-t", recipient, f"127.0.0.1:{self.port}"])

    def count_waiting(self) -> int:
        """Letters that it still has."""
        queues = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")
        return sum(path.is_file() for name in queues for path in (self.folder / "queue" / name).rglob("*"))

    def count_sent(self) -> int:
        """Letters that were taken, by its own log."""
        return (self.folder / "mail.log").read_text(errors="replace").count("status=sent")

    def stop(self) -> None:
        """End it and take its folder away."""
        self._say("stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _say(self, word: str) -> None:
        subprocess.run([self._program, "-c", self.folder / "conf", word], check=True, capture_output=True, timeout=60)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
