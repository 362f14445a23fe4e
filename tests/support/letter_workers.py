"""Processes that read letters (``mailhub.letters.worker``), lent from one house to the next: starting one takes half a
second. One that was ended in the middle of a letter, or that died, is lent no more."""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import sys
from asyncio.streams import FlowControlMixin
from typing import Any

from mailhub.letters.worker import Answer
from mailhub.routing.workers import Worker, Workers

_free: list[subprocess.Popen[bytes]] = []


def lend_workers(workers: Workers) -> None:
    """Let these take their processes from those that others have given back. Before the first letter."""
    for worker in workers._all:
        worker.__class__ = _Borrower


class _Borrower(Worker):
    _reads = False

    async def start(self) -> None:
        await self.stop()
        living = [child for child in _free if child.poll() is None]
        _free[:] = living[:-1]
        child = living[-1] if living else _begin()
        self._process = await _Borrowed.of(child)  # type: ignore[assignment]
        self._served = 0

    async def stop(self) -> None:
        borrowed: Any = self._process
        if borrowed is None:
            return
        if self._reads or borrowed.returncode is not None:
            borrowed.part()
            await super().stop()
            return
        self._process = None
        borrowed.part()
        _free.append(borrowed.child)

    async def _exchange(self, body: bytes) -> Answer:
        self._reads = True  # and stays so when this is broken off
        answer = await super()._exchange(body)
        self._reads = False
        return answer


class _Borrowed:
    """As much of ``asyncio.subprocess.Process`` as a worker uses, in the loop of whoever borrows the process."""

    def __init__(self, child: subprocess.Popen[bytes], stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader):
        self.child, self.stdin, self.stdout = child, stdin, stdout
        self._ends: list[asyncio.BaseTransport] = [stdin.transport]

    @classmethod
    async def of(cls, child: subprocess.Popen[bytes]) -> _Borrowed:
        assert child.stdin is not None
        assert child.stdout is not None
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        into, out = (os.dup(stream.fileno()) for stream in (child.stdin, child.stdout))
        listening, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out, "rb"))
        talking, protocol = await loop.connect_write_pipe(FlowControlMixin, os.fdopen(into, "wb"))
        made = cls(child, asyncio.StreamWriter(talking, protocol, None, loop), reader)
        made._ends.append(listening)
        return made

    @property
    def returncode(self) -> int | None:
        return self.child.poll()

    def part(self) -> None:
        """Our ends of its pipes are closed; those of the next are others."""
        for end in self._ends:
            end.close()

    def kill(self) -> None:
        self.child.kill()

    async def wait(self) -> int:
        return await asyncio.to_thread(self.child.wait)


def _begin() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    child = subprocess.Popen(
        [sys.executable, "-m", "mailhub.letters.worker"], stdin=pipe, stdout=pipe, start_new_session=True
    )
    atexit.register(child.kill)
    return child
