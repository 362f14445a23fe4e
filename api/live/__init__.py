"""Live changes: one consumer of the feed for this process, fanned out to its event streams.

An event says only that something moved: kinds and ids, never words of a letter. What a reader may hear is asked anew
when a right moved, and every ``RIGHTS_SECONDS``; all windows of one sign-in hear the same, which is worked out once. A
stream ends soon after its session.

Who else has a thread open (``presence``) goes by the same streams as events of its own name, without a place in the
feed: nobody catches up with who was there.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import msgspec
from litestar.exceptions import NotAuthorizedException

from api.live.presence import TOPIC as HERE
from api.live.presence import Presence
from core.changes import TOPIC, Change, Position, list_changes, newest_position
from core.database import Database, ReadTx
from core.errors import HouseError, TooMuch
from core.log import get_log
from core.rounds import rings
from crm.staff.people import list_names
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import get_rows

GATHER_SECONDS = 0.35
SWEEP_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
GATHER_PEOPLE_SECONDS = 0.1
EXPIRE_SECONDS = 1.0
LOOK_AT_SESSIONS_SECONDS = 3.0
RIGHTS_SECONDS = 2.0
MOST_CHANGES = 500
MOST_EVENTS = 100
MANY = 10
KEPT_CHANGES = 2000
MOST_STREAMS = 20
# Facts of no mailbox that everybody on the staff may know of. Whatever is not named here is not told.
_OF_ALL = ("counterparty.", "contact.", "notice.")
_MOVES_RIGHTS = ("grant.", "team.", "user.", "mailbox.")
_IDS = ("thread_id", "mailbox_id", "message_id", "counterparty_id")
log = get_log(__name__)

Admit = Callable[[ReadTx], Viewer]


class Event(msgspec.Struct, omit_defaults=True):
    """What a browser hears. ``reload`` means: so much has changed, rights maybe, that it better loads the page anew.
    ``threads`` is one event for many threads (``thread_ids``) that moved together."""

    kind: str
    entity_id: int = 0
    thread_id: int = 0
    mailbox_id: int = 0
    message_id: int = 0
    counterparty_id: int = 0
    thread_ids: list[int] = []


class Person(msgspec.Struct):
    """A colleague who has a thread open."""

    id: int
    name: str
    typing: bool


class Present(msgspec.Struct):
    """Who else has a thread open at this moment."""

    thread_id: int
    people: list[Person]


@dataclass(eq=False)
class Stream:
    """One browser that listens: who it is for, and how far it has heard."""

    admit: Admit
    reader: Viewer
    position: Position
    sign_in: Hashable
    """What all windows of one session, or one token, have in common."""
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    about: set[int] = field(default_factory=set)
    """Threads of whose readers it has to hear."""

    def end(self) -> None:
        self.ended = True
        self.bell.set()


Told = tuple[Viewer, bytes]


class Live:
    """All streams of this process. ``start`` inside the loop, ``stop`` ends every stream."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell = asyncio.Event()
        self._recent: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self._position = Position()
        self._begin = Position()
        self._streams: set[Stream] = set()
        self.presence = Presence(database, self._gather_people)
        self._moved: set[int] = set()
        self._people_bell = asyncio.Event()
        self._viewers: dict[Hashable, tuple[float, Viewer]] = {}
        self._since: dict[Position, Sequence[Change]] = {}
        self._telling: dict[tuple[Hashable, Position, Position], asyncio.Task[Told]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._streams)

    async def start(self) -> None:
        """Follow the feed from now on."""
        loop = asyncio.get_running_loop()
        self._position = self._begin = await self._database.read(newest_position)

        def heard(topics: frozenset[str]) -> None:
            if loop.is_closed():
                return
            if topics & {TOPIC, "*"}:
                loop.call_soon_threadsafe(self._bell.set)
            if said := [topic for topic in topics if topic.startswith(HERE)]:
                loop.call_soon_threadsafe(self.presence.hear, said)

        self._database.listen(heard)
        loops = (self._follow(), self._watch(), self._spread(), self._expire())
        self._tasks = [asyncio.create_task(one) for one in loops]

    async def stop(self) -> None:
        """End all streams, also those that are just joining."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in self._streams:
            stream.end()

    async def join(self, admit: Admit, after: Position | None, sign_in: Hashable) -> Stream:
        """A stream for who is admitted, from a place in the feed or from now on; those of one ``sign_in`` hear the
        same. Raises what ``admit`` raises, TooMuch when the person listens in too many places."""
        reader, newest = await self._database.read(_begin, admit)
        if sum(stream.reader.user_id == reader.user_id for stream in self._streams) >= MOST_STREAMS:
            raise TooMuch("You listen in too many places. Close some windows.")
        return Stream(admit, reader, newest if after is None else min(after, newest), sign_in)

    async def events(self, stream: Stream) -> AsyncIterator[bytes]:
        """The stream in the format of server-sent events, until its session or this process ends."""
        self._streams.add(stream)
        try:
            yield b"retry: 2000\n: listening\n\n"
            while not (stream.ended or self._over):
                stream.bell.clear()
                for present in await self._present(stream):
                    yield b"event: presence\ndata: %s\n\n" % msgspec.json.encode(present)
                if said := await self._batch(stream):
                    yield said
                if not stream.ended and not await rings(stream.bell, HEARTBEAT_SECONDS):
                    yield b": still here\n\n"
        finally:
            self._streams.discard(stream)

    async def _batch(self, stream: Stream) -> bytes:
        """What is new to this stream, as its reader may know it at this moment."""
        if stream.position >= self._begin:
            changes = self._list_since(stream.position)
        else:
            changes = await self._database.read(list_changes, stream.position, MOST_CHANGES)
            if len(changes) == MOST_CHANGES:
                stream.bell.set()
        if not changes:
            stream.position = max(stream.position, self._begin)
            return b""
        try:
            reader, said = await self._told_to(stream, changes)
        except NotAuthorizedException:
            stream.end()
            return b""
        except HouseError as problem:
            log.warning("a live stream ends", reason=str(problem))
            stream.end()
            return b""
        moved = _rights(reader) != _rights(stream.reader)
        stream.reader, stream.position = reader, changes[-1].position
        return _write([Event("reload")], stream.position) if moved else said

    def _list_since(self, position: Position) -> Sequence[Change]:
        """Those of the recent changes that came after a place in the feed. Most streams stand at the same one."""
        found = self._since.get(position)
        if found is None:
            newest = takewhile(lambda change: change.position > position, reversed(self._recent))
            found = self._since[position] = list(newest)[::-1]
        return found

    def _told_to(self, stream: Stream, changes: Sequence[Change]) -> Awaitable[Told]:
        """Worked out once for all windows of a sign-in. Raises what ``admit`` raises, Unavailable."""
        alike = (stream.sign_in, changes[0].position, changes[-1].position)
        task = self._telling.get(alike)
        if task is None:
            task = self._telling[alike] = asyncio.create_task(self._tell(stream, changes))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return asyncio.shield(task)

    async def _tell(self, stream: Stream, changes: Sequence[Change]) -> Told:
        until, viewer = self._viewers.get(stream.sign_in, (0.0, stream.reader))
        if until < time.monotonic() or any(change.kind.startswith(_MOVES_RIGHTS) for change in changes):
            viewer, events = await self._database.read(_tell_anew, stream.admit, changes)
            self._viewers[stream.sign_in] = (time.monotonic() + RIGHTS_SECONDS, viewer)
        elif any(_is_narrow(change, viewer) for change in changes):
            events = await self._database.read(tell, viewer, changes)
        else:
            events = _events(viewer, changes, set())
        return viewer, _write(events if len(events) <= MOST_EVENTS else [Event("reload")], changes[-1].position)

    async def _present(self, stream: Stream) -> list[Present]:
        """Who has the threads open that this stream is to hear of, of those that its reader may see at this moment."""
        about, stream.about = stream.about, set()
        if not about:
            return []
        try:
            return await self._database.read(self._see, stream.admit, about)
        except NotAuthorizedException:
            stream.end()
        except HouseError as problem:
            log.warning("who reads a thread was not told", reason=str(problem))
        return []

    def _see(self, tx: ReadTx, admit: Admit, thread_ids: set[int]) -> list[Present]:
        return self.see(tx, admit(tx), thread_ids)

    def see(self, tx: ReadTx, viewer: Viewer, thread_ids: set[int]) -> list[Present]:
        """Who else has these threads open, those of them that the viewer may see."""
        seen = sorted(row.id for row in get_rows(tx, viewer, sorted(thread_ids)))
        here = {thread_id: self.presence.people(thread_id) for thread_id in seen}
        names = list_names(tx, sorted({one for people in here.values() for one in people} - {viewer.user_id}))
        return [
            Present(
                thread_id,
                sorted((Person(one, names[one], typing) for one, typing in people.items() if one in names), key=_name),
            )
            for thread_id, people in here.items()
        ]

    def _gather_people(self, thread_ids: set[int]) -> None:
        self._moved |= thread_ids
        self._people_bell.set()

    async def _spread(self) -> None:
        """Ring the streams of those who have a thread open in which somebody came, left or types."""
        while True:
            await self._people_bell.wait()
            await asyncio.sleep(GATHER_PEOPLE_SECONDS)
            self._people_bell.clear()
            moved, self._moved = self._moved, set()
            readers = {thread_id: self.presence.people(thread_id) for thread_id in moved}
            for stream in self._streams:
                about = {thread_id for thread_id, people in readers.items() if stream.reader.user_id in people}
                if about:
                    stream.about |= about
                    stream.bell.set()

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_SECONDS)
            self.presence.expire()

    async def _follow(self) -> None:
        while True:
            await rings(self._bell, SWEEP_SECONDS)
            await asyncio.sleep(GATHER_SECONDS)
            self._bell.clear()
            try:
                changes = await self._database.read(list_changes, self._position, MOST_CHANGES)
            except HouseError as problem:
                log.warning("live changes wait", reason=str(problem))
                continue
            if not changes:
                continue
            let_go = len(self._recent) + len(changes) - KEPT_CHANGES
            if let_go > 0:
                self._begin = self._recent[let_go - 1].position
            self._recent.extend(changes)
            self._telling.clear()
            self._since.clear()
            self._position = changes[-1].position
            if len(changes) == MOST_CHANGES:
                self._bell.set()
            for stream in self._streams:
                stream.bell.set()

    async def _watch(self) -> None:
        """End the streams of ended sessions, revoked tokens and disabled people, also when nothing else happens."""
        while True:
            await asyncio.sleep(LOOK_AT_SESSIONS_SECONDS)
            here = {stream.sign_in for stream in self._streams}
            self._viewers = {one: known for one, known in self._viewers.items() if one in here}
            try:
                dead = await self._database.read(_find_dead, list(self._streams))
            except HouseError as problem:
                log.warning("sessions of live streams were not looked at", reason=str(problem))
                continue
            for stream in dead:
                stream.end()


def _write(events: Sequence[Event], position: Position) -> bytes:
    """Events as they go over the wire, in one piece; each says how far its reader has heard then."""
    place = str(position).encode()
    return b"".join(b"id: %s\ndata: %s\n\n" % (place, msgspec.json.encode(event)) for event in events)


def _name(person: Person) -> str:
    return person.name


def _begin(tx: ReadTx, admit: Admit) -> tuple[Viewer, Position]:
    return admit(tx), newest_position(tx)


def _tell_anew(tx: ReadTx, admit: Admit, changes: Sequence[Change]) -> tuple[Viewer, list[Event]]:
    viewer = admit(tx)
    return viewer, tell(tx, viewer, changes)


def tell(tx: ReadTx, viewer: Viewer, changes: Sequence[Change]) -> list[Event]:
    """Those of the changes that the viewer may know of, each thing that moved once."""
    threads = {int(change.fields["thread_id"]) for change in changes if _is_narrow(change, viewer)}
    return _events(viewer, changes, {row.id for row in get_rows(tx, viewer, sorted(threads))} if threads else set())


def _events(viewer: Viewer, changes: Sequence[Change], mine: set[int]) -> list[Event]:
    events: dict[tuple[str, int, int], Event] = {}
    for change in changes:
        if _may_know(change, viewer, mine):
            ids = {name: change.fields[name] for name in _IDS if isinstance(change.fields.get(name), int)}
            event = Event(change.kind, change.entity_id, **ids)
            events[event.kind, event.entity_id, event.thread_id] = event
    return _together(list(events.values()))


def _together(events: list[Event]) -> list[Event]:
    """One event for all threads where many moved at once: an act on fifty of them is heard once."""
    moved = [event for event in events if event.kind.startswith("thread.")]
    if len(moved) <= MANY:
        return events
    others = [event for event in events if not event.kind.startswith("thread.")]
    return [*others, Event("threads", thread_ids=list(dict.fromkeys(event.thread_id for event in moved)))]


def _is_narrow(change: Change, viewer: Viewer) -> bool:
    """True for what happened to a thread where the viewer sees only what is assigned to them."""
    return change.scope_id in viewer.assigned and isinstance(change.fields.get("thread_id"), int)


def _may_know(change: Change, viewer: Viewer, mine: set[int]) -> bool:
    if change.kind.startswith("notice.") and viewer.user_id not in change.fields.get("user_ids", ()):
        return False
    if change.scope_id is None:
        return change.kind.startswith(_OF_ALL)
    if change.kind.startswith("grant."):
        return False  # a right that moved is told as "reload"
    return change.scope_id in viewer.full or (_is_narrow(change, viewer) and change.fields["thread_id"] in mine)


def _rights(viewer: Viewer) -> tuple[object, ...]:
    return viewer.is_admin, viewer.full, viewer.assigned, viewer.rights, viewer.narrowed


def _find_dead(tx: ReadTx, streams: Sequence[Stream]) -> list[Stream]:
    ended = set()
    for stream in {one.sign_in: one for one in streams}.values():
        try:
            stream.admit(tx)
        except NotAuthorizedException:
            ended.add(stream.sign_in)
    return [stream for stream in streams if stream.sign_in in ended]
