"""Packed archives: .gz and .zip, whole and broken, hostile ones too, in flat memory."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import parse_iso
from core.errors import Invalid
from mailhub.ingest.archive import Archive, arrival_of, batches, open_archive
from mailhub.ingest.archive import packed as packing
from mailhub.ingest.archive.forward import Forward
from mailhub.ingest.archive.mbox import read_mbox

MIB = 1 << 20
FROM = b"From anna@client.example Fri Nov 20 10:00:00 2026\n"
HEAD = b"From: anna@client.example\nDate: Fri, 20 Nov 2026 10:00:00 +0200\n"
DIALECTS = {
    "mboxrd": (FROM + HEAD + b"\n>From here\n>>From there\n\n") * 3,
    "mboxo": (FROM + HEAD + b"\n>From here\n\n") * 3,
    "mboxcl": (FROM + HEAD + b"Content-Length: 11\n\n>From here\n\n") * 3,
    "mboxcl2": (FROM + HEAD + b"Content-Length: 56\n\none\n\n" + FROM + b"\n\n") * 3,
    "crlf": ((FROM + HEAD + b"\none\n\n") * 3).replace(b"\n", b"\r\n"),
    "takeout": (b"From 1565365163@xxx Fri Nov 20 10:00:00 +0000 2026\n" + HEAD + b"\none\n\n") * 3,
    "thunderbird": (b"From - Fri Nov 20 10:00:00 2026\nX-Mozilla-Status: 0001\n" + HEAD + b"\none\n\n") * 3,
}  # fmt: skip


def raws(archive: Archive, place: str = "") -> list[bytes]:
    return [one.raw for one in archive.read(place) if not one.fault]


def faults(archive: Archive) -> list[tuple[str, str]]:
    return [(one.name, one.fault) for one in archive.read("") if one.fault]


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", ["gz", "zip"])
def test_every_dialect_reads_packed_as_it_does_plain(tmp_path: Path, dialect: str, how: str) -> None:
    plain = tmp_path / "old.mbox"
    plain.write_bytes(DIALECTS[dialect])
    if how == "gz":
        path = tmp_path / "old.mbox.gz"
        path.write_bytes(gzip.compress(DIALECTS[dialect]))
    else:
        path = make_zip(tmp_path / "old.zip", {"Takeout/Mail/All.mbox": DIALECTS[dialect]})
    archive, expected = open_archive(path), raws(open_archive(plain))
    assert raws(archive) == expected
    assert len(expected) >= 3
    pieces = list(archive.read(""))
    assert pieces[-1].position == archive.size
    for number, piece in enumerate(pieces, 1):  # every end is a place to go on from
        assert raws(archive, piece.place) == expected[number:]


def test_a_zip_of_a_maildir_and_of_letters(tmp_path: Path) -> None:
    letter = HEAD + b"\none %d\n"
    path = make_zip(
        tmp_path / "mail.zip",
        {
            "M/cur/1700000001.a:2,RS": letter % 1,
            "M/cur/1700000002.b;2,ST": letter % 2,  # deleted
            "M/new/1700000003.c": b"From: x@y.example\n\nno date\n",
            "M/.Sent/cur/1700000004.d!2,S": letter % 4,
            "M/.Trash/cur/1700000005.e:2,S": letter % 5,
            "M/cur/.hidden": b"x",
            "letters\\six.EML": letter % 6,
            "__MACOSX/letters/._six.eml": b"x",
            "../../etc/seven.eml": letter % 7,
            "notes.txt": b"no letter",
        },
    )
    archive = open_archive(path)
    pieces = {one.raw: one for one in archive.read("")}
    assert set(pieces) == {letter % 1, letter % 4, letter % 6, letter % 7, b"From: x@y.example\n\nno date\n"}
    assert archive.left_out == (".Trash",)
    assert (pieces[letter % 1].flags, pieces[letter % 4].flags) == ("RS", "S")
    assert arrival_of(pieces[letter % 1], 1).trace == {"archive": "M/cur/1700000001.a:2,RS", "flags": "RS"}
    assert pieces[b"From: x@y.example\n\nno date\n"].dated_at == parse_iso("2023-11-14T22:13:23Z")
    assert list(tmp_path.iterdir()) == [path]  # nothing was unpacked anywhere


def test_flags_of_a_maildir_are_kept(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    (tmp_path / "cur" / "1700000001.a:2,FRS").write_bytes(HEAD + b"\none\n")
    (piece,) = open_archive(tmp_path).read("")
    assert piece.flags == "FRS"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.eml"
    secret.write_bytes(HEAD + b"\nsecret\n")
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a.eml").symlink_to(secret)
    (folder / "b.eml").write_bytes(HEAD + b"\none\n")
    archive = open_archive(folder)
    assert raws(archive) == [HEAD + b"\none\n"]
    assert faults(archive) == [("a.eml", "The file is a link to somewhere else.")]


def test_damage_costs_only_what_is_damaged(tmp_path: Path) -> None:
    chance = random.Random(1)
    letters = [HEAD + b"\n" + chance.randbytes(20000).hex().encode() + b"\n" for _ in range(40)]
    whole = gzip.compress(b"".join(FROM + one + b"\n" for one in letters))
    cut = tmp_path / "cut.mbox.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    got = raws(open_archive(cut))
    assert letters[: len(got) - 1] == got[:-1]
    assert len(got) > 15
    assert "damaged from here on" in faults(open_archive(cut))[0][1]
    path = make_zip(tmp_path / "two.zip", {"a.eml": letters[0], "b.eml": letters[1]})
    data = bytearray(path.read_bytes())
    data[1000] ^= 255
    path.write_bytes(data)
    assert raws(open_archive(path)) == [letters[1]]
    ((name, fault),) = faults(open_archive(path))
    assert name == "a.eml"
    assert fault


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.zip", b"PK\3\4 nothing", "damaged"),
        ("a.gz", b"\x1f\x8b\x08nothing at all", "damaged"),
        ("a.pst", b"!BDN" + bytes(600), "Export"),
        ("a.msg", b"\xd0\xcf\x11\xe0" + bytes(600), "Save the letter as .eml"),
        ("a.rar", b"Rar!\x1a", "Pack its folder as .zip"),
        ("a.tar", bytes(257) + b"ustar", "Pack its folder as .zip"),
        ("a.tar.gz", gzip.compress(bytes(257) + b"ustar", mtime=0), "Pack its folder as .zip"),
        ("photo.jpg", b"\xff\xd8\xff\xe0", "neither an mbox file nor a letter"),
        ("empty", b"", "neither an mbox file nor a letter"),
    ],
)
def test_what_holds_no_letters_says_what_to_do(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Invalid, match=sentence):
        open_archive(path)


def test_bombs_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "ALWAYS", 10 * MIB)
    bomb = make_zip(tmp_path / "bomb.zip", {f"{number}.eml": bytes(20 * MIB) for number in range(3)})
    with pytest.raises(Invalid, match="far more than letters"):
        open_archive(bomb)
    packed = tmp_path / "bomb.mbox.gz"
    packed.write_bytes(gzip.compress(FROM + HEAD + b"\n" + bytes(100 * MIB)))
    assert [fault for _, fault in faults(open_archive(packed))][-1] == "It unpacks to more than letters ever do."
    monkeypatch.setattr(packing, "LARGEST_LIST", 1000)
    with pytest.raises(Invalid, match="too many files"):
        open_archive(make_zip(tmp_path / "many.zip", {f"{number}.eml": b"a: b" for number in range(100)}))


def test_a_zip_that_lies_of_its_sizes_gives_no_more_than_it_said(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "liar.zip", {"a.eml": HEAD + b"\n" + bytes(5 * MIB)})
    data = path.read_bytes()
    listed = data.rfind(b"PK\1\2")
    path.write_bytes(data[: listed + 24] + struct.pack("<L", 100) + data[listed + 28 :])
    assert max((len(raw) for raw in raws(open_archive(path))), default=0) <= 100


def test_a_locked_zip_says_so(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "locked.zip", {"a.eml": HEAD + b"\none\n"})
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(Invalid, match="password"):
        open_archive(path)


@given(st.lists(st.tuples(st.sampled_from(["read", "line", "back", "ahead"]), st.integers(0, 300))), st.integers(1, 40))
def test_a_forward_stream_reads_as_a_file_does(steps: list[tuple[str, int]], lines: int) -> None:
    data = b"".join(b"%d %s\n" % (number, b"x" * (number * 7 % 50)) for number in range(lines))
    forward, plain = Forward(io.BytesIO(data), len(data)), io.BytesIO(data)
    ops: dict[str, Callable[[BinaryIO | Forward, int], object]] = {
        "read": lambda file, n: file.read(n),
        "line": lambda file, n: file.readline(n + 1),
        "back": lambda file, n: file.seek(max(0, file.tell() - n)),
        "ahead": lambda file, n: (file.seek(file.tell() + n), file.read(3), file.seek(max(0, file.tell() - n - 3))),
    }
    for name, n in steps:
        assert ops[name](forward, n) == ops[name](plain, n)
        assert forward.tell() == plain.tell()


def write_large(file: BinaryIO, count: int) -> int:
    """An mbox of letters of a megabyte; how many."""
    chance = random.Random(2)
    body = b"\n".join(chance.randbytes(450).hex().encode() for _ in range(MIB // 901))
    for number in range(count):
        file.write(FROM + HEAD + b"Message-ID: <%d@client.example>\n\n%s\n\n" % (number, body))
    return count


@pytest.mark.parametrize("packed", [False, True])
def test_300_megabytes_in_flat_memory(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("old.mbox.gz" if packed else "old.mbox")
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        count = write_large(cast("BinaryIO", file), 300)
    tracemalloc.start()
    try:
        assert sum(len(batch) for batch in batches(open_archive(path).read(""))) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 48 * MIB


def test_a_length_that_lies_costs_no_memory() -> None:
    one = FROM + HEAD + b"Content-Length: 999999999999\n\nshort\n\n"
    file = Forward(io.BytesIO(one * 3), 10 * MIB)
    assert [len(each.raw or b"") for each in read_mbox(file, 0, MIB)] == [len(one) - len(FROM) - 1] * 3
