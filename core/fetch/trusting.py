"""Whose certificates are believed where nobody named others."""

from __future__ import annotations

import os
import ssl
from functools import cache


def system_trust() -> ssl.SSLContext:
    """The authorities of the system, for clients; read once a process, and again where the environment names others.
    It is shared: whoever believes more, or asks for less, makes a context of their own."""
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _read(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return ssl.create_default_context()
