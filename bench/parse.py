"""Full extraction: ``parse_letter`` beside the standard library's ``email`` (compat32), in one run.

    python -m bench.parse [--letters N] [--rounds N] [--profile]

The letters are made from a seed: plain, with HTML, HTML alone, with files; five languages, old and new charsets,
2-105 kB. *Full extraction* means the same for both: every header that we read, decoded; addresses, ids, the date; all
leaves decoded and hashed; texts and HTML in their charsets; text of HTML where it stands alone; names, types, sizes and
hashes of files (``bench.compat32``). The run first counts the letters of which both say the same. The figure compares
equal work: structure, headers and bodies. What ``parse_letter`` does beyond it (own words, kind, language, excerpt) the
library has no word for; that ratio is told beside, without a border. Processor time, rounds by turns.
"""

from __future__ import annotations

import argparse
import base64
import cProfile
import pstats
import quopri
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.compat32 import Extraction, extract
from bench.figures import Figure, print_figures
from core.clock import SECOND
from mailhub.letters.body import read_body
from mailhub.letters.letter import _read_headers as read_headers_of
from mailhub.letters.letter import parse_letter
from mailhub.letters.scanner import scan
from mailhub.letters.worker import understand

_WORDS = {
    "uk": "добрий день просимо надіслати рахунок за борошно доставка у п'ятницю знижка договір їдемо дякуємо ціна",
    "ru": "здравствуйте просим прислать счёт на оплату цемента объём прежний подъезд со двора доставка завтра цена",
    "bg": "здравейте моля изпратете ни оферта за строителни материали доставка до софия благодарим предварително цена",
    "vi": "kính gửi quý công ty chúng tôi cần báo giá cho một trăm thùng trà giao hàng tại đà nẵng trước ngày cảm ơn",
    "en": "hello please send us the offer for one hundred boxes of tea delivery on friday the price is fine thank you",
}
_CHARSETS = {
    "uk": ("utf-8", "windows-1251", "koi8-u"),
    "ru": ("utf-8", "windows-1251", "koi8-r"),
    "bg": ("utf-8", "windows-1251"),
    "vi": ("utf-8",),
    "en": ("utf-8", "us-ascii"),
}
_RECEIVED = (
    "Received: from mx{hop}.buyer.example (mx{hop}.buyer.example [192.0.2.{hop}])\r\n\tby in.firm.example (Postfix) "
    "with ESMTPS id 4F{number:08X}\r\n\tfor <info@firm.example>; Tue, 14 Jan 2025 10:00:0{hop} +0200 (EET)"
)
_DKIM = (
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=buyer.example; s=key;\r\n h=from:to:subject:date; "
    "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n b="
)


def make_letters(count: int, seed: int = 1) -> list[bytes]:
    """``count`` typical letters, the same for the same seed."""
    rng = random.Random(seed)
    return [_make_letter(rng, number) for number in range(count)]


def _make_letter(rng: random.Random, number: int) -> bytes:
    language = rng.choice(list(_WORDS))
    charset = rng.choice(_CHARSETS[language])
    words = _WORDS[language].split()
    text = "\r\n\r\n".join(_sentence(rng, words, rng.randint(20, 90)) for _ in range(rng.randint(2, 8)))
    if rng.random() < 0.5:
        quoted = "\r\n".join("> " + line for line in text.split("\r\n"))
        text = f"{text}\r\n\r\nOn Tue, 14 Jan 2025 at 12:30, Olena Bondar <olena@firm.example> wrote:\r\n{quoted}\r\n"
    subject = _word(("Re: " if rng.random() < 0.5 else "") + _sentence(rng, words, rng.randint(3, 9)), charset)
    name = _word(_sentence(rng, words, 2).title(), charset)
    head = [
        "Return-Path: <client@buyer.example>",
        *(_RECEIVED.format(hop=hop, number=number) for hop in range(4)),
        _DKIM + "\r\n ".join(["Zm9vYmFy" * 8] * 5),
        f"From: {name} <client{number}@buyer.example>",
        f'To: {name} <info@firm.example>, "Sales, desk" <sales@firm.example>',
        f"Subject: {subject}",
        f"Message-ID: <{number}.bench@buyer.example>",
        f"In-Reply-To: <{number}.old@firm.example>",
        "References: " + "\r\n ".join(f"<{number}.{ref}@firm.example>" for ref in range(rng.randint(1, 8))),
        "Date: Tue, 14 Jan 2025 10:00:00 +0200",
        "MIME-Version: 1.0",
        *(f"X-Header-{extra}: some value {extra}" for extra in range(12)),
    ]
    kind = rng.choices(("plain", "both", "html", "file"), (40, 30, 10, 20))[0]
    plain = _leaf("text/plain", text, charset, rng)
    html = _leaf("text/html", _html(rng, text), charset, rng)
    if kind == "plain":
        body = plain
    elif kind == "html":
        body = html
    elif kind == "both":
        body = _multi("alternative", number, [plain, html])
    else:
        data = base64.encodebytes(rng.randbytes(rng.randint(8_000, 40_000))).replace(b"\n", b"\r\n")
        file = (
            b'Content-Type: application/pdf; name="offer.pdf"\r\nContent-Disposition: attachment;\r\n'
            b" filename*=utf-8''"
            b"%D1%80%D0%B0%D1%85%D1%83%D0%BD%D0%BE%D0%BA.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + data
        )
        body = _multi("mixed", number, [_multi("alternative", number + 10_000_000, [plain, html]), file])
    return "\r\n".join(head).encode() + b"\r\n" + body


def _sentence(rng: random.Random, words: list[str], count: int) -> str:
    return " ".join(rng.choices(words, k=count)) + "."


def _word(text: str, charset: str) -> str:
    if text.isascii():
        return text.replace(".", "")
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset, 'replace')).decode()}?="


def _html(rng: random.Random, text: str) -> str:
    rows = "".join(
        f'<tr><td style="padding:4px 8px;border:1px solid #ccc;font-family:Arial" width="{rng.randint(100, 400)}">'
        f'<a href="https://shop.example/item/{item}?by=mail&amp;n={item}">{item}</a></td><td>{item / 7:.2f}</td></tr>'
        for item in range(rng.randint(5, 120))
    )
    lines = "".join(f'<p style="margin:0 0 1em 0;font-size:14px">{line}</p>\r\n' for line in text.split("\r\n") if line)
    top = "<html><head><style>p { color: #333 }</style></head><body><div>"
    return f"{top}{lines}<table>{rows}</table></div></body></html>"


def _leaf(kind: str, text: str, charset: str, rng: random.Random) -> bytes:
    data = text.encode(charset, "replace")
    encoding = rng.choice(("quoted-printable", "base64", "8bit"))
    if encoding == "base64":
        data = base64.encodebytes(data).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        data = quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    head = f"Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + data + b"\r\n"


def _multi(kind: str, number: int, parts: list[bytes]) -> bytes:
    boundary = f"----=_Part_{number:08d}_{kind}"
    joined = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'
    return head.encode() + joined + f"--{boundary}--\r\n".encode()


def ours(raw: bytes) -> Extraction:
    """A letter as ``parse_letter`` reads it, in the shape in which both sides are compared."""
    letter = parse_letter(raw)
    people = (letter.from_, letter.sender, letter.reply_to, letter.to, letter.cc, letter.bcc)
    return Extraction(
        subject=letter.subject,
        ids=[[letter.message_id or ""], list(letter.in_reply_to), list(letter.references)],
        people=[[(one.name, one.address) for one in found] for found in people],
        date=None if letter.date is None else letter.date / SECOND,
        text=letter.text,
        html=letter.html,
        files=[(one.filename, one.content_type, one.size, one.sha256) for one in letter.attachments],
        others=[],
    )


def is_same(raw: bytes) -> bool:
    """Whether both sides read the same, blanks folded."""
    mine, theirs = ours(raw), extract(raw)
    return all(
        _folded(one) == _folded(other) for one, other in zip(mine, theirs, strict=True) if one is not mine.others
    )


def _folded(value: object) -> object:
    if isinstance(value, str):
        return " ".join(value.split())
    return [_folded(one) for one in value] if isinstance(value, (list, tuple)) else value


def extraction_only(raw: bytes) -> object:
    """As much of ``parse_letter`` as the library does."""
    scanned = scan(raw)
    return read_headers_of(scanned, None), read_body(raw, scanned)


def seconds(read: Callable[[bytes], object], letters: list[bytes]) -> float:
    """Processor time of all letters once: this process is not charged for what others do meanwhile."""
    started = time.process_time()
    for raw in letters:
        read(raw)
    return time.process_time() - started


def measure(options: argparse.Namespace) -> list[Figure]:
    """The table by kinds of letters, then the figures over all of them."""
    letters = make_letters(options.letters)
    sizes = [len(raw) / 1000 for raw in letters]
    print(f"{len(letters)} letters, mean {statistics.mean(sizes):.1f} kB, longest {max(sizes):.0f} kB")
    print(f"both sides read the same in {sum(map(is_same, letters))} of {len(letters)}")
    sides = (extract, extraction_only, parse_letter, understand)
    ratios: list[float] = []
    for title, chosen in reversed(_kinds_of(letters).items()):
        rounds = [  # by turns, so that a busy machine is unkind to all
            [seconds(read, chosen) for read in sides] for _ in range(options.rounds)
        ]
        each = [statistics.median(column) / len(chosen) * 1000 for column in zip(*rounds, strict=True)]
        ratios = [statistics.median(row[0] / row[place] for row in rounds) for place in range(len(sides))]
        print(
            f"{title:12}{len(chosen):6} letters, ms each: compat32 {each[0]:.3f}, extraction {each[1]:.3f} "
            f"({ratios[1]:.2f} x), parse_letter {each[2]:.3f} ({ratios[2]:.2f} x), with words {each[3]:.3f}"
        )
    return [
        Figure("full extraction, of compat32", ratios[1], "x", floor=4, aim=6, more=True),
        Figure("all that parse_letter does, of the same", ratios[2], "x", more=True),
        Figure("a letter in the worker, words too", each[3], "ms", floor=0.7),
    ]


def _kinds_of(letters: list[bytes]) -> dict[str, list[bytes]]:
    kinds: dict[str, list[bytes]] = {"all": letters, "text": [], "text + HTML": [], "HTML": [], "files": []}
    for raw in letters:
        if b"application/pdf" in raw:
            kinds["files"].append(raw)
        elif b"multipart/alternative" in raw:
            kinds["text + HTML"].append(raw)
        else:
            kinds["HTML" if b"Content-Type: text/html" in raw else "text"].append(raw)
    return kinds


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--letters", type=int, default=600)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--profile", action="store_true", help="print where parse_letter spends its time")
    return options.parse_args(arguments)


def main() -> None:
    options = read_options()
    if options.profile:
        letters, profile = make_letters(options.letters), cProfile.Profile()
        profile.runcall(lambda: [parse_letter(raw) for raw in letters])
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    sys.exit(0 if print_figures(measure(options)) else 1)


if __name__ == "__main__":
    main()
