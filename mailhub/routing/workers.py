"""The parent's side of the processes that read letters (``mailhub.letters.worker``).

Letters go to a worker by the handful: a turn of this process's loop costs more than reading a typical letter. A worker
that takes too long, dies or answers nonsense is ended and replaced, and its letters are read again one by one: the
one that did it fails with ``WorkerFailed``, nobody else notices. A worker is renewed after ``RECYCLE`` letters.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType

import msgspec

from core.errors import Unavailable
from core.log import get_log
from mailhub.letters.proof import Evidence
from mailhub.letters.worker import (
    Answer,
    Examine,
    Examined,
    Index,
    Indexed,
    Parse,
    Parsed,
    Request,
    Show,
    Shown,
    Understood,
)

RECYCLE = 2000
SECONDS = 20.0
HANDFUL = 32
HANDFUL_BYTES = 4 << 20
log = get_log(__name__)
_encoder = msgspec.msgpack.Encoder()
_answers = msgspec.msgpack.Decoder(Answer)


class WorkerFailed(Exception):
    """The letter killed its worker or took too long; the sentence says which."""


class Worker:
    """One process, started when first needed."""

    def __init__(self, seconds: float, *, module: str = "mailhub.letters.worker") -> None:
        self._seconds = seconds
        self._module = module
        self._process: asyncio.subprocess.Process | None = None
        self._served = 0

    async def ask(self, request: Request) -> Answer:
        """Send a request and wait for the answer. Raises WorkerFailed."""
        if self._process is None or self._process.returncode is not None or self._served >= RECYCLE:
            await self.start()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._exchange(_encoder.encode(request))
        except TimeoutError as problem:
            await self.stop()
            raise WorkerFailed(f"Reading the letter took longer than {self._seconds:g} seconds.") from problem
        except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as problem:
            await self.stop()
            raise WorkerFailed("The process that read the letter ended.") from problem
        except asyncio.CancelledError:
            await self.stop()
            raise
        self._served += len(request.letters) if isinstance(request, Parse) else 1
        return answer

    async def start(self) -> None:
        """Begin with a new process."""
        await self.stop()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C at the terminal is for the server: it ends its workers itself
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


def _handfuls(letters: Sequence[bytes], most: int) -> Iterator[list[bytes]]:
    """Cut into runs of at most ``most`` letters and about ``HANDFUL_BYTES``."""
    handful: list[bytes] = []
    size = 0
    for raw in letters:
        if handful and (len(handful) >= min(most, HANDFUL) or size + len(raw) > HANDFUL_BYTES):
            yield handful
            handful, size = [], 0
        handful.append(raw)
        size += len(raw)
    if handful:
        yield handful


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

    async def understand(self, letters: Sequence[bytes]) -> list[Understood | WorkerFailed]:
        """Parse letters; for each, in their order, what it says or why that could not be found out."""
        handfuls = list(_handfuls(letters, -(-len(letters) // self.count)))
        answers = await asyncio.gather(*(self._understand(handful) for handful in handfuls))
        return [answer for handful in answers for answer in handful]

    async def _understand(self, letters: list[bytes]) -> list[Understood | WorkerFailed]:
        try:
            answer = await self._ask(Parse(letters))
        except WorkerFailed as problem:
            if len(letters) == 1:
                return [problem]
            alone = [await self._understand([raw]) for raw in letters]
            return [answer for answers in alone for answer in answers]
        assert isinstance(answer, Parsed)
        return list(answer.letters)

    async def show(self, raw: bytes, *, parts: str, proxy: str) -> Shown:
        """The harmless HTML of a letter. Raises WorkerFailed."""
        answer = await self._ask(Show(raw, parts, proxy))
        assert isinstance(answer, Shown)
        return answer

    async def index(self, raw: bytes) -> Indexed:
        """The words of a letter without those of its files. Raises WorkerFailed."""
        answer = await self._ask(Index(raw))
        assert isinstance(answer, Indexed)
        return answer

    async def examine(self, raw: bytes) -> Evidence | None:
        """What a letter carries as proof; None for one that the worker could not get through."""
        try:
            answer = await self._ask(Examine(raw))
        except WorkerFailed as problem:
            log.warning("a letter's signatures could not be read", reason=str(problem))
            return None
        assert isinstance(answer, Examined)
        return answer.evidence

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
