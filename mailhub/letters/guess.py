"""What bytes without a (true) label look like: Cyrillic, Vietnamese, Western or East Asian. Bounded: a sample is
looked at.

Scores are mean logarithms of letter frequency over Russian, Ukrainian and Bulgarian together; a sign that stands in no
text costs as much as many letters give. Western text has single high bytes between ASCII letters, Cyrillic has runs.
"""

from __future__ import annotations

import math
import re

_SAMPLE = 800
# What the first bytes say so clearly is not asked of the others.
_LOOK, _SURE = 150, 0.8
HIGH_BYTES = bytes(range(0x80, 0x100))
_ASCII = bytes(range(0x80))
_FREQUENCY = {
    "о": 10.5, "а": 8.8, "и": 7.5, "е": 7.5, "н": 6.6, "т": 6.2, "р": 4.9, "с": 4.9, "в": 4.6, "і": 2.4, "л": 3.9,
    "к": 3.7, "у": 2.8, "д": 3.1, "п": 2.9, "м": 3.0, "я": 2.0, "з": 2.0, "ь": 1.5, "г": 1.5, "б": 1.5, "ч": 1.4,
    "ы": 1.2, "й": 1.2, "х": 1.0, "ж": 0.8, "ш": 0.7, "ц": 0.7, "ю": 0.7, "щ": 0.5, "ъ": 0.5, "є": 0.4, "ї": 0.4,
    "ф": 0.35, "э": 0.2, "ґ": 0.1, "ё": 0.1,
}  # fmt: skip
_SIGNS = dict.fromkeys("«»„“”’‘–—…№°§€\xa0•©®·´`‚", 0.0)
_CYRILLIC = ("cp1251", "koi8-u", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5")
_BAD, _UPPER = -9.0, 1.6
_RUN = re.compile(rb"[\x80-\xff]+")
_TOUCHING = re.compile(rb"[A-Za-z](?=[\x80-\xff])|[\x80-\xff](?=[A-Za-z])")
#: ł, ą, ż and ź, which are ³ ¹ ± ¿ Ÿ ¼ ¶ in the charset of the West.
_POLISH_INSIDE = re.compile(rb"[A-Za-z\xf3\xea\xe6\xf1][\xb3\xb9\xb1\xbf\x9f\xbc\xb6][a-z\xf3\xea\xe6\xf1\xb3\xb9\xb1]")
_POLISH = {
    "iso8859-2": "ĄĆĘŁŃÓŚŹŻąćęłńóśźż\xa0§°".encode("iso8859-2"),
    "cp1250": "ĄĆĘŁŃÓŚŹŻąćęłńóśźż\xa0§°‚„…‘’“”–—«»".encode("cp1250"),
}
_VIETNAMESE = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u0300\u0301\u0303\u0309\u0323\u1ea0-\u1ef9]")


def _weights(codec: str) -> bytes:
    """The score of each byte as a byte, so that a text is scored by two calls in C: translate and sum."""
    weights = [0.0] * 256
    for byte in range(0x80, 0x100):
        char = bytes([byte]).decode(codec, "replace")
        small = char.lower()
        if small in _FREQUENCY:
            weights[byte] = math.log(_FREQUENCY[small]) - (0.0 if char == small else _UPPER)
        else:
            weights[byte] = _SIGNS.get(char, _BAD)
    return bytes(round((weight - _BAD) * _SCALE) for weight in weights)


_SCALE = 22.0
_WEIGHTS = {codec: _weights(codec) for codec in _CYRILLIC}


def _score(high: bytes, codec: str) -> float:
    return sum(high.translate(_WEIGHTS[codec])) / len(high) / _SCALE + _BAD


def better_cyrillic(data: bytes, codec: str) -> str | None:
    """Another Cyrillic codec, when ``codec`` is one and the bytes look far less like it; None: believe the label."""
    if codec not in _WEIGHTS:
        return None
    high = data[: 4 * _SAMPLE].translate(None, _ASCII)[:_SAMPLE]
    if len(high) < 6:
        return None
    if codec == "koi8-r" and _score(high, "koi8-u") > _score(high, codec) + 0.05:
        return "koi8-u"
    if _score(high[:_LOOK], codec) > _SURE:
        return None
    own = _score(high, codec)
    if own > 0.2:
        return None
    best, score = _best_cyrillic(high)
    return best if best != codec and score > max(own + 1.0, 0.0) else None


def guess_codec(data: bytes) -> str | None:
    """The codec that bytes (not ASCII, not UTF-8) look like; None when nothing fits well."""
    sample = data[: 4 * _SAMPLE]
    high = sample.translate(None, _ASCII)[:_SAMPLE]
    if not high:
        return None
    runs = len(_RUN.findall(sample[: 2 * _SAMPLE]))
    in_runs = len(sample[: 2 * _SAMPLE].translate(None, _ASCII))
    # "Grüße" has a run too, but between other letters; words of other scripts stand for themselves.
    is_among_letters = in_runs < 3 * runs and len(_TOUCHING.findall(sample[: 2 * _SAMPLE])) >= 0.6 * runs
    if runs and in_runs / runs >= 1.7 and not is_among_letters:
        best, score = _best_cyrillic(high)
        if score > -0.3:
            return best
        asian = _guess_asian(sample)
        if asian is not None:
            return asian
        return best if score > -1.2 else None
    if _looks_vietnamese(sample):
        return "cp1258"
    return _guess_polish(sample, high) or "cp1252"


def _guess_polish(sample: bytes, high: bytes) -> str | None:
    """The codec in which all signs are those of Polish, where some stand that Western words cannot have inside."""
    if not _POLISH_INSIDE.search(sample):
        return None
    return next((codec for codec, letters in _POLISH.items() if not high.translate(None, letters)), None)


def _best_cyrillic(high: bytes) -> tuple[str, float]:
    scores = {codec: _score(high, codec) for codec in _CYRILLIC}
    # Its small letters are those of Windows-1251 but for one, and its quotation marks are capitals there.
    scores["mac-cyrillic"] -= 1.5 / len(high)
    best = max(scores, key=scores.__getitem__)
    return best, scores[best]


def _looks_vietnamese(sample: bytes) -> bool:
    """Windows-1258 writes tone marks as bytes of their own behind the vowel, often several in a line of text."""
    marks = sum(sample.count(byte) for byte in (b"\xcc", b"\xd2", b"\xde", b"\xec", b"\xf2"))
    special = sum(sample.count(byte) for byte in (b"\xf5", b"\xfd", b"\xf0", b"\xe3", b"\xea", b"\xf4"))
    words = sample.count(b" ") + 1
    return marks * 5 >= words and special * 8 >= words


def _guess_asian(sample: bytes) -> str | None:
    """The East Asian codec whose usual signs fill the text: kana, hangul or the common Chinese characters."""
    best, best_share = None, 0.6
    for codec, low, high in (
        ("cp932", "\u3040", "\u30ff"),
        ("euc_jp", "\u3040", "\u30ff"),
        ("cp949", "\uac00", "\ud7a3"),
        ("gb18030", "\u4e00", "\u9fa5"),
        ("big5hkscs", "\u4e00", "\u9fa5"),
    ):
        text = sample.decode(codec, "replace")
        wide = [char for char in text if char > "\x7f"]
        share = sum(low <= char <= high for char in wide) / (len(wide) or 1) - 2 * wide.count("\ufffd") / len(
            wide or " "
        )
        if codec in {"cp932", "euc_jp"}:
            share = min(1.0, 2 * share)
        if share > best_share:
            best, best_share = codec, share
    return best
