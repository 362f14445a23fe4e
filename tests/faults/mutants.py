"""Mutants and bombs sent over SMTP into a running house: each is stored whole or refused by a rule, none gets stuck."""

from __future__ import annotations

import hashlib
import os
import random
import re
import smtplib
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import func, select

from core.blobs import blob
from core.database import ReadTx
from mailhub.mailboxes.tables import incoming
from mailhub.runtime import House
from tests.letters import corpora
from tests.letters.test_fuzz import CORPUS, mutant
from tests.support.house import eventually

BATCH = 25
TO = "sales@firm.example"
# What a letter may be refused with: a bare return beside a lone dot, a loop, a size.
RULES = frozenset({500, 550, 552, 554})
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PLAIN = ("mime-stalwart/*.eml", "mime-mime4j/*.msg", "mime-mikel/*.eml", "bounces/*.eml")


@dataclass
class Tally:
    """What was sent and what became of it. Seconds are a letter's own, from its 250 to the end of its journey, its
    waiting for others in them; ``dearest`` are those of the processor, of the house and its workers together, for one
    batch: they say the same on a busy machine."""

    seed: int
    sent: int = 0
    stored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    altered: int = 0
    quarantined: int = 0
    waiting: int = 0
    slowest: float = 0.0
    dearest: float = 0.0
    slowest_honest: float = 0.0

    def __str__(self) -> str:
        refused = ", ".join(f"{count} with {reply}" for reply, count in sorted(self.refused.items())) or "none"
        return (
            f"seed {self.seed}: {self.sent} sent, {self.stored} stored, refused: {refused}; {self.altered} altered, "
            f"{self.waiting} stuck, {self.quarantined} in quarantine; slowest {self.slowest:.1f} s, "
            f"slowest honest letter {self.slowest_honest:.1f} s; dearest batch {self.dearest:.1f} s of processor time"
        )


def list_seeds() -> list[bytes]:
    """Our own corpus and, where they are, the shared collections."""
    paths = sorted(CORPUS.glob("*.eml"))
    for pattern in _PLAIN:
        paths += sorted(corpora.ROOT.glob(pattern))
    return [path.read_bytes() for path in paths]


def list_bombs() -> list[bytes]:
    """The table of bombs, or nothing where it is absent."""
    if not corpora.ROOT.exists():
        return []
    return [corpora.expand(case["make"]) for case in corpora.table("mime_bombs")["cases"]]


def assault(house: House, count: int, seed: int) -> Tally:
    """Send ``count`` mutants and all bombs, with honest letters between them."""
    chance = random.Random(seed)
    seeds = list_seeds()
    tally = Tally(seed)
    expected: set[bytes] = set()
    with Sender(house) as sender:
        for raw in list_bombs():
            _one(sender, [raw], tally, expected, house)
        for first in range(0, count, BATCH):
            batch = [mutant(chance, seeds) for _ in range(min(BATCH, count - first))]
            _one(sender, batch, tally, expected, house)
            tally.slowest_honest = max(tally.slowest_honest, _honest(sender, house, first))
    tally.altered = len(expected - house.database.read_now(_hashes))
    tally.quarantined = house.database.read_now(_count, "quarantined")
    tally.waiting = house.database.read_now(_count, "waiting")
    return tally


class Sender:
    """A client that sends bytes as they are, but for the dots and the last line end."""

    def __init__(self, house: House) -> None:
        assert house.listener is not None
        self._port = house.listener.port
        self._client: smtplib.SMTP | None = None

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def send(self, raw: bytes) -> tuple[int, str]:
        """One letter; the reply after its dot. A connection that the server closed is opened anew."""
        if self._client is None:
            self._client = smtplib.SMTP("127.0.0.1", self._port, timeout=60)
            self._client.ehlo()
        client = self._client
        client.mail("anna@client.example", ["BODY=8BITMIME"])
        client.rcpt(TO)
        assert client.docmd("DATA")[0] == 354
        lines = raw.split(b"\r\n")
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        client.send(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        try:
            code, words = client.getreply()
        except smtplib.SMTPServerDisconnected:
            self._client = None
            return 0, "closed without a reply"
        if code != 250:
            client.close()
            self._client = None
        return code, words.decode("ascii", "replace")


def _one(sender: Sender, batch: list[bytes], tally: Tally, expected: set[bytes], house: House) -> None:
    spent = processor_seconds()
    on_the_way: dict[int, float] = {}
    for raw in batch:
        code, words = sender.send(raw)
        tally.sent += 1
        if code == 250:
            tally.stored += 1
            on_the_way[house.database.read_now(_newest)] = time.monotonic()
            ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
            expected.add(hashlib.sha256(_LINE_END.sub(b"\r\n", ended)).digest())
        else:
            tally.refused[f"{code} {words.split()[0] if words.split() else ''}".strip()] += 1
            assert code in RULES, f"seed {tally.seed}: {code} {words}"
        _note_arrivals(house, on_the_way, tally)
    eventually(lambda: _note_arrivals(house, on_the_way, tally), 60)
    tally.dearest = max(tally.dearest, processor_seconds() - spent)


def _note_arrivals(house: House, on_the_way: dict[int, float], tally: Tally) -> bool:
    """Take the time of those whose journey has ended. True when none is on the way any more."""
    waiting = house.database.read_now(_waiting)
    now = time.monotonic()
    for number in [number for number in on_the_way if number not in waiting]:
        tally.slowest = max(tally.slowest, now - on_the_way.pop(number))
    return not waiting


def processor_seconds() -> float:
    """What this process and its children have used until now, as Linux counts it."""
    ticks, me = 0, os.getpid()
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            facts = place.read_text().rpartition(")")[2].split()
            if me in (int(place.parent.name), int(facts[1])):
                ticks += int(facts[11]) + int(facts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _honest(sender: Sender, house: House, number: int) -> float:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "Anna <anna@client.example>", TO, f"Pumps {number}"
    letter["Message-ID"] = f"<honest-{number}@client.example>"
    letter.set_content("We need pumps.\n")
    before = house.database.read_now(_count, "done")
    began = time.monotonic()
    assert sender.send(letter.as_bytes().replace(b"\n", b"\r\n"))[0] == 250
    eventually(lambda: house.database.read_now(_count, "done") > before, 60)
    return time.monotonic() - began


def _count(tx: ReadTx, state: str) -> int:
    return int(tx.value(select(func.count()).select_from(incoming).where(incoming.c.state == state)))


def _waiting(tx: ReadTx) -> set[int]:
    return set(tx.values(select(incoming.c.id).where(incoming.c.state == "waiting")))


def _newest(tx: ReadTx) -> int:
    return int(tx.value(select(func.max(incoming.c.id))))


def _hashes(tx: ReadTx) -> set[bytes]:
    return {bytes(found) for found in tx.values(select(blob.c.sha256))}
