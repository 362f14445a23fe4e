"""Bulgarian: articles, plurals, ``ден``/``дни``, ``място``/``места``, ``облак``/``облаци``, verbs."""

from __future__ import annotations

from core.fulltext.forms.paradigms import Language, adjective, noun, softening, verb

_HARD = "бвгджзклмнпрстфхцчшщ"
_VOWELS = "аеиоуъюя"
_BEFORE_I = softening("и ите", "к-ц г-з х-с")
_KINDS = "н в л р т д ш щ ск ък ок"
_PASSIVE = "ен ена ено ени ения ената еното ените"


def _bent(stem: str) -> list[str]:
    """``място`` and ``места``: я and е change places in the last syllable."""
    at = max(stem.rfind("я"), stem.rfind("е"))
    if at <= 0 or not 2 <= len(stem) - at <= 3:
        return []
    return [f"{stem[:at]}{'е' if stem[at] == 'я' else 'я'}{stem[at + 1 :]}"]


def _opened(stem: str) -> list[str]:
    if len(stem) > 2 and stem[-2] in "еъ" and stem[-1] in _HARD:
        return [stem[:-2] + stem[-1]]
    return []


def _closed(stem: str) -> list[str]:
    if len(stem) > 1 and stem[-1] in _HARD and stem[-2:-1] not in _VOWELS:
        return [f"{stem[:-1]}{vowel}{stem[-1]}" for vowel in "еъ"]
    return []


BULGARIAN = Language(
    (
        noun("- ът а и ите ове овете е", after=_HARD, soft=_BEFORE_I),
        noun("- ят я и ите", after="лрн"),
        noun("й ят я и ите еве евете", after=_VOWELS),
        noun("а ата и ите о", after=_HARD),
        noun("я ята и ите", after=_HARD + _VOWELS),
        noun("о ото а ата", after=_HARD),
        noun("е ето а ата", after=_HARD),
        noun("е ето ия ията я ята"),
        noun("е ето ета етата", after=_HARD),
        noun("е ето ена ената", after="м"),
        noun("ие ието ия ията"),
        noun("- та и ите", after="тщ"),
        adjective("- а ата о ото и ите ия ият", after=_HARD, known_by=_KINDS),
        adjective("ски ския ският ска ската ско ското ските"),
        verb(
            f"я иш и им ите ят их ихме ихте иха ил ила ило или ел еше ехме ехте еха ейки ете {_PASSIVE}",
        ),
        verb("а иш и им ите ат их ихме ихте иха ил ила ило или ете"),
        verb(f"иш им ите ат их ихме ихте иха {_PASSIVE}", known_by="!"),
        verb("а еш е ем ете ат ах ахме ахте аха"),
        verb("еш ем ете ат ах ахме ахте аха ал ала ало али ан ана ано ани аният аната аното аните", known_by="!"),
        verb("а еш е ем ете ат ох е охме охте оха ъл ла ло ли"),
        verb(
            "ам аш а аме ате ат ах аше ахме ахте аха ал ала ало али ай айте айки"
            " ан ана ано ани аният аната аното аните ания",
            known_by="!",
        ),
        verb("ям яш я яме яте ят ях яше яхме яхте яха ял яла яло яли яй яйте ян яна яно яни яният яната яното яните"),
        verb("ея ееш ее еем еете еят ях яхме яхте яха ял яла яло яли"),
    ),
    _opened,
    _closed,
    bent=_bent,
)
