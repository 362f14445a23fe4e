"""What somebody looks for, as terms that a row must hold or must not hold.

A row is *like* the question in one of three ways, and each row in the first that holds: ``exact`` has the words as they
were asked for, ``forms`` has forms of them, ``begins`` also words that begin with the last one, which is still being
typed. Quoted words, numbers and what is written in one piece (``АБ-1187``) have no forms.

``matches`` answers for one row in Python what the index answers for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from core.fulltext.folding import asked_phrases
from core.fulltext.forms import forms_of
from core.fulltext.row import FILE, FROM, KIND, TO, Words

Likeness = Literal["exact", "forms", "begins"]
LIKENESSES: tuple[Likeness, ...] = ("exact", "forms", "begins")
Place = Literal["", "subject", "from", "to", "file", "kind"]
MOST_ALTERNATIVES = 1200
OPEN_FROM = 3
_MARKS: dict[str, str] = {"from": FROM, "to": TO, "file": FILE, "kind": KIND}
_CLOSED = '"“”»'


@dataclass(frozen=True, slots=True)
class Term:
    """Words side by side, in one place of a letter or anywhere.

    ``quoted``: exactly as written. ``open``: the last word may go on, always. ``typed``: it is still being typed.
    """

    words: tuple[str, ...]
    place: Place = ""
    quoted: bool = False
    open: bool = False
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Terms that must all be there, and terms none of which may."""

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()

    def likenesses(self) -> list[Likeness]:
        """The ways of being like it that differ."""
        found: list[Likeness] = ["exact"]
        if any(len(_alternatives(term, "forms")) > 1 for term in self.wanted):
            found.append("forms")
        if any(term.typed for term in self.wanted):
            found.append("begins")
        return found


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to say a term: words side by side, of which the last may go on."""

    words: tuple[str, ...]
    open: bool = False


def ask(text: str, place: Place = "", *, typed: bool = False) -> list[Term]:
    """The terms of a text without operators; ``typed`` when its last word may be unfinished. A star after a word says
    that it is."""
    terms: list[Term] = []
    for words, quoted in asked_phrases(text):
        terms.append(Term(words, place, quoted=quoted))
    if not terms:
        return []
    last, end = terms[-1], text.rstrip()[-1:]
    if end == "*":
        terms[-1] = replace(last, open=len(last.words[-1]) >= OPEN_FROM)
    elif typed and not text[-1].isspace() and end not in _CLOSED and len(last.words[-1]) >= OPEN_FROM:
        terms[-1] = replace(last, typed=True)
    return list(dict.fromkeys(terms))


def alternatives(question: Question, likeness: Likeness) -> list[tuple[Term, list[Alternative]]]:
    """Each wanted term with all that says it. A question of very many words is asked for as it stands."""
    found = [(term, _alternatives(term, likeness)) for term in question.wanted]
    if sum(len(ways) for _, ways in found) > MOST_ALTERNATIVES:
        return [(term, _alternatives(term, "exact")) for term in question.wanted]
    return found


def _alternatives(term: Term, likeness: Likeness) -> list[Alternative]:
    mark = _MARKS.get(term.place, "")
    words = tuple(mark + word for word in term.words)
    exact = Alternative(words, term.open)
    if likeness == "exact" or term.quoted or len(words) > 1 or term.open:
        return [Alternative(words, term.open or (term.typed and likeness == "begins" and not term.quoted))]
    found = [exact, *(Alternative((mark + form,)) for form in sorted(forms_of(term.words[0]) - {term.words[0]}))]
    return [*found, Alternative(words, True)] if term.typed and likeness == "begins" else found


def unwanted(question: Question) -> list[tuple[Term, list[Alternative]]]:
    """Each unwanted term with what says it: it alone, no form of it."""
    return [(term, _alternatives(term, "exact")) for term in question.unwanted]


def matches(question: Question, likeness: Likeness, row: Words) -> bool:
    """Whether a row is at least so like the question."""
    reader = _Row(row)
    for term, ways in alternatives(question, likeness):
        if not any(reader.holds(term, way) for way in ways):
            return False
    return not any(reader.holds(term, way) for term, ways in unwanted(question) for way in ways)


class _Row:
    """A row, its words cut when first needed."""

    def __init__(self, row: Words) -> None:
        self._parts = {"subject": row.subject, "people": row.people, "body": row.body}
        self._cut: dict[str, list[str]] = {}
        self._sets: dict[str, frozenset[str]] = {}

    def holds(self, term: Term, way: Alternative) -> bool:
        """Whether the words stand side by side in one part."""
        parts = (term.place,) if term.place == "subject" else tuple(self._parts)
        return any(self._stands(part, way) for part in parts)

    def _stands(self, part: str, way: Alternative) -> bool:
        if part not in self._cut:
            self._cut[part] = self._parts[part].split()
            self._sets[part] = frozenset(self._cut[part])
        there, known = self._cut[part], self._sets[part]
        head, last = way.words[:-1], way.words[-1]
        if not known.issuperset(head) or (not way.open and last not in known):
            return False
        if not head and not way.open:
            return True
        size = len(way.words)
        for at, word in enumerate(there):
            fits = word.startswith(last) if way.open else word == last
            if fits and at + 1 >= size and tuple(there[at + 1 - size : at]) == head:
                return True
        return False


@lru_cache(maxsize=256)
def hits_of(question: Question) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """For highlights: folded words exactly, their other forms, and beginnings."""
    exact: set[str] = set()
    forms: set[str] = set()
    begins: list[str] = []
    for term in question.wanted:
        if term.place not in ("", "subject"):
            continue
        exact.update(term.words)
        if not term.quoted and len(term.words) == 1:
            forms |= forms_of(term.words[0])
        if term.open or term.typed:
            begins.append(term.words[-1])
    return frozenset(exact), frozenset(forms - exact), tuple(begins)
