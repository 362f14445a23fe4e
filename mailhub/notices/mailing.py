"""Notices by mail: whoever chose so gets a letter of the house, one for all that gathered meanwhile.

* ``write_due(tx, keys, …)`` writes to the people whose notices are due;
* ``NoticeLetters`` is the loop that does so.

What was read in the application before is not written about, nor what its reader may not see any more. Nobody is
written to at an address that delivers into this house: that letter would come back in as one more letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from core import clock
from core.database import Database, WriteTx
from core.errors import HouseError, NotFound
from core.language import Language
from core.log import get_log
from core.secrets import Keys
from crm.staff.readable import get_viewer
from mailhub.mailboxes.directory import read_directory
from mailhub.mailboxes.notices import Notice, list_people_due, take_due
from mailhub.notices.mornings import write_mornings
from mailhub.notices.words import say_notice
from mailhub.outbound.house_letters import post_house_letter

LOOK_SECONDS = 15.0
MOST_LINES = 30
log = get_log(__name__)


def write_due(tx: WriteTx, keys: Keys, speak: Callable[[str], Language], base_url: str) -> int:
    """A letter to each person whose notices are due. ``speak`` is the language of a code ('' for the company's),
    ``base_url`` what links begin with. Returns how many letters."""
    now, written = clock.now(), 0
    people = list_people_due(tx, now)
    if not people:
        return 0
    directory = read_directory(tx)
    for user_id in people:
        notices = take_due(tx, user_id, now)
        try:
            reader = get_viewer(tx, user_id)
        except NotFound:
            continue
        if not notices or directory.find(reader.email) is not None:
            continue
        language = speak(reader.language)
        subject, text = make_letter(language, now, notices, base_url)
        post_house_letter(tx, keys, reader.email, subject, text, name=reader.name)
        written += 1
    return written


def make_letter(language: Language, now: int, notices: Sequence[Notice], base_url: str) -> tuple[str, str]:
    """Subject and text: one line for each notice and where it leads, the newest first."""
    base = base_url.rstrip("/")
    lines = [f"{say_notice(language, now, one)}\n{base}{_path(one)}\n" for one in notices[:MOST_LINES]]
    more = len(notices) - MOST_LINES
    if more > 0:
        lines.append(language.ngettext("and %(count)s more", "and %(count)s more", more, count=more) + "\n")
    subject = (
        say_notice(language, now, notices[0])
        if len(notices) == 1
        else language.ngettext("%(count)s notice", "%(count)s notices", len(notices), count=len(notices))
    )
    foot = language.gettext("How you hear of things is chosen here: %(url)s", url=f"{base}/notices")
    return subject, "\n".join([*lines, foot, ""])


def _path(one: Notice) -> str:
    return f"/open/threads/{one.row.id}" if one.row is not None else f"/notices/{one.id}"


class NoticeLetters:
    """Runs until it is cancelled."""

    def __init__(self, database: Database, keys: Keys, speak: Callable[[str], Language], base_url: str) -> None:
        self._database = database
        self._how = (keys, speak, base_url)

    async def run(self) -> None:
        """Look for due notices every few seconds: nobody waits for a letter that gathers for a minute."""
        while True:
            try:
                await self._database.work(write_due, *self._how)
                while await self._database.work(write_mornings, *self._how):
                    pass
            except HouseError as problem:
                log.warning("notices wait to be written about", reason=str(problem))
            await asyncio.sleep(LOOK_SECONDS)
