"""Bytes to text, whatever the label says: right labels, wrong ones, none. Never raises, never runs what is no charset.

The order: a label that can be true; UTF-8 where the bytes are UTF-8; what the bytes look like; Windows-1252 at last.
Labels are those of the WHATWG Encoding Standard and those seen in letters; all others (utf-7, rot13, zlib …) are
unknown.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

import msgspec

from mailhub.letters import guess, japanese, vietnamese


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """The text, the codec that gave it, and what was wrong with the label (None: nothing)."""

    text: str
    codec: str
    defect: str | None


_ALIASES = {
    "utf-8": "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 unicodeutf8",
    "ascii": "usascii ascii ansix341968 iso646us cp367 ibm367 us 646 ascii7bit 7bit csascii",
    "cp1252": "iso88591 latin1 l1 iso885911987 cp819 ibm819 windows1252 cp1252 xcp1252 isoir100 csisolatin1 ansi",
    "iso8859-2": "iso88592 latin2 l2 isoir101 csisolatin2 iso885921987",
    "iso8859-3": "iso88593 latin3 l3",
    "iso8859-4": "iso88594 latin4 l4",
    "iso8859-5": "iso88595 cyrillic isoir144 csisolatincyrillic iso885951988",
    "iso8859-6": "iso88596 arabic asmo708 ecma114 iso88596e iso88596i",
    "iso8859-7": "iso88597 greek greek8 ecma118 elot928 suneugreek",
    "iso8859-8": "iso88598 hebrew iso88598i iso88598e logical visual",
    "cp1254": "iso88599 latin5 l5 turkish windows1254 cp1254 xcp1254",
    "iso8859-10": "iso885910 latin6 l6",
    "iso8859-13": "iso885913 latin7",
    "iso8859-14": "iso885914 latin8",
    "iso8859-15": "iso885915 latin9 l9 csisolatin9",
    "iso8859-16": "iso885916 latin10",
    "cp874": "windows874 cp874 tis620 iso885911 dos874",
    "cp1250": "windows1250 cp1250 xcp1250",
    "cp1251": "windows1251 cp1251 xcp1251 win1251 ansi1251 wincp1251 1251 microsoftcp1251",
    "cp1253": "windows1253 cp1253 xcp1253",
    "cp1255": "windows1255 cp1255 xcp1255",
    "cp1256": "windows1256 cp1256 xcp1256",
    "cp1257": "windows1257 cp1257 xcp1257",
    "cp1258": "windows1258 cp1258 xcp1258 win1258",
    "viscii": "viscii viscii111 csviscii",
    "tcvn3": "tcvn tcvn3 tcvn5712 xvietnamesetcvn tcvn57121 vietnamesetcvn abc vntime",
    "koi8-r": "koi8r koi8 koi cskoi8r xkoi8r",
    "koi8-u": "koi8u koi8ru cskoi8u xkoi8u",
    "cp866": "ibm866 cp866 866 csibm866 dos866 xcp866",
    "cp855": "ibm855 cp855",
    "mac-cyrillic": "xmaccyrillic maccyrillic xmacukrainian macukrainian",
    "mac-roman": "macintosh mac macroman xmacroman csmacintosh",
    "cp437": "ibm437 cp437 437",
    "cp850": "ibm850 cp850 850",
    "cp852": "ibm852 cp852 852",
    "gb18030": "gb18030 gbk gb2312 cp936 windows936 ms936 xgbk csgb2312 gb231280 isoir58 chinese chinesegb euccn "
    "gb23121980 xeuccn",
    "hz": "hzgb2312 hz",
    "big5hkscs": "big5 big5hkscs big5eten cnbig5 xxbig5 csbig5 chinesebig5 cp950 windows950",
    "iso2022_jp_2": "iso2022jp csiso2022jp iso2022jp1 iso2022jp2",
    "cp932": "shiftjis sjis xsjis mskanji csshiftjis ms932 windows31j cp932 shiftjis2004",
    "euc_jp": "eucjp xeucjp cseucpkdfmtjapanese ujis",
    "cp949": "euckr ksc56011987 ksc5601 ksc56011989 korean cseuckr windows949 ks_c_56011987 isoir149 uhc cp949",
    "iso2022_kr": "iso2022kr csiso2022kr",
    "utf-16": "utf16 ucs2 csunicode iso10646ucs2 unicode",
    "utf-16-le": "utf16le unicodefeff",
    "utf-16-be": "utf16be unicodefffe",
    "utf-32": "utf32",
}
_CODECS = {label: codec for codec, labels in _ALIASES.items() for label in labels.split()}
_NOT_ALNUM = re.compile(r"[^a-z0-9]")
#: Labels that programs write without looking; the bytes are asked.
_CARELESS = {"ascii", "cp1252", "iso8859-15"}
_MULTIBYTE = {"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"}
#: What stands for controls in an ISO charset is a letter or a quotation mark in that of Windows, which was meant.
_TWINS = {"iso8859-2": "cp1250", "iso8859-7": "cp1253", "iso8859-13": "cp1257", "iso8859-6": "cp1256"}
_C1 = bytes(range(0x80, 0xA0))
_DOUBTABLE = 4
_SEVEN_BIT = {"hz", "iso2022_jp_2", "iso2022_kr"}
_WIDE = {"utf-16", "utf-16-le", "utf-16-be", "utf-32"}
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)


@lru_cache(maxsize=256)
def find_codec(label: str) -> str | None:
    """The codec that a charset label stands for, None where it stands for no charset that may be in a letter."""
    return _CODECS.get(_NOT_ALNUM.sub("", label[:60].lower()))


def is_wide(label: str | None) -> bool:
    """Whether the charset writes even a line end in several bytes."""
    return label is not None and find_codec(label) in _WIDE


def find_meta_charset(html: bytes) -> str | None:
    """The charset that an HTML document claims in its first kilobyte. To be asked only where the part claims none."""
    match = _META.search(html[:1024])
    return match[1].decode("ascii") if match else None


def decode(data: bytes, label: str | None) -> Decoded:
    """Decode ``data``, which claims to be in ``label``. Vietnamese letters come out composed (NFC)."""
    if not label and data.isascii() and b"\x1b" not in data:
        return Decoded(data.decode("ascii"), "ascii", None)
    codec = find_codec(label) if label else None
    if codec == "utf-8":
        return _utf8(data)
    defect = None if codec or not label else "a charset is unknown"
    if data.isascii() and codec not in _SEVEN_BIT and codec not in _WIDE and codec != "tcvn3":
        if codec is None and b"\x1b$" in data:
            return _strict(data, "iso2022_jp_2", "text without its charset") or _last(data)
        return Decoded(data.decode("ascii"), codec or "ascii", defect)
    if codec in _MULTIBYTE:
        # The signs of East Asia take three bytes of UTF-8; what is valid as such is nothing else.
        really = _strict(data, "utf-8", "a charset is wrong: it is UTF-8")
        if really is not None and max(really.text) > "\u07ff":
            return really
    if codec in _MULTIBYTE or codec in _SEVEN_BIT or codec in _WIDE:
        return _strict(data, codec, defect) or decode_unlabelled(data, "a charset is wrong")
    as_utf8 = _strict(data, "utf-8", None if label is None else defect or "a charset is wrong: it is UTF-8")
    if as_utf8 is not None:
        return as_utf8
    if codec is None or codec in _CARELESS:
        return decode_unlabelled(data, defect or ("a charset is missing" if label is None else None), codec)
    twin = _TWINS.get(codec)
    if twin is not None and len(data.translate(None, _C1)) < len(data):
        codec = twin
    better = guess.better_cyrillic(data, codec)
    if better is not None:
        return _strict(data, better, "a charset is wrong") or _last(data)
    return _strict(data, codec, defect) or decode_unlabelled(data, "a charset is wrong")


def decode_unlabelled(data: bytes, defect: str | None, claimed: str | None = None) -> Decoded:
    """Decode by the look of the bytes, which are not UTF-8."""
    # A few signs say nothing against a label: "äüö" may be a word of the Cyrillic too.
    is_believed = claimed == "cp1252" and len(data) - len(data.translate(None, guess.HIGH_BYTES)) < _DOUBTABLE
    looks = claimed if is_believed else guess.guess_codec(data)
    if looks is None or looks == "cp1252":
        if claimed == "cp1252":
            return Decoded(_last(data).text, "cp1252", defect)
        return Decoded(_last(data).text, "cp1252", defect or "a charset is missing")
    return _strict(data, looks, defect or "a charset is wrong") or _last(data)


def _utf8(data: bytes) -> Decoded:
    """Bytes that claim to be UTF-8; a few broken ones are replaced, many mean that the claim is wrong."""
    try:
        # Not "utf-8-sig": that one is written in Python.
        return Decoded(data.decode("utf-8").removeprefix("\ufeff"), "utf-8", None)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    high = len(data) - len(data.translate(None, guess.HIGH_BYTES))
    broken = text.count("\ufffd")
    if broken * 5 <= high or broken <= len(text) - len(text.encode("ascii", "ignore")) - broken:
        return Decoded(text, "utf-8", "some bytes are no UTF-8")
    return decode_unlabelled(data, "a charset is wrong: it is no UTF-8")


def _strict(data: bytes, codec: str, defect: str | None) -> Decoded | None:
    if codec in vietnamese.TABLES:
        return Decoded(vietnamese.decode(data, codec), codec, defect)
    if codec == "utf-16" and not data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        # RFC 2781 §3.3; yet who forgets the mark writes small ends as well. The upper halves are few.
        codec = "utf-16-le" if len(set(data[1::2])) < len(set(data[::2])) else "utf-16-be"
    try:
        text = codecs.decode(data, codec, "strict")
    except (UnicodeError, LookupError):
        windows = japanese.decode_iso_2022_jp(data) if codec == "iso2022_jp_2" else None
        return None if windows is None else Decoded(windows, codec, defect)
    if not isinstance(text, str):
        return None
    return Decoded(unicodedata.normalize("NFC", text) if codec == "cp1258" else text, codec, defect)


def _last(data: bytes) -> Decoded:
    """Windows-1252 with its five holes filled as browsers do: always some text."""
    text = data.decode("latin-1").translate(_CP1252)
    return Decoded(text, "cp1252", "a charset could not be found out")


_CP1252 = {byte: bytes([byte]).decode("cp1252", "replace").replace("\ufffd", chr(byte)) for byte in range(0x80, 0xA0)}
