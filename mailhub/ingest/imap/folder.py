"""One folder brought up to date, a turn at a time.

    open ── same UIDVALIDITY ──────────────► news ──► flags ──► compare (now and then) ──► done
      │                                       ▲ │
      ├─ another: cursor 0, known by content ─┘ └─ more than a turn's letters ──► done, to be continued
      └─ another again and again ──► a person is asked

``open`` is EXAMINE: nothing changes at the server. ``news`` lists UIDs behind the cursor in windows, sizes first, and
fetches letters in batches of slices; the cursor moves in the transaction that stores. ``flags`` asks what changed since
the last MODSEQ. ``compare`` lists all UIDs: what the server has and we do not is fetched, what it has no more is noted,
and after a second look given a tombstone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core import clock
from core.database import Database
from core.log import get_log
from mailhub.ingest.imap import storing
from mailhub.ingest.imap.answers import LARGEST_NUMBER, Fetched
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.client import Client, Opened
from mailhub.ingest.imap.storing import Got, Holder
from mailhub.ingest.imap.trouble import AskPerson, Lie
from mailhub.mailboxes.placements import Folder, Placement, list_uids

UNIT = 50  # letters stored in one transaction
TOO_LARGE = "The letter is too large to be fetched."
DRAFT = "Drafts are not fetched."
NOT_GIVEN = "The server names this letter and does not hand it out."
log = get_log(__name__)


@dataclass(slots=True)
class Memory:
    """What is known of an account's folders from turn to turn: those whose letters are fetched one by one since a
    batch made trouble, and how each looked when it was last up to date."""

    careful: set[int] = field(default_factory=set)
    seen: dict[int, Opened] = field(default_factory=dict)


class FolderTurn:
    """One turn of one folder. ``memory`` outlives a session that broke."""

    def __init__(
        self, database: Database, client: Client, bounds: Bounds, holder: Holder, here: Folder, memory: Memory
    ) -> None:
        self._database = database
        self._client = client
        self._bounds = bounds
        self._holder = holder
        self._here = here
        self._memory = memory
        self._careful = here.id in memory.careful
        self._window = bounds.window
        self._given_up = 4 * bounds.asks
        self.letters = 0
        self.new = 0
        self._settled = True
        self.opened: Opened | None = None

    async def run(self) -> bool:
        """Take the turn. True when the folder is up to date, False when it is to be continued. Raises Trouble,
        Conflict without the lease."""
        here, memory = self._here, self._memory
        opened = self.opened = await self._client.examine(here.wire)
        is_due = here.look_now or self._careful or storing.is_due(here, self._bounds.compare)
        if not is_due and memory.seen.pop(here.id, None) == opened:
            memory.seen[here.id] = opened
            return True
        # Whatever goes wrong from here on: next time these letters are fetched one by one.
        memory.careful.add(here.id)
        begun = await self._database.work(
            storing.store_opened, self._holder, self._here.id, opened, self._bounds.resets
        )
        if begun is None:
            raise AskPerson(
                "The folder %(folder)s is renumbered by the server again and again. Nothing is fetched until somebody "
                "looks at it.",
                folder=self._here.name,
            )
        known_modseq, self._here = begun.highest_modseq, begun
        if not await self._news():
            memory.careful.discard(here.id)
            return False
        if opened.modseq and known_modseq and opened.modseq != known_modseq:
            await self._flags(known_modseq)
        if await self._is_time_to_compare():
            await self._compare()
        elif opened.modseq != known_modseq:
            await self._database.work(storing.store_flags, self._holder, self._here, [], opened.modseq)
        if self._settled:
            memory.seen[here.id] = opened
        memory.careful.discard(here.id)
        return True

    async def _news(self) -> bool:
        """Everything behind the cursor. False when there is more than belongs to one turn."""
        assert self.opened is not None
        first = self._here.last_uid + 1
        while True:
            last = first + self._window - 1
            is_last = last >= self.opened.uidnext - 1 or self.opened.exists <= self._window
            listed = await self._client.list_letters(first, None if is_last else last, whole=True)
            if not await self._take(listed, moves_cursor=True):
                return False
            if is_last:
                return True
            self._widen(len(listed))
            first = last + 1

    def _widen(self, found: int) -> None:
        """Large windows over the gaps, small ones where letters lie close."""
        if found < self._window // 20:
            self._window = min(self._window * 4, LARGEST_NUMBER)
        elif found > self._window // 2:
            self._window = max(self._window // 4, self._bounds.window)

    async def _take(self, listed: Sequence[Fetched], *, moves_cursor: bool) -> bool:
        """Fetch and store these letters. False when the turn is over before all are."""
        for batch in self._batches(listed):
            try:
                letters = await self._fetch(batch)
            except Lie:
                if len(batch) == 1:
                    await self._note_lie(batch[0], moves_cursor=moves_cursor)
                raise
            for at in range(0, len(letters), UNIT):
                unit = letters[at : at + UNIT]
                cursor = unit[-1].uid if moves_cursor else 0
                self.new += await self._database.work(storing.store_letters, self._holder, self._here, unit, cursor)
            self.letters += len(batch)
            if self.letters >= self._bounds.turn and batch[-1] is not listed[-1]:
                return False
        return True

    async def _note_lie(self, one: Fetched, *, moves_cursor: bool) -> None:
        """A letter that makes trouble alone, again and again, is owed: the folder goes on behind it."""
        uid = _uid(one)
        if await self._database.work(storing.count_ask, self._holder, self._here, uid) >= self._bounds.asks:
            owed = Got(uid, None, one.flags or (), one.date, self._is_sent(one), NOT_GIVEN)
            cursor = uid if moves_cursor else 0
            await self._database.work(storing.store_letters, self._holder, self._here, [owed], cursor)

    def _batches(self, listed: Sequence[Fetched]) -> Iterator[list[Fetched]]:
        """Up to a number and a size of letters together; a size is only a guess."""
        batch: list[Fetched] = []
        held = 0
        most = 1 if self._careful else self._bounds.batch
        for one in listed:
            size = min(one.size or 0, self._bounds.slice)
            if batch and (len(batch) >= most or held + size > self._bounds.batch_bytes):
                yield batch
                batch, held = [], 0
            batch.append(one)
            held += size
        if batch:
            yield batch

    async def _fetch(self, batch: list[Fetched]) -> list[Got]:
        """The letters of a batch that are still there. Raises Lie when the server names one and does not hand it
        out."""
        drafts = [one for one in batch if "\\draft" in _labels(one)]
        by_uid = {_uid(one): one for one in batch if one not in drafts}
        expected = sum(min(one.size or 0, self._bounds.slice) for one in batch)
        slices = await self._client.fetch_slices(list(by_uid), 0, expected) if by_uid else {}
        letters = [Got(_uid(one), None, one.flags or (), one.date, False, DRAFT, given_up=True) for one in drafts]
        for uid, one in by_uid.items():
            got = await self._complete(uid, one, slices.pop(uid, None))
            if got is not None:
                letters.append(got)
        return sorted(letters, key=lambda got: got.uid)

    async def _complete(self, uid: int, one: Fetched, first: Fetched | None) -> Got | None:
        flags, sent = one.flags or (), self._is_sent(one)
        if first is None or (not first.body and one.size != 0):
            if not await self._client.list_some([uid], whole=False):
                return None  # expunged between the two questions
            raise Lie("a letter that is named and not handed out")
        raw = await self._whole(uid, first)
        if raw is None:
            return Got(uid, None, flags, one.date, sent, TOO_LARGE, given_up=True)
        return Got(uid, raw, flags, one.date, sent)

    async def _whole(self, uid: int, first: Fetched) -> bytes | None:
        """All slices of a letter joined: the first that is not full ends it, whatever size was announced."""
        assert first.body is not None
        if first.origin is None:
            return first.body  # the server does not cut
        raw = bytearray(first.body)
        part = len(first.body)
        while part == self._bounds.slice:
            if len(raw) > self._bounds.largest:
                return None
            answer = (await self._client.fetch_slices([uid], len(raw), self._bounds.slice)).get(uid)
            if answer is None or answer.body is None or answer.origin != len(raw):
                raise Lie("a letter that is cut")
            part = len(answer.body)
            raw += answer.body
        if part > self._bounds.slice:
            raise Lie("more than was asked for")
        return bytes(raw)

    def _is_sent(self, one: Fetched) -> bool:
        return self._here.role == "sent" or "\\sent" in _labels(one)

    async def _flags(self, since: int) -> None:
        """What flags have changed since a MODSEQ (RFC 7162)."""
        assert self.opened is not None
        changed = await self._client.list_letters(1, None, whole=False, since=since)
        told = [(_uid(one), one.flags) for one in changed if one.flags is not None]
        for at in range(0, len(told), 10 * UNIT):
            await self._database.work(storing.store_flags, self._holder, self._here, told[at : at + 10 * UNIT], 0)

    async def _is_time_to_compare(self) -> bool:
        assert self.opened is not None
        here = self._here
        if here.look_now or storing.is_due(here, self._bounds.compare):
            return True
        return await self._database.read(storing.count_here, here, self._given_up) != self.opened.exists

    async def _compare(self) -> None:
        """All UIDs and flags against what is here."""
        assert self.opened is not None
        first, whole = 1, True
        self._window = self._bounds.window
        while first <= LARGEST_NUMBER:
            is_last = first + self._window > max(self._here.last_uid, self.opened.uidnext)
            last = LARGEST_NUMBER if is_last else first + self._window - 1
            listed = await self._client.list_letters(first, None if is_last else last, whole=False)
            whole = await self._compare_range(first, last, listed) and whole
            self._widen(len(listed))
            first = last + 1
        modseq = self.opened.modseq
        await self._database.work(storing.store_flags, self._holder, self._here, [], modseq)
        await self._database.work(storing.store_compared, self._holder, self._here, whole=whole)
        self._settled = whole

    async def _compare_range(self, first: int, last: int, listed: Sequence[Fetched]) -> bool:
        here, holder = self._here, self._holder
        known = await self._database.read(list_uids, here.id, here.uidvalidity, first, last)
        lacking = [_uid(one) for one in listed if self._is_lacking(known.get(_uid(one)))]
        for at in range(0, len(lacking), self._bounds.batch):
            some = lacking[at : at + self._bounds.batch]
            await self._take(await self._client.list_some(some, whole=True), moves_cursor=False)
        changed = [
            (_uid(one), one.flags)
            for one in listed
            if one.flags is not None and _uid(one) in known and known[_uid(one)].flags != one.flags
        ]
        for at in range(0, len(changed), 10 * UNIT):
            await self._database.work(storing.store_flags, holder, here, changed[at : at + 10 * UNIT], 0)
        grace = math.ceil(self._bounds.grace * clock.SECOND)
        present = [_uid(one) for one in listed]
        return not await self._database.work(storing.store_absence, holder, here, first, last, present, grace)

    def _is_lacking(self, placed: Placement | None) -> bool:
        """Is it to be asked for? What was asked for in vain again and again is, when a person says so."""
        if placed is None:
            return True
        return placed.incoming_id is None and (placed.tries < self._given_up or self._here.look_now)


def _labels(one: Fetched) -> set[str]:
    return {label.lower() for label in one.labels}


def _uid(one: Fetched) -> int:
    assert one.uid is not None, "answers without a UID are left out"
    return one.uid
