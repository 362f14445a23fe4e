"""PDF files, with pypdf: page by page, as many as there is room for. Locked ones have no text for us."""

from __future__ import annotations

import io
import logging

from pypdf import PdfReader

MOST_PAGES = 100
MOST_BYTES = 15 << 20
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def read_pdf(data: bytes, most: int) -> str:
    """The words of its pages; of those before the first that cannot be read."""
    if len(data) > MOST_BYTES:
        return ""
    texts: list[str] = []
    room = most
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            return ""
        for number in range(min(len(reader.pages), MOST_PAGES)):
            text = reader.pages[number].extract_text()[:room]
            texts.append(text)
            room -= len(text)
            if room <= 0:
                break
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - whatever a hostile file makes the library raise
        return " ".join(texts)
    return " ".join(texts)[:most]
