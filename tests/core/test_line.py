"""The line of those who wait for a connection, and who of the connections is called."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from core.database.units import Line
from core.errors import Unavailable
from tests.support.house import eventually


def serve(line: Line, served: list[tuple[str, object]], name: str) -> threading.Thread:
    def go() -> None:
        while (item := line.next()) is not None:
            served.append((name, item))

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def idle(line: Line, count: int) -> Callable[[], bool]:
    return lambda: len(line._idle) == count


def test_who_came_last_is_called_first() -> None:
    line, served = Line(), []
    first = serve(line, served, "first")
    eventually(idle(line, 1))
    second = serve(line, served, "second")
    for number in range(3):
        eventually(idle(line, 2))
        line.join(number)
        eventually(lambda number=number: len(served) == number + 1)
    line.close()
    first.join(20)
    second.join(20)
    assert served == [("second", 0), ("second", 1), ("second", 2)]


def test_what_stands_in_a_closed_line_is_served_in_its_order() -> None:
    line, served = Line(), []
    for number in range(5):
        line.join(number)
    line.close()
    with pytest.raises(Unavailable):
        line.join(5)
    serve(line, served, "only").join(20)
    assert served == [("only", number) for number in range(5)]
    assert line.next() is None


def test_nothing_is_lost_and_nothing_served_twice_by_many() -> None:
    line, served = Line(), []
    servers = [serve(line, served, str(number)) for number in range(4)]
    crowd = [threading.Thread(target=lambda n=n: [line.join((n, k)) for k in range(500)]) for n in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(20)
    line.close()
    for one in servers:
        one.join(20)
    assert sorted(item for _, item in served) == [(n, k) for n in range(4) for k in range(500)]
