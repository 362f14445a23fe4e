import base64
import io
import json
import random
import re
import resource
import struct
import zlib
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from mailhub.letters.serving import MOST_PIXELS, PREVIEW_SIDE, download_headers, may_harm, preview, shown_name

TABLE = Path(__file__).parents[3] / "shared" / "corpora" / "attacks" / "attachments.json"
CASES = json.loads(TABLE.read_text())["cases"] if TABLE.exists() else []
DISPOSITION = re.compile(
    r"attachment; filename=\"([ !#-\[\]-~]*)\"; filename\*=UTF-8''((?:[\w.~-]|%[0-9A-F]{2})+)", re.ASCII
)


@pytest.mark.skipif(not CASES, reason="not run: ../shared/corpora is absent")
def test_cases_per_class():
    print(dict(Counter(case["class"] for case in CASES)))
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_table(case):
    content, expect = base64.b64decode(case["bytes_b64"]), case["expect"]
    headers = download_headers(case["name"], case["type"], content[:512])
    assert headers["Content-Type"] in expect["content_type"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    written = DISPOSITION.fullmatch(headers["Content-Disposition"])
    assert written
    name = unquote(written[2])
    assert name == shown_name(case["name"], content)
    assert name in [expect["safe_name"], *expect.get("also_safe", [])] or "any name" in expect.get("name_rule", "")
    assert len(name.encode()) <= 255
    assert may_harm(case["name"], case["type"], content) is expect["warn"]


@pytest.mark.parametrize("comment", [b"<!-->", b"<!--->", b"<!-- x -->", b"<!-- x --!>"])
def test_a_web_page_behind_a_comment_is_one(comment):
    assert may_harm("paper", "application/octet-stream", comment + b" <html>")


def picture(size=(40, 30), kind="PNG", mode="RGB", **save) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 120 if mode in "LP1" else None).save(out, kind, **save)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_preview_is_a_small_copy_of_ours(kind):
    copy = preview(picture((3000, 1000), kind) + b"<script>parent.hit(1)</script>")
    assert copy
    assert b"script" not in copy
    with Image.open(io.BytesIO(copy)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (PREVIEW_SIDE, 533))


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA", "I;16"])
def test_every_kind_of_png_is_shown(mode):
    assert preview(picture(mode=mode))


def test_a_preview_stands_upright_and_forgets_where_it_was_taken():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Oksana"
    copy = preview(picture((40, 20), "JPEG", exif=exif))
    with Image.open(io.BytesIO(copy)) as shown:
        assert shown.size == (20, 40)
        assert not shown.getexif()
    assert b"Oksana" not in copy


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg/>", b"%PDF-1.4", picture()[:60], b"BM" + b"\0" * 60, b"\0" * 99]
)
def test_no_preview_of_what_is_no_picture(content):
    assert preview(content) is None


def bomb(width: int, height: int) -> bytes:
    """A PNG of one colour that would take width x height x 4 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width * 4)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_decompression_bomb_costs_nothing():
    large = bomb(16_384, 16_384)
    assert len(large) < 2_000_000 < 2**30 <= 16_384**2 * 4
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert preview(large) is None
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"1 GiB picture in {len(large)} bytes: +{grown // 1024} MiB")
    assert grown < 64 * 1024
    assert preview(bomb(MOST_PIXELS // 1000 + 1, 1000)) is None


def test_broken_pictures_never_raise():
    dice = random.Random(7)
    kinds = [picture((64, 64), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")]
    results = Counter()
    for _ in range(1500):
        broken = bytearray(dice.choice(kinds))
        for _ in range(dice.randrange(1, 8)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        results[preview(bytes(broken[: dice.randrange(1, len(broken) + 1)])) is None] += 1
    assert results[True]
    assert results[False]
