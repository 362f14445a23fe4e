"""Files that clients attach: photographs of bearings, forms, price tables, drawings. Small, and real of their kind."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, ImageDraw

from mailhub.demo.mime import Part, file_part
from mailhub.demo.sheet import SHEET_TYPE, make_sheet

_NAMES = {
    "uk": ("фото", "бланк", "позиції"),
    "ru": ("фото", "бланк", "позиции"),
    "bg": ("лагер", "протокол", "позиции"),
    "vi": ("ảnh", "phiếu", "bảng chi tiết"),
    "en": ("photo", "form", "items"),
}


def attach(kind: str, language: str, number: int, item: str, count: int) -> list[Part]:
    """The files of a kind: ``photo``, ``pdf``, ``sheet``, ``drawing``."""
    photo, form, items = _NAMES[language]
    if kind == "photo":
        return [
            file_part(make_photo(number), "image/jpeg", f"{photo}-1.jpg"),
            file_part(make_photo(number + 1), "image/jpeg", f"{photo}-2.jpg"),
        ]
    if kind == "pdf":
        return [file_part(make_pdf(f"Form {number}", f"{count} pcs"), "application/pdf", f"{form} {number}.pdf")]
    if kind == "sheet":
        sheet = make_sheet([("N", item), ("pcs", str(count)), ("ref", str(number))])
        return [file_part(sheet, SHEET_TYPE, f"{items} {number}.xlsx")]
    return [
        file_part(make_photo(number, drawing=True), "image/png", f"{number}.png"),
        file_part(f"{number}\r\n{item}: {count}\r\n".encode(), 'text/plain; charset="utf-8"', f"{items}.txt"),
    ]


@lru_cache(maxsize=64)
def make_photo(seed: int, *, drawing: bool = False) -> bytes:
    """A bearing seen from the front: a JPEG photograph with a spot of rust, or a PNG drawing in lines."""
    paper = (252, 252, 250) if drawing else (120 + seed % 40, 132, 140)
    picture = Image.new("RGB", (480, 360), paper)
    draw = ImageDraw.Draw(picture)
    ink = (40, 60, 90) if drawing else (60, 64, 70)
    for radius, shade in ((150, 205), (118, 150), (84, 215), (50, 96)):
        box = (240 - radius, 180 - radius, 240 + radius, 180 + radius)
        draw.ellipse(box, fill=None if drawing else (shade, shade, shade + 6), outline=ink, width=3)
    if drawing:
        draw.line((240, 10, 240, 350), fill=ink)
        draw.line((60, 180, 420, 180), fill=ink)
        draw.text((390, 330), f"N {seed}", fill=ink)
    else:
        left = 150 + seed % 90
        draw.ellipse((left, 96, left + 44, 126), fill=(168, 92, 48))
    file = io.BytesIO()
    picture.save(file, "PNG" if drawing else "JPEG", quality=82)
    return file.getvalue()


@lru_cache(maxsize=8)
def make_logo(seed: int) -> bytes:
    """A small logo for signatures."""
    picture = Image.new("RGB", (96, 32), "white")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, 95, 31), radius=6, fill=(30 + seed * 37 % 120, 70, 150))
    draw.ellipse((8, 6, 28, 26), outline="white", width=4)
    draw.line((38, 16, 86, 16), fill="white", width=5)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def make_pdf(*lines: str) -> bytes:
    """One page with a few lines of ASCII."""
    text = "BT /F1 18 Tf 72 760 Td 24 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>\nstream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    made = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{len(made)}\n%%EOF\n"
    return f"{made}xref\n0 6\n0000000000 65535 f \n{table}{end}".encode()
