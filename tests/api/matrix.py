"""The access matrix: every route of the application as everybody, about every object.

The routes are those of the application itself, so a new one is asked without being named here; one with a path
parameter that nobody here knows is *uncovered*, and fails. What somebody may not see is asked for with every method of
the route and has to look like what is not there; what they may see is only looked at, so that nothing changes and no
order matters. No answer to anybody may hold a word that is not theirs, and a change of what is hidden from somebody may
not change any answer to them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from tests.api.asking import Answer, Asker
from tests.api.matrix_world import LETTERS, READS, Matrix
from tests.api.walk import BODIES, EVENTS, MISSING, values_for
from tests.api.world import SECRETS

AT_ONCE = 8
WORDS = tuple(dict.fromkeys((*LETTERS, *SECRETS)))
_SAFE = ("GET", "HEAD")
# Searched for in lists by these; what a route does not read it ignores.
_ASKED = ("q", "words")
_MOVING = re.compile(
    rb'data-since="[^"]*"|data-position="[^"]*"|data-heard="[^"]*"|name="_csrf" value="[^"]*"|\?after=[^"&]*|'
    rb'"X-CSRF-Token": "[^"]*"|data-move="[^"]*"|data-last-change="[^"]*"|nonce-[A-Za-z0-9_-]+|pass=[^"&]*'
)
# Figures about the whole house, for programs that watch it and for administrators: they change with everything.
_OF_ALL = ("/metrics", "/health", "/api/v1/health", EVENTS)


@dataclass
class Found:
    """What was seen. ``asked`` are the distinct (method and route, person, object); the lists name requests."""

    asked: set[tuple[str, str, str]] = field(default_factory=set)
    requests: int = 0
    routes: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    told_apart: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def wrong(self) -> list[str]:
        return [*self.leaks, *self.told_apart, *self.faults, *self.uncovered]


@dataclass(frozen=True)
class Way:
    """A method of a route."""

    method: str
    path: str
    names: tuple[str, ...]
    handler: HTTPRouteHandler

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def ways_of(matrix: Matrix) -> Iterator[Way]:
    """Every method of every route of the application."""
    for route in matrix.world.app.routes:
        if isinstance(route, HTTPRoute):
            names = tuple(one.name for one in route.path_parameters.values())
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS" and route.path_format != EVENTS:
                    yield Way(method, route.path_format, names, handler)


async def walk(matrix: Matrix, people: tuple[str, ...] | None = None, *, until_seen: bool = False) -> Found:
    """Every way, person and object; with ``until_seen`` up to the first leak."""
    found = Found()
    for who in people or matrix.people:
        asker = matrix.world.program(who)
        tasks = [partial(_walk_way, matrix, found, who, asker, way) for way in ways_of(matrix)]
        await _some_at_once(tasks, lambda: until_seen and bool(found.leaks or found.told_apart))
    return found


async def _some_at_once(tasks: list[Any], is_enough: Callable[[], bool]) -> None:
    rest = iter(tasks)

    async def go_on() -> None:
        for task in rest:
            if is_enough():
                return
            await task()

    await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))


async def _walk_way(matrix: Matrix, found: Found, who: str, asker: Asker, way: Way) -> None:
    found.routes.add(way.path)
    if not way.names:
        if way.method in _SAFE:
            await _look(matrix, found, who, asker, way)
        return
    if way.names not in matrix.objects and any(values_for(matrix.world, "reader", name) is None for name in way.names):
        found.uncovered.append(f"{way.name}: nobody knows what its parameters name")
        return
    missing: dict[int, Answer] = {}
    if way.names not in matrix.objects:
        matrix.objects[way.names] = list(objects_of(matrix, way.names))
    for word, values in matrix.objects[way.names]:
        mine = word in matrix.sees(who)
        theirs = mine if word in LETTERS else bool(READS[who])
        if theirs and way.method not in _SAFE:
            continue
        for number, body in enumerate(BODIES.get(way.name, [{}])):
            answer = await ask(matrix, asker, way, values, body)
            _note(matrix, found, who, way, word, answer)
            if mine or word not in LETTERS:
                continue
            if number not in missing:
                nothing = {name: MISSING if name in _IDS_OF_LETTERS else value for name, value in values.items()}
                missing[number] = await ask(matrix, asker, way, nothing, body)
            _compare(found, f"{who}: {way.name} of {word}", answer, missing[number])


_IDS_OF_LETTERS = ("thread_id", "message_id", "note_id")


def objects_of(matrix: Matrix, names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the parameters of a path can name: the word that is secret about it, and their values."""
    world = matrix.world
    if any(name in _IDS_OF_LETTERS for name in names):
        for word in LETTERS:
            ids = {
                "thread_id": world.threads[word],
                "message_id": world.messages[word],
                "note_id": world.notes[word],
            }
            others = {name: values_for(world, "reader", name) for name in names if name not in ids}
            yield word, {**{name: one["own"] for name, one in others.items() if one}, **ids}
        return
    told = set()
    for who in ("reader", "owner", "manager", "administrator", "outsider"):
        for kind in ("own", "foreign"):
            known = {name: values_for(world, who, name) for name in names}
            values = {name: one[kind] for name, one in known.items() if one}
            if str(values) not in told:
                told.add(str(values))
                yield str(values), values


async def _look(matrix: Matrix, found: Found, who: str, asker: Asker, way: Way) -> None:
    """A list: as it is, for every word that is not theirs, and of every mailbox."""
    answer = await ask(matrix, asker, way, {}, {})
    _note(matrix, found, who, way, "", answer)
    if way.method == "HEAD":
        return
    reads = [one for one in _ASKED if one in _asked_for(way.handler)]
    for name in reads:
        nothing = await ask(matrix, asker, way, {}, {}, {name: "quailnobodyeverwrote"})
        for word in LETTERS:
            said = await ask(matrix, asker, way, {}, {}, {name: word})
            _note(matrix, found, who, way, word, said, but=word)
            if word not in matrix.sees(who):
                _compare(found, f"{who}: {way.name}?{name}={word}", said, nothing, but=(word, "quailnobodyeverwrote"))
    for name, values in _filters(matrix, way):
        nothing = await ask(matrix, asker, way, {}, {}, {name: str(MISSING)})
        for word, value in values.items():
            said = await ask(matrix, asker, way, {}, {}, {name: str(value)})
            _note(matrix, found, who, way, f"{name} {word}", said)
            if name == "thread_id" and word not in matrix.sees(who):
                _compare(found, f"{who}: {way.name}?{name} of {word}", said, nothing, but=(str(value), str(MISSING)))


def _filters(matrix: Matrix, way: Way) -> Iterator[tuple[str, dict[str, int]]]:
    asked = _asked_for(way.handler)
    if "mailbox_id" in asked:
        yield "mailbox_id", {name: box.id for name, box in matrix.world.boxes.items()}
    if "thread_id" in asked:
        yield "thread_id", {word: matrix.world.threads[word] for word in LETTERS}


def _asked_for(handler: HTTPRouteHandler) -> set[str]:
    """The names that a handler reads out of the query, among others."""
    return set(handler.parsed_fn_signature.parameters)


async def ask(
    matrix: Matrix, asker: Asker, way: Way, values: dict[str, Any], body: dict[str, Any], query: Any = None
) -> Answer:
    """One answer."""
    world = matrix.world
    target = way.path.format(**values) + (f"?{urlencode(query)}" if query else "")
    filled = {
        name: world.users["leaver"] if value == "the id of the leaver" else
        world.threads["quailsalesone"] if value == "a thread of their own" else
        world.threads["quailprivate"] if value == "a foreign thread" else value
        for name, value in body.items()
    }  # fmt: skip
    if way.method in _SAFE:
        return await asker.ask(way.method, target)
    if way.path.startswith("/api/"):
        return await asker.ask(way.method, target, data=filled)
    form = {"content-type": "application/x-www-form-urlencoded"}
    return await asker.ask(way.method, target, body=urlencode(filled or {"x": 1}).encode(), headers=form)


def _note(matrix: Matrix, found: Found, who: str, way: Way, what: str, answer: Answer, *, but: str = "") -> None:
    """Count the request and look for words that are not theirs in all of the answer."""
    found.requests += 1
    found.asked.add((way.name, who, what))
    said = (answer.body + repr(answer.raw_headers).encode()).lower()
    if b"quail" in said:
        allowed = matrix.sees(who)
        for word in WORDS:
            if word.encode() in said and word != but:
                found.seen.add((who, word))
                if word not in allowed:
                    found.leaks.append(f"{who} sees {word}: {way.name} {what}")
    if answer.status >= 500 and answer.status != 503:
        found.faults.append(f"{who}: {way.name} {what}: {answer.status}")


def _compare(found: Found, what: str, first: Answer, second: Answer, *, but: tuple[str, str] = ("", "")) -> None:
    """What is hidden and what is not there look alike; what the request itself named may stand in the answer."""
    if first.status == second.status and first.body == second.body:
        return
    one, other = (_still(answer.body, word) for answer, word in zip((first, second), but, strict=True))
    if first.status != second.status or one != other:
        found.told_apart.append(f"{what}: {first.status}/{second.status}, {len(first.body)}/{len(second.body)} bytes")


def _still(body: bytes, word: str) -> bytes:
    """The body without what moves by itself, without numbers of the request and without the word that was asked for."""
    if word:
        body = body.replace(word.encode(), b"")
    return re.sub(rb"\d+", b"#", _MOVING.sub(b"", body))


async def remember(matrix: Matrix, who: str) -> dict[str, bytes]:
    """Every list and page of a person as it is now, those of a tag, a client and their own view among them, without
    what moves by itself."""
    asker, kept = matrix.world.program(who), {}
    world = matrix.world
    about = {"tag_id": world.tag_id, "client_id": world.client_id, "counterparty_id": world.client_id,
             "contact_id": world.contact_id, "view_id": matrix.views.get(who, MISSING)}  # fmt: skip
    for way in ways_of(matrix):
        if way.method == "GET" and {*way.names} <= {*about} and way.path not in _OF_ALL:
            answer = await ask(matrix, asker, way, {name: about[name] for name in way.names}, {})
            kept[way.path] = _MOVING.sub(b"", answer.body)
    return kept
