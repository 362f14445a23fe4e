"""Names that are alike among very many: each is compared with its neighbours and with those it shares a rare word with,
never with all. Pure: it is done in a process of its own.

Names are compared folded, without legal forms, their words in order of the alphabet, Cyrillic as it sounds in Latin.
Numbers in them have to be the same: school 5 is not school 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import fuzz

from crm.parties.words import name_words

ALIKE, ALIKE_SHORT = 88, 95  # per cent
SHORT = 8  # letters: in shorter names one letter is a tenth of all
_FEWEST_SAME, _FEWEST = 2, 4  # letters: of the same names, and of those that are only alike
MOST_SAME = 20
"""So many clients of one name are compared with each other; a name of more says nothing of who it is."""
_NEIGHBOURS = 5
_MOST_OF_A_WORD = 25
_RAREST = 2
_SOUNDS = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "h", "д": "d", "е": "e", "є": "e", "ж": "zh", "з": "z", "и": "i", "і": "i",
        "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
        "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "i", "ь": "",
        "э": "e", "ю": "iu", "я": "ia", "y": "i", "j": "i", "g": "h", "w": "v",
    }
)  # fmt: skip


def core_of(name: str) -> str:
    """What of a name is compared."""
    words = [word.translate(_SOUNDS) for word in name_words(name)]
    return " ".join(sorted(word for word in words if word))


def likeness(one: str, other: str) -> int:
    """How alike two names are, in per cent, as ``core_of`` gives them; 0 where that says nothing."""
    if one == other:
        return 100 if len(one) >= _FEWEST_SAME else 0
    if min(len(one), len(other)) < _FEWEST or _numbers(one) != _numbers(other):
        return 0
    border = ALIKE if min(len(one), len(other)) >= SHORT else ALIKE_SHORT
    return round(fuzz.ratio(one, other, score_cutoff=border))


def _numbers(core: str) -> list[str]:
    return [word for word in core.split() if any(map(str.isdigit, word))]


def list_alike(names: Iterable[tuple[int, str]]) -> Iterator[tuple[int, int, int]]:
    """Pairs of ids whose names are alike, the smaller id first, with how alike. No pair comes twice."""
    owners: dict[str, list[int]] = {}
    for party_id, name in names:
        core = core_of(name)
        if len(core) >= _FEWEST_SAME:
            owners.setdefault(core, []).append(party_id)
    cores = sorted(core for core, ids in owners.items() if len(ids) <= MOST_SAME)
    for core in cores:
        yield from _between(owners[core], owners[core], 100)
    told: set[tuple[int, int]] = set()
    for first, second in _candidates(cores):
        pair = (first, second) if first < second else (second, first)
        if pair not in told and (alike := likeness(cores[first], cores[second])):
            told.add(pair)
            yield from _between(owners[cores[first]], owners[cores[second]], alike)


def _between(some: Sequence[int], others: Sequence[int], alike: int) -> Iterator[tuple[int, int, int]]:
    for one in some:
        for other in others:
            if some is not others or one < other:
                yield min(one, other), max(one, other), alike


def _candidates(cores: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of names that stand near each other by their beginnings or their ends, or share a rare word."""
    yield from _near(cores, list(range(len(cores))))
    yield from _near(cores, sorted(range(len(cores)), key=lambda place: cores[place][::-1]))
    counted = Counter(word for core in cores for word in set(core.split()))
    shared: dict[str, list[int]] = {}
    for place, core in enumerate(cores):
        known = [word for word in set(core.split()) if 1 < counted[word] <= _MOST_OF_A_WORD and len(word) >= _FEWEST]
        for word in sorted(known, key=lambda word: (counted[word], word))[:_RAREST]:
            shared.setdefault(word, []).append(place)
    for places in shared.values():
        for at, first in enumerate(places):
            for second in places[at + 1 :]:
                yield first, second


def _near(cores: Sequence[str], order: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours whose first look says that they may be alike: the whole comparison costs more."""
    ratio = fuzz.ratio
    for at, first in enumerate(order):
        core = cores[first]
        for second in order[at + 1 : at + 1 + _NEIGHBOURS]:
            if ratio(core, cores[second], score_cutoff=ALIKE):
                yield first, second
