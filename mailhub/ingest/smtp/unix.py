"""A Unix socket to listen on: its file is left behind by a process that was killed, and taken over by the next."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

EVERYBODY = 0o666


def bind_path(path: Path) -> socket.socket:
    """A socket at ``path`` that everybody may connect to who may enter its folder.

    Raises ``OSError``: somebody listens there already, something else than a socket is there, the folder is missing.
    """
    if path.is_socket():
        if _answers(path):
            raise OSError(errno.EADDRINUSE, "Another process listens on this socket", str(path))
        path.unlink()
    bound = socket.socket(socket.AF_UNIX)
    try:
        bound.bind(str(path))
        path.chmod(EVERYBODY)
    except OSError:
        bound.close()
        raise
    return bound


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionError, FileNotFoundError):
            return False
        return True
