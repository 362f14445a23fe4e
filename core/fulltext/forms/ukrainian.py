"""Ukrainian: declensions, conjugations, ``рік``/``року``, ``мішок``/``мішка``, ``рука``/``руці``."""

from __future__ import annotations

from core.fulltext.forms.paradigms import Language, adjective, noun, softening, verb

_VOWELS = "аеиіоуюяє"
_HARD = "бвгджзклмнпрстфхцчшщ"
_BEFORE_I = softening("і", "к-ц г-з х-с")
_DOUBLED = softening("ю", " ".join(f"{one}-{one}{one}" for one in "дзлнстцжчш"))
_PARTICIPLE = "ий а е і ої ого ому им ій у ою их ими"
_KINDS = "н в л р ш ч щ ськ цьк т"
_FIRST = softening("у ений ена ене ені ено еного еному еним еній ену еною ених еними", "т-ч д-дж с-ш з-ж ст-щ зд-ждж")


def _participle(stem: str) -> str:
    return " ".join(f"{stem}{ending}" for ending in _PARTICIPLE.split())


def _opened(stem: str) -> list[str]:
    found = []
    if len(stem) > 2 and stem[-2] in "ое" and stem[-1] in _HARD:
        found.append(stem[:-2] + stem[-1])
    if len(stem) > 2 and stem[-2] == "е" and stem[-3] == "ь":
        found.append(stem[:-2] + stem[-1])
    if len(stem) > 2 and stem[-2] == "і":
        found += [f"{stem[:-2]}{vowel}{stem[-1]}" for vowel in "оеє"]
    if len(stem) > 3 and stem[-3] == "і":
        found += [f"{stem[:-3]}о{stem[-2:]}", f"{stem[:-3]}е{stem[-2:]}"]
    return found


def _closed(stem: str) -> list[str]:
    found = []
    if len(stem) > 1 and stem[-1] in _HARD and stem[-2] in _HARD:
        found += [f"{stem[:-1]}{vowel}{stem[-1]}" for vowel in "ое"]
    if len(stem) > 3 and stem[-1] in _HARD and stem[-2] == "ь":
        found += [f"{stem[:-2]}{vowel}{stem[-1]}" for vowel in "ое"] + [f"{stem[:-1]}о{stem[-1]}"]
    if len(stem) > 2 and stem[-2] in "оеє":
        found.append(f"{stem[:-2]}і{stem[-1]}")
    return found


UKRAINIAN = Language(
    (
        noun("- а у ові еві ом ем і и ів ам ами ах", after=_HARD, soft=_BEFORE_I),
        noun("ь я ю еві ем і ів ям ями ях", after=_HARD),
        noun("й я ю єві єм ї їв ям ями ях", after=_VOWELS),
        noun("а и і у ою ею о - ам ами ах", after=_HARD, soft=_BEFORE_I),
        noun("я і ю ею ь ям ями ях", after=_HARD),
        noun("я ї ю єю й ям ями ях", after=_VOWELS),
        noun("ь і ю ей ям ями ях", after=_HARD, soft=_DOUBLED),
        noun("- і ю ей ам ами ах", after="жчшщв", soft=_DOUBLED),
        noun("о а у ові ом і - ам ами ах", after=_HARD, soft=_BEFORE_I),
        noun("е я ю ем і ь ів ям ями ях", after=_HARD),
        noun("е а у ем і - ам ами ах", after="жчшщ"),
        *(noun(f"{c}{c}я {c}{c}ю {c}{c}ям {c}{c}і {c}ь {c}{c}ів {c}{c}ям {c}{c}ями {c}{c}ях") for c in "нлдтзс"),
        *(noun(f"{c}{c}я {c}{c}ю {c}{c}ям {c}{c}і {c} {c}{c}ів {c}{c}ям {c}{c}ями {c}{c}ях") for c in "жчш"),
        adjective(f"{_PARTICIPLE} о", after=_HARD, known_by=_KINDS),
        adjective("ій я є і ього ьому ім ьої ьою ю іх іми", after=_HARD),
        verb(
            "ити у лю ю иш ить имо мо ите ять ать лять в ив ила ило или иму име имуть іть ено лено"
            f" {_participle('ен')} {_participle('лен')}",
            soft=_FIRST,
        ),
        verb(f"ати аю аєш ає аємо аєте ають ав ала ало али ай айте атиму атиме ано {_participle('ан')}"),
        verb(f"яти яю яєш яє яємо яєте яють яв яла яло яли яй яйте ятиму ятиме яно {_participle('ян')}"),
        verb(
            "увати ую уєш ує уємо уєте ують ував увала увало ували уй уйте овано увано уватиму уватиме"
            f" {_participle('ован')} {_participle('уван')}"
        ),
        verb("ювати юю юєш ює юємо юєте юють ював ювала ювало ювали юй юйте ьовано ювано"),
        verb("іти ію ієш іє іємо ієте іють ів іла іло іли ій ійте"),
        verb("іти лю ю иш ить имо ите лять ять ів іла іло іли и іть"),
        verb("нути ну неш не немо нете нуть нув нула нуло нули ни ніть нуто"),
    ),
    _opened,
    _closed,
    ("ся", "сь"),
)
