"""0 leaks of N distinct (route × person × object), and a leak that is planted is seen, wherever it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api.live import tell
from core import clock
from core.changes import Change, Position
from core.database import ReadTx
from crm.interactions import Interaction
from crm.staff.readable import Viewer, sight_of
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.lists import Counters, count_threads, list_threads
from mailhub.mailboxes.notes import add_note
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tags import tag_thread
from mailhub.outbound.drafts import add_draft
from tests.api.lending import lend_world
from tests.api.matrix import remember, walk
from tests.api.matrix_world import ALWAYS, BOSS, LETTERS, READS, Matrix, make_crowded_world
from tests.api.world import letter
from tests.support.engines import only

LEAST = 20_000


@pytest.fixture
def matrix(
    loop: asyncio.Runner, database_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    lent = loop.run(lend_world(make_crowded_world, database_url, tmp_path, tmp_path_factory.mktemp))
    yield Matrix(lent)
    loop.run(lent.close())


def test_nobody_is_answered_with_what_is_not_theirs(
    matrix: Matrix, loop: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    began, rest = time.process_time(), sorted({*matrix.people} - {*ALWAYS})
    # Everybody on one of the engines; a request costs PostgreSQL three times what it costs SQLite.
    there = rest[::2]
    people = (*ALWAYS, *(who for who in rest if (who in there) != matrix.world.database.is_sqlite))
    found = loop.run(walk(matrix, people))
    with capsys.disabled():
        print(
            f"\naccess matrix: {len(found.asked)} distinct (route × person × object) in {found.requests} requests, "
            f"{len(found.routes)} routes, {len(people)} kinds of people; leaks {len(found.leaks)}, told apart "
            f"{len(found.told_apart)}, uncovered {len(found.uncovered)}; {time.process_time() - began:.0f} s of CPU"
        )
    assert not found.wrong, "\n".join(found.wrong[:40])
    assert len(found.asked) >= LEAST
    hidden = {"quailtrashsales", "quailtrashpersonal"}
    wanted = {(who, word) for who in people for word in READS[who] & {*LETTERS} - hidden}
    assert found.seen >= wanted, f"the walk must see what people may see: {sorted(wanted - found.seen)}"


def test_what_comes_where_somebody_sees_nothing_changes_no_answer_to_them(
    matrix: Matrix, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counters, lists, searches, completions, notices: no number moves for who may not see why."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    hidden_from = [who for who in matrix.people if not READS[who] & {*BOSS, "quailprivate"} and who != "administrator"]
    assert len(hidden_from) > 10
    asked = hidden_from[:: 1 if matrix.world.database.is_sqlite else 3]  # a request costs PostgreSQL thrice as much

    assert loop.run(_moved(matrix, asked)) == []


async def _moved(matrix: Matrix, hidden_from: Sequence[str], first: int = 0) -> list[str]:
    """What changes for these people when letters come that they may not see, numbered from ``first`` on, and others
    work on them."""
    before = {who: await remember(matrix, who) for who in hidden_from}
    for number, box in enumerate(("boss", "personal", "boss"), first):
        await matrix.world.deliver(box, letter("quailnews", number))
    await work_on_news(matrix)
    after = {who: await remember(matrix, who) for who in hidden_from}
    return [f"{who}: {path}" for who in hidden_from for path in after[who] if after[who][path] != before[who][path]]


def test_streams_tell_nobody_of_what_they_may_not_see(matrix: Matrix, loop: asyncio.Runner) -> None:
    """Every person hears, of a change in every thread, exactly of those that they may read."""
    asked, wrong = loop.run(_hear(matrix))
    assert asked > 250
    assert not wrong


async def _hear(matrix: Matrix) -> tuple[int, list[tuple[str, str]]]:
    """How often somebody was asked whether they hear of a thread, and who of which was told wrongly."""
    asked, wrong, hidden = 0, [], {"quailtrashsales", "quailtrashpersonal"}
    for word in LETTERS:
        row = await matrix.world.database.read(lambda tx, word=word: tx.get(thread, matrix.world.threads[word]))
        fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id}
        change = Change(Position(0, 1), "thread.state", row.id, row.scope_id, fields, "test", 0)
        for who in (one for one in matrix.people if one in matrix.world.users):
            viewer = await matrix.world.viewer(who)
            heard = bool(await matrix.world.database.read(tell, viewer, [change]))
            asked += 1
            if heard != (word in READS[who] - hidden):
                wrong.append((who, word))
    return asked, wrong


async def work_on_news(matrix: Matrix) -> None:
    """What those who may see the new letters do with them: tags, notes, drafts, hands, presence."""
    world, claim = matrix.world, [matrix.world.tag_id]
    for who in ("owner", "manager"):
        viewer = await world.viewer(who)
        rows = (await world.database.read(list_threads, viewer, "all")).items
        news = [row.id for row in rows if row.who == "quailnews"]
        assert news, f"{who} sees what came"
        for thread_id in news:
            await world.database.write(tag_thread, viewer, thread_id, claim)
            await world.database.write(add_note, viewer, thread_id, "Is it @Reader's?")
            await world.database.write(partial(add_draft, thread_id=thread_id), viewer, "reply")
            await world.database.write(assign_thread, viewer, thread_id, viewer.user_id)
            await world.program(who).post(f"/api/v1/threads/{thread_id}/presence", {"tab": "walk"})


DOORS = ("route", "search", "draft", "history", "event", "view", "counter")
# Doors that show figures alone: seen by what changes while nothing should.
FIGURES = ("counter", "view")
PLANTED_FOR = ("outsider", "answerer")


@only("sqlite")
def test_leaks_that_are_planted_are_seen(matrix: Matrix, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each door opened by a fault of the kind that people make: the same walk has to turn red."""
    now, unseen = clock.now(), []
    monkeypatch.setattr(clock, "now", lambda: now)
    assert loop.run(_moved(matrix, PLANTED_FOR, 100)) == []
    for number, door in enumerate(DOORS):
        with monkeypatch.context() as patch:
            planted[door](patch)
            if not loop.run(_is_seen(door, matrix, 200 + 10 * number)):
                unseen.append(door)
    assert unseen == []


async def _is_seen(door: str, matrix: Matrix, first: int) -> bool:
    if door == "event":
        return bool((await _hear(matrix))[1])
    if door in FIGURES:
        return bool(await _moved(matrix, PLANTED_FOR, first))
    found = await walk(matrix, PLANTED_FOR, until_seen=True)
    return bool(found.leaks or found.told_apart)


def _all_open(_viewer: Any, scope_column: Any, _executor: Any) -> Any:
    return scope_column.is_not(None)


def _plant_counter(patch: pytest.MonkeyPatch) -> None:
    def count_all(tx: ReadTx, viewer: Viewer) -> Counters:
        waits = select(func.count()).select_from(thread).where(thread.c.state == "open")
        return replace(count_threads(tx, viewer), waiting=int(tx.value(waits)))

    patch.setattr("api.web.shell.count_threads", count_all)


def _plant_search(patch: pytest.MonkeyPatch) -> None:
    every = list(range(1, 100))
    patch.setattr(Viewer, "within", lambda *_: (frozenset(every), frozenset()))
    patch.setattr("mailhub.mailboxes.lists.sight_of", lambda viewer: sight_of(viewer) | {"full": every})


def _plant_history(patch: pytest.MonkeyPatch) -> None:
    def line(row: Any, _viewer: Viewer) -> Interaction:
        return Interaction(row.id, row.kind, row.happened_at, row.direction, row.subject, row.thread_id, None)

    def sight(viewer: Viewer, client_id: int) -> dict[str, Any]:
        return sight_of(viewer) | {"full": list(range(1, 100)), "client": client_id}

    patch.setattr("crm.interactions.history._shape", lambda _: ((True, False), False, frozenset()))
    patch.setattr("crm.interactions.history._sight", sight)
    patch.setattr("crm.interactions.history._line", line)


planted: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "route": lambda patch: patch.setattr("mailhub.mailboxes.reading.visible", _all_open),
    "event": lambda patch: patch.setattr("api.live._may_know", lambda *_: True),
    "counter": _plant_counter,
    "search": _plant_search,
    "view": lambda patch: patch.setattr("mailhub.mailboxes.views.listing.readable", lambda found, *_: found),
    "draft": lambda patch: patch.setattr(
        "mailhub.outbound.drafts.writes_of", lambda who: {"me": who.user_id, "everything": range(1, 999), "own": []}
    ),
    "history": _plant_history,
}
