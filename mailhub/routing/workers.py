"""The parent's side of the processes that read letters (``mailhub.letters.worker``).

Each worker does one letter at a time. One that takes too long, dies or answers nonsense is ended and replaced; its
letter fails with ``WorkerFailed`` and nobody else notices. A worker is renewed after ``RECYCLE`` letters.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from types import TracebackType

import msgspec

from core.errors import Unavailable
from core.log import get_log
from mailhub.letters.worker import Answer, Parse, Request, Show, Shown, Understood

RECYCLE = 2000
SECONDS = 20.0
log = get_log(__name__)
_encoder = msgspec.msgpack.Encoder()
_answers = msgspec.msgpack.Decoder(Answer)


class WorkerFailed(Exception):
    """The letter killed its worker or took too long; the sentence says which."""


class Worker:
    """One process, started when first needed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._served = 0

    async def ask(self, request: Request) -> Answer:
        """Send a request and wait for the answer. Raises WorkerFailed."""
        if self._process is None or self._process.returncode is not None or self._served >= RECYCLE:
            await self.start()
        try:
            answer = await asyncio.wait_for(self._exchange(_encoder.encode(request)), self._seconds)
        except TimeoutError as problem:
            await self.stop()
            raise WorkerFailed(f"Reading the letter took longer than {self._seconds:g} seconds.") from problem
        except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as problem:
            await self.stop()
            raise WorkerFailed("The process that read the letter ended.") from problem
        except asyncio.CancelledError:
            await self.stop()
            raise
        self._served += 1
        return answer

    async def start(self) -> None:
        """Begin with a new process."""
        await self.stop()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mailhub.letters.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._served = 0

    async def stop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _exchange(self, body: bytes) -> Answer:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(body).to_bytes(4, "big") + body)
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(4), "big")
        answer: Answer = _answers.decode(await process.stdout.readexactly(length))
        return answer


class Workers:
    """A few workers that share the work."""

    def __init__(self, count: int, *, seconds: float = SECONDS) -> None:
        self._all = [Worker(seconds) for _ in range(count)]
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for worker in self._all:
            self._idle.put_nowait(worker)
        self._stopped = False

    @property
    def count(self) -> int:
        """How many letters are read side by side."""
        return len(self._all)

    async def understand(self, raw: bytes) -> Understood:
        """Parse a letter. Raises WorkerFailed."""
        answer = await self._ask(Parse(raw))
        assert isinstance(answer, Understood)
        return answer

    async def show(self, raw: bytes, *, parts: str, proxy: str) -> Shown:
        """The harmless HTML of a letter. Raises WorkerFailed."""
        answer = await self._ask(Show(raw, parts, proxy))
        assert isinstance(answer, Shown)
        return answer

    async def _ask(self, request: Request) -> Answer:
        if self._stopped:
            raise Unavailable("The server is stopping. Try again in a minute.")
        worker = await self._idle.get()
        try:
            return await worker.ask(request)
        finally:
            self._idle.put_nowait(worker)

    async def stop(self) -> None:
        """End all processes."""
        self._stopped = True
        await asyncio.gather(*(worker.stop() for worker in self._all))

    async def __aenter__(self) -> Workers:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
