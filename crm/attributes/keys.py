"""The key of a field, made from what it is called: Latin letters, digits and ``_``, in any of our languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Container

LONGEST = 40
# What the fields of letters say of a client or a person already.
RESERVED = frozenset(
    [
        *("address", "birthday", "channel", "city", "email", "emails", "id", "kind", "language", "manager", "name"),
        *("phone", "phones", "position", "roles", "type"),
    ]
)
_LETTERS = dict(zip("абвгґдезиійклмнопрстуфхыэђѓ", "abvggdeziijklmnoprstufhyedg", strict=True))
_SOUNDS = {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "є": "ye", "ї": "yi",
           "ё": "e", "ъ": "", "ь": "", "'": "", "’": "", "đ": "d", "ß": "ss", "ł": "l", "ø": "o", "æ": "ae",
           "№": "no", "%": " percent "}  # fmt: skip


def make_key(label: str, taken: Container[str]) -> str:
    """A key for a label that is not taken: ``Регіон продажу`` → ``region_prodazhu``, the second ``…_2``."""
    spelled = "".join(_spell(one) for one in label.lower())
    words = "".join(one if one.isascii() and one.isalnum() else " " for one in spelled).split()
    key = "_".join(words)[:LONGEST].strip("_")
    if not key or not key[0].isalpha():
        key = f"field_{key}".strip("_")
    number, made = 1, key
    while made in taken or made in RESERVED:
        number += 1
        made = f"{key}_{number}"
    return made


def _spell(letter: str) -> str:
    found = _SOUNDS.get(letter) if letter in _SOUNDS else _LETTERS.get(letter)
    if found is not None:
        return found
    return "".join(one for one in unicodedata.normalize("NFD", letter) if not unicodedata.combining(one))
