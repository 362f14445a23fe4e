"""The process that compares names of clients: ``python -m mailhub.routing.doubles_worker``.

Names come over its standard input and pairs go over its standard output, in frames: four bytes of length, then
MessagePack; an empty list ends them. A million names take some hundred MB, which are given back with the process.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from crm.doubles.names import list_alike

LARGEST_MEMORY = 3 << 30
NICE = 10
AT_ONCE = 500
Names = list[tuple[int, str]]
Pairs = list[tuple[int, int, int]]
_names = msgspec.msgpack.Decoder(Names)


def read_names(source: BinaryIO) -> Iterator[tuple[int, str]]:
    """All that come until the empty list. Raises EOFError where the other side ended before."""
    while True:
        head = source.read(4)
        if len(head) < 4:
            raise EOFError
        names = _names.decode(source.read(int.from_bytes(head, "big")))
        if not names:
            return
        yield from names


def frame(body: Names | Pairs) -> bytes:
    """A list as it goes over a pipe."""
    packed = msgspec.msgpack.encode(body)
    return len(packed).to_bytes(4, "big") + packed


def main() -> None:
    """Take names, tell pairs, end."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out, waiting = sys.stdout.buffer, Pairs()
    for pair in list_alike(read_names(sys.stdin.buffer)):
        waiting.append(pair)
        if len(waiting) == AT_ONCE:
            out.write(frame(waiting))
            out.flush()
            waiting.clear()
    if waiting:
        out.write(frame(waiting))
    out.write(frame([]))
    out.flush()


if __name__ == "__main__":
    main()
