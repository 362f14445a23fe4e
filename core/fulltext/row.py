"""What is indexed of a letter: folded words in three parts.

Beside its plain words a part holds *marked* ones, for questions about one place: who wrote it, to whom, names and kinds
of its files. A mark is a character of the private use area, so no letter can write a marked word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FROM = "\ue001"
TO = "\ue002"
FILE = "\ue003"
KIND = "\ue004"
END = "\ue005"  # a phrase does not run over it


@dataclass(frozen=True, slots=True)
class Words:
    """Folded words of a letter, as indexed: in each part with a space between two."""

    subject: str
    people: str
    body: str


def mark(sign: str, words: Iterable[str]) -> str:
    """The words, marked, with a space between two."""
    return " ".join(sign + word for word in words)
