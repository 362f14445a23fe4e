"""The letters of mailings for the fast way: compiled when the first row of a mailing is claimed, filled for each row,
their digests signed beside by the keys in use of their domain."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime

from core import clock
from core.blobs import BlobFiles
from core.database import Database
from core.errors import HouseError, Unavailable
from mailhub.campaigns.compiled import (
    CompiledLetter,
    FilledLetter,
    Frame,
    Personal,
    Source,
    UnfilledError,
    compile_letter,
)
from mailhub.campaigns.compiled.digests import Digester, signature_field
from mailhub.campaigns.composing import leave_address
from mailhub.campaigns.links import LINK, PICTURE, track
from mailhub.campaigns.making import LEAVE
from mailhub.campaigns.pictures import read_inside, turn_inside
from mailhub.campaigns.pipeline import Parcel
from mailhub.campaigns.signers.office import SignerOffice
from mailhub.campaigns.visits import shared_addresses, visit_addresses
from mailhub.campaigns.windows.reading import MailingText, read_mailing_text
from mailhub.campaigns.windows.rows import Claimed
from mailhub.letters.values import Address
from mailhub.outbound.dkim import Signer
from mailhub.outbound.headers import wire_address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.signing import Signing

MOST_MAILINGS = 20
MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One mailing: its letters by language, and their digesters, one for each key of its domain."""

    text: MailingText
    account: str
    domain: str
    letters: dict[str, CompiledLetter]
    keys: tuple[Signer, ...]
    digesters: dict[str, tuple[Digester, ...]]


class Letters:
    """Makes parcels of claimed rows. ``stop`` ends its signers."""

    def __init__(
        self, database: Database, stamp: Stamp, signing: Signing | None, base_url: str, files: BlobFiles
    ) -> None:
        """``base_url`` is where readers reach this house, ``files`` hold the pictures of letters."""
        self._database = database
        self._stamp = stamp
        self._signing = signing
        self._base_url = base_url.rstrip("/")
        self._files = files
        self._compiled: OrderedDict[int, _Compiled] = OrderedDict()
        self._offices: dict[tuple[Signer, ...], SignerOffice] = {}
        self._forgotten = 0

    def forget(self) -> None:
        """Keys have changed, or a mailing has."""
        self._compiled.clear()
        self._forgotten += 1

    async def make(self, rows: Sequence[Claimed]) -> tuple[list[tuple[Claimed, Parcel]], list[tuple[Claimed, str]]]:
        """The parcels of a few rows, and the rows whose letter cannot be filled with the reason. Raises Unavailable
        when none can be made now: keys that do not open, signers that are gone."""
        made: list[tuple[Claimed, Parcel]] = []
        held: list[tuple[Claimed, str]] = []
        by_mailing: dict[int, list[Claimed]] = {}
        for row in rows:
            by_mailing.setdefault(row.mailing_id, []).append(row)
        for mailing_id, some in by_mailing.items():
            try:
                compiled = await self._find(mailing_id)
            except Unavailable:
                raise
            except HouseError as problem:  # the mailing is gone, or its template cannot be used
                held += [(row, str(problem)) for row in some]
                continue
            filled, unfilled = self._fill(compiled, some)
            held += unfilled
            if compiled.keys:
                await self._sign(compiled, filled)
            made += [(row, _parcel(row, letter, path)) for row, letter, path in filled]
        return made, held

    async def stop(self) -> None:
        """End the signers."""
        offices, self._offices = list(self._offices.values()), {}
        await asyncio.gather(*(office.stop() for office in offices))

    def _fill(
        self, compiled: _Compiled, rows: Sequence[Claimed]
    ) -> tuple[list[tuple[Claimed, FilledLetter, str]], list[tuple[Claimed, str]]]:
        stamp, box = self._stamp, compiled.text.box
        date = format_datetime(clock.to_datetime(clock.now()).replace(microsecond=0))
        filled: list[tuple[Claimed, FilledLetter, str]] = []
        held: list[tuple[Claimed, str]] = []
        for row in rows:
            leave = leave_address(stamp.keys, self._base_url, row)
            personal = Personal(
                Address(row.name, row.address), stamp.recipient_id(row.id, compiled.domain, row.epoch), date, (leave,)
            )
            values = {**row.fields, "mailbox": box, LEAVE: leave}
            if compiled.text.tracking == "persons":
                values[LINK], values[PICTURE] = visit_addresses(stamp.keys, self._base_url, row.id, row.epoch)
            letter = compiled.letters.get(row.language) or compiled.letters[compiled.text.usual]
            try:
                filled.append(
                    (row, letter.fill(values, personal), stamp.recipient_path(row.id, compiled.account, row.epoch))
                )
            except (UnfilledError, HouseError) as problem:
                held.append((row, str(problem)))
        return filled, held

    async def _sign(self, compiled: _Compiled, filled: list[tuple[Claimed, FilledLetter, str]]) -> None:
        office = await self._office(compiled.keys)
        seconds = clock.now() // clock.SECOND
        for place in range(len(compiled.keys)):
            digested = [
                compiled.digesters[self._language(compiled, row)][place].digest(letter, seconds)
                for row, letter, _ in filled
            ]
            signatures = await office.sign(place, [digest for digest, _ in digested])
            for (_, letter, _), (_, written), signature in zip(filled, digested, signatures, strict=True):
                letter.signatures.append(signature_field(written, signature))

    def _language(self, compiled: _Compiled, row: Claimed) -> str:
        return row.language if row.language in compiled.letters else compiled.text.usual

    async def _find(self, mailing_id: int) -> _Compiled:
        found = self._compiled.get(mailing_id)
        if found is None:
            forgotten = self._forgotten
            text = await self._database.read(read_mailing_text, mailing_id)
            account = wire_address(text.sender.address)
            domain = account.rpartition("@")[2]
            keys = tuple(await self._signing.find(domain)) if self._signing is not None else ()
            found = await asyncio.to_thread(self._compile, text, account, domain, keys)
            if forgotten == self._forgotten:  # else it was read before what made us forget
                self._compiled[mailing_id] = found
            while len(self._compiled) > MOST_MAILINGS:
                self._compiled.popitem(last=False)
        return found

    def _lead(self, text: MailingText) -> dict[str, str]:
        """The HTML of each language with its links led through this house, where openings and clicks are kept."""
        if text.tracking == "off":
            return {language: one.html for language, one in text.letters.items()}
        led = {}
        for language, one in text.letters.items():
            shared = ("", "")
            if text.tracking == "totals":
                shared = shared_addresses(self._stamp.keys, self._base_url, one.id, self._stamp.epoch)
            led[language] = track(one.html, one.links, *shared)
        return led

    def _compile(self, text: MailingText, account: str, domain: str, keys: tuple[Signer, ...]) -> _Compiled:
        frame = Frame(text.sender, f"m{text.mailing_id}", list_id=f"mailing-{text.mailbox_id}.{domain}",
                      feedback_id=f"{text.mailing_id}:{text.mailbox_id}:mailing:mailhub")  # fmt: skip
        led, letters = self._lead(text), dict[str, CompiledLetter]()
        for language, one in text.letters.items():
            html, names = turn_inside(led[language]) if text.inside else (led[language], [])
            files = read_inside(self._database, self._files, names)
            letters[language] = compile_letter(Source(one.subject, one.plain, html), replace(frame, files=files))
        digesters = {
            language: tuple(Digester(letter.head, key.domain, key.selector, key.algorithm) for key in keys)
            for language, letter in letters.items()
        }
        return _Compiled(text, account, domain, letters, keys, digesters)

    async def _office(self, keys: tuple[Signer, ...]) -> SignerOffice:
        office = self._offices.get(keys)
        if office is None:
            processes = max(1, min(MOST_PROCESSES, (os.cpu_count() or 2) - 1))
            office = self._offices[keys] = SignerOffice(keys, processes)
            await office.start()
        return office


def _parcel(row: Claimed, letter: FilledLetter, path: str) -> Parcel:
    return Parcel(row.id, path, row.address, letter.raw())
