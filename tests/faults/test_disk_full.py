"""A disk that is full: a clear "not now" to whoever sends, nothing acknowledged lost, and no hand needed afterwards."""

from __future__ import annotations

import os
import smtplib
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core import jobs
from core.database import Database, open_database
from core.errors import Unavailable
from core.settings import Settings
from mailhub.ingest.intake import accept
from mailhub.ingest.office import Office
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.migrations import upgrade
from mailhub.routing import processing
from mailhub.runtime import House
from tests.support.engines import count, look
from tests.support.house import eventually, running_house, send, settings_for
from tests.support.mail import add_office, arrive, write_letter
from tests.support.programs import not_run

SIZE_MB = 44
BALLAST = 34 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of our own, with ballast on it that can be thrown off."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "mailhub-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        not_run("a small disk of one's own needs root")
    (folder / "ballast").write_bytes(b"\0" * BALLAST)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def big_letter(number: int) -> bytes:
    return write_letter(number) + b"".join(os.urandom(35).hex().encode() + b"\r\n" for _ in range(1000))


def test_a_full_disk_is_unavailable_and_heals_by_itself(disk: Path) -> None:
    url = f"sqlite:///{disk / 'mailhub.db'}"
    upgrade(url)
    database = open_database(url)
    box, _ = add_office(database)
    told: list[int] = []
    refused = 0
    for number in range(400):
        try:
            told.append(database.write_now(accept, arrive(big_letter(number), box.id)))
        except Unavailable:
            refused += 1
            if refused == 20:
                break
    print(f"{len(told)} letters acknowledged, then {refused} refused")
    assert refused == 20
    assert len(told) > 10
    assert acknowledged_here(database, told)
    (disk / "ballast").unlink()
    told += [database.write_now(accept, arrive(big_letter(1000 + number), box.id)) for number in range(5)]
    assert acknowledged_here(database, told)
    assert count(database, "incoming") == count(database, "job") == len(told)
    database.close()
    assert look(database, "PRAGMA integrity_check") == [("ok",)]


def acknowledged_here(database: Database, told: list[int]) -> bool:
    """Are the letters there, with their bytes?"""
    whole = "SELECT incoming.id FROM incoming JOIN blob ON blob.id = blob_id WHERE length(content) = size"
    return set(told) == {row[0] for row in look(database, whole)}


class Careless(Office):
    """An office that does not look at the disk before it takes a letter in: the database meets the end itself."""

    def has_room(self, size: int) -> bool:
        return True


@pytest.mark.parametrize(("office", "code"), [(Office, 452), (Careless, 451)], ids=["looks first", "runs into it"])
def test_senders_are_told_to_come_again(disk: Path, office: type[Office], code: int) -> None:
    settings = small(settings_for(f"sqlite:///{disk / 'mailhub.db'}", disk))
    upgrade(settings.database.url)
    with running_house(settings, partial(House, make_office=office)) as house:
        house.database.write_now(add_mailbox, "sales@firm.example", "Sales", "public")
        answers = {number: offer(house, number) for number in range(250)}
        taken = {number for number, answer in answers.items() if answer == 250}
        print(
            f"{len(taken)} of 250 letters acknowledged, the others: {Counter(answers.values()) - Counter({250: 250})}"
        )
        assert 10 < len(taken) < 250
        assert answers[249] == code or offer_until(house, code)
        assert set(answers.values()) <= {250, 451, 452}
        assert senders(house) >= taken
        (disk / "ballast").unlink()
        assert offer_until(house, 250)
        assert senders(house) >= {*taken, 1000}


def test_letters_in_hand_when_the_disk_fills_up_are_processed_later(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed, and then neither stored nor even given up: the lease of a living process must not keep them for ever."""
    full = [True]
    refused: list[str] = []

    def refuse_while_full(verb):
        def run(*args: object) -> object:
            if full[0]:
                refused.append(verb.__name__)
                raise Unavailable("The database cannot write now.")
            return verb(*args)

        return run

    monkeypatch.setattr(processing, "process_all", refuse_while_full(processing.process_all))
    monkeypatch.setattr(jobs, "give_up", refuse_while_full(jobs.give_up))
    with running_house(settings_for(database.url, tmp_path)) as house:
        house.database.write_now(add_mailbox, "sales@firm.example", "Sales", "public")
        for number in range(3):
            send(house, write_letter(number), ["sales@firm.example"])
        eventually(lambda: "give_up" in refused)
        full[0] = False
        eventually(lambda: look(house.database, "SELECT count(*) FROM incoming WHERE state <> 'done'") == [(0,)], 60)


def small(settings: Settings) -> Settings:
    """Settings for letters of at most 300 kB, so that the look at the disk asks for half a megabyte."""
    return replace(settings, smtp=replace(settings.smtp, max_size=300_000))


def offer(house: House, number: int) -> int:
    """Send a letter; the code of the answer."""
    try:
        send(house, big_letter(number), ["sales@firm.example"])
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    except smtplib.SMTPRecipientsRefused as refused:
        ((code, _),) = refused.recipients.values()
        return code
    return 250


def offer_until(house: House, code: int) -> bool:
    """Offer one more letter until it is answered so."""
    eventually(lambda: offer(house, 1000) == code, 30)
    return True


def senders(house: House) -> set[int]:
    """The numbers of the letters that are here, by what their bytes say."""
    here = set()
    for (blob_id,) in look(house.database, "SELECT blob_id FROM incoming"):
        ((content, sha256),) = look(house.database, f"SELECT content, sha256 FROM blob WHERE id = {blob_id}")
        raw = content if content is not None else house.files.read(sha256)
        here.add(int(raw.partition(b"Subject: Letter ")[2].partition(b"\r\n")[0]))
    return here
