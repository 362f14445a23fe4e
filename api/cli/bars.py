"""Progress bars with rate and time left, on standard error, for a person at a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

Told = Callable[[int, int], None]


@contextmanager
def counting(things: str) -> Iterator[Told]:
    """Gives ``told(done, total)``. ``things`` is the plural of what is counted."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task(things, total=None, rate="")

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, rate=f"{done / _elapsed(bar):,.0f}/s")

        yield told


@contextmanager
def measuring(size: int) -> Iterator[Told]:
    """Gives ``told(position, letters)`` for reading ``size`` bytes of letters."""
    with _bar(DownloadColumn()) as bar:
        task = bar.add_task("letters", total=size or None, rate="")

        def told(position: int, letters: int) -> None:
            rate = f"{letters / _elapsed(bar):,.0f}/s"
            bar.update(task, completed=position, description=f"{letters:,} letters", rate=rate)

        yield told


def _bar(amount: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        amount,
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _elapsed(bar: Progress) -> float:
    return bar.tasks[0].elapsed or 1.0
