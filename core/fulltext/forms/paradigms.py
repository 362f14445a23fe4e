"""Forms of a word by *paradigms*: sets of endings that one word takes in turns.

A language is a list of paradigms and the changes of sound at the end of its stems. The forms of a word are those of
each paradigm that the word could stand in, so a word finds what inflects alike and not what merely begins alike:
``лист`` finds ``листи`` and never ``листопад``. No word has to stand in a list. What is made up too much is no word of
the language and stands in no letter.

All spellings are the folded ones of ``folding``: ї is written і, ґ г, ё е.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.fulltext.folding import fold

_VOWELS = frozenset("аеиіоуыэюяєъ")
_CLOSED = ("", "ь", "й")  # after these the last syllable of the stem is closed: vowels flee in and out
_SHORTEST = 2

Sounds = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Softening:
    """What the end of a stem becomes before some endings: ``рука``, ``руці``."""

    endings: frozenset[str]
    pairs: tuple[tuple[str, str], ...]

    def soften(self, stem: str, ending: str) -> Iterator[str]:
        """The stems that stand before this ending in place of ``stem``."""
        if ending in self.endings:
            for hard, soft in self.pairs:
                if stem.endswith(hard):
                    yield stem[: len(stem) - len(hard)] + soft

    def harden(self, stem: str, ending: str) -> Iterator[str]:
        """The stems that may have become this one before the ending."""
        if ending in self.endings:
            for hard, soft in self.pairs:
                if stem.endswith(soft):
                    yield stem[: len(stem) - len(soft)] + hard


@dataclass(frozen=True, slots=True)
class Paradigm:
    """Endings that belong together, after stems that end with one of the letters ``after`` (all when empty).

    In those of nouns vowels are ``fleeting``. ``verb``: may stand before a reflexive tail. A short ending proves little
    of what kind a word is: one of at most a letter is recognised only after stems that end as ``known_by`` says.
    """

    endings: tuple[str, ...]
    after: str
    softening: Softening | None
    fleeting: bool
    verb: bool
    known_by: tuple[str, ...] = ("",)

    def may_be(self, stem: str, ending: str) -> bool:
        """Whether a word that ends so may be one of these."""
        return len(ending) > 1 or stem.endswith(self.known_by)


def softening(endings: str, pairs: str) -> Softening:
    """From endings and ``hard-soft`` pairs, each with a space between two."""
    parted = tuple((hard, soft) for hard, _, soft in (pair.partition("-") for pair in pairs.split()))
    return Softening(frozenset(_endings(endings)), parted)


def noun(endings: str, *, after: str = "", soft: Softening | None = None) -> Paradigm:
    """A declension; ``-`` is the bare stem."""
    return Paradigm(_endings(endings), after, soft, True, False)


def adjective(endings: str, *, after: str = "", known_by: str = "-") -> Paradigm:
    """A declension whose bare stem, if it is a form, takes a vowel in."""
    return Paradigm(_endings(endings), after, None, "-" in endings.split(), False, _endings(known_by))


def verb(endings: str, *, soft: Softening | None = None, known_by: str = "-") -> Paradigm:
    """A conjugation; with ``known_by="!"`` no short ending is taken for one of its own."""
    return Paradigm(_endings(endings), "", soft, False, True, _endings(known_by))


def _endings(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys("" if part == "-" else fold(part) for part in text.split()))


@dataclass(frozen=True, slots=True)
class Language:
    """Paradigms, and which vowels flee: ``opened`` gives the stems that a closed one may have before a vowel
    (``рахунок``: ``рахунк``), ``closed`` the other way round. ``reflexive`` is what verbs may end with beyond their
    ending, ``bent`` how else a stem may sound."""

    paradigms: tuple[Paradigm, ...]
    opened: Sounds
    closed: Sounds
    reflexive: tuple[str, ...] = ()
    bent: Sounds | None = None

    def forms(self, word: str) -> set[str]:
        """All forms of the word, itself among them."""
        found = {word, *self._forms(word, self.paradigms)}
        for tail in self.reflexive:
            if word.endswith(tail) and len(word) > len(tail) + _SHORTEST:
                verbs = [one for one in self.paradigms if one.verb]
                forms = set(self._forms(word.removesuffix(tail), verbs))
                found.update(form + other for form in forms for other in self.reflexive)
        return found

    def _forms(self, word: str, paradigms: Sequence[Paradigm]) -> Iterator[str]:
        for one in paradigms:
            for ending in one.endings:
                if word.endswith(ending):
                    for stem in self._stems(one, word[: len(word) - len(ending)], ending):
                        yield from self._inflect(one, stem)

    def _stems(self, one: Paradigm, cut: str, ending: str) -> list[str]:
        if len(cut) < _SHORTEST or not one.may_be(cut, ending):
            return []
        possible = [cut, *(self.bent(cut) if self.bent is not None else ())]
        if one.softening is not None:
            possible += one.softening.harden(cut, ending)
        if ending in _CLOSED:
            if _VOWELS.isdisjoint(cut):
                return []  # дн is the stem of дні, and no word
            possible += self.opened(cut) if one.fleeting else ()
        return [stem for stem in dict.fromkeys(possible) if not one.after or stem[-1:] in one.after]

    def _inflect(self, one: Paradigm, stem: str) -> Iterator[str]:
        for ending in one.endings:
            yield stem + ending
            if one.softening is not None:
                yield from (other + ending for other in one.softening.soften(stem, ending))
            if one.fleeting and ending in _CLOSED:
                yield from (other + ending for other in self.closed(stem))
