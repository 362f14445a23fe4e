"""The demo as a process, and what it and its children take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent


class Demo:
    """``mailhub demo`` on ports of its own, ended at the end of the block."""

    def __init__(self, folder: str) -> None:
        ports = ["--port", "0", "--smtp-port", "0"]
        command = [sys.executable, "-m", "api.cli", "demo", "--data", folder, *ports, "--json"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the demo ended: {self.process.wait()}")
        self.facts = json.loads(line)
        self.port = int(self.facts["web"])

    def __enter__(self) -> Demo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def tree(self) -> list[int]:
        """This process and all below it."""
        return tree(self.process.pid)

    def processor_seconds(self) -> float:
        """Of all processes of the tree so far."""
        ticks = 0
        for pid in self.tree():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[int, float]:
        """Megabytes of each process: its own pages, and its share of those it has with others (PSS)."""
        return {pid: _pss(pid) for pid in self.tree()}


def tree(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def tree_memory(root: int) -> float:
    """Megabytes of a process and all below it (PSS); what ends while we look counts no more."""
    megabytes = 0.0
    with suppress(OSError):
        for pid in tree(root):
            with suppress(OSError, AssertionError):
                megabytes += _pss(pid)
    return megabytes


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("smaps_rollup has a line Pss")
