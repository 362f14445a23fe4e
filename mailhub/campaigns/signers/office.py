"""The side of the loop: digests go out in small heaps to whichever signer has least to do, signatures come back in the
order of the questions."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from typing import cast

from core.errors import Unavailable
from core.log import get_log
from mailhub.campaigns.signers.work import MOST_AT_ONCE, open_key
from mailhub.outbound.dkim import Signer

END_SECONDS = 2.0
log = get_log(__name__)


class SignersGoneError(Unavailable):
    """A signer ended while it had digests in hand: they may be asked for again, a signature is nothing that counts."""


class SignerOffice:
    """A few signers with the same keys. ``start`` before the first question, ``stop`` in the end.

    What Ed25519 takes (a tenth of RSA) is less than what it costs to ask somebody else: it is signed here."""

    def __init__(self, keys: Sequence[Signer], processes: int) -> None:
        self._keys = tuple(keys)
        opened = [open_key(key.private) for key in keys]
        self._sizes = [size for _, size in opened]
        self._here = [sign if key.algorithm == "ed25519" else None for key, (sign, _) in zip(keys, opened, strict=True)]
        self._wanted = max(1, processes)
        self._channels: list[_Channel] = []
        self._opening = asyncio.Lock()

    async def start(self) -> None:
        """Start the processes, where any key needs them."""
        if None in self._here:
            await self._fill()

    async def sign(self, key: int, digests: Sequence[bytes]) -> list[bytes]:
        """The signatures of these digests with the key of this number. Raises SignersGoneError when no signer is left
        that could; the next question starts new ones."""
        here = self._here[key]
        if here is not None:
            return [here(digest) for digest in digests]
        await self._fill()
        heaps = [digests[at : at + MOST_AT_ONCE] for at in range(0, len(digests), MOST_AT_ONCE)]
        asked = [min(self._channels, key=lambda one: one.owed).ask(key, heap, self._sizes[key]) for heap in heaps]
        return [signature for heap in await asyncio.gather(*asked) for signature in heap]

    async def _fill(self) -> None:
        """As many as are wanted, however many ask at a time."""
        async with self._opening:
            self._channels = [one for one in self._channels if one.is_open]
            while len(self._channels) < self._wanted:
                made = await self._open()
                self._channels.append(made)

    async def stop(self) -> None:
        """End them."""
        channels, self._channels = self._channels, []
        await asyncio.gather(*(one.close() for one in channels))

    async def _open(self) -> _Channel:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "mailhub.campaigns.signers.work", str(theirs.fileno())]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603, ASYNC220
        ours.setblocking(False)
        _, channel = await asyncio.get_running_loop().create_unix_connection(lambda: _Channel(process), sock=ours)
        channel.give_keys([key.private for key in self._keys])
        return channel


class _Channel(asyncio.Protocol):
    """To one signer."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._waiting: deque[tuple[int, int, asyncio.Future[list[bytes]]]] = deque()
        self._got = bytearray()
        self._loop = asyncio.get_running_loop()
        self.is_open = True
        self.owed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass

    def give_keys(self, keys: Sequence[bytes]) -> None:
        """The first thing that it is told."""
        told = [len(keys).to_bytes(2, "big")]
        for key in keys:
            told += [len(key).to_bytes(4, "big"), key]
        self._transport.write(b"".join(told))

    def ask(self, key: int, digests: Sequence[bytes], size: int) -> asyncio.Future[list[bytes]]:
        """The signatures, when they are there."""
        future: asyncio.Future[list[bytes]] = self._loop.create_future()
        if not self.is_open:
            future.set_exception(_gone())
            return future
        self.owed += len(digests)
        self._waiting.append((len(digests), size, future))
        self._transport.write(bytes([key, len(digests)]) + b"".join(digests))
        return future

    def data_received(self, data: bytes) -> None:
        self._got += data
        while self._waiting:
            number, size, future = self._waiting[0]
            if len(self._got) < number * size:
                return
            answer = bytes(self._got[: number * size])
            del self._got[: number * size]
            self._waiting.popleft()
            self.owed -= number
            if not future.done():
                future.set_result([answer[at : at + size] for at in range(0, len(answer), size)])

    def connection_lost(self, _problem: Exception | None) -> None:
        self.is_open = False
        if self._waiting:
            log.warning("a signer ended while it had something in hand", process=self._process.pid)
        for _, _, future in self._waiting:
            if not future.done():
                future.set_exception(_gone())
        self._waiting.clear()
        self._process.poll()

    async def close(self) -> None:
        """Hang up; it ends by that, and is ended where it does not."""
        self._transport.close()
        try:
            await asyncio.to_thread(self._process.wait, END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)


def _gone() -> SignersGoneError:
    return SignersGoneError("A process that signs letters ended; they are signed again.")
