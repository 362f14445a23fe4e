"""Archives as people have them: every dialect of mbox, Maildir, folders of files, and what is broken in them."""

from __future__ import annotations

import io
import mailbox
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import parse_iso
from core.errors import Invalid, NotFound
from mailhub.ingest.archive import Piece, Progress, batches, open_archive
from mailhub.ingest.archive.mbox import is_border, read_mbox

MIB = 1 << 20
FROM = b"From anna@client.example Fri Nov 20 10:00:00 2026\n"
HEAD = b"From: anna@client.example\nDate: Fri, 20 Nov 2026 10:00:00 +0200\n"


def letters_of(data: bytes, largest: int = MIB) -> list[bytes | None]:
    return [one.raw for one in read_mbox(io.BytesIO(data), 0, largest)]


def test_letters_and_the_empty_lines_between_them() -> None:
    one, two = HEAD + b"\none\n", HEAD + b"\ntwo\n\n\nlines\n"
    assert letters_of(FROM + one + b"\n" + FROM + two + b"\n") == [one, two]
    assert letters_of(FROM + one + b"\n" + FROM + two[:-1]) == [one, two[:-1]]
    crlf = (FROM + one + b"\n" + FROM + two + b"\n").replace(b"\n", b"\r\n")
    assert letters_of(crlf) == [one.replace(b"\n", b"\r\n"), two.replace(b"\n", b"\r\n")]


def test_a_sentence_is_no_separator() -> None:
    one = HEAD + b"\nDear Anna,\n\nFrom here on we ship at 10:00.\n\nFrom 2026 on too.\n"
    assert letters_of(FROM + one + b"\n" + FROM + one + b"\n") == [one, one]
    shown = HEAD + b"\nLook what it said:\n\n" + FROM + b"and then nothing.\n"  # mboxo that forgot to quote
    assert letters_of(FROM + shown + b"\n" + FROM + one + b"\n") == [shown, one]
    glued = HEAD + b"\nnot behind an empty line:\n" + FROM + b"more\n"
    assert letters_of(FROM + glued + b"\n") == [glued]


@pytest.mark.parametrize(
    "separator",
    [
        b"From MAILER-DAEMON Fri Nov 20 10:00:00 2026",
        b"From - Fri Nov 20 10:00:00 2026",  # Thunderbird
        b"From 1565365163@xxx Fri Nov 20 10:00:00 +0000 2026",  # Takeout
        b"From anna@client.example  Fri Nov  6 10:00 2026 remote from host",
        b'From "anna b"@client.example Fri Nov 20 10:00:00 EET 2026',
    ],
)
def test_separators_as_programs_write_them(separator: bytes) -> None:
    one = HEAD + b"\none\n"
    assert letters_of(separator + b"\n" + one + b"\n" + separator + b"\n" + one) == [one, one]


def test_quotes_are_taken_back() -> None:
    body = b"\n>From the start\n>>From deeper\n> From a reply\n"
    assert letters_of(FROM + HEAD + body + b"\n") == [HEAD + b"\nFrom the start\n>From deeper\n> From a reply\n"]


def test_a_true_length_is_believed() -> None:
    body = b"one\n\n" + FROM + b"\n>From a quote\n"  # mboxcl2: nothing is quoted
    head = HEAD + b"Content-Length: %d\n\n" % len(body)
    assert letters_of(FROM + head + body + b"\n" + FROM + head + body) == [head + body, head + body]
    quoted = b"one\n\n>From x\n"  # mboxcl: quoted, and counted as quoted
    head = HEAD + b"Content-Length: %d\n\n" % len(quoted)
    assert letters_of(FROM + head + quoted + b"\n" + FROM + head + quoted + b"\n") == [head + b"one\n\nFrom x\n"] * 2


@pytest.mark.parametrize("length", [b"3", b"999999", b"0", b"12345678901234567890", b"x", b"5\nContent-Length: 9"])
def test_a_false_length_is_not(length: bytes) -> None:
    one = HEAD + b"Content-Length: " + length + b"\n\nseveral\n\nlines\n"
    assert letters_of(FROM + one + b"\n" + FROM + one + b"\n") == [one, one]


def test_a_letter_too_large_is_left_out_and_the_next_is_read() -> None:
    big = HEAD + b"\n" + b"x" * MIB + b"\n"
    small = HEAD + b"\nsmall\n"
    assert letters_of(FROM + big + b"\n" + FROM + small, largest=1000) == [None, small]


def test_memory_stays_flat_whatever_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "long.mbox"
    with path.open("wb") as file:
        for _ in range(30):
            file.write(FROM + HEAD + b"\n" + b"x" * 2 * MIB + b"\n\n")
    tracemalloc.start()
    with path.open("rb") as file:
        assert sum(1 for _ in read_mbox(file, 0, MIB)) == 30
        assert sum(1 for _ in batches(open_archive(path).read(""))) == 8
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * MIB


@given(st.lists(st.lists(st.sampled_from([b"text", b"", b"From me to you", b">From x", b">>From y", b"From 1:23 2020",
                                          FROM.strip()]), max_size=6), min_size=1, max_size=5))  # fmt: skip
def test_what_mboxrd_writes_is_read_back(bodies: list[list[bytes]]) -> None:
    written, expected = b"", []
    for lines in bodies:
        raw = HEAD + b"\n" + b"".join(line + b"\n" for line in lines)
        quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in raw.split(b"\n")]
        written += FROM + b"\n".join(quoted) + b"\n"
        expected.append(raw)
    assert letters_of(written) == expected


def test_every_end_is_a_place_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(b"".join(FROM + HEAD + b"\n%d\n\n" % number for number in range(5)))
    archive = open_archive(path)
    whole = list(archive.read(""))
    assert [archive.kind, len(whole), whole[-1].position] == ["mbox", 5, archive.size]
    for number, piece in enumerate(whole, 1):
        assert [one.raw for one in archive.read(piece.place)] == [one.raw for one in whole[number:]]
    # A file that is another one by now is read from its beginning.
    assert len(list(archive.read("7"))) == 5
    with path.open("rb") as file:
        assert is_border(file, archive.size)
        assert not is_border(file, 7)


def test_the_standard_library_agrees(tmp_path: Path) -> None:
    theirs = mailbox.mbox(tmp_path / "their.mbox")
    for number in range(3):
        theirs.add(HEAD + b"\nbody %d\n\nFrom here\n" % number)
    theirs.close()
    mine = [piece.raw for piece in open_archive(tmp_path / "their.mbox").read("")]
    assert mine == [HEAD + b"\nbody %d\n\nFrom here\n" % number for number in range(3)]


def test_a_maildir(tmp_path: Path) -> None:
    for name in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Trash/cur", ".INBOX.Drafts/new"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "cur" / "1163577600.M1.host:2,S").write_bytes(b"Subject: no date\n\none\n")
    (tmp_path / "new" / "1163577601.M2.host").write_bytes(HEAD + b"\ntwo\n")
    (tmp_path / "tmp" / "1163577602.M3.host").write_bytes(HEAD + b"\nhalf\n")
    for name in ("cur/1.M4.host:2,ST", "cur/2.M5.host:2,D", ".Trash/cur/3.M6.host:2,S", ".INBOX.Drafts/new/4.M7"):
        (tmp_path / name).write_bytes(HEAD + b"\nnobody keeps it\n")
    (tmp_path / ".Sent/cur/1163577603.M8.host:2,FRS").write_bytes(HEAD + b"\nthree\n")
    archive = open_archive(tmp_path)
    assert (archive.kind, archive.left_out) == ("Maildir", (".INBOX.Drafts", ".Trash"))
    one, two, three = archive.read("")
    assert three.raw == HEAD + b"\nthree\n"
    assert one.dated_at == parse_iso("2006-11-15T08:00:00Z")
    assert (two.dated_at, two.raw) == (None, HEAD + b"\ntwo\n")
    assert [piece.name for piece in archive.read(one.place)] == [two.name, three.name]
    assert [len(list(open_archive(tmp_path / name).read(""))) for name in archive.left_out] == [1, 1]


def test_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("b.eml", "a/c.EML", "a/d.txt"):
        (tmp_path / name).write_bytes(HEAD + name.encode())
    archive = open_archive(tmp_path)
    assert [piece.name for piece in archive.read("")] == ["b.eml", "a/c.EML"]
    assert [piece.name for piece in open_archive(tmp_path / "b.eml").read("")] == ["b.eml"]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_archive(tmp_path / "none")
    with pytest.raises(Invalid):
        open_archive(tmp_path)
    with pytest.raises(Invalid):
        open_archive(Path("/dev/null"))


def test_batches_are_bounded_by_number_and_bytes() -> None:
    small = [Piece(str(number), str(number), number, b"x") for number in range(600)]
    assert [len(batch) for batch in batches(iter(small))] == [64] * 9 + [24]
    large = [Piece("a", "a", 0, bytes(5 * MIB)) for _ in range(3)]
    assert [len(batch) for batch in batches(iter(large))] == [2, 1]


def test_progress_survives_and_what_was_cut_short_begins_anew(tmp_path: Path) -> None:
    progress = Progress.load(tmp_path, tmp_path / "old.mbox", "a@firm.example")
    progress.place, progress.letters = "17", 3
    progress.save()
    again = Progress.load(tmp_path, tmp_path / "old.mbox", "a@firm.example")
    assert (again.place, again.letters) == ("17", 3)
    assert Progress.load(tmp_path, tmp_path / "old.mbox", "b@firm.example").place == ""
    again.file.write_text('{"place": "1')
    assert Progress.load(tmp_path, tmp_path / "old.mbox", "a@firm.example").place == ""
    again.forget()
    again.forget()
