"""Scripts that look like the scanners of mail servers go over all links of letters of a mailing, by GET and HEAD, the
one for leaving among them: nobody may have left, and every click has to be told from a person's."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from core import clock
from core.blobs import BlobFiles
from core.database import WriteTx
from crm.parties.tables import consent
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.campaigns.composing import Writing
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.mailings import add_mailing, change_mailing
from mailhub.campaigns.making import Foot, make_letter
from mailhub.campaigns.tables import mailing_visit
from mailhub.campaigns.visits import sum_visits
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.outbound.handing import Claimed
from mailhub.outbound.tables import recipient, suppression
from mailhub.runtime import House
from tests.api.asking import Asker
from tests.support.apps import lend_app, take_back_app
from tests.support.house import settings_for

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SCANNERS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "asks for heads first": (("HEAD", "GET"), BROWSER, clock.HOUR),
    "says what it is": (("GET",), "Mozilla/5.0 (compatible; BarracudaCentral)", clock.HOUR),
    "says next to nothing": (("GET",), "Mozilla/5.0", clock.HOUR),
    "a browser, at once": (("GET",), BROWSER, 0),
    "a browser, an hour later": (("GET",), BROWSER, clock.HOUR),
}
"""By which methods, as whom, and how long after the letter was taken."""
SOURCE = "Dear {{ contact.name }}, " + " ".join(f"[{one}](https://firm.example/{one})" for one in "abcd")
REQUESTS_OF_A_READER = 20
MOST_SECONDS = 1.0


@dataclass(slots=True)
class ScannerTally:
    """What was asked and answered, the ``slowest`` answer in seconds; ``people`` are clicks that count as a person's,
    ``kept`` those of them that are kept with no evidence, ``left`` readers who are said to have left in any way."""

    requests: int = 0
    readers: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    clicks: int = 0
    people: int = 0
    machines: int = 0
    kept: int = 0
    left: int = 0
    clicked: int = 0

    @property
    def is_sound(self) -> bool:
        """True when nobody left, every click is counted, and all as a machine's."""
        wrong = self.left + self.people + self.kept + self.clicked
        return not wrong and self.machines == self.clicks > 0 and set(self.answers) <= {200, 302, 404}

    def __str__(self) -> str:
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))
        return (
            f"{self.requests} requests for the links of {self.readers} letters ({answers}, the slowest after "
            f"{self.slowest:.3f} s): {self.left} left, "
            f"{self.machines} of {self.clicks} clicks are said to be machines', {self.people} a person's"
        )


async def scan_letters(url: str, folder: Path, requests: int, seed: int) -> ScannerTally:
    """So many requests over the letters of a mailing in a house of its own."""
    house = House(settings_for(url, folder))
    await house.open()
    app = lend_app(house)
    tally, chance = ScannerTally(readers=max(len(SCANNERS), requests // REQUESTS_OF_A_READER)), random.Random(seed)
    try:
        made, ids = await house.database.write(partial(_lay, count=tally.readers))
        asker = Asker(app)
        letters = [await _links(house, made, row_id) for row_id in ids]
        while tally.requests < requests:
            for number, (links, others) in enumerate(letters):
                if tally.requests >= requests:
                    break
                methods, agent, _ = list(SCANNERS.values())[number % len(SCANNERS)]
                asked = [(method, path) for path in (*links, *others) for method in methods]
                chance.shuffle(asked)
                for method, path in asked:
                    began = time.perf_counter()
                    answer = await asker.ask(method, path, headers={"user-agent": agent})
                    tally.slowest = max(tally.slowest, time.perf_counter() - began)
                    tally.requests += 1
                    tally.answers[answer.status] += 1
                    tally.clicks += path in links
        await house.visits.write()
        await house.database.read(partial(_judge, made=made, tally=tally))
        return tally
    finally:
        take_back_app(app)
        await house.stop()


def _lay(tx: WriteTx, count: int) -> tuple[int, list[int]]:
    """A mailing that was sent to so many readers."""
    box = add_mailbox(tx, "news@firm.example", "News", "public")
    user_id = add_user(tx, "ivan@firm.example", "Ivan")
    add_grant(tx, box.scope_id, "answer", user_id=user_id)
    viewer = get_viewer(tx, user_id)
    made = add_mailing(tx, viewer, "Autumn", box.id)
    change_mailing(tx, viewer, made, tracking="persons")
    letter = make_letter("markdown", "News", SOURCE, Foot("You are our client.", "Unsubscribe"))
    save_letter(tx, viewer, made, "markdown", SOURCE, letter, seen=0)
    now, delays = clock.now(), [delay for _, _, delay in SCANNERS.values()]
    ids = [
        tx.insert(
            recipient, mailing_id=made, epoch=1, address=f"r{number}@client.example",
            canonical=f"r{number}@client.example", domain="client.example", state="sent", name=f"Reader {number}",
            fields={"contact": {"name": f"Reader {number}"}}, sent_at=now - delays[number % len(delays)],
            changed_at=now,
        )
        for number in range(count)
    ]  # fmt: skip
    return made, ids


async def _links(house: House, mailing_id: int, row_id: int) -> tuple[list[str], list[str]]:
    """Of a letter as it left: the paths of its links that are led through the house, and of its picture and the ways to
    leave."""
    base = house.settings.web.base_url
    writing = Writing(house.database, house.stamp, base, BlobFiles(house.settings.data.dir / "blobs"))
    _, raw = await writing.write(Claimed(row_id, 1, 0, "", "", "mailing", "client.example", mailing_id=mailing_id))
    letter: Any = message_from_bytes(raw, policy=policy.default)
    html = letter.get_body(("html",)).get_content()
    found = [urlsplit(unescape(one)).path for one in re.findall(r'(?:href|src)="([^"]+)"', html)]
    leaving = re.findall(r"<(https?://[^>]+)>", str(letter["List-Unsubscribe"]))
    assert leaving, "a letter that nobody can leave"
    clicks = [path for path in found if path.startswith("/c/")]
    others = [path for path in found if path.startswith(("/o/", "/u/"))]
    assert len(clicks) == 5, "four links and the one that nobody sees"
    return clicks, [*others, *(urlsplit(one).path for one in leaving)]


def _judge(tx: Any, made: int, tally: ScannerTally) -> None:
    for one in sum_visits(tx, made):
        if one.kind == "click":
            tally.people += one.people
            tally.machines += one.machines

    def count(*where: Any, of: Any = recipient) -> int:
        return int(tx.value(select(func.count()).select_from(of).where(*where)))

    unproved = (mailing_visit.c.kind == "click", mailing_visit.c.machine == 0)
    tally.kept = count(*unproved, of=mailing_visit)
    tally.clicked = count(recipient.c.clicked_at.is_not(None))
    tally.left = count(recipient.c.left_at.is_not(None)) + count(of=suppression) + count(of=consent)
