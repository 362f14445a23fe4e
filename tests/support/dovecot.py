"""Debian's Dovecot as the mail server of an account: an instance of our own, its letters in a folder of its own."""

from __future__ import annotations

import getpass
import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.postfix import free_port
from tests.support.programs import find_program

USER, PASSWORD = "info@firm.example", "secret-of-loopback"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = mailhub-test
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes
mail_location = maildir:~/Maildir:LAYOUT=fs
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 50
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
"""


class Dovecot:
    """Serves ``USER`` over TLS on ``port`` of 127.0.0.1; ``certificate`` is for that address."""

    def __init__(self, certificate: Path, key: Path) -> None:
        program = find_program("dovecot")
        self._doveadm = find_program("doveadm")
        self.folder = Path(tempfile.mkdtemp(prefix="mailhub-dovecot-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.certificate = certificate
        root = os.geteuid() == 0
        me = getpass.getuser()
        self._owner = pwd.getpwnam("nobody" if root else me)
        home = self.folder / "mail" / USER
        home.mkdir(parents=True)
        self._own(home)
        self._own(home.parent)
        self.config = self.folder / "dovecot.conf"
        self.config.write_text(
            CONFIG.format(
                folder=self.folder,
                certificate=certificate,
                key=key,
                uid=self._owner.pw_uid,
                gid=self._owner.pw_gid,
                internal="dovecot" if root else me,
                login="dovenull" if root else me,
                group="dovecot" if root else self._group(),
                password=PASSWORD,
                port=self.port,
            )
        )
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            self._wait()
        except AssertionError:
            self.stop()
            raise

    def fill(self, name: str, letters: list[bytes]) -> None:
        """Lay letters into a folder's files directly: quick, and only before anybody looks at it."""
        maildir = self.folder / "mail" / USER / "Maildir"
        folder = maildir if name == "INBOX" else maildir / name
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for number, raw in enumerate(letters):
            (folder / "cur" / f"{1_795_000_000 + number}.M{number}.test,S={len(raw)}:2,").write_bytes(raw)
        for path in [maildir, *maildir.rglob("*")]:
            self._own(path)

    def client(self) -> imaplib.IMAP4_SSL:
        """A connection of another program."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        client = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context, timeout=30)
        client.login(USER, PASSWORD)
        return client

    def renumber(self, name: str, uidvalidity: int) -> None:
        """Give a folder another UIDVALIDITY, larger or smaller; its letters get new UIDs."""
        command = ["mailbox", "update", "-u", USER, "--uid-validity", str(uidvalidity), name]
        subprocess.run([self._doveadm, "-c", self.config, *command], check=True, capture_output=True, timeout=60)

    def stop(self) -> None:
        """End it and take its folder away."""
        self._process.terminate()
        self._process.wait(20)
        if self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self, path: Path) -> None:
        os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _group(self) -> str:
        return subprocess.run(["id", "-gn"], check=True, capture_output=True, text=True).stdout.strip()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client().logout()
                return
            except (OSError, imaplib.IMAP4.error) as problem:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = self.folder / "dovecot.log"
                    said = log.read_text() if log.exists() else ""
                    raise AssertionError(f"Dovecot does not serve: {problem} {said[-2000:]}") from problem
                time.sleep(0.1)
