"""Trying an account before it is kept: what is wrong, in words, and what a person does about it.

Nothing changes at the server: it is connected to, signed in at and asked for the names of its folders.
"""

from __future__ import annotations

import asyncio
import errno
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Literal

import aiosmtplib

from core.errors import HouseError
from core.fetch import Guard, open_socket
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.client import Client, Place
from mailhub.ingest.imap.session import Means, guard_of
from mailhub.ingest.imap.trouble import Insecure, Lie, PasswordRefused, Throttled, Trouble, clean
from mailhub.mailboxes.accounts import Account, Auth, Security
from mailhub.mailboxes.placements import Listed
from mailhub.mailboxes.providers import find_provider

Wrong = Literal["", "place", "reach", "certificate", "protocol", "disabled", "app-password", "password", "busy"]
QUICK = Bounds(connect=8, command=15)
_DISABLED = re.compile(
    r"imap[^.]{0,40}\b(disabled|not enabled|switched off|not allowed|not permitted)|not enabled for imap|"
    r"(enable|turn on|allow|activate) imap|logindisabled|basic auth\w* (is )?disabled",
    re.IGNORECASE,
)
_APP_PASSWORD = re.compile(
    r"app(lication)?[ -]?(specific )?password|application.{0,30}required|parol\w* prilozheni", re.IGNORECASE
)
CHECK_BOTH = "Check the name and the password. Many providers want a password of its own for programs."


@dataclass(frozen=True, slots=True)
class Server:
    """Where and as whom one signs in; ``secret`` is a password or an access token."""

    host: str
    port: int
    security: Security
    user: str = ""
    secret: str = field(default="", repr=False)
    auth: Auth = "password"


@dataclass(frozen=True, slots=True)
class Finding:
    """How a try went. ``wrong`` is empty when all is well; else ``sentence`` with ``fields`` says what the server did
    and ``advice`` what to do, where ``page`` may lead to. ``seconds`` is how long the server took to answer."""

    wrong: Wrong
    sentence: str
    fields: dict[str, Any] = field(default_factory=dict)
    advice: str = ""
    page: str = ""
    folders: tuple[Listed, ...] = ()
    seconds: float = 0.0

    @property
    def is_well(self) -> bool:
        """True when there is nothing to mend."""
        return not self.wrong


async def try_imap(guard: Guard, context: ssl.SSLContext, server: Server, bounds: Bounds = QUICK) -> Finding:
    """Connect, sign in and list the folders; without a user only connect. Never raises for what a server does."""
    began = time.monotonic()
    try:
        addresses = await guard.check_host(server.host, server.port, "imap")
        place = Place(server.host, tuple(addresses), server.port, server.security)
        client = await Client.connect(place, context, bounds)
    except HouseError as problem:
        return Finding("place", problem.sentence, dict(problem.fields))
    except Trouble as trouble:
        return _unreached(trouble, server)
    took = time.monotonic() - began
    try:
        if not server.user:
            return Finding("", "%(host)s answers.", {"host": server.host}, seconds=took)
        await client.log_in(server.user, server.secret, server.auth)
        folders = await client.list_folders()
    except Trouble as trouble:
        return _refused(trouble, server)
    finally:
        await client.log_out()
    return Finding("", "%(host)s lets us in.", {"host": server.host}, folders=tuple(folders), seconds=took)


async def try_smtp(guard: Guard, context: ssl.SSLContext, server: Server, bounds: Bounds = QUICK) -> Finding:
    """Connect to the server that takes letters, under TLS, and sign in; no letter is sent."""
    began = time.monotonic()
    try:
        connected = await open_socket(guard, server.host, server.port, "smtp", bounds.connect)
    except HouseError as problem:
        return Finding("place", problem.sentence, dict(problem.fields))
    except OSError as problem:
        return _why(problem, server)
    direct = server.security == "tls"
    client = aiosmtplib.SMTP(
        hostname=server.host, port=None, sock=connected, use_tls=direct, start_tls=not direct,
        tls_context=context, timeout=bounds.command,
    )  # fmt: skip
    try:
        async with asyncio.timeout(bounds.command * 2):
            await client.connect()
            if server.user:
                await (client.auth_xoauth2 if server.auth == "xoauth2" else client.login)(server.user, server.secret)
            await client.quit()
    except aiosmtplib.SMTPAuthenticationError as refused:
        return _password(clean(f"{refused.code} {refused.message}"), server)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as problem:
        return _smtp_trouble(problem, server)
    finally:
        client.close()
    return Finding("", "%(host)s takes our letters.", {"host": server.host}, seconds=time.monotonic() - began)


async def try_account(means: Means, account: Account) -> Finding:
    """``try_imap`` with what the account is kept with."""
    try:
        secret = await means.get_secret(account)
    except HouseError as problem:
        return Finding("password", problem.sentence, dict(problem.fields))
    server = Server(account.host, account.port, account.security, account.user, secret, account.auth)
    return await try_imap(guard_of(means, account), means.context, server)


def _unreached(trouble: Trouble, server: Server) -> Finding:
    cause = trouble.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _certificate(cause, server)
    if isinstance(trouble, Insecure):
        return Finding("certificate", trouble.sentence, dict(trouble.fields))
    if isinstance(trouble, Throttled):
        return Finding("busy", trouble.sentence, dict(trouble.fields))
    if isinstance(cause, OSError):
        return _why(cause, server)
    return _no_server("IMAP", server)


def _refused(trouble: Trouble, server: Server) -> Finding:
    if isinstance(trouble, PasswordRefused):
        return _password(str(trouble.fields.get("said", "")), server)
    if isinstance(trouble, Throttled):
        return Finding("busy", trouble.sentence, dict(trouble.fields))
    wrong: Wrong = (
        "protocol" if isinstance(trouble, Lie) else "certificate" if isinstance(trouble, Insecure) else "reach"
    )
    return Finding(wrong, trouble.sentence, dict(trouble.fields))


def _password(said: str, server: Server) -> Finding:
    provider = find_provider(server.host)
    advice, page = (provider.advice, provider.page) if provider else (CHECK_BOTH, "")
    fields = {"host": server.host, "said": said}
    if _DISABLED.search(said):
        return Finding("disabled", "%(host)s does not let programs in: %(said)s", fields, advice, page)
    if _APP_PASSWORD.search(said):
        return Finding(
            "app-password", "%(host)s wants a password of its own for programs: %(said)s", fields, advice, page
        )
    return Finding("password", "%(host)s refused the password: %(said)s", fields, advice, page)


def _certificate(error: ssl.SSLCertVerificationError, server: Server) -> Finding:
    fields = {"host": server.host, "why": error.verify_message.rstrip(".") or "unknown"}
    return Finding("certificate", "The certificate of %(host)s is not valid: %(why)s. Nothing was sent to it.", fields)


def _smtp_trouble(problem: Exception, server: Server) -> Finding:
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, server)
        cause = cause.__cause__ or cause.__context__
    if isinstance(problem, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return _why(TimeoutError(), server)
    if isinstance(problem, aiosmtplib.SMTPNotSupported | ssl.SSLError):
        return Finding("certificate", Insecure.sentence)
    if isinstance(problem, OSError) and not isinstance(problem, aiosmtplib.SMTPException):
        return _why(problem, server)
    return _no_server("SMTP", server)


def _no_server(protocol: str, server: Server) -> Finding:
    fields = {"host": server.host, "port": server.port, "protocol": protocol}
    return Finding(
        "protocol",
        "What answers on port %(port)s of %(host)s does not speak %(protocol)s as it should. Check the port.",
        fields,
    )


def _why(error: BaseException, server: Server) -> Finding:
    fields = {"host": server.host, "port": server.port}
    if isinstance(error, ConnectionRefusedError):
        return Finding("reach", "%(host)s takes no connections on port %(port)s. Check the port.", fields)
    if isinstance(error, TimeoutError):
        return Finding(
            "reach", "%(host)s does not answer on port %(port)s. Check both, and whether a firewall is between.", fields
        )
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return Finding("reach", "There is no way to %(host)s from this server now.", fields)
    return Finding(
        "reach", "The connection to %(host)s broke off on port %(port)s. Check the port and how it is secured.", fields
    )
