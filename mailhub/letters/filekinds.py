"""Kinds of files as people name them, by extension and declared type: what ``has:pdf`` asks for."""

from __future__ import annotations

FILE_KINDS = ("any", "pdf", "sheet", "document", "slides", "picture", "archive", "letter", "event")
_EXTENSIONS = {
    "pdf": "pdf",
    "sheet": "xlsx xlsm xls ods csv tsv numbers",
    "document": "docx doc odt rtf txt pages md",
    "slides": "pptx ppt odp key",
    "picture": "jpg jpeg png gif webp heic heif bmp tif tiff svg",
    "archive": "zip rar 7z gz tar tgz bz2 xz",
    "letter": "eml msg",
    "event": "ics vcs",
}
_BY_EXTENSION = {one: kind for kind, extensions in _EXTENSIONS.items() for one in extensions.split()}
_BY_TYPE = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "sheet",
    "application/vnd.ms-excel": "sheet",
    "application/vnd.oasis.opendocument.spreadsheet": "sheet",
    "text/csv": "sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "document",
    "application/msword": "document",
    "application/vnd.oasis.opendocument.text": "document",
    "application/rtf": "document",
    "text/plain": "document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "slides",
    "application/vnd.ms-powerpoint": "slides",
    "application/vnd.oasis.opendocument.presentation": "slides",
    "application/zip": "archive",
    "message/rfc822": "letter",
    "text/calendar": "event",
}


_WITH_TEXT = frozenset(
    {"txt", "csv", "tsv", "md", "log", "ics", "xml", "json", "html", "htm", "xhtml", "pdf"}
    | {"docx", "xlsx", "xlsm", "pptx", "odt", "ods", "odp"}
)
_TYPES_WITH_TEXT = frozenset(one for one in _BY_TYPE if "ms-" not in one and "zip" not in one and "822" not in one)


def has_text(filename: str | None, content_type: str) -> bool:
    """Whether such a file may have text that can be read (``filetext``)."""
    return extension_of(filename) in _WITH_TEXT or content_type in _TYPES_WITH_TEXT or content_type == "text/html"


def extension_of(filename: str | None) -> str:
    """The extension in small letters, without the dot; empty where there is none."""
    stem, dot, extension = (filename or "").rpartition(".")
    return extension.lower() if stem and dot else ""


def kind_of(filename: str | None, content_type: str) -> str:
    """One of ``FILE_KINDS``, ``any`` for what has no kind. The extension says more than the declared type."""
    known = _BY_EXTENSION.get(extension_of(filename))
    if known is not None:
        return known
    return "picture" if content_type.startswith("image/") else _BY_TYPE.get(content_type, "any")
