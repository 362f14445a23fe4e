"""English: plurals, the forms of verbs, the common irregular ones."""

from __future__ import annotations

_VOWELS = "aeiou"
_SHORTEST = 3
_SIBILANT = ("s", "x", "z", "ch", "sh")
_NEVER_DOUBLED = "wxy"
# Words that look like a form of another and are none.
_OWN = """
news goods customs species series means thanks always during evening morning nothing something everything
anything spring string thing king wing ceiling wedding pudding hundred indeed yes besides sometimes perhaps
towards
"""
_WORDS_OF_THEIR_OWN = frozenset(_OWN.split())
_IRREGULAR = tuple(
    tuple(line.split())
    for line in """
    be am is are was were been being
    buy buys buying bought
    bring brings bringing brought
    build builds building built
    choose chooses choosing chose chosen
    come comes coming came
    cost costs costing
    cut cuts cutting
    deal deals dealing dealt
    do does did done doing
    draw draws drawing drew drawn
    drive drives driving drove driven
    fall falls falling fell fallen
    feel feels feeling felt
    find finds finding found
    forget forgets forgetting forgot forgotten
    get gets getting got gotten
    give gives giving gave given
    go goes going went gone
    hold holds holding held
    keep keeps keeping kept
    know knows knowing knew known
    lead leads leading led
    leave leaves leaving left
    lose loses losing lost
    make makes making made
    mean means meaning meant
    meet meets meeting meetings met
    pay pays paying paid
    put puts putting
    read reads reading
    rise rises rising rose risen
    run runs running ran
    say says saying said
    see sees seeing saw seen
    sell sells selling sold
    send sends sending sent
    set sets setting
    show shows showing showed shown
    speak speaks speaking spoke spoken
    spend spends spending spent
    take takes taking took taken
    teach teaches teaching taught
    tell tells telling told
    think thinks thinking thought
    understand understands understanding understood
    write writes writing wrote written
    child children
    foot feet
    man men
    person persons people
    shelf shelves
    half halves
    knife knives
    life lives
    loaf loaves
    tooth teeth
    woman women
    index indexes indices
    analysis analyses
    basis bases
    """.splitlines()
    if line.strip()
)
_BY_WORD = {word: frozenset(line) for line in _IRREGULAR for word in line}


def english_forms(word: str) -> set[str]:
    """All forms of the word, itself among them."""
    irregular = _BY_WORD.get(word)
    if irregular is not None:
        return {word, *irregular}
    if len(word) < _SHORTEST or not word.isascii() or not word.isalpha():
        return {word}
    found = {word, *_inflect(word)}
    if word not in _WORDS_OF_THEIR_OWN:
        for stem in _stems(word):
            found |= {stem, *_inflect(stem)}
    return found - (_WORDS_OF_THEIR_OWN - {word})


def _inflect(stem: str) -> set[str]:
    last, before = stem[-1], stem[-2]
    if last == "y" and before not in _VOWELS:
        short = stem[:-1]
        return {f"{short}ies", f"{short}ied", f"{stem}ing", f"{stem}s"}
    plural = f"{stem}es" if stem.endswith(_SIBILANT) or (last == "o" and before not in _VOWELS) else f"{stem}s"
    if last == "e":
        ing = f"{stem}ing" if before in "eoy" else f"{stem[:-1]}ing"
        return {plural, f"{stem}d", ing}
    if stem.endswith("ic"):
        return {plural, f"{stem}ked", f"{stem}king"}
    found = {plural}
    if not _doubles(stem) or _syllables(stem) > 1:
        found |= {f"{stem}ed", f"{stem}ing"}
    if _doubles(stem):
        found |= {f"{stem}{last}ed", f"{stem}{last}ing"}
    return found


def _doubles(stem: str) -> bool:
    """Whether the last letter may be doubled before a vowel: ``ship``, ``cancel``; always so in one syllable."""
    last = stem[-1]
    if last in _VOWELS or last in _NEVER_DOUBLED or len(stem) < _SHORTEST or stem[-2] not in _VOWELS:
        return False
    return stem[-3] not in _VOWELS or stem[-4:-1] == "qui"


def _syllables(stem: str) -> int:
    return sum(here in _VOWELS and before not in _VOWELS for before, here in zip(f"-{stem}", stem, strict=False))


def _stems(word: str) -> set[str]:
    found: set[str] = set()
    if word.endswith(("ies", "ied")):
        found |= {f"{word[:-3]}y", word[:-1]}
    elif word.endswith("es") and word[:-2].endswith((*_SIBILANT, "o")):
        found |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found.add(word[:-1])
    for ending in ("ed", "ing"):
        if word.endswith(ending):
            found |= _before_vowel(word.removesuffix(ending))
    return {stem for stem in found if len(stem) >= _SHORTEST and not set(stem).isdisjoint(f"{_VOWELS}y")}


def _before_vowel(cut: str) -> set[str]:
    """What a stem may have been that stands as ``cut`` before *-ed* or *-ing*."""
    if len(cut) < 2:
        return set()
    if cut[-1] == cut[-2]:
        return {cut, cut[:-1]} if cut[-1] in "lsfz" else {cut[:-1], cut} if cut[-1] in "e" else {cut[:-1]}
    if cut.endswith("ick"):
        return {cut, cut[:-1]}
    if _doubles(cut) and _syllables(cut) == 1:
        return {f"{cut}e"}
    return {cut, f"{cut}e"} if cut[-1] not in "wxy" else {cut}
