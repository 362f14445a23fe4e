"""A short errand at an account's server, by imapclient: mark letters, lay down a copy, leave.

The connection that fetches is another (``client``). The library blocks, so each command runs in a thread and has one
deadline for the whole of it: when it is over the socket is shut under the thread's feet, which ends it. What the
library would read without bounds is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.client import Place, without_secret
from mailhub.ingest.imap.session import Means, guard_of
from mailhub.ingest.imap.trouble import Insecure, Lie, Lost, Refused, Trouble, refusal
from mailhub.mailboxes.accounts import Account, Auth

T = TypeVar("T")
_CODE = re.compile(r"\[([A-Z]+)")
# Of their own: those of the loop are few, and a server that falls silent keeps one until its deadline.
_THREADS = ThreadPoolExecutor(16, "errand")
_UNSAYABLE = re.compile(r"[\r\n\0]")


class Errand:
    """One connection, signed in. Every method raises Trouble; afterwards only ``log_out`` is left to do."""

    def __init__(self, library: _Library, bounds: Bounds) -> None:
        self._library = library
        self._bounds = bounds

    @classmethod
    async def begin(
        cls, place: Place, context: ssl.SSLContext, bounds: Bounds, user: str, secret: str, auth: Auth
    ) -> Errand:
        """Connect to the first address that answers, under TLS, and sign in. The secret never stands in a Trouble."""
        if _UNSAYABLE.search(user + secret):
            raise Refused("a name or a password with a line end")
        problem: Trouble = Lost()
        for address in place.addresses:
            errand = cls(_Library(place, address, context, bounds), bounds)
            try:
                await errand._run(errand._library.open)
                await errand._run(errand._library.sign_in, user, secret, auth)
            except Lost as lost:
                problem = lost
                await errand.log_out()
            except Trouble as trouble:
                trouble.fields["said"] = without_secret(trouble.fields.get("said", ""), user, secret)
                await errand.log_out()
                raise
            else:
                return errand
        raise problem

    async def select(self, wire: str) -> int:
        """Open a folder for ``mark``, by its name as it is spelt on the wire; its UIDVALIDITY."""
        opened = await self._run(self._library.mailbox.select_folder, wire)
        validity = opened.get(b"UIDVALIDITY")
        if not isinstance(validity, int):
            raise Lie("a folder without UIDVALIDITY")
        return validity

    async def mark(self, uids: Sequence[int], flag: str) -> None:
        """Add a flag (``\\\\Seen``, ``\\\\Answered``) to letters of the open folder."""
        await self._run(lambda: self._library.mailbox.add_flags(list(uids), [flag], silent=True))

    async def append(self, wire: str, flag: str, raw: bytes) -> None:
        """Lay a letter into a folder."""
        seconds = self._bounds.command + len(raw) / self._bounds.slowest
        await self._run(self._library.mailbox.append, wire, raw, [flag], seconds=seconds)

    async def noop(self) -> None:
        """Is anybody there?"""
        await self._run(self._library.mailbox.noop)

    async def log_out(self) -> None:
        """Say goodbye, as far as the server listens, and close."""
        try:
            await self._run(self._library.leave, seconds=2)
        except Trouble:
            self._library.cut()  # there is nothing left to lose

    async def _run(self, call: Callable[..., T], *args: Any, seconds: float | None = None) -> T:
        self._library.heard = 0
        running = asyncio.get_running_loop().run_in_executor(_THREADS, call, *args)
        try:
            done, _ = await asyncio.wait({running}, timeout=self._bounds.command if seconds is None else seconds)
            if not done:
                self._library.cut()
            return await running
        except asyncio.CancelledError:
            self._library.cut()
            raise
        except ssl.SSLError as problem:
            raise Insecure from problem
        except (IMAPClientAbortError, OSError, EOFError) as problem:
            raise Lost from problem
        except IMAPClientError as problem:
            said = str(problem).rpartition(" failed: ")[2]
            code = _CODE.search(said)
            at_log_in = call == self._library.sign_in
            raise refusal(code[1] if code else "", said, at_log_in=at_log_in, answered="NO") from problem
        except (ValueError, TypeError, LookupError, RecursionError) as problem:
            raise Lie(type(problem).__name__) from problem  # what the library makes of an answer that makes no sense


async def begin_errand(means: Means, account: Account) -> Errand:
    """An errand at the account's server. The name is resolved once and checked; what is connected to is the address.
    Raises Trouble, and Forbidden, Invalid or Unavailable as ``Guard.check_host``."""
    addresses = await guard_of(means, account).check_host(account.host, account.port, "imap")
    place = Place(account.host, tuple(addresses), account.port, account.security)
    secret = await means.get_secret(account)
    return await Errand.begin(place, means.context, means.bounds, account.user, secret, account.auth)


class _Library:
    """imapclient on a socket of ours: connected to an address that was checked, read within bounds."""

    def __init__(self, place: Place, address: str, context: ssl.SSLContext, bounds: Bounds) -> None:
        self.place, self.address, self.context, self.bounds = place, address, context, bounds
        self.heard = 0
        self.socket: socket.socket | None = None
        self.mailbox: IMAPClient = None

    def open(self) -> None:
        """Connect; with STARTTLS, what was said before it is forgotten."""
        self.mailbox = _Mailbox(self)
        if self.place.security == "starttls":
            self.mailbox.starttls(self.context)

    def sign_in(self, user: str, secret: str, auth: Auth) -> None:
        """By token, else by PLAIN, else by LOGIN."""
        if auth == "xoauth2":
            self.mailbox.oauth2_login(user, secret)
        elif self.mailbox.has_capability("AUTH=PLAIN"):
            self.mailbox.plain_login(user, secret)
        else:
            self.mailbox.login(user, secret)

    def leave(self) -> None:
        """LOGOUT."""
        if self.mailbox is not None:
            self.mailbox.logout()

    def cut(self) -> None:
        """End every read and write at once."""
        current = self.socket if self.mailbox is None else self.mailbox.socket()
        if current is not None:
            with contextlib.suppress(OSError):  # it may be closed already
                current.shutdown(socket.SHUT_RDWR)
            current.close()


class _Mailbox(IMAPClient):  # type: ignore[misc]
    """imapclient that takes names as they are spelt on the wire and does not format every letter for a log."""

    def __init__(self, library: _Library) -> None:
        self._library = library
        seconds = library.bounds.command
        direct = library.place.security == "tls"
        super().__init__(
            library.place.host, library.place.port, ssl=direct, ssl_context=library.context, timeout=seconds
        )
        self.folder_encode = False
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - the library's name
        return _Wire(self._library)


class _Wire(imaplib.IMAP4):
    """imaplib on a checked address, that does not read for ever."""

    def __init__(self, library: _Library) -> None:
        self._library = library
        super().__init__(library.place.host, library.place.port, library.bounds.connect)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        library = self._library
        connected = socket.create_connection((library.address, library.place.port), timeout)
        library.socket = connected
        if library.place.security == "tls":
            library.socket = connected = library.context.wrap_socket(connected, server_hostname=library.place.host)
        return connected

    def read(self, size: int) -> bytes:
        self._count(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self._library.heard += size
        if self._library.heard > self._library.bounds.answer:
            raise self.abort("more than an answer may be")
