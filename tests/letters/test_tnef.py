"""What is inside a winmail.dat: files, words, broken ones. ``MAILHUB_FUZZ_SEED`` repeats the mutants."""

from __future__ import annotations

import hashlib
import os
import random
import time

import pytest

from mailhub.letters.attachments import read_attachment
from mailhub.letters.letter import parse_letter
from mailhub.letters.lzfu import decompress
from tests.letters import winmail
from tests.letters.corpora import folder
from tests.letters.test_corpora import Score
from tests.letters.test_fuzz import check
from tests.letters.winmail import LETTER_INSIDE, file, letter, named, number, packed, stream, value

BROKEN = "a winmail.dat is broken"
PDF = b"%PDF-1.4 " + bytes(range(256))
RTF = rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}"


def test_files_have_their_best_names_and_are_read_back() -> None:
    picture = (value(0x3712, "pic@x"), number(0x3714, 4), value(0x370E, b"image/png\0", 0x1E))
    raw = letter(
        stream(
            file(PDF, b"OFFER~1.PDF", named(b"a\0"), value(0x3707, "Рахунок № 118.pdf")),
            file(b"old", "Договор.doc".encode("cp1251")),
            file(None, b"x", value(0x3707, b"../long.txt\0", 0x1E), value(0x3701, b"in a property")),
            file(b"\x89PNG", b"p.png", *picture),
        ),
        "See the files.",
    )
    found = parse_letter(raw)
    assert [(one.filename, one.content_type, one.size) for one in found.attachments] == [
        ("Рахунок № 118.pdf", "application/pdf", len(PDF)),
        ("Договор.doc", "application/msword", 3),
        ("long.txt", "text/plain", 13),
        ("p.png", "image/png", 4),
    ]
    assert [(one.inline, one.content_id) for one in found.attachments][2:] == [(False, None), (True, "pic@x")]
    contents = [read_attachment(raw, one) for one in found.attachments]
    assert contents == [PDF, b"old", b"in a property", b"\x89PNG"]
    assert [hashlib.sha256(one).hexdigest() for one in contents] == [one.sha256 for one in found.attachments]
    assert (found.text, found.defects) == ("See the files.", ())


def test_a_letter_within_is_a_letter() -> None:
    inside = stream(file(PDF, b"a.pdf"), said=(value(0x1000, "Inside."),))
    name = value(0x3001, "Re: offer")
    raw = letter(
        stream(file(None, b"Untitled Attachment", name, value(0x3701, LETTER_INSIDE + inside, 0x0D))), "Forwarded."
    )
    (one,) = parse_letter(raw).attachments
    assert (one.filename, one.content_type) == ("Re_ offer.eml", "message/rfc822")
    content = read_attachment(raw, one)
    within = parse_letter(content)
    assert (within.text, [file.filename for file in within.attachments]) == ("Inside.", ["a.pdf"])
    assert read_attachment(content, within.attachments[0]) == PDF


@pytest.mark.parametrize(
    ("said", "text", "html"),
    [
        ((value(0x1000, "Добрий день 🙂\r\n"),), "Добрий день 🙂\n", None),
        ((value(0x1000, "Привет".encode("cp1251") + b"\0", 0x1E),), "Привет", None),
        ((value(0x1013, "<p>Ціна</p>".encode("koi8-u")), number(0x3FDE, 21866)), "Ціна", "<p>Ціна</p>"),
        ((value(0x1009, packed(RTF + rb"\f1\'cf\'f0\'e8\'e2\'e5\'f2\par\f0 \'e9}")),), "Привет\né", None),
        ((value(0x1009, packed(RTF + rb"\u1062?\u-10179?\u-8704?\{a\}{\*\x no}{\pict 00}}")),), "Ц😀{a}", None),
        (
            (
                value(
                    0x1009,
                    packed(
                        RTF + rb"\fromhtml1 {\*\htmltag19 <p>}\htmlrtf {\htmlrtf0 1\f1  \'e3\'f0\htmlrtf\f0}\htmlrtf0 "
                        rb"{\*\htmltag84 &nbsp;}{\*\mhtmltag no}{\*\htmltag27 </p>}}"
                    ),
                ),
            ),
            "1 гр",
            "<p>1 гр&nbsp;</p>",
        ),
    ],
)
def test_its_words_are_shown_where_the_letter_has_none(said: tuple[bytes, ...], text: str, html: str | None) -> None:
    found = parse_letter(letter(stream(said=said)))
    assert (found.text, found.html, found.attachments, found.defects) == (text, html, (), ())
    assert parse_letter(letter(stream(said=said), "My own.")).text == "My own."


def test_rtf_is_unpacked_as_specified() -> None:
    """The first example of [MS-OXRTFCP] and one with a reference into its own end."""
    head = "2d0000002b0000004c5a4675f1c5c7a703000a0072637067313235"
    example = bytes.fromhex(head + "42320af32068656c090020627705b06c647d0a800fa0")
    assert decompress(example) == (b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n", True)
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert decompress(crossing) == (b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", True)
    assert decompress(b"\0" * 4 + b"\x05\0\0\0MELA\0\0\0\0{abc}") == (b"{abc}", True)
    assert decompress(example[:30])[1] is False


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"\x78\x9f\x3e\x22", winmail.SIGNATURE + b"\x01\x03\x90", b"\0" * 99]
)
def test_what_cannot_be_read_stays_a_file(data: bytes) -> None:
    raw = letter(data, "See the file.")
    found = parse_letter(raw)
    (one,) = found.attachments
    assert (one.filename, read_attachment(raw, one)) == ("winmail.dat", data)
    assert BROKEN in found.defects


def test_a_broken_one_is_read_as_far_as_it_goes() -> None:
    whole = stream(file(b"first", b"1.txt"), file(PDF, b"2.pdf"))
    flipped = bytearray(whole)
    flipped[-3] ^= 1
    for data, sizes in ((whole[:-60], [5, len(PDF) - 58]), (whole + b"junk", [5, len(PDF)]), (flipped, [5, len(PDF)])):
        found = parse_letter(letter(bytes(data), "t"))
        assert [one.size for one in found.attachments] == sizes
        assert BROKEN in found.defects


def rich(unit: bytes) -> bytes:
    return stream(said=(value(0x1009, packed(b"{\\rtf1 " + unit * (900_000 // len(unit)))),))


COUNT = (10**9).to_bytes(4, "little")
RUNS = b"\0\0\0\0\xff\xff\xff\x7fLZFu\0\0\0\0" + (b"\xff" + b"\x00\x1f" * 8) * 90_000
WORST = {
    **{f"rtf {unit!r}": rich(unit) for unit in (
        b"{", b"}", b"{}", b"\\a", b"\\u1?", b"\\f1 a", b"\\'cf", b"\\", b"{\\*\\a}",
    )},
    "references": stream(said=(value(0x1009, RUNS),)),
    "attributes": stream() + winmail.attribute(2, 0x9002, b"") * 150_000,
    "files": stream() + file(b"x", b"n") * 40_000,
    "properties": stream() + winmail.attribute(1, 0x9003, COUNT + number(1, 0) * 200_000) * 2,
    "properties of files": stream() + file(b"x", b"n", *[number(1, 0)] * 4_000) * 60,
    "values": stream() + winmail.attribute(2, 0x9005, COUNT + b"\x02\x11\x01\x00" + COUNT + b"\0" * 2_000_000),
    "one great file": stream(file(b"x" * 8_000_000, b"n")),
    "letters within": stream(*[file(None, b"n", value(0x3701, LETTER_INSIDE + b"x" * 40_000, 0x0D))] * 50),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_bounded(name: str) -> None:
    raw = letter(WORST[name])
    started = time.process_time()
    found = parse_letter(raw)
    assert time.process_time() - started < 2
    assert found.error is None
    assert len(found.attachments) <= 1_000


def test_mutants() -> None:
    seed = int(os.environ.get("MAILHUB_FUZZ_SEED", time.time_ns() % 1_000_000_007))
    print(f"MAILHUB_FUZZ_SEED={seed}")
    rng = random.Random(seed)
    inside = file(None, b"l", value(0x3701, LETTER_INSIDE + stream(file(PDF, b"a")), 0x0D))
    texts = (value(0x1009, packed(RTF + rb"\fromhtml1 {\*\htmltag1 <p>}\u1062?\f1\'cf}")), named(b"k\0"), number(3, 4))
    seeds = [
        stream(file(PDF, b"a.pdf", value(0x3707, "Рахунок.pdf")), inside, said=texts),
        stream(file(b"x", b"b.txt"), said=(value(0x1013, "<p>Ціна".encode()), value(0x1000, "text"))),
    ]
    for count in range(800):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(6, len(data))
            turn = rng.randrange(4)
            if turn == 0:
                data[at] = rng.randrange(256)
            elif turn == 1:
                data[at : at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0"])
            elif turn == 2:
                del data[at : at + rng.randint(1, 40)]
            else:
                data[at:at] = data[rng.randrange(len(data)) :][: rng.randint(1, 80)]
            if len(data) < 20:
                break
        try:
            check(letter(bytes(data)))
        except Exception as error:
            raise AssertionError(f"MAILHUB_FUZZ_SEED={seed}, mutant {count}: {bytes(data)!r}") from error


def test_names_as_others_find_them() -> None:
    score = Score("winmail.dat")
    for path in sorted(folder("tnef").glob("*.tnef")):
        found = check(letter(path.read_bytes()))
        listed = [line for line in path.with_suffix(".list").read_text(encoding="utf-8").splitlines() if line]
        names = sorted(one for one in listed if not one.startswith("body."))
        ours = sorted(one.filename or "" for one in found.attachments)
        is_said = bool(found.text) >= any(one.startswith("body.") for one in listed)
        score.add(ours == names and is_said, path.stem, ours)
    score.settle()
