"""Notices on devices whose browser is closed: a message to the service of its maker (RFC 8030), which keeps it until
the browser hears it.

What it says is what a notice by mail says, by the rights of the moment at which it leaves. An address is one that a
browser gave: it is https on the public internet or it is let go.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core import clock
from core.database import Database
from core.errors import Forbidden, HouseError, Invalid
from core.fetch import Fetcher
from core.language import Language
from core.log import get_log
from core.resources import asset
from core.rounds import Rounds
from core.secrets import Keys
from mailhub.mailboxes.devices import (
    FRESH,
    Told,
    claim_devices,
    find_next,
    record_gone,
    record_silent,
    record_told,
    take_told,
)
from mailhub.mailboxes.notices import Notice
from mailhub.notices.push_keys import get_push_key
from mailhub.notices.pushed import encrypt, prove
from mailhub.notices.words import say_notice

LOOK_SECONDS = 60.0
SECONDS = 20.0
MOST_SINGLE = 3
"""More than so many at a time are one message that says how many."""
LONGEST_TEXT = 600
MOST_ANSWERED = 64 << 10
_GONE = frozenset({404, 410})
log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what the device shows, where it leads, and under which name a newer one takes its place."""

    text: str
    path: str
    tag: str
    seconds: int

    def as_bytes(self) -> bytes:
        """As the service worker reads it."""
        said = {"title": "mailhub", "body": self.text, "url": self.path, "tag": self.tag, "icon": asset("icon.png")}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def make_messages(language: Language, now: int, notices: Sequence[Notice]) -> list[Message]:
    """What a device is told, the oldest first: each notice by itself, or how many there are."""
    if len(notices) > MOST_SINGLE:
        text = language.ngettext("%(count)s notice", "%(count)s notices", len(notices), count=len(notices))
        return [Message(text, "/notices", "notices", _seconds(now, notices[0]))]
    return [
        Message(
            say_notice(language, now, one)[:LONGEST_TEXT], f"/notices/{one.id}", f"notice-{one.id}", _seconds(now, one)
        )
        for one in reversed(notices)
    ]


def _seconds(now: int, notice: Notice) -> int:
    """How long a message is news."""
    return max(notice.at + FRESH - now, 0) // clock.SECOND


class Pushing(Rounds):
    """The loop. ``contact`` is where the services find us: a web or a mail address."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        fetcher: Fetcher,
        speak: Callable[[str], Language],
        contact: str,
        may_go: Callable[[], bool],
    ) -> None:
        super().__init__("notices on devices", LOOK_SECONDS)
        self._database = database
        self._keys = keys
        self._fetcher = fetcher
        self._speak = speak
        self._contact = contact
        self._may_go = may_go

    async def look(self) -> float | None:
        """Tell every device that has something to be told. Raises HouseError."""
        while self._may_go() and (claimed := await self._database.work(claim_devices)):
            await asyncio.gather(*(self._tell(one) for one in claimed))
        due = await self._database.read(find_next)
        return None if due is None else min(max((due - clock.now()) / clock.SECOND, 1.0), LOOK_SECONDS)

    async def _tell(self, device_id: int) -> None:
        told = await self._database.read(take_told, device_id)
        if told is None:
            await self._database.work(record_gone, device_id)
            return
        for message in make_messages(self._speak(told.language), clock.now(), told.notices):
            if not await self._send(told, message):
                return
        await self._database.work(record_told, device_id, told.ids)

    async def _send(self, told: Told, message: Message) -> bool:
        """True when the service took it, or never will: then the device is told of the next."""
        key = await self._database.read(get_push_key, self._keys)
        try:
            headers = {
                "Authorization": prove(key, told.address, self._contact),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(message.seconds),
                "Topic": message.tag,
            }
            body = encrypt(message.as_bytes(), told.public, told.secret)
            answer = await self._fetcher.post_bytes(
                told.address, body, headers, max_size=MOST_ANSWERED, deadline=SECONDS
            )
        except (Forbidden, Invalid) as problem:
            log.warning("a device gave an address that nothing is sent to", reason=str(problem))
            await self._database.work(record_gone, told.device_id)
            return False
        except HouseError as problem:
            log.info("a device cannot be told now", reason=str(problem))
            await self._database.work(record_silent, told.device_id, None)
            return False
        if 200 <= answer.status < 300:
            return True
        if answer.status in _GONE:  # RFC 8030 7.3
            await self._database.work(record_gone, told.device_id)
            return False
        log.warning("the service of a browser did not take a message", status=answer.status)
        if answer.status in {400, 413}:  # this message, not the device
            return True
        await self._database.work(record_silent, told.device_id, answer.again)
        return False
