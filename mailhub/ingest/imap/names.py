"""Names of folders: modified UTF-7 (RFC 3501 5.1.3), what a folder is for, and how a name goes onto the wire."""

from __future__ import annotations

import base64
import binascii
import re

from mailhub.mailboxes.accounts import Role

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_ROLES: dict[str, Role] = {
    "\\sent": "sent",
    "\\drafts": "drafts",
    "\\junk": "junk",
    "\\spam": "junk",
    "\\trash": "trash",
    "\\archive": "archive",
    "\\all": "archive",
}
# For servers that do not mark their folders (RFC 6154), the names that programs give them.
_NAMES: dict[Role, tuple[str, ...]] = {
    "sent": (
        "sent", "sent items", "sent messages", "sent mail", "sent-mail", "gesendet", "gesendete objekte",
        "gesendete elemente", "éléments envoyés", "envoyés", "enviados", "elementos enviados", "wysłane",
        "elementy wysłane", "надіслані", "надіслані елементи", "відправлені", "отправленные", "изпратени",
        "изпратена поща", "đã gửi", "thư đã gửi",
    ),
    "drafts": (
        "drafts", "draft", "entwürfe", "brouillons", "borradores", "kopie robocze", "wersje robocze", "чернетки",
        "черновики", "чернови", "thư nháp", "bản nháp",
    ),
    "junk": (
        "junk", "spam", "junk e-mail", "junk email", "bulk mail", "junk mail", "спам", "небажана пошта",
        "нежелательная почта", "нежелана поща", "thư rác", "courrier indésirable", "correo no deseado",
        "wiadomości-śmieci",
    ),
    "trash": (
        "trash", "deleted", "deleted items", "deleted messages", "bin", "papierkorb", "gelöschte elemente",
        "gelöschte objekte", "corbeille", "éléments supprimés", "papelera", "elementos eliminados", "kosz",
        "elementy usunięte", "кошик", "видалені", "корзина", "удаленные", "удалённые", "кошче", "изтрити",
        "thùng rác", "đã xóa",
    ),
    "archive": ("archive", "archives", "архів", "архив", "archiv", "archivo", "archiwum", "lưu trữ"),
}  # fmt: skip
_BY_NAME = {name: role for role, names in _NAMES.items() for name in names}


def decode_name(wire: bytes) -> str:
    """The name for people. What is not modified UTF-7 is shown as UTF-8, else as it can be."""
    try:
        return _SHIFTED.sub(_unshift, wire).decode("utf-8")
    except (UnicodeError, binascii.Error):
        return wire.decode("utf-8", "replace")


def encode_name(name: str) -> bytes:
    """The name as it is spelt on the wire."""
    parts = re.split(r"([^\x20-\x7e]+)", name)
    spelt = [
        part.encode("ascii").replace(b"&", b"&-") if place % 2 == 0 else _shift(part)
        for place, part in enumerate(parts)
    ]
    return b"".join(spelt)


def is_usable(wire: bytes) -> bool:
    """Can the name be said back to the server? One with control characters is never."""
    return 0 < len(wire) <= 1000 and not any(sign < 0x20 or sign == 0x7F for sign in wire)


def find_role(flags: tuple[str, ...], name: str, delimiter: str) -> Role:
    """What a folder is for: by the server's mark, else by its name at the top or right under INBOX."""
    if name.upper() == "INBOX":
        return "inbox"
    marked = [_ROLES[flag.lower()] for flag in flags if flag.lower() in _ROLES]
    if marked:
        return marked[0]
    path = name.split(delimiter) if delimiter else [name]
    if len(path) > 1 and path[0].upper() in ("INBOX", "[GMAIL]", "[GOOGLE MAIL]"):
        path = path[1:]
    return _BY_NAME.get(path[0].strip().lower(), "other") if len(path) == 1 else "other"


def _unshift(found: re.Match[bytes]) -> bytes:
    if not found[1]:
        return b"&"
    coded = found[1].replace(b",", b"/")
    return base64.b64decode(coded + b"=" * (-len(coded) % 4), validate=True).decode("utf-16-be").encode("utf-8")


def _shift(part: str) -> bytes:
    coded = base64.b64encode(part.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return b"&" + coded + b"-"
