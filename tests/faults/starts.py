"""Many processes start one mailing at once, then readers leave while it is sent: it is one mailing, and nobody who was
told that they left gets it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.faults.mailings import PATIENCE, MailingSenders, MailingTally, compare, finish
from tests.support.commands import Command

_STARTED = "SELECT count(*) FROM mailing_event WHERE sentence LIKE 'Started for%'"


def start_at_once(
    folder: Path, url: str, starts: int, people: int, leaving: int, seed: int
) -> tuple[int, MailingTally]:
    """``starts`` processes start a mailing to ``people``, of whom ``leaving`` leave one after the other while it is
    sent. Returns how often it was started, and what became of it."""
    senders = MailingSenders(folder, url, people, seed, begun=False)
    try:
        asked = ["mailing", "start", str(senders.mailing_id), "--user", "ivan@firm.example"]
        own = {"MAILHUB_DATA_DIR": str(folder / "data"), "MAILHUB_DATABASE_URL": url}
        with (folder / "starts.log").open("ab") as log:
            several = [
                Command(
                    [*asked, "--recipients", str(senders.count)],
                    environment={**os.environ, **own}, folder=folder, stderr=log, stdout=log,
                )
                for _ in range(starts)
            ]  # fmt: skip
            codes = [one.wait(PATIENCE * 3) for one in several]
        assert codes == [0] * starts, (folder / "starts.log").read_text()[-3000:]
        started = int(senders.ask(_STARTED)[0][0])
        senders.let_one_leave()  # whose row waits for certain
        senders.start(0)
        for number in range(leaving):
            _wait_for(senders, (number + 1) * people // (2 * leaving))
            senders.let_one_leave()
        finish(senders)
        return started, compare(senders, seed, 0, 0, 0, people)
    finally:
        senders.stop()


def _wait_for(senders: MailingSenders, letters: int) -> None:
    """Until the relay has so many."""
    deadline = time.monotonic() + PATIENCE
    senders.relay.look()
    while senders.relay.taken.total() < letters:
        assert time.monotonic() < deadline, "nothing leaves, or all has left"
        time.sleep(0.005)
        senders.relay.look()
