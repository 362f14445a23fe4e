"""0 leaks of N distinct (route × person × object), and a leak that is planted is seen, wherever it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, true

from api.live import tell
from core import clock
from core.changes import Change, Position
from core.database import ReadTx
from crm.interactions import Interaction
from crm.staff.readable import Viewer, sight_of
from mailhub.mailboxes.lists import Counters, count_threads
from mailhub.mailboxes.tables import thread
from tests.api.matrix import remember, walk
from tests.api.matrix_world import ALWAYS, BOSS, LETTERS, READS, Matrix, make_matrix
from tests.api.world import letter
from tests.support.engines import only

LEAST = 20_000


@pytest.fixture
def matrix(loop: asyncio.Runner, database_url: str, tmp_path: Path) -> Iterator[Matrix]:
    made = loop.run(make_matrix(database_url, tmp_path))
    yield made
    loop.run(made.world.close())


def test_nobody_is_answered_with_what_is_not_theirs(
    matrix: Matrix, loop: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    began, rest = time.process_time(), sorted({*matrix.people} - {*ALWAYS})
    people = (*ALWAYS, *rest[not matrix.world.database.is_sqlite :: 2])
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

    async def go() -> list[str]:
        before = {who: await remember(matrix, who) for who in hidden_from}
        for number, box in enumerate(("boss", "personal", "boss")):
            await matrix.world.deliver(box, letter("quailnews", number))
        after = {who: await remember(matrix, who) for who in hidden_from}
        return [f"{who}: {path}" for who in hidden_from for path in after[who] if after[who][path] != before[who][path]]

    assert loop.run(go()) == []


def test_streams_tell_nobody_of_what_they_may_not_see(matrix: Matrix, loop: asyncio.Runner) -> None:
    """Every person hears, of a change in every thread, exactly of those that they may read."""

    async def go() -> list[tuple[str, str, bool]]:
        asked = []
        for word in LETTERS:
            row = await matrix.world.database.read(lambda tx, word=word: tx.get(thread, matrix.world.threads[word]))
            fields = {"thread_id": row.id, "mailbox_id": row.mailbox_id}
            change = Change(Position(0, 1), "thread.state", row.id, row.scope_id, fields, "test", 0)
            for who in matrix.people:
                if who not in matrix.world.users:
                    continue
                viewer = await matrix.world.viewer(who)
                heard = await matrix.world.database.read(tell, viewer, [change])
                asked.append((who, word, bool(heard)))
        return asked

    asked = loop.run(go())
    assert len(asked) > 250
    hidden = {"quailtrashsales", "quailtrashpersonal"}
    wrong = [(who, word) for who, word, heard in asked if heard != (word in READS[who] - hidden)]
    assert not wrong


DOORS = ("route", "event", "counter", "search", "draft", "history")


@only("sqlite")
@pytest.mark.parametrize("door", DOORS)
def test_a_leak_that_is_planted_is_seen(
    door: str, matrix: Matrix, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each door opened by a fault of the kind that people make: the same walk has to turn red."""
    planted[door](monkeypatch)
    if door == "event":
        with pytest.raises(AssertionError):
            test_streams_tell_nobody_of_what_they_may_not_see(matrix, loop)
        return
    if door == "counter":
        with pytest.raises(AssertionError):
            test_what_comes_where_somebody_sees_nothing_changes_no_answer_to_them(matrix, loop, monkeypatch)
        return
    found = loop.run(walk(matrix, ("outsider", "answerer")))
    assert found.leaks or found.told_apart, "nobody saw the leak"


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

    patch.setattr("crm.interactions.history._may_know", lambda _: true())
    patch.setattr("crm.interactions.history._line", line)


planted: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "route": lambda patch: patch.setattr("mailhub.mailboxes.reading.visible", _all_open),
    "event": lambda patch: patch.setattr("api.live._may_know", lambda *_: True),
    "counter": _plant_counter,
    "search": _plant_search,
    "draft": lambda patch: patch.setattr(
        "mailhub.outbound.drafts.writes_of", lambda who: {"me": who.user_id, "everything": range(1, 999), "own": []}
    ),
    "history": _plant_history,
}
