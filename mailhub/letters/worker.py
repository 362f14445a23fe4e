"""The process that reads letters: ``python -m mailhub.letters.worker``.

It imports this room and the folding of words, nothing of the database or the network, and speaks frames over its
standard input and output: four bytes of length, then MessagePack. A hostile letter can kill this process and nothing
else; the parent watches the clock and starts another.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from mailhub.letters.html import HarmlessHtml, make_harmless
from mailhub.letters.indexing import words_of
from mailhub.letters.letter import parse_letter
from mailhub.letters.proof import Evidence, find_evidence
from mailhub.letters.values import ParsedLetter

LARGEST_MEMORY = 1 << 30
NICE = 5
_LENGTH = 4


class Parse(msgspec.Struct, frozen=True, tag="parse"):
    """Understand some letters: many in one frame, because each turn of the parent's loop costs more than a letter."""

    letters: list[bytes]


class Show(msgspec.Struct, frozen=True, tag="show"):
    """Make the HTML of a letter harmless. ``parts`` is where its attachments are served; ``proxy`` is the beginning of
    the address of remote pictures, or empty to leave them out."""

    raw: bytes
    parts: str
    proxy: str


class Examine(msgspec.Struct, frozen=True, tag="examine"):
    """Find what a letter carries as proof of where it comes from."""

    raw: bytes


class Index(msgspec.Struct, frozen=True, tag="index"):
    """Cut the words of a letter anew."""

    raw: bytes


class Understood(msgspec.Struct, frozen=True):
    """What a letter says, and its words folded for the index, with a space between two. ``parsed.html`` is None where
    there is none, and empty where there is some."""

    parsed: ParsedLetter
    subject: str
    people: str
    body: str


class Parsed(msgspec.Struct, frozen=True, tag="parsed"):
    """What the letters of a ``Parse`` say, in their order."""

    letters: list[Understood]


class Shown(msgspec.Struct, frozen=True, tag="shown"):
    """The harmless HTML, or None for a letter without HTML."""

    harmless: HarmlessHtml | None


class Examined(msgspec.Struct, frozen=True, tag="examined"):
    """The evidence, for whoever has the keys."""

    evidence: Evidence


class Indexed(msgspec.Struct, frozen=True, tag="indexed"):
    """The words of a letter, as in ``Understood``."""

    subject: str
    people: str
    body: str


Request = Parse | Show | Examine | Index
Answer = Parsed | Shown | Examined | Indexed
_requests = msgspec.msgpack.Decoder(Request)
_encoder = msgspec.msgpack.Encoder()


def understand(raw: bytes) -> Understood:
    """Parse a letter and cut its words."""
    parsed = parse_letter(raw)
    cut = words_of(parsed)
    # The HTML stays here, half of a frame: whoever shows it has the letter read again.
    return Understood(replace(parsed, html="") if parsed.html else parsed, cut.subject, cut.people, cut.body)


def show(request: Show) -> Shown:
    """Make a letter's HTML harmless; pictures of the letter itself are served by their number."""
    parsed = parse_letter(request.raw)
    if parsed.html is None:
        return Shown(None)
    cid_links = {
        part.content_id: f"{request.parts}{number}?inline=1"
        for number, part in enumerate(parsed.attachments)
        if part.content_id
    }
    proxy = (lambda url: f"{request.proxy}{url}") if request.proxy else None
    return Shown(make_harmless(parsed.html, cid_links=cid_links, proxy_link=proxy))


def read_frame(stream: BinaryIO) -> bytes | None:
    """One frame, or None at the end."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    return stream.read(int.from_bytes(head, "big"))


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """One frame."""
    stream.write(len(body).to_bytes(_LENGTH, "big") + body)
    stream.flush()


def serve(source: BinaryIO, sink: BinaryIO, answer: Callable[[Request], Answer]) -> None:
    """Answer until the other side closes."""
    while (frame := read_frame(source)) is not None:
        write_frame(sink, _encoder.encode(answer(_requests.decode(frame))))


def _answer(request: Request) -> Answer:
    if isinstance(request, Parse):
        return Parsed([understand(raw) for raw in request.letters])
    if isinstance(request, Index):
        understood = understand(request.raw)
        return Indexed(understood.subject, understood.people, understood.body)
    return show(request) if isinstance(request, Show) else Examined(find_evidence(request.raw))


def main() -> None:
    """Bound the memory of this process, let those who answer people go first, then serve."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, _answer)


if __name__ == "__main__":
    main()
