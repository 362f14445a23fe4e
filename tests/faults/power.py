"""Cutting the power without a switch: the disk as it was at a moment, mounted again.

The database lies on ext4 in a file. What the kernel has not yet written through to that file is what a power cut loses,
so a copy of the file is the disk after the cut. The writer is stopped (SIGSTOP) while the copy is made: a copy that
takes time would else be no moment.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.database import open_database
from mailhub.migrations import upgrade
from tests.support.mail import add_office

ROOT = Path(__file__).resolve().parents[2]
IMAGE_BYTES = 512 << 20


@dataclass
class Losses:
    """What was acknowledged before the cuts, and what of it was gone after them, over all images."""

    seed: int
    images: int = 0
    acknowledged: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        damage = f", damaged: {self.broken}" if self.broken else ""
        return f"seed {self.seed}: {self.images} images, {self.acknowledged} acknowledged, {self.lost} lost{damage}"


def can_mount(folder: Path) -> bool:
    """May this process mount ext4 in a file?"""
    try:
        image = folder / "probe.img"
        make_image(image, 8 << 20)
        with mounted(image, folder / "probe"):
            return True
    except (subprocess.CalledProcessError, OSError):
        return False


def make_image(image: Path, size: int = IMAGE_BYTES) -> None:
    """An empty ext4 that writes nothing of its own accord for minutes."""
    with image.open("wb") as file:
        file.truncate(size)
    _run("mkfs.ext4", "-q", "-F", str(image))


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """The image's files in a folder."""
    folder.mkdir(exist_ok=True)
    _run("mount", "-o", "loop,commit=300", str(image), str(folder))
    try:
        yield folder
    finally:
        _run("umount", str(folder))


def cut_power(folder: Path, moments: int, synchronous: str, seed: int) -> Losses:
    """Accept letters, cut the power at random moments, and look what is left of what was acknowledged."""
    chance = random.Random(seed)
    losses = Losses(seed)
    image, log = folder / "disk.img", folder / "acknowledged.log"
    make_image(image)
    with mounted(image, folder / "disk") as disk:
        url = f"sqlite:///{disk / 'mailhub.db'}"
        upgrade(url)
        database = open_database(url)
        add_office(database)
        database.close()
        os.sync()
        command = [sys.executable, "-m", "tests.support.letter_writer", url, synchronous, str(log)]
        writer = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            _wait_for_letters(log, writer)
            for _ in range(moments):
                time.sleep(chance.uniform(0.02, 0.3))
                _stop(writer)
                acknowledged = {int(line) for line in log.read_text().split()}
                _run("cp", "--sparse=always", str(image), str(folder / "cut.img"))
                writer.send_signal(signal.SIGCONT)
                _count_losses(folder, acknowledged, losses)
        finally:
            writer.kill()
            writer.wait()
    return losses


def _wait_for_letters(log: Path, writer: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not (log.exists() and log.stat().st_size > 200):
        assert writer.poll() is None, "the writer ended"
        assert time.monotonic() < deadline, "the writer accepts nothing"
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Until every thread stands, also those that were inside fsync."""
    process.send_signal(signal.SIGSTOP)
    tasks = Path(f"/proc/{process.pid}/task")
    while any(task.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "T" for task in tasks.iterdir()):
        time.sleep(0.001)


def _count_losses(folder: Path, acknowledged: set[int], losses: Losses) -> None:
    with mounted(folder / "cut.img", folder / "after") as after:
        connection = sqlite3.connect(after / "mailhub.db")
        try:
            health = connection.execute("PRAGMA integrity_check").fetchall()
            whole = "SELECT incoming.id FROM incoming JOIN blob ON blob.id = blob_id WHERE length(content) = size"
            found = {row[0] for row in connection.execute(whole)}
            jobs = connection.execute("SELECT count(*) FROM job").fetchone()[0]
        finally:
            connection.close()
    losses.images += 1
    losses.acknowledged += len(acknowledged)
    losses.lost += len(acknowledged - found)
    if health != [("ok",)]:
        losses.broken.append(str(health[0]))
    if jobs != len(found):
        losses.broken.append(f"{len(found)} letters and {jobs} jobs")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)
