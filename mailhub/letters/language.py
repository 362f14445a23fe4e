"""A cheap guess at the language of a text, for choosing the words of an answer: en, uk, ru, bg, vi or None."""

from __future__ import annotations

import re

# Letters by their ranges: to ask each sign whether it is a letter takes half as long again.
_WORD = re.compile("[a-zß-öø-ʯ\u0370-\u0589\u1e00-\u1fff\u3040-\ud7ff]+")
_COMMON = {
    "en": "the and to of you for is we in please your it on this that are with have our be not i as will can",
    "uk": "і та на що не це ми ви для з до як за по від або але щоб є дякую дякуємо будь ласка добрий день нам вам",
    "ru": "и в на что не это мы вы для с до как за по от или но чтобы есть спасибо пожалуйста здравствуйте нам вам к",
    "bg": "и на да за се не в от с по ще ние вие моля благодаря здравейте че са сме ви ни това как до е при",
    "vi": "và của là có cho không được chúng tôi bạn các một với này xin cảm ơn vui lòng anh chị",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
#: Letters that one of the languages has alone (against the others here).
_LETTERS = {"uk": "іїєґ", "ru": "ыэё", "vi": "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"}
_LANGUAGE_OF = {letter: language for language, letters in _LETTERS.items() for letter in letters}
_OWN_LETTER = re.compile(f"[{''.join(_LANGUAGE_OF)}]")
_BULGARIAN = re.compile("[бвгджзклмнпрстфхцчшщ]ъ[бвгджзклмнпрстфхцчшщ]")
_SAMPLE = 600


def guess_language(text: str) -> str | None:
    """By letters that one of the languages has alone and by its commonest words, over the beginning of the text."""
    sample = text[:_SAMPLE].lower()
    words = _WORD.findall(sample)
    scores = dict.fromkeys(_COMMON, 0.0)
    for word in filter(_LANGUAGES_OF.__contains__, words):
        for language in _LANGUAGES_OF[word]:
            scores[language] += 1.0
    if not sample.isascii():
        for letter in _OWN_LETTER.findall(sample):
            scores[_LANGUAGE_OF[letter]] += 1.5
        if "ъ" in sample:
            scores["bg"] += 1.5 * len(_BULGARIAN.findall(sample))
    best = max(scores, key=scores.__getitem__)
    if scores[best] < max(1.5, len(words) * 0.08):
        return None
    others = max(score for language, score in scores.items() if language != best)
    return best if scores[best] > 1.2 * others else None
