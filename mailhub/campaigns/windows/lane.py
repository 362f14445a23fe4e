"""The letters of one way that are marked, and the connections that take them: the desk of its conversations."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

from core.log import get_log
from mailhub.campaigns.journal import Journal
from mailhub.campaigns.pipeline import Conversation, Parcel
from mailhub.campaigns.windows.rows import Claimed, Result
from mailhub.outbound.carriers import Carrier
from mailhub.outbound.connection import CutError
from mailhub.outbound.replies import Reply
from mailhub.outbound.ways import Way

IDLE_SECONDS = 30.0
log = get_log(__name__)


class Ledger(Protocol):
    """Who writes down what becomes of rows."""

    def note(self, result: Result) -> None:
        """The fate of a row that was marked."""

    def put_back(self, row: Claimed, wait: int) -> None:
        """A marked row did not leave."""

    def may_leave(self, row: Claimed) -> bool:
        """Asked right before the dot: False once somebody wants it to stay."""


class Lane:
    """One way: ``width`` connections at most. ``lay`` what was marked, ``check`` now and then, ``stop`` in the end."""

    def __init__(self, way: Way, carrier: Carrier, width: int, journal: Journal, ledger: Ledger) -> None:
        self.way = way
        self._carrier = carrier
        self._width = width
        self._journal = journal
        self._ledger = ledger
        self._marked: deque[tuple[Claimed, Parcel]] = deque()
        self._rows: dict[int, Claimed] = {}
        self._conversations: dict[Conversation, float] = {}
        self._opening = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._closed_until = 0.0
        self._pause = 0.0
        self._stopping = False
        self._reply_told = True

    @property
    def is_open(self) -> bool:
        """False while its server is left alone."""
        return not self._stopping and self._loop.time() >= self._closed_until

    @property
    def out(self) -> int:
        """Letters that are marked and not answered."""
        return len(self._marked) + len(self._rows)

    @property
    def waiting(self) -> int:
        """Letters that are marked and that no connection has."""
        return len(self._marked)

    def lay(self, row: Claimed, parcel: Parcel) -> None:
        """A row that was marked, and its letter."""
        self._marked.append((row, parcel))

    def go_on(self) -> None:
        """Let connections take what was laid; open more where they are not enough."""
        for conversation in list(self._conversations):
            if not self._marked:
                return
            conversation.wake()
        missing = min(self._width - len(self._conversations) - self._opening, len(self._marked))
        for _ in range(max(0, missing if self.is_open else 0)):
            self._opening += 1
            self._begin(self._open())
        if not self.is_open:
            self.clear(0)

    def clear(self, wait: int) -> None:
        """Let go of all that no connection has yet; not taken again for ``wait`` microseconds."""
        while self._marked:
            self._ledger.put_back(self._marked.popleft()[0], wait)

    def check(self) -> None:
        """End connections that are silent or have nothing to do."""
        now = self._loop.time()
        for conversation, since in list(self._conversations.items()):
            conversation.check(now)
            if conversation in self._conversations and conversation.is_idle and now - since > IDLE_SECONDS:
                conversation.stop()

    async def stop(self) -> None:
        """Take no more; wait until what is in hand was answered."""
        self._stopping = True
        self.clear(0)
        for conversation in list(self._conversations):
            conversation.stop()
        while self._rows:  # noqa: ASYNC110 - a few letters, once in a life
            await asyncio.sleep(0.02)

    def abandon(self) -> None:
        """End everything at once."""
        for task in list(self._tasks):
            task.cancel()
        for conversation in list(self._conversations):
            conversation.abandon()

    # As the desk of its conversations.

    def take(self) -> Parcel | None:
        while self._marked and not self._stopping:
            row, parcel = self._marked.popleft()
            if self._ledger.may_leave(row):
                self._rows[row.id] = row
                return parcel
            self._ledger.put_back(row, 0)
        return None

    def give_back(self, parcel: Parcel) -> None:
        self._ledger.put_back(self._rows.pop(parcel.id), 0)

    def handing(self, parcel: Parcel) -> bool:
        if not self._ledger.may_leave(self._rows[parcel.id]):
            return False
        self._journal.hand(parcel.id)
        return True

    def answered(self, parcel: Parcel, reply: Reply) -> None:
        if parcel.handed:
            self._journal.answer(parcel.id, reply.code)
        if reply.code < 300:
            self._pause = 0.0
            if not self._reply_told:  # trouble of this way is over
                self._reply_told = True
                self._begin(self._carrier.answered(reply))
        self._ledger.note(Result(self._rows.pop(parcel.id), reply))

    def cut(self, parcel: Parcel, why: str) -> None:
        self._ledger.note(Result(self._rows.pop(parcel.id), None, why))

    def ended(self, conversation: Conversation, why: str, *, sent_away: bool) -> None:
        self._conversations.pop(conversation, None)
        if sent_away:
            self._close(why)
            self._begin(self._carrier.sent_away(why))
        elif not self._stopping:
            self._loop.call_soon(self.go_on)

    async def _open(self) -> None:
        """One more connection, or none: then what waits is let go of for a while."""
        try:
            connection = await self._carrier.connect(None)
            if connection is None:
                self._close("no connection")
                return
            conversation = Conversation(
                self, pipelining=connection.offers("pipelining"), sizes=connection.offers("size"),
                utf8=connection.offers("smtputf8"), head=connection.head,
            )  # fmt: skip
            transport = connection.give_over(conversation)
        except CutError as cut:
            self._close(str(cut))
            return
        except Exception as problem:  # a fault of ours with one way is not the others'
            log.error("a connection for mailings could not be opened", exc_info=problem)
            self._close(str(problem))
            return
        finally:
            self._opening -= 1
        self._conversations[conversation] = self._loop.time()
        conversation.begin(transport)

    def _close(self, why: str) -> None:
        """Leave the server alone for a while that doubles."""
        if self._loop.time() < self._closed_until:
            self.clear(0)
            return
        self._reply_told = False
        self._pause = min(max(self._pause * 2, 2.0), 300.0)
        self._closed_until = self._loop.time() + self._pause
        log.warning("mailings by this way wait", way=self.way.kind, number=self.way.number, reason=why)
        self.clear(0)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
