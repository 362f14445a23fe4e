"""What headers say: the words by which the meaning of a column is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from core.fulltext import fold

_CUT = re.compile(r"[\W_]+")
_NO_DAY = re.compile(r"0?1[./-]0?1[./-]0001(\s.*)?|0001-01-01([T\s].*)?")
_FEWEST = 3  # letters: shorter words stand inside of others


def header_key(header: str) -> str:
    """A header as words to compare: case, accents, apostrophes and signs do not matter."""
    return " ".join(_CUT.sub(" ", fold(header.replace("'", "").replace("’", ""))).split())


def says_nothing(cell: str) -> bool:
    """Whether a cell is empty, or holds the day that accounting programs write where there is none: 01.01.0001."""
    return not cell or ("0001" in cell and _NO_DAY.fullmatch(cell.strip()) is not None)


class Lexicon:
    """The ``fields`` that columns of a kind of table may mean, by the words of headers; what is ``told`` last goes
    before."""

    def __init__(self, fields: Sequence[str], *told: Mapping[str, str]) -> None:
        self._by_words = {
            header_key(word): field for one in told for field, words in one.items() for word in words.split(";")
        }
        self._by_words |= {header_key(field): field for field in fields}
        self._longest_first = sorted(self._by_words, key=lambda words: (-len(words.split()), -len(words)))

    def __contains__(self, key: str) -> bool:
        return key in self._by_words

    def find_all(self, key: str) -> Iterable[str]:
        """The fields that a header may name, the most likely one first. One that says more than the words of a field is
        understood by the longest of them: “E-mail (primary)”."""
        if key in self._by_words:
            return [self._by_words[key]]
        padded = f" {key} "
        return [
            self._by_words[words] for words in self._longest_first if len(words) >= _FEWEST and f" {words} " in padded
        ]
