"""Files of plain text, of values with commas, and of HTML."""

from __future__ import annotations

from html import unescape

_BYTES_A_CHARACTER = 4
_SILENT = frozenset({"script", "style", "template", "noscript"})
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_plain(data: bytes, most: int) -> str:
    """Text in UTF-8, in UTF-16 with a mark, or else in the Cyrillic of Windows, which takes any byte."""
    cut = data[: most * _BYTES_A_CHARACTER]
    for mark, encoding in _MARKS:
        if cut.startswith(mark):
            return cut.decode(encoding, "ignore")[:most]
    text = cut.decode("utf-8", "ignore")
    if len(text.encode()) < len(cut) - 3:
        text = cut.decode("windows-1251", "ignore")
    return "" if text.count("\0") > len(text) // 100 else text.replace("\0", " ")[:most]


def read_html(data: bytes, most: int) -> str:
    """What stands between the tags, without scripts and styles. Linear, whatever it is."""
    parts: list[str] = []
    room, silent = most, ""
    for number, piece in enumerate(read_plain(data, most * 10).split("<")):
        tag, closed, text = piece.partition(">") if number else ("", ">", piece)
        name = tag[:12].lower().split(maxsplit=1)[:1]
        if silent:
            silent = "" if name == [f"/{silent}"] else silent
        elif name and name[0] in _SILENT:
            silent = name[0]
        if not silent and closed and text:
            parts.append(unescape(text[:room]))
            room -= len(text)
            if room <= 0:
                break
    return " ".join(parts)[:most]
