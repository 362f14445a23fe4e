"""Text as it is searched: one spelling for all the ways people write a word.

Case, accents, widths and ligatures go; apostrophes and soft hyphens inside words too. What tells words apart stays:
й is not и, and і is not и, in five languages. ё is written е, ґ г, ї і and đ d, as people type them. The same folding
makes the index and reads the question, so a change here means a new ``FOLDING_VERSION`` and a new index.

Linear. Texts in one of the alphabets of our people go through small tables of bytes (``_Alphabet``), which takes a
fifth of the time; all others go character by character.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

FOLDING_VERSION = 2
LONGEST_WORD = 64
_MOST_KEPT = 20_000

# Letters that have no decomposition, or one that would lose a letter of an alphabet.
_LETTERS = {
    "й": "й",
    "ґ": "г",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ø": "o",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "þ": "th",
}
_APOSTROPHES = "'’ʼ`′‘‛´ʹʻ＇ʽ"
_WORD = re.compile(r"[^\W_]+")
# Digits that people part to read them: 1.500.000, 4 412, +380 44 123-45-67, (555) 123-4567.
_PARTED_NUMBER = re.compile(r"(?<!\w)\d{1,3}(?:[ .,\xa0]\d{3})+(?!\d)|\d{1,4}(?:[ ()/.-]{1,2}\d{1,4}){1,6}(?!\w)")
_PHONE_DIGITS = range(7, 16)  # E.164: at most fifteen
_QUOTED = re.compile(r'"[^"]*"|„[^„“”]*[“”]|«[^«»]*»|“[^“”]*”')


class _Table(dict[int, str]):
    """What each character becomes. The alphabets people write in are worked out beforehand, others when they are met;
    so many are kept that a letter made of rare characters can neither slow us down nor fill the memory."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _MOST_KEPT:
            self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    category = unicodedata.category(character)
    lower = character.casefold()
    if lower in _LETTERS:
        return _LETTERS[lower]
    if character in _APOSTROPHES or category == "Cf" or unicodedata.combining(character):
        return ""
    if "\uac00" <= character <= "\ud7a3":  # Hangul syllables are letters, not letters with marks
        return character
    plain = unicodedata.normalize("NFKD", lower).casefold()
    if plain == character:
        return plain
    plain = "".join(map(_fold_character, plain))
    if category in {"So", "No"} and len(plain) > 1:
        # № and ™ stand beside a word and are none; ½ is no part of the number before it.
        return f" {plain} " if plain[0].isdigit() else " "
    return plain


_PREPARED = (range(0x20, 0x600), range(0x1E00, 0x2200), range(0xFB00, 0xFB07), range(0xFF00, 0xFF60))
_TABLE = _Table({code: _fold_character(chr(code)) for codes in _PREPARED for code in codes})


def fold(text: str) -> str:
    """The text in the one spelling; white space and punctuation stay where they are."""
    return unicodedata.normalize("NFC", text).translate(_TABLE)


def words(text: str) -> list[str]:
    """The words that are indexed, in order: runs of letters and digits, at most 64 characters of each, so the parts of
    an address are words too. After them, each number that was parted for reading stands once more in one piece."""
    for alphabet in _ALPHABETS:
        found = alphabet.words(text)
        if found is not None:
            return found
    folded = fold(text)
    return _shortened(_WORD.findall(folded)) + _joined_numbers(folded)


def query_words(text: str) -> list[str]:
    """The words somebody looks for, in order: all of them must be found."""
    return [word for phrase in query_phrases(text) for word in phrase]


def query_phrases(text: str) -> list[tuple[str, ...]]:
    """What somebody looks for, more exactly: phrases that must all be found, most of them of one word.

    The words of a phrase stand side by side in the text: what the asker put in quotation marks, and what is written
    without a space, ``АБ-1187`` or ``olena@pekarnia.example``.
    """
    return list(dict.fromkeys(phrase for phrase, _ in asked_phrases(text)))


def asked_phrases(text: str) -> list[tuple[tuple[str, ...], bool]]:
    """The phrases of ``query_phrases``, each with whether it was quoted."""
    phrases: list[tuple[tuple[str, ...], bool]] = []
    after = 0
    for quoted in _QUOTED.finditer(text):
        phrases += [(_phrase(part), False) for part in fold(text[after : quoted.start()]).split()]
        phrases.append((_phrase(fold(quoted[0])), True))
        after = quoted.end()
    phrases += [(_phrase(part), False) for part in fold(text[after:]).split()]
    return [one for one in dict.fromkeys(phrases) if one[0]]


def _phrase(folded: str) -> tuple[str, ...]:
    return tuple(_shortened(_WORD.findall(folded)))


def _shortened(found: list[str]) -> list[str]:
    if max(map(len, found), default=0) <= LONGEST_WORD:
        return found
    return [word[:LONGEST_WORD] for word in found]


def _joined_numbers(folded: str) -> list[str]:
    joined = []
    for match in _PARTED_NUMBER.finditer(folded):
        number = "".join(filter(str.isdigit, match[0]))
        if len(number) in _PHONE_DIGITS or match[0][-4:-3] in " .,\xa0":
            joined.append(number)
    return joined


class _Alphabet:
    """The folding of a text whose characters are all of one set of at most 256: as bytes, each step is one call."""

    def __init__(self, letters: str) -> None:
        usable = dict.fromkeys(filter(_is_usable, _PLAIN_SIGNS + letters + letters.upper()))
        characters = "".join(usable)
        codes = {character: code for code, character in enumerate(characters)}
        folded = [fold(character) for character in characters]
        one = [new if len(new) == 1 else old for old, new in zip(characters, folded, strict=True)]
        self._encoding = codecs.charmap_build(characters)
        self._removed = bytes(code for code, new in enumerate(folded) if not new)
        self._folded = "".join(one)
        self._spaced = "".join(new if new.isalnum() else " " for new in one)
        shape = bytearray(b" " * 256)
        for sign in _DIGITS + _PARTING:
            shape[codes[sign]] = ord("1" if sign in _DIGITS else "-")
        self._shape = bytes(shape)

    def words(self, text: str) -> list[str] | None:
        """What ``words`` promises; None where the text holds a character of another alphabet."""
        try:
            data = codecs.charmap_encode(text, "strict", self._encoding)[0]
        except UnicodeEncodeError:
            return None
        data = data.translate(None, self._removed)
        found = _shortened(codecs.charmap_decode(data, "strict", self._spaced)[0].split())
        shape = data.translate(self._shape)
        if b"1-1" in shape or b"1--1" in shape:
            found += _joined_numbers(codecs.charmap_decode(data, "strict", self._folded)[0])
        return found


_DIGITS = "0123456789"
_PARTING = " .,\xa0()/-"
# The table of bytes begins with NUL, as the codec wants it.
_PLAIN_SIGNS = "\0\t\n\f\r" + "".join(map(chr, range(0x20, 0x7F))) + "\xa0\xad«»„“”‘’‚–—…•·№€§°©®×"
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_VIETNAMESE = "ăâđêôơư" + "".join(
    unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in _TONES
)


def _is_usable(character: str) -> bool:
    """Whether the character folds to one character, to none or to mere signs, whatever stands beside it."""
    if unicodedata.normalize("NFC", character) != character or unicodedata.combining(character):
        return False
    return len(fold(character)) < 2 or not any(map(str.isalnum, fold(character)))


_ALPHABETS = (
    _Alphabet("".join(map(chr, range(0x430, 0x460))) + "ґ"),
    _Alphabet(_VIETNAMESE),
    _Alphabet("".join(map(chr, range(0xC0, 0x100))) + "ąćęłńśźżčďěňřšťůžőűăâîșțğışœ"),
)
