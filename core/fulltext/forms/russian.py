"""Russian: declensions, conjugations, ``день``/``дня``, ``письмо``/``писем``, ``платить``/``плачу``."""

from __future__ import annotations

from core.fulltext.forms.paradigms import Language, adjective, noun, softening, verb

_HARD = "бвгджзклмнпрстфхцчшщ"
_VOWELS = "аеиоуыэюя"
_ADJECTIVE = "ый ий ой ая ое ее ые ие ого его ому ему ым им ом ем ей ую юю яя их ых ыми ими"
_PASSIVE = "ен ена ено ены"
_PARTICIPLE = "ый ая ое ые ого ому ым ом ой ую ых ыми"


def _participle(stem: str) -> str:
    return " ".join(f"{stem}{ending}" for ending in _PARTICIPLE.split())


_FIRST = softening(f"у ю {_PASSIVE} {_participle('енн')}", "т-ч т-щ д-ж с-ш з-ж ст-щ")


def _opened(stem: str) -> list[str]:
    found = []
    if len(stem) > 2 and stem[-2] in "ое" and stem[-1] in _HARD:
        found.append(stem[:-2] + stem[-1])
        if stem[-3] in _HARD:
            found.append(f"{stem[:-2]}ь{stem[-1]}")
    return found


def _closed(stem: str) -> list[str]:
    found = []
    if len(stem) > 2 and stem[-1] in _HARD and stem[-2] in _HARD:
        found += [f"{stem[:-1]}{vowel}{stem[-1]}" for vowel in "ое"]
    if len(stem) > 2 and stem[-1] in _HARD and stem[-2] in "ьй":
        found.append(f"{stem[:-2]}е{stem[-1]}")
    return found


RUSSIAN = Language(
    (
        noun("- а у ом ем е ы и ов ей ам ами ах", after=_HARD),
        noun("ь я ю ем е и ей ям ями ях", after=_HARD),
        noun("й я ю ем е и ев ям ями ях", after=_VOWELS),
        noun("а ы и у ой ою ей е - ам ами ах", after=_HARD),
        noun("я и ю ей ею е ь ям ями ях", after=_HARD),
        noun("я и ю ей ею е й ям ями ях", after=_VOWELS),
        noun("ня ни ню ней нею не н нь ням нями нях"),
        noun("ия ии ию ией ий иям иями иях"),
        noun("ь и ью ей ям ями ях", after=_HARD),
        noun("ь и ью ей ам ами ах", after="жчшщ"),
        noun("о а у ом е - ам ами ах", after=_HARD),
        noun("е я ю ем и ь й ей ям ями ях", after=_HARD),
        noun("е а у ем - ам ами ах", after="жцчшщ"),
        noun("ие ье ия ью ию ием ии ий иям иями иях"),
        noun("мя мени менем мена мен менам менами менах"),
        adjective(_ADJECTIVE, after=_HARD),
        adjective("- а о ы", after="н"),
        adjective("ый ая ое ые ого ому ым ом ой ую ых ыми - а о ы", after=_HARD),
        verb(
            "ить у ю лю ишь ит им ите ят ат ил ила ило или ив и ь ьте йте ите лен лена лено лены"
            f" {_PASSIVE} {_participle('енн')} {_participle('ленн')}",
            soft=_FIRST,
        ),
        verb(f"ать аю аешь ает аем аете ают ал ала ало али ав ай айте ан ана ано аны {_participle('анн')}"),
        verb(f"ять яю яешь яет яем яете яют ял яла яло яли яв яй яйте ян яна яно яны {_participle('янн')}"),
        verb(
            "овать ую уешь ует уем уете уют овал овала овало овали овав уй уйте ован ована овано ованы"
            f" {_participle('ованн')}"
        ),
        verb("евать юю юешь юет юем юете юют евал евала евало евали юй юйте"),
        verb("еть ею еешь еет еем еете еют ел ела ело ели ей ейте"),
        verb("еть ю лю ишь ит им ите ят ел ела ело ели и ите"),
        verb("нуть ну нешь нет нем нете нут нул нула нуло нули ни ните нут нута нуто нуты"),
    ),
    _opened,
    _closed,
    ("ся", "сь"),
)
