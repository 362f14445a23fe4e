"""Property lists as TNEF writes them: MAPI properties one behind the other. [MS-OXTNEF] §2.1.3.4, [MS-OXCDATA] §2.11.

Only what stands under a standard number is kept; named properties are passed over.
"""

from __future__ import annotations

from typing import NamedTuple

from mailhub.letters.charsets import decode

#: Values in one list; an honest one has a few hundred.
VALUES = 5_000
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
UNICODE = 0x1F
_OBJECT, _STRING8, _BINARY = 0x0D, 0x1E, 0x102
_VARIABLE = {_OBJECT, _STRING8, UNICODE, _BINARY}
_MULTIPLE = 0x1000
_NAMED = 0x8000
_CODE_PAGES = {
    1200: "utf-16-le", 20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp", 50221: "iso-2022-jp",
    50222: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 54936: "gb18030", 65001: "utf-8", 10007: "mac-cyrillic",
    10000: "macintosh", **{28590 + part: f"iso-8859-{part}" for part in range(1, 17)},
}  # fmt: skip


class Property(NamedTuple):
    """A property's type without the flag for several values, and its first value."""

    type: int
    value: memoryview


class Properties(NamedTuple):
    """The properties by their number, whether all could be read, and how many values were looked at."""

    found: dict[int, Property]
    is_whole: bool
    values: int = 0

    def number(self, tag: int) -> int:
        """A number of 32 bits, 0 where it is absent."""
        found = self.found.get(tag)
        return int.from_bytes(found.value[:4], "little") if found and found.type in _FIXED else 0

    def data(self, tag: int) -> memoryview | None:
        """The bytes of a value of any length, None where it is absent."""
        found = self.found.get(tag)
        return found.value if found and found.type in _VARIABLE else None

    def is_object(self, tag: int) -> bool:
        """Whether the value is an object: sixteen bytes say of what kind, the object follows."""
        found = self.found.get(tag)
        return found is not None and found.type == _OBJECT

    def text(self, tag: int, label: str | None, most: int = 1_000) -> str | None:
        """A string in Unicode or in the charset ``label``, of at most ``most`` bytes; None where it is absent."""
        found = self.found.get(tag)
        if found is None or found.type not in {_STRING8, UNICODE, _BINARY}:
            return None
        if found.type == UNICODE:
            return bytes(found.value[:most]).decode("utf-16-le", "replace").partition("\0")[0]
        return string(found.value[:most], label)


def string(value: memoryview, label: str | None) -> str:
    """The text up to the first NUL."""
    return decode(bytes(value).partition(b"\0")[0], label).text


def find_label(code_page: int) -> str | None:
    """The charset that a code page of Windows is, None for 0."""
    return _CODE_PAGES.get(code_page, f"cp{code_page}") if code_page else None


def parse_properties(data: memoryview, most: int = VALUES) -> Properties:
    """As many properties as can be read, with at most ``most`` values. Never raises."""
    found: dict[int, Property] = {}
    reader = _Reader(data, most)
    is_whole = True
    try:
        for _ in range(reader.number()):
            tag, one = reader.property()
            if tag < _NAMED:
                found.setdefault(tag, one)
    except _EndError:
        is_whole = False
    return Properties(found, is_whole, reader.values)


class _EndError(Exception):
    """The list cannot be read further."""


class _Reader:
    def __init__(self, data: memoryview, most: int) -> None:
        self.data = data
        self.most = most
        self.at = 0
        self.values = 0

    def take(self, length: int) -> memoryview:
        start = self.at
        # Every value fills whole groups of four bytes.
        self.at = start + length + -length % 4
        if start + length > len(self.data):
            raise _EndError
        return self.data[start : start + length]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def property(self) -> tuple[int, Property]:
        kind, tag = self.number(), 0
        tag, kind = kind >> 16, kind & 0xFFFF
        if tag >= _NAMED:
            self.take(16)
            if self.number():
                self.take(self.number())
            else:
                self.number()
        single = kind & ~_MULTIPLE
        is_variable = single in _VARIABLE
        if not is_variable and single not in _FIXED:
            raise _EndError
        count = self.number() if is_variable or kind & _MULTIPLE else 1
        first = self.data[:0]
        if not count:
            self.values += 1
        for nth in range(count):
            if self.values >= self.most:
                raise _EndError
            self.values += 1
            value = self.take(self.number() if is_variable else _FIXED[single])
            if nth == 0:
                first = value
        return tag, Property(single, first)
