"""File names of attachments, made safe to show and to save on any system. The bytes on our disk are named by hash."""

from __future__ import annotations

import re
import unicodedata

from mailhub.letters import limits

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_FORBIDDEN = re.compile('[<>:"|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|\s*$)", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")


def safe_file_name(name: str | None) -> str | None:
    """The last piece of a path, without control, bidirectional and invisible signs, safe on Windows too, NFC,

    at most 255 bytes of UTF-8 with its extension kept. None when nothing is left.
    """
    if not name:
        return None
    text = unicodedata.normalize("NFC", _HIDDEN.sub("", name[: 64 * limits.FILE_NAME_BYTES]))
    text = text.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    text = _FORBIDDEN.sub("_", _BLANKS.sub(" ", text)).strip(" ").rstrip(". ")
    if not text.strip("._ "):
        return None
    if _RESERVED.match(text):
        text = "_" + text
    return _shortened(text)


def _shortened(text: str) -> str:
    if len(text.encode()) <= limits.FILE_NAME_BYTES:
        return text
    stem, dot, extension = text.rpartition(".")
    if not stem or len(extension.encode()) > 40:
        stem, dot, extension = text, "", ""
    room = limits.FILE_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + extension
