"""What an act on many threads is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer


@dataclass(frozen=True, slots=True)
class Act:
    """``check`` raises what forbids it for one thread, ``do`` does it, ``stands`` says whether the thread is still as
    the act left it, ``back`` gives back what was kept of it before."""

    check: Callable[[ReadTx, Viewer, Any, Any], None]
    do: Callable[[WriteTx, Viewer, Any, Any], None]
    stands: Callable[[ReadTx, Viewer, Any, Any], bool]
    back: Callable[[WriteTx, Viewer, Any, Mapping[str, Any]], None]
    read: Callable[[object], Any] | None = None
