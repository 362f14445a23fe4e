"""How files of letters leave the house: always as a download that nothing runs, pictures also as a copy of ours."""

import io
import re
import struct
from urllib.parse import quote

from PIL import Image, ImageOps

from mailhub.letters.filenames import safe_file_name

MOST_PIXELS = 16_000_000
MOST_JPEG_PIXELS = 120_000_000
PREVIEW_SIDE = 1600
PREVIEW_TYPE = "image/webp"

_CAGE = "default-src 'none'; sandbox"
_CONSTANT = {
    "Content-Security-Policy": _CAGE,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PICTURE_HEADERS = {
    **_CONSTANT,
    "Content-Type": PREVIEW_TYPE,
    "Content-Disposition": "inline",
    # The letter's frame has no origin, so to the browser it is a stranger who asks.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""For a preview() shown in the app or in a letter's frame."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
    (b"%PDF-", "application/pdf", "pdf"),
    (b"PK\x03\x04", "application/zip", "zip"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP_KINDS = {
    "zip": "application/zip",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_TEXTS = {"text/plain": "txt", "text/csv": "csv", "text/calendar": "ics"}
_TEXT_NAMES = frozenset({"txt", "csv", "tsv", "log", "md", "ics", ""})
_HARMFUL_NAMES = frozenset(
    """
    ace apk app appx arj bat bz2 cab chm cmd com cpl deb dll dmg docm dotm exe gadget gz hta htm html img inf ins iqy
    iso jar js jse jsp lha lnk lzh mht mhtml msc msi msix msp mst one pif pl potm ppam ppsm pptm ps1 psm1 py rar rdp
    reg rpm scf scr sct settingcontent-ms sh shtml slk svg svgz swf sys tar tgz url vb vbe vbs vhd vhdx website wsc
    wsf wsh xar xbap xhtml xht xlam xll xlsm xltm xz z zip 7z
    """.split()  # noqa: SIM905 - a column of words reads better than a hundred quoted lines
)
# Windows runs these by their MZ header only: with the bytes of a picture or a PDF they are misnamed, no programs.
_RUN_BY_HEADER = frozenset({"cpl", "dll", "exe", "scr", "sys"})
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa",
    b"\xcf\xfa\xed\xfe",
    b"#!",
    b"L\x00\x00\x00\x01\x14",
)
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--(?:-?>|.*?--!?>)\s*|<\?xml[^>]*>\s*)*<(?:!doctype|html|head|body|script|svg|iframe|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_UNQUOTABLE = re.compile(r'[^\x20-\x7e]|["\\%]')


def download_headers(filename: str | None, content_type: str, head: bytes) -> dict[str, str]:
    """Headers for the bytes of an attachment as they came. `head`: their first 512 or more.

    The type is what the bytes are, or octet-stream; the claimed one is believed for plain texts alone.
    RFC 6266 4.3, RFC 8187: the name stands once in ASCII and once as it is.
    """
    name = shown_name(filename, head)
    plain = _UNQUOTABLE.sub("_", name)
    return {
        **_CONSTANT,
        "Content-Type": _safe_type(name, content_type, head),
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def shown_name(filename: str | None, head: bytes) -> str:
    """A name that is safe to show and to save; for a nameless file one of ours that fits its bytes."""
    kind = next((extension for magic, _, extension in _MAGIC if head.startswith(magic)), "bin")
    return safe_file_name(filename) or f"attachment.{kind}"


def may_harm(filename: str | None, content_type: str, head: bytes) -> bool:
    """Whether the reader is told before opening it: a program, a script, a web page, or an archive or a
    document that can hold one."""
    extension = _extension(shown_name(filename, head))
    misnamed = extension in _RUN_BY_HEADER and _found_type(head) not in {None, "application/zip"}
    if (extension in _HARMFUL_NAMES and not misnamed) or head.startswith(_PROGRAMS):
        return True
    return _claimed(content_type) not in _TEXTS and bool(_WEB_PAGE.match(head[:1024]))


def preview(content: bytes) -> bytes | None:
    """A WebP copy of a PNG, JPEG, GIF or WebP picture, its first image, at most PREVIEW_SIDE on each side,
    without metadata. None for anything else, for a broken picture and for one of too many pixels: its size is
    read first, so a bomb costs nothing."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            scaled_while_read = picture.format == "JPEG" and not picture.info.get("progressive")
            if picture.width * picture.height > (MOST_JPEG_PIXELS if scaled_while_read else MOST_PIXELS):
                return None
            picture.draft("RGB", (PREVIEW_SIDE, PREVIEW_SIDE))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
            shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            copy = io.BytesIO()
            shown.save(copy, "WEBP", quality=80, exif=b"", icc_profile=None)
            return copy.getvalue()
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error, OverflowError):
        return None  # Pillow's ways to say "broken"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _safe_type(name: str, content_type: str, head: bytes) -> str:
    extension, claimed = _extension(name), _claimed(content_type)
    if may_harm(name, content_type, head) and extension != "zip":
        return "application/octet-stream"
    found = _found_type(head)
    if found == "application/zip":
        found = _ZIP_KINDS.get(extension)
    if found is None and claimed in _TEXTS and extension in _TEXT_NAMES and b"\0" not in head:
        found = claimed
    return found or "application/octet-stream"


def _found_type(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind, _ in _MAGIC if head.startswith(magic)), None)


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _claimed(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
