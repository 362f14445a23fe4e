"""No bytes make the parser raise, whoever made them: hypothesis from structure, and mutants of whole letters by a seed.

``MAILHUB_FUZZ_SEED`` repeats a run, ``MAILHUB_FUZZ_MUTANTS`` makes it longer.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailhub.letters.as_json import to_json
from mailhub.letters.attachments import read_attachment
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import ParsedLetter

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
MUTANTS = int(os.environ.get("MAILHUB_FUZZ_MUTANTS", "1500"))
P99_SECONDS = 0.05
SPICE = [
    b"\r\n", b"\n", b"\r", b"\0", b"=?utf-8?B?", b"?=", b"=?koi8-u?Q?=F0", b"\xff\xfe", b"\xd0", b"--", b"--b",
    b"--b--", b"\r\n\r\n", b":", b";",
    b'"', b"<", b">", b"(", b"@", b"=", b"%", b"filename*0*=utf-8''", b"boundary=b",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"begin 644 x\r\n", b"\xe2\x80\xae", b"message/rfc822",
    b"multipart/report", b"BEGIN:VCALENDAR\r\n",
    b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: x\r\n", b"<blockquote>", b"\x1b$B", b"utf-16",
    b"From: a@b\r\n",
]  # fmt: skip


def check(raw: bytes) -> ParsedLetter:
    """What holds for every letter: no error, plain values fit for a database, JSON and pickle, ranges inside the
    bytes."""
    letter = parse_letter(raw)
    assert letter.error is None
    assert not [defect for defect in letter.defects if "could not be read" in defect], letter.defects
    shown = json.dumps(to_json(letter, "x.eml"), ensure_ascii=False)
    assert "\\u0000" not in shown
    shown.encode("utf-8")
    assert pickle.loads(pickle.dumps(letter)) == letter
    for one in letter.attachments:
        assert 0 <= one.offset <= one.offset + one.length <= len(raw)
        assert len(read_attachment(raw, one)) == one.size
    assert "\n" not in letter.subject
    assert len(letter.fingerprint) == 64
    return letter


def mutant(rng: random.Random, seeds: list[bytes]) -> bytes:
    raw = bytearray(rng.choice(seeds)[:60_000])
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(raw) + 1)
        turn = rng.randrange(6)
        if turn == 0 and raw:
            raw[min(at, len(raw) - 1)] = rng.randrange(256)
        elif turn == 1:
            raw[at:at] = rng.choice(SPICE)
        elif turn == 2:
            del raw[at : at + rng.randint(1, 200)]
        elif turn == 3:
            raw[at:at] = raw[rng.randrange(len(raw) + 1) :][: rng.randint(1, 400)]
        elif turn == 4:
            other = rng.choice(seeds)
            raw[at:] = other[rng.randrange(len(other) + 1) :][:20_000]
        else:
            raw[at:at] = rng.choice(SPICE) * rng.randint(2, 50)
    return bytes(raw)


def test_mutants() -> None:
    seed = int(os.environ.get("MAILHUB_FUZZ_SEED", time.time_ns() % 1_000_000_007))
    rng = random.Random(seed)
    seeds = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
    assert len(seeds) >= 30
    took = []
    for number in range(MUTANTS):
        raw = mutant(rng, seeds)
        started = time.process_time()
        try:
            check(raw)
        except Exception as error:
            raise AssertionError(f"MAILHUB_FUZZ_SEED={seed}, mutant {number}: {raw[:2000]!r}") from error
        took.append(time.process_time() - started)
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    print(
        f"{MUTANTS} mutants, seed {seed}: median {took[len(took) // 2] * 1000:.2f} ms, p99 {p99 * 1000:.1f} ms, "
        f"max {took[-1] * 1000:.1f} ms"
    )
    assert p99 < P99_SECONDS, f"MAILHUB_FUZZ_SEED={seed}"


HEADER_NAMES = ["From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type", "Content-Disposition",
                "Content-Transfer-Encoding", "Content-ID", "Auto-Submitted", "List-Id", "Received",
                "X-Spam-Flag"]  # fmt: skip
PIECE = st.one_of(
    st.sampled_from(SPICE),
    st.binary(max_size=20),
    st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
VALUE = st.lists(PIECE, max_size=6).map(b"".join)
HEADER = st.tuples(st.sampled_from(HEADER_NAMES), VALUE).map(lambda pair: pair[0].encode() + b": " + pair[1] + b"\r\n")
PART = st.tuples(st.lists(HEADER, max_size=4).map(b"".join), VALUE).map(b"\r\n".join)
LETTER = st.tuples(st.lists(HEADER, max_size=8).map(b"".join), st.lists(PART, max_size=4)).map(
    lambda pair: (
        pair[0]
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"".join(b"\r\n--b\r\n" + part for part in pair[1])
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.one_of(LETTER, PART, st.binary(max_size=400)))
def test_anything(raw: bytes) -> None:
    check(raw)


@settings(max_examples=200, deadline=None)
@given(VALUE, st.sampled_from(["base64", "quoted-printable", "x-uuencode", "8bit"]), st.sampled_from(
    ["utf-8", "koi8-u", "utf-16", "iso-2022-jp", "viscii", "gb18030", "hz-gb-2312", "nonsense"]))  # fmt: skip
def test_any_body(data: bytes, encoding: str, charset: str) -> None:
    head = f"From: a@b.example\r\nContent-Type: text/html; charset={charset}\r\n"
    check(head.encode() + f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + data)
