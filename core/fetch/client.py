"""Getting something over HTTP from an address that somebody else named.

Every connection, first or after a redirect, is made to an address that the guard has just checked. No cookies, no
credentials, no proxy, no second protocol; whatever comes is cut off at its size and its deadline.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpcore

from core.errors import Forbidden, Invalid, TooMuch, Unavailable
from core.fetch.guard import Guard, parse_host

MOST_REDIRECTS = 4
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_CONNECT_SECONDS = 5.0
_LONGEST_URL = 4000
# Nothing of this belongs into an address, and each is read differently by somebody (RFC 3986 2).
_SMUGGLED = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_GZIP = 31  # zlib's window bits for gzip alone
_KEPT = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the bare content type in lower case, the body unpacked, and where it came from in the end."""

    content_type: str
    body: bytes
    final_url: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a form was answered with, whatever the status; ``again`` are the seconds after which the other side wants to
    be asked again, where it said so in numbers (RFC 9110 10.2.3)."""

    status: int
    body: bytes
    again: int | None = None


class Target(NamedTuple):
    """An address taken apart, with nothing left to interpret: the host as the guard spells it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@cache
def _read_trust(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def _system_trust() -> ssl.SSLContext:
    """Read once a process, and again where the environment names others: a hundred and fifty certificates are in it."""
    return _read_trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


class Fetcher:
    """Gets things over HTTP through a guard. One per event loop; close it at the end."""

    def __init__(
        self,
        guard: Guard,
        network: httpcore.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``tls`` says whose certificates are believed; without it, those that the system trusts."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or _system_trust(),
            max_connections=20,
            max_keepalive_connections=0,
            network_backend=_GuardedNetwork(guard, network or httpcore.AnyIOBackend()),
        )

    async def fetch(
        self, url: str, *, accept: tuple[str, ...], max_size: int, deadline: float, redirects: int = MOST_REDIRECTS
    ) -> Fetched:
        """Get what is at ``url``, following so many ``redirects``, never from https to http.

        ``accept`` are beginnings of content types, ``("image/",)`` say; ``max_size`` counts bytes, packed and
        unpacked; ``deadline`` is in seconds for all of it. Raises ``Invalid`` for an address or an answer that cannot
        be used, ``Forbidden`` for a place one may not go to, ``TooMuch`` for a body that is too large and
        ``Unavailable`` when the other side does not deliver.
        """
        async with _within(deadline):
            return await self._follow(url, accept, max_size, redirects)

    async def post_form(self, url: str, form: Mapping[str, str], *, max_size: int, deadline: float) -> Answered:
        """Post fields over https, once and without following anything: they may hold secrets. Raises as ``fetch``."""
        target = parse_url(url)
        if target.scheme != "https":
            raise Forbidden("Secrets are only sent over https.")
        content = urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(content))}
        async with _within(deadline), self._asking("POST", target, "application/json", headers, content) as response:
            encoding = _headers(response).get("content-encoding", "").strip().lower()
            return Answered(response.status, await _read(response, encoding, max_size))

    async def post_bytes(
        self, url: str, content: bytes, headers: Mapping[str, str], *, max_size: int, deadline: float
    ) -> Answered:
        """Post bytes, once and without following anything. Raises as ``fetch``."""
        sized = {**headers, "Content-Length": str(len(content))}
        async with (
            _within(deadline),
            self._asking("POST", parse_url(url), "application/json", sized, content) as response,
        ):
            answered = _headers(response)
            encoding, again = answered.get("content-encoding", "").strip().lower(), answered.get("retry-after", "")
            seconds = int(again) if re.fullmatch(r"[0-9]{1,9}", again) else None
            return Answered(response.status, await _read(response, encoding, max_size), seconds)

    async def close(self) -> None:
        """Close what is still open."""
        await self._pool.aclose()

    async def _follow(self, url: str, accept: tuple[str, ...], max_size: int, redirects: int) -> Fetched:
        was_safe = False
        for _ in range(redirects + 1):
            target = parse_url(url)
            if was_safe and target.scheme == "http":
                raise Forbidden("The other server leads from https to plain http.")
            was_safe = target.scheme == "https"
            answer = await self._get(url, target, accept, max_size)
            if isinstance(answer, Fetched):
                return answer
            url = _joined(url, answer)
        raise Forbidden("The other server leads on and on.")

    async def _get(self, url: str, target: Target, accept: tuple[str, ...], max_size: int) -> Fetched | str:
        """What is there, or where a redirect leads to."""
        wanted = ", ".join(f"{one}*" if one.endswith("/") else one for one in accept)
        async with self._asking("GET", target, wanted) as response:
            answered = _headers(response)
            if response.status in _REDIRECTS and "location" in answered:
                return answered["location"]
            if response.status != 200:
                raise Unavailable("The other server answered %(status)s.", status=response.status)
            content_type = answered.get("content-type", "").partition(";")[0].strip().lower()
            if not content_type.startswith(accept):
                raise Invalid(
                    "The other server sent %(type)s, which is of no use here.", type=content_type or "nothing"
                )
            body = await _read(response, answered.get("content-encoding", "").strip().lower(), max_size)
            return Fetched(content_type, body, url)

    @asynccontextmanager
    async def _asking(
        self,
        method: str,
        target: Target,
        accept: str,
        more: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> AsyncIterator[httpcore.Response]:
        request = httpcore.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        headers = {
            "Host": target.host_header,
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "User-Agent": "mailhub",
            **(more or {}),
        }
        limits = {"connect": _CONNECT_SECONDS}
        async with self._pool.stream(
            method, request, headers=list(headers.items()), content=content, extensions={"timeout": limits}
        ) as response:
            yield response


@asynccontextmanager
async def _within(deadline: float) -> AsyncIterator[None]:
    """A deadline in seconds, and what the network says in words of the house."""
    try:
        async with asyncio.timeout(deadline):
            yield
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise Unavailable("The other server took too long.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unavailable("The other server cannot be reached or does not speak HTTP.") from error


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Makes connections for the pool, each after asking the guard, and to the addresses it gave back."""

    def __init__(self, guard: Guard, network: httpcore.AsyncNetworkBackend) -> None:
        self._guard = guard
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception | None = None
        for address in await self._guard.check_host(host, port, "web"):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise httpcore.ConnectError("no address of the host answered") from failure


def parse_url(url: str) -> Target:
    """Take an address apart, once and for all. Raises ``Invalid`` for other schemes than http and https, for
    credentials, and for whatever two libraries could read differently."""
    if len(url) > _LONGEST_URL or _SMUGGLED.search(url):
        raise Invalid("This address holds characters that do not belong there, or too many.", field="url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("This is not a web address.", field="url") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Invalid("Only addresses that begin with http:// or https:// can be used.", field="url")
    if "@" in parts.netloc:
        raise Invalid("An address with a user name in it cannot be used.", field="url")
    path = quote(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", safe=_KEPT)
    bracketed = f"[{parts.hostname}]" if parts.netloc.startswith("[") else parts.hostname
    return Target(parts.scheme, str(parse_host(bracketed)), _PORTS[parts.scheme] if port is None else port, path)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise Invalid("The other server leads to what is no web address.") from error


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("utf-8", "replace") for name, value in response.headers}


async def _read(response: httpcore.Response, encoding: str, max_size: int) -> bytes:
    """The body, unpacked no further than ``max_size``: a few packed bytes can hold gigabytes."""
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise Invalid("The other server packed its answer in a way that was not asked for.")
    unpacker = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
    body, received = bytearray(), 0
    async for chunk in response.aiter_stream():
        received += len(chunk)
        try:
            body += unpacker.decompress(chunk, max_size + 1 - len(body)) if unpacker else chunk
        except zlib.error as error:
            raise Invalid("The other server's answer is damaged.") from error
        if max(len(body), received) > max_size:
            raise TooMuch("The other server sent more than %(size)s bytes.", size=max_size)
    if unpacker and not unpacker.eof:
        raise Invalid("The other server's answer is damaged.")
    return bytes(body)
