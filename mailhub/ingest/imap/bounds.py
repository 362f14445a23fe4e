"""How much of a server is believed, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times are seconds and hold for a whole command, however slowly its bytes drip; sizes are bytes."""

    connect: float = 30
    command: float = 60
    slowest: int = 16_384  # bytes a second that letters must come with, on top of ``command``
    line: int = 65_536
    literal: int = 16 << 20
    answer: int = 24 << 20  # all bytes of the answer to one command
    lines: int = 150_000  # all lines of the answer to one command
    folders: int = 10_000
    slice: int = 1 << 20
    largest: int = 100 << 20
    batch: int = 100
    batch_bytes: int = 8 << 20
    window: int = 2_000  # UIDs that are listed at a time
    turn: int = 1_000  # letters of a folder before the others have theirs
    poll: float = 60
    idle: float = 540
    compare: float = 900
    grace: float = 120
    names: float = 900
    first_pause: float = 2
    longest_pause: float = 300
    throttled_pause: float = 60
    log_ins: int = 3
    resets: int = 5
    asks: int = 5  # how often a letter that the server does not hand out holds up its folder
