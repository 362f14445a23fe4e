"""Whatever stands in a letter, its evidence is found in time, never raises, and travels between the processes."""

from __future__ import annotations

import random
import time

import msgspec
import pytest

from mailhub.letters.letter import parse_letter
from mailhub.letters.proof import find_evidence
from mailhub.letters.results import believe
from mailhub.letters.worker import Answer, Examined
from mailhub.routing.verdicts.client import find_client
from mailhub.routing.verdicts.keys import judge
from tests.letters.corpora import folder
from tests.verdicts.signing import sign
from tests.verdicts.test_dkim import SAMPLE

SEED = 20261121
PIECES = [
    b";", b"=", b":", b"\r\n", b"\r\n ", b" ", b"\0", b"\xff", b"b=", b"; t=" + b"9" * 100, b"i=1;", b"h=from:", b"\r",
    b"\n\n", b"DKIM-Signature: ", b"ARC-Seal: i=1; cv=none; ", b"(", b'"', b"\xed\xa0\x80", b"l=5", b"c=simple/relaxed",
]  # fmt: skip


def examine(raw: bytes) -> None:
    """As the worker, the wire and the parent do."""
    wire = msgspec.msgpack.encode(Examined(find_evidence(raw)))
    answer = msgspec.msgpack.decode(wire, type=Answer)
    assert isinstance(answer, Examined)
    evidence = answer.evidence
    believe(evidence.traces, {"mx.google.com"}, "client.example")
    find_client({"peer": "127.0.0.1", "protocol": "LMTP"}, evidence.traces, [])
    for one in (*evidence.signatures, *evidence.chain.signatures):
        judge(one, (b"v=DKIM1; p=AAAA",), 1_800_000_000)


def mutants(raw: bytes, count: int, rng: random.Random) -> list[bytes]:
    made = []
    for _ in range(count):
        piece = bytearray(raw)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(piece) + 1)
            if rng.random() < 0.5:
                piece[at:at] = rng.choice(PIECES)
            else:
                del piece[at : at + rng.randint(1, 40)]
        made.append(bytes(piece))
    return made


def test_mutants_of_signed_letters() -> None:
    rng = random.Random(SEED)
    for raw in (SAMPLE, sign(), _chained()):
        for mutant in mutants(raw, 1500, rng):
            examine(mutant)


def _chained() -> bytes:
    """A letter with two sets, right in form."""
    sets = "".join(
        f"ARC-Seal: i={n}; a=rsa-sha256; cv={'none' if n == 1 else 'pass'}; d=x.example; s=s; t=1; b=AAAA\r\n"
        f"ARC-Message-Signature: i={n}; a=rsa-sha256; c=relaxed/relaxed; d=x.example; s=s; h=from:subject; bh=AAAA; "
        f"b=AAAA\r\nARC-Authentication-Results: i={n}; x.example; spf=pass\r\n"
        for n in (2, 1)
    )
    received = (
        "Received: from mx.client.example ([8.8.4.4]) by a.example\r\nAuthentication-Results: mx.google.com; x=y\r\n"
    )
    return (sets + received).encode() + SAMPLE


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"DKIM-Signature:",
        b"DKIM-Signature: v=1; " * 100_000,
        b"DKIM-Signature: v=1; h=" + b"from:" * 100_000 + b"\r\n\r\n",
        b"DKIM-Signature: v=1\r\n" * 100_000 + b"\r\n",
        b"Received: from " + b"[" * 200_000 + b"\r\n\r\n",
        b"Authentication-Results: " + b"(" * 200_000 + b"\r\n\r\n",
        b"X: y\r\n" + b" \r\n" * 300_000,
        b"\r\n\r\n" * 500_000,
        b"From: a@b.example\r\n\r\n" + b" \t" * 5_000_000,
        b"From: a@b.example\r\n" * 50_000,
        b"".join(b"ARC-Seal: i=%d; cv=none; d=x; s=s; b=AAAA\r\n" % n for n in range(1, 3000)) + b"\r\n",
    ],
)
def test_bombs(raw: bytes) -> None:
    began = time.process_time()
    examine(raw)
    assert time.process_time() - began < 3


def test_the_collections() -> None:
    files = [path for name in ("mime-stalwart", "mime-mime4j", "mime-mikel") for path in sorted(folder(name).iterdir())]
    letters = [path for path in files if path.suffix in {".eml", ".msg"}]
    for path in letters:
        raw = path.read_bytes()
        examine(raw)
        parse_letter(raw)
    print(f"evidence of {len(letters)} letters")
    assert len(letters) > 200
