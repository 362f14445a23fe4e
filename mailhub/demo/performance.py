"""The demo as it runs: the company is founded once, ten days of letters come in, then a few more while one watches."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from core.log import get_log
from core.settings import Settings, load_settings
from crm.staff.tables import user
from mailhub.demo.company import COMPANY, DEMO_PEOPLE, DOMAIN, found_company, hash_passwords
from mailhub.demo.habits import find_habits, settle_in
from mailhub.demo.office import DemoOffice
from mailhub.demo.outbox import Outbox
from mailhub.demo.postman import Postman
from mailhub.demo.staff import count_under_way, find_founding, handle, list_arrived, list_message_ids
from mailhub.demo.story import TODAY, Story, tell_news, tell_story
from mailhub.demo.talk import Letter
from mailhub.demo.words import LANGUAGES, load_words
from mailhub.ingest.smtp import self_signed
from mailhub.mailboxes.boxes import find_mailbox
from mailhub.outbound.acknowledging import set_acknowledgements
from mailhub.runtime import House

WAVE = 60
QUIET_SECONDS = (20.0, 40.0)
LOOK_SECONDS = 0.05
HOSTNAME = f"mail.{DOMAIN}"
_MARK = "# Written by mailhub demo at each start."
_SETTINGS = """{mark}
[data]
dir = "."
[company]
name = "{company}"
timezone = "Europe/Kyiv"
[web]
port = {web_port}
push = false
[smtp]
port = {smtp_port}
hostname = "{host}"
tls_cert = "{certificate}"
tls_key = "{key}"
[send]
return_path = "plus"
[verdicts]
check = false
[log]
level = "warning"
"""
log = get_log(__name__)


def demo_settings(folder: Path, web_port: int, smtp_port: int) -> Settings:
    """Settings for the demo alone, written down in ``folder`` so that other commands find its data (``--config``).

    Neither the environment nor another settings file counts: the demo never touches a real installation. Raises
    Conflict when the folder belongs to one.
    """
    path = folder / "mailhub.toml"
    if path.exists() and not path.read_text().startswith(_MARK):
        raise Conflict("This folder holds the data of another installation. Give the demo a folder of its own.")
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = self_signed(HOSTNAME, folder)
    path.write_text(
        _SETTINGS.format(
            mark=_MARK, company=COMPANY, host=HOSTNAME, web_port=web_port, smtp_port=smtp_port,
            certificate=certificate.name, key=key.name,
        )
    )  # fmt: skip
    return load_settings(path, {})


def make_house(settings: Settings, outbox: Outbox) -> House:
    """A house that dates letters by their own trace, introduces the people of the demo at its sign-in page, and sends
    to an outbox that is open, nowhere else."""
    send = replace(settings.send, relay=outbox.relay)
    house = House(replace(settings, send=send), make_office=DemoOffice, demo=DEMO_PEOPLE)
    house.gone = outbox.letters
    return house


@dataclass(slots=True)
class Performance:
    """Fills an open house with letters. ``play`` runs until it is cancelled."""

    house: House
    outbox: Outbox

    async def prepare(self) -> bool:
        """Found the company in an empty database; False when it is there. Raises Conflict in a foreign database."""
        database = self.house.database
        if await database.read(find_founding) is not None:
            return False
        if await database.read(_count_users):
            raise Conflict("This folder holds the data of another installation. Give the demo a folder of its own.")
        hashes = await asyncio.to_thread(hash_passwords)
        await database.write(found_company, hashes)
        return True

    async def play(self) -> None:
        """Everything that has not come yet, then news every 20 to 40 seconds."""
        listener, certificate = self.house.listener, self.house.settings.smtp.tls_cert
        assert listener is not None, "start the house first"
        assert certificate is not None, "the demo speaks TLS"
        postman = Postman(listener.port, Path(certificate))
        self.outbox.deliver = postman.deliver
        try:
            story = await self._tell_past(postman)
            await self._tell_present(postman, story)
        finally:
            postman.stop()

    async def _tell_past(self, postman: Postman) -> Story:
        database = self.house.database
        moment = await database.read(find_founding)
        assert moment is not None, "prepare the house first"
        began = clock.now()
        story = await asyncio.to_thread(tell_story, moment)
        known = await database.read(list_message_ids)
        missing = [letter for letter in story.letters if letter.message_id not in known]
        for wave in _cut_waves(missing, moment - TODAY):
            await postman.deliver(wave)
            await self._understood()
            await self._handle(wave, began)
        if missing:
            # Not before: nobody is told today that a letter of last week has come.
            await database.write(_promise_answers)
            if await database.read(find_habits) is None:
                await database.write(settle_in)
        log.info("the letters of the demo are here", letters=len(missing), seconds=(clock.now() - began) / clock.SECOND)
        return story

    async def _tell_present(self, postman: Postman, story: Story) -> None:
        rng = Random()  # noqa: S311 — when the next letter comes is no secret
        while True:
            await asyncio.sleep(rng.uniform(*QUIET_SECONDS))
            await postman.deliver(tell_news(rng, story, clock.now()))

    async def _understood(self) -> None:
        while await self.house.database.read(count_under_way):  # noqa: ASYNC110 — rows ring no bell of ours
            await asyncio.sleep(LOOK_SECONDS)

    async def _handle(self, wave: list[Letter], since: int) -> None:
        fates = {letter.message_id: letter.fate for letter in wave}
        arrived = await self.house.database.read(list_arrived, fates.keys())
        # The newest letter of a thread decides.
        threads = {one.thread_id: fates[one.message_id] for one in arrived}
        for thread_id, fate in threads.items():
            await self.house.database.work(handle, thread_id, fate, since)


def _cut_waves(letters: list[Letter], today: int) -> list[list[Letter]]:
    """Letters in the order of their days, in heaps that are dealt with before the next; the last heap is today's."""
    past = [letter for letter in letters if letter.at <= today]
    present = [letter for letter in letters if letter.at > today]
    waves = [past[begin : begin + WAVE] for begin in range(0, len(past), WAVE)]
    return [*waves, *([present] if present else [])]


def _promise_answers(tx: WriteTx) -> None:
    box = find_mailbox(tx, f"claims@{DOMAIN}")
    assert box is not None, "the company was founded"
    set_acknowledgements(tx, box.id, {language: load_words(language).came for language in LANGUAGES})


def _count_users(tx: ReadTx) -> int:
    return int(tx.value(select(func.count()).select_from(user)))
