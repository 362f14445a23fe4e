"""What a power cut does not lose: names in a folder, and all that was written to a file system."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_TELLS_SINCE = (5, 8)  # before, syncfs told nobody what could not be written


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    with opened(folder) as handle:
        os.fsync(handle)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A folder as a handle. ``sync_all`` tells of failures since it was opened."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


@cache
def can_sync_all() -> bool:
    """Whether this system has ``sync_all``: Linux, since it tells what failed."""
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    tells = version is not None and (int(version[1]), int(version[2])) >= _TELLS_SINCE
    return sys.platform == "linux" and tells and hasattr(_library(), "syncfs")


def sync_all(handle: int) -> None:
    """Make durable all that was written to the file system of this handle, by anybody: a hundred files cost what one
    does, while each ``fsync`` is a turn of the disk. Raises OSError, also for what failed since it was opened."""
    if _library().syncfs(handle) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
