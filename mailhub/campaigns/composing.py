"""The letter of a recipient: the frozen text of its mailing with the values of its row, as bytes for the sender, and
as somebody of the staff wants to see it again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select

from core import clock
from core.blobs import BlobFiles
from core.database import Database, ReadTx
from core.errors import NotFound
from core.secrets import Keys
from mailhub.campaigns.checking import fields_of_box
from mailhub.campaigns.leaving import leave_token
from mailhub.campaigns.letters import Ready, Rendered, choose_ready, ready_letters
from mailhub.campaigns.links import LINK, PICTURE, track
from mailhub.campaigns.pictures import read_inside, turn_inside
from mailhub.campaigns.tables import mailing
from mailhub.campaigns.visits import shared_addresses, visit_addresses
from mailhub.letters.values import Address
from mailhub.outbound.compose import Fields, compose
from mailhub.outbound.handing import Claimed
from mailhub.outbound.headers import wire_address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.parts import File
from mailhub.outbound.tables import recipient

MOST_KEPT = 20
_ROW = select(recipient).where(recipient.c.id == bindparam("id"))
_MAILING = select(mailing).where(mailing.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Text:
    """What a mailing says, ready to be filled; ``row`` is the mailing."""

    row: Row[Any]
    ready: dict[str, Ready]

    def render(self, to: Any, leave: str, more: Mapping[str, str] | None = None) -> Rendered:
        """The letter of a row of the list, with the address at which it is left and ``more`` that is its own. Raises
        Invalid."""
        given = {**to.fields, "mailbox": fields_of_box(self.row), **(more or {})}
        return choose_ready(self.ready, to.language).render(given, leave)


def read_text(tx: ReadTx, mailing_id: int) -> Text:
    """Raises NotFound for a mailing that is gone or says nothing."""
    row = tx.row(_MAILING, {"id": mailing_id})
    if row is None:
        raise NotFound("There is no mailing with the number %(id)s.", id=mailing_id)
    return Text(row, ready_letters(tx, mailing_id, row.letter_version))


class Writing:
    """Writes the letters of mailings for the sender; texts of mailings under way stay in memory."""

    def __init__(self, database: Database, stamp: Stamp, base_url: str, files: BlobFiles) -> None:
        """``base_url`` is where readers reach this house, ``files`` hold the pictures of letters."""
        self._database = database
        self._files = files
        self._pictures: OrderedDict[int, tuple[File, ...]] = OrderedDict()
        self._stamp = stamp
        self._base_url = base_url.rstrip("/")
        self._texts: OrderedDict[tuple[int, int], Text] = OrderedDict()

    async def write(self, one: Claimed) -> tuple[str, bytes]:
        """The return path and the bytes of a letter. Raises NotFound, Invalid."""
        to, text = await self._database.read(self._look, one)
        pictures = await self._read_pictures(to, text) if text.row.pictures == "inside" else ()
        return self._compose(to, text, pictures)  # in the one thread of the loop: a text is filled by one at a time

    def _look(self, tx: ReadTx, one: Claimed) -> tuple[Any, Text]:
        to = tx.row(_ROW, {"id": one.id})
        if to is None:
            raise NotFound("There is no recipient with the number %(id)s.", id=one.id)
        row = tx.row(_MAILING, {"id": to.mailing_id})
        if row is None:
            raise NotFound("There is no mailing with the number %(id)s.", id=to.mailing_id)
        key = (row.id, row.letter_version)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = self._led(read_text(tx, row.id))
            while len(self._texts) > MOST_KEPT:
                self._texts.popitem(last=False)
        return to, text

    def _led(self, text: Text) -> Text:
        """The same with its links led through this house, where openings and clicks are kept, and with its pictures
        named as parts of the letter where they go along."""
        if text.row.tracking == "off" and text.row.pictures != "inside":
            return text
        ready = {}
        for language, one in text.ready.items():
            html, shared = one.letter.html, ("", "")
            if text.row.tracking == "totals":
                shared = shared_addresses(self._stamp.keys, self._base_url, one.letter.id, self._stamp.epoch)
            if text.row.tracking != "off":
                html = track(html, one.letter.links, *shared)
            ready[language] = Ready(one.letter, turn_inside(html)[0] if text.row.pictures == "inside" else html)
        return Text(text.row, ready)

    async def _read_pictures(self, to: Any, text: Text) -> tuple[File, ...]:
        letter = choose_ready(text.ready, to.language).letter
        found = self._pictures.get(letter.id)
        if found is None:
            names = turn_inside(letter.html)[1]
            found = await asyncio.to_thread(read_inside, self._database, self._files, names)
            self._pictures[letter.id] = found
            while len(self._pictures) > MOST_KEPT:
                self._pictures.popitem(last=False)
        return found

    def _compose(self, to: Any, text: Text, pictures: tuple[File, ...]) -> tuple[str, bytes]:
        stamp, row = self._stamp, text.row
        leave = leave_address(stamp.keys, self._base_url, to)
        more = {}
        if row.tracking == "persons":
            more[LINK], more[PICTURE] = visit_addresses(stamp.keys, self._base_url, to.id, to.epoch)
        rendered = text.render(to, leave, more)
        account = wire_address(row.sender)
        domain = account.rpartition("@")[2]
        raw = compose(
            Fields(
                message_id=stamp.recipient_id(to.id, domain, to.epoch),
                date=clock.now(),
                from_=Address(row.sender_name, row.sender),
                to=(Address(to.name, to.address),),
                subject=rendered.subject,
                text=rendered.plain,
                html=rendered.html,
                leave=leave,
                files=pictures,
                list_id=f"mailing-{row.mailbox_id}.{domain}",
                feedback_id=f"{row.id}:{row.mailbox_id}:mailing:mailhub",
            )
        )
        return stamp.recipient_path(to.id, account, to.epoch), raw


def compose_sample(one: Ready, box: Mapping[str, str], to: Any) -> bytes:
    """The letter of a row of the list for somebody who weighs it: as it would leave, with no way to leave and no token
    of ours in it. Raises Invalid."""
    domain = wire_address(box["address"]).rpartition("@")[2]
    leave = f"https://{domain}/u/sample"
    rendered = one.render({**to.fields, "mailbox": box}, leave)
    return compose(
        Fields(
            message_id=f"sample@{domain}", date=clock.now(), from_=Address(box["name"], box["address"]),
            to=(Address("", to.canonical),), subject=rendered.subject, text=rendered.plain, html=rendered.html,
            leave=leave, list_id=f"sample.{domain}",
        )
    )  # fmt: skip


def leave_address(keys: Keys, base_url: str, to: Any) -> str:
    """The address at which the reader of a row leaves."""
    return f"{base_url}/u/{leave_token(keys, to.id, to.epoch)}"
