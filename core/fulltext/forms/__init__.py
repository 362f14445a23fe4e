"""Other forms of a word that somebody looks for, in five languages.

The index holds words as they were written, and forms are made when somebody asks: so the index is as small as without
them, exact words can come first, nothing is slower when letters come in, and a better rule works at once on all that
was ever indexed.
"""

from __future__ import annotations

from functools import lru_cache

from core.fulltext.forms.bulgarian import BULGARIAN
from core.fulltext.forms.english import english_forms
from core.fulltext.forms.russian import RUSSIAN
from core.fulltext.forms.ukrainian import UKRAINIAN

_SHORTEST = 3
_LONGEST = 32
_CYRILLIC = frozenset(map(chr, range(0x430, 0x460)))
# Vietnamese writes one sound both ways at the end of a syllable: kỹ thuật, kĩ thuật.
_EITHER = {
    f"{onset}{one}": f"{onset}{other}" for onset in ("h", "k", "l", "m", "s", "t") for one, other in ("iy", "yi")
}
_NOT_RUSSIAN = frozenset("іє")
_NOT_UKRAINIAN = frozenset("ыэъ")
_NOT_BULGARIAN = frozenset("ыэіє")


@lru_cache(maxsize=4096)
def forms_of(word: str) -> frozenset[str]:
    """All forms of a folded word in the languages it may be of, itself among them. Numbers have none."""
    if len(word) == 2 and word in _EITHER:
        return frozenset((word, _EITHER[word]))
    if not _SHORTEST <= len(word) <= _LONGEST:
        return frozenset((word,))
    if word.isascii():
        return frozenset(english_forms(word))
    letters = frozenset(word)
    if not letters <= _CYRILLIC:
        return frozenset((word,))
    found = {word}
    for language, foreign in ((UKRAINIAN, _NOT_UKRAINIAN), (RUSSIAN, _NOT_RUSSIAN), (BULGARIAN, _NOT_BULGARIAN)):
        if letters.isdisjoint(foreign):
            found |= language.forms(word)
    return frozenset(found)
