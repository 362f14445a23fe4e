"""The text of files in letters, for search: plain text, HTML, CSV, PDF and office files.

Whatever a file claims, the work is bounded: bytes in, bytes unpacked, pages, characters out. What cannot be read has no
text; nothing is raised for a broken or hostile file. Time is bounded by whoever runs this: it belongs in the process
that reads letters, which may be killed.
"""

from __future__ import annotations

from collections.abc import Callable

from mailhub.letters.filekinds import extension_of
from mailhub.letters.filetext.office import read_office
from mailhub.letters.filetext.pdf import read_pdf
from mailhub.letters.filetext.plain import read_html, read_plain

MOST_BYTES = 25 << 20
MOST_TEXT = 100_000
"""Characters of one file; what stands behind is not found."""

Reader = Callable[[bytes, int], str]
_READERS: dict[str, Reader] = {
    **dict.fromkeys(("txt", "csv", "tsv", "md", "log", "ics", "xml", "json"), read_plain),
    **dict.fromkeys(("html", "htm", "xhtml"), read_html),
    **dict.fromkeys(("docx", "xlsx", "xlsm", "pptx", "odt", "ods", "odp"), read_office),
    "pdf": read_pdf,
}
_BY_TYPE: dict[str, Reader] = {
    "text/plain": read_plain,
    "text/csv": read_plain,
    "text/html": read_html,
    "application/pdf": read_pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": read_office,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": read_office,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": read_office,
    "application/vnd.oasis.opendocument.text": read_office,
    "application/vnd.oasis.opendocument.spreadsheet": read_office,
    "application/vnd.oasis.opendocument.presentation": read_office,
}


def text_of(filename: str | None, content_type: str, data: bytes, most: int = MOST_TEXT) -> str:
    """At most ``most`` characters of what a person would read in the file; empty where nothing can be read."""
    if len(data) > MOST_BYTES:
        return ""
    if data.startswith(b"%PDF-"):
        return read_pdf(data, most)
    if data.startswith(b"PK\x03\x04"):
        return read_office(data, most)
    reader = _READERS.get(extension_of(filename)) or _BY_TYPE.get(content_type)
    return reader(data, most) if reader is not None and reader not in (read_pdf, read_office) else ""
