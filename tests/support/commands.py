"""``python -m api.cli`` without the second that its imports take: a process that has them forks for each command.

A command runs in a process of its own all the same: with its own environment, folder, session and signals, and with an
exit code. That the program also starts from nothing is shown by ``tests/test_demo.py`` and ``tests/cli/test_lean.py``.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

from api.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__, *{place.partition(":")[0] for place, _ in COMMANDS.values()}])


class Command:
    """A command under way, in a session of its own: as much of ``subprocess.Popen`` as tests use. ``stdout`` is a pipe
    to read from unless a file is given for it; the command reads nothing unless ``stdin`` is given."""

    def __init__(
        self,
        arguments: list[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        stderr: IO[Any],
        stdin: IO[Any] | None = None,
        stdout: IO[Any] | None = None,
    ) -> None:
        said, say = (None, stdout.fileno()) if stdout else os.pipe()
        self.stdout: IO[str] | None = None if said is None else os.fdopen(said, encoding="utf-8")
        with open(os.devnull) as nothing:
            inherited = (stdin or nothing).fileno(), say, stderr.fileno()
            self._process = _fork(arguments, dict(environment), str(folder), _Streams(inherited))
        if said is not None:
            os.close(say)
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def wait(self, seconds: float | None = None) -> int:
        """``poll`` when it is over. Raises subprocess.TimeoutExpired."""
        self._process.join(seconds)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired("mailhub", seconds or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing when it is over."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """At once, whatever it does."""
        self.send_signal(signal.SIGKILL)


def _fork(*arguments: object) -> Any:
    process = _forks.Process(target=_run, args=arguments)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)  # where the process that forks finds what it is to import
    try:
        process.start()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return process


class _Streams:
    """Numbers of open files; what is pickled are the files."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self.numbers = numbers

    def __reduce__(self) -> Any:
        return _received, tuple(DupFd(number) for number in self.numbers)


def _received(*files: Any) -> _Streams:
    return _Streams(tuple(file.detach() for file in files))


def _run(arguments: list[str], environment: dict[str, str], folder: str, streams: _Streams) -> None:
    os.setsid()
    for number, file in enumerate(streams.numbers):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.environ.clear()
    os.environ.update(environment, PYTHONPATH=str(ROOT))  # for the processes that the command starts
    os.chdir(folder)
    sys.argv = ["mailhub", *arguments]
    main()
