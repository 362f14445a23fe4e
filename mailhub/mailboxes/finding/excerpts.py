"""Where the words stand: subject and a line of the letter in pieces, hits apart from what is around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.fulltext.folding import fold
from core.fulltext.question import Question, hits_of

WIDTH = 160
BEFORE = 50
LONGEST_TEXT = 20_000
# A word as people see it: apostrophes, soft hyphens and marks inside belong to it.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\xad]|['’ʼ`′‘](?=[^\W_]))*")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and whether it is what somebody looked for."""

    text: str
    hit: bool


def cut_pieces(question: Question, text: str) -> tuple[Piece, ...]:
    """The whole text in pieces."""
    pieces: list[Piece] = []
    at = 0
    for begin, end, _ in _hits(question, text):
        if begin > at:
            pieces.append(Piece(text[at:begin], False))
        pieces.append(Piece(text[begin:end], True))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:], False))
    return tuple(pieces)


def find_excerpt(question: Question, text: str) -> tuple[Piece, ...]:
    """The line of the text with the best hit, in pieces; empty when there is none."""
    best: tuple[int, int] | None = None
    for begin, _, closeness in _hits(question, text[:LONGEST_TEXT]):
        if best is None or closeness < best[0]:
            best = closeness, begin
        if closeness == 0:
            break
    if best is None:
        return ()
    begin = max(0, best[1] - BEFORE)
    if begin:
        blank = text.find(" ", begin, best[1])
        begin = blank + 1 if blank > 0 else begin
    end = min(len(text), begin + WIDTH)
    line = " ".join(text[begin:end].split())
    return cut_pieces(question, f"{'…' if begin else ''}{line}{'…' if end < len(text) else ''}")


def _hits(question: Question, text: str) -> Iterator[tuple[int, int, int]]:
    """Begin and end of each hit, and how close it is: 0 exact, 1 another form, 2 a beginning."""
    exact, forms, begins = hits_of(question)
    for found in _WORD.finditer(text):
        word = fold(found[0])
        if word in exact:
            yield found.start(), found.end(), 0
        elif word in forms:
            yield found.start(), found.end(), 1
        elif begins and word.startswith(begins):
            yield found.start(), found.end(), 2
