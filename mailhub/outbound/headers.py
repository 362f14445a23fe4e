"""Header fields as bytes, written by ourselves: the standard library loses blanks between long encoded words and lets
a decoded line end become a header of its own.

Every writer takes text from anywhere, makes one line of it and gives bytes with their CRLF, folded at 78 where
the grammar allows and never longer than 998. RFC 5322 §2.1.1, RFC 2047, RFC 2231.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from core.errors import Invalid
from mailhub.letters.addresses import parse_addr_spec
from mailhub.letters.clean import one_line
from mailhub.letters.values import Address

WIDTH = 78
LONGEST_LINE = 998
_WORD_HEAD, _WORD_TAIL = b"=?utf-8?B?", b"?="
_WORD_FRAME = len(_WORD_HEAD) + len(_WORD_TAIL)
_LONGEST_WORD = 75  # RFC 2047 §2
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PLAIN_TEXT = re.compile(r"[!-~]{1,70}(?: [!-~]{1,70})*")
_ID = re.compile(r"[!-;=?-~]{1,900}")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_.-](?:[A-Za-z0-9 _.-]{0,48}[A-Za-z0-9_.-])?")
_PIECE = 50


def text_field(name: str, text: str) -> bytes:
    """An unstructured field (Subject): the decoded value is exactly ``one_line(text)``, its blanks included."""
    line = one_line(text)
    if _PLAIN_TEXT.fullmatch(line) and "=?" not in line:
        return _folded(name, line.encode("ascii").split(b" "))
    return _folded(name, _encoded_words(line, len(name) + 2))


def address_field(name: str, addresses: Sequence[Address]) -> bytes:
    """A list of mailboxes (From, To, Cc, Reply-To), in ASCII but for local parts that are written otherwise (RFC 6532).
    Raises Invalid for what is no address by the strict grammar."""
    pieces: list[bytes] = []
    for place, one in enumerate(addresses):
        comma = b"," if place + 1 < len(addresses) else b""
        phrase = _phrase(one.name, len(name) + 2)
        written = wire_address(one.address).encode("utf-8")
        pieces += [*phrase, b"<" + written + b">" + comma] if phrase else [written + comma]
    return _folded(name, pieces)


def ids_field(name: str, ids: Iterable[str]) -> bytes:
    """Message ids (Message-ID, In-Reply-To, References), given without brackets; those that could not stand are left
    out. Empty when none is left."""
    pieces = [b"<" + one.encode("ascii") + b">" for one in ids if is_plain_id(one)]
    return _folded(name, pieces) if pieces else b""


def word_field(name: str, value: str) -> bytes:
    """A field of our own making: short printable ASCII."""
    if not re.fullmatch(r"[ -~]{1,900}", value):
        raise Invalid("The header %(name)s cannot hold this value.", name=name)
    return _folded(name, value.encode("ascii").split(b" "))


def is_plain_id(text: str) -> bool:
    """True for an id that can be repeated as it is: no blanks, no brackets, nothing a reader would decode."""
    return _ID.fullmatch(text) is not None and "=?" not in text


def wire_address(address: str) -> str:
    """The address as it stands on the wire: its domain in ASCII, its local part in NFC. Raises Invalid, also for signs
    in it that nobody sees."""
    found = parse_addr_spec(unicodedata.normalize("NFC", address.strip()))
    if found is None or not found.isprintable():
        raise Invalid("%(address)s is not an e-mail address.", address=one_line(address)[:320], field="to")
    return found


def ascii_address(address: str) -> str:
    """``wire_address`` in ASCII alone. Raises Invalid, also for a local part in other letters (RFC 6531)."""
    found = wire_address(address)
    if not found.isascii():
        raise Invalid(
            "%(address)s has letters before the @ that mail servers do not take yet.", address=found, field="to"
        )
    return found


def file_name_parameter(name: str) -> bytes:
    """``filename`` of Content-Disposition on lines of its own, each beginning with ``;``: plain where it can be, else
    percent-encoded UTF-8 in numbered pieces. RFC 2231 §3, §4."""
    line = one_line(name).replace("\t", " ")
    if _SAFE_NAME.fullmatch(line):
        return b';\r\n filename="' + line.encode("ascii") + b'"'
    pieces = list(_percent_pieces(line))
    if len(pieces) == 1:
        return b";\r\n filename*=utf-8''" + pieces[0]
    lines = [b";\r\n filename*0*=utf-8''" + pieces[0]]
    lines += [b";\r\n filename*%d*=" % place + piece for place, piece in enumerate(pieces[1:], 1)]
    return b"".join(lines)


def _percent_pieces(text: str) -> Iterable[bytes]:
    """The text percent-encoded, cut between characters."""
    piece = ""
    for char in text:
        encoded = quote(char, safe="")
        if piece and len(piece) + len(encoded) > _PIECE:
            yield piece.encode("ascii")
            piece = ""
        piece += encoded
    yield piece.encode("ascii")


def _phrase(name: str, column: int) -> list[bytes]:
    """A display name as pieces between which a line may be broken; blanks folded, none for an empty name."""
    text = " ".join(one_line(name).split())
    if not text:
        return []
    if _PLAIN_TEXT.fullmatch(text) and "=?" not in text:
        if _ATOMS.fullmatch(text):
            return text.encode("ascii").split(b" ")
        if len(text) <= WIDTH - 10:
            return [b'"' + re.sub(r'(["\\])', r"\\\1", text).encode("ascii") + b'"']
    return _encoded_words(text, column)


def _encoded_words(text: str, column: int) -> list[bytes]:
    """The text as words of RFC 2047, each cut between characters; the first fits behind ``column``."""
    words: list[bytes] = []
    taken, room = bytearray(), _room(WIDTH - max(column, 1))
    for char in text:
        raw = char.encode("utf-8")
        if taken and len(taken) + len(raw) > room:
            words.append(_word(taken))
            taken, room = bytearray(), _room(WIDTH - 1)
        taken += raw
    return [*words, _word(taken)] if taken else words


def _room(columns: int) -> int:
    """How many bytes a word may hold so that it fits: never less than one character of any script."""
    return max((min(columns, _LONGEST_WORD) - _WORD_FRAME) // 4 * 3, 4)


def _word(raw: bytes | bytearray) -> bytes:
    return _WORD_HEAD + b64encode(raw) + _WORD_TAIL


def _folded(name: str, pieces: Sequence[bytes]) -> bytes:
    """The field with a space between its pieces, a fold before each that would pass the width."""
    out = bytearray(name.encode("ascii") + b":")
    column = len(out)
    for place, piece in enumerate(pieces):
        # The first piece stays on the line of the name: some programs take an empty first line for an empty value.
        if place and column + 1 + len(piece) > WIDTH:
            out += b"\r\n"
            column = 0
        out += b" " + piece
        column += 1 + len(piece)
    return bytes(out) + b"\r\n"
