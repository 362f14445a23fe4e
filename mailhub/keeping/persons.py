"""Does what was asked about people: an export is written to a file, an erasure goes through all letters.

Both go on after a kill: an erasure from its cursor, an export from its beginning.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from core import clock
from core.blobs import BlobFiles, read_blob
from core.database import Database, ReadTx, WriteTx
from core.errors import HouseError, Unavailable
from core.fulltext import fold
from core.log import get_log
from core.secrets import Keys
from crm.documents.tables import document
from crm.interactions import interaction
from crm.marketing.tables import marketing_event
from crm.parties import find_contact, list_consents
from crm.staff.readable import Viewer, get_viewer
from crm.transfer.forgetting import forget_cells
from mailhub.automatic.forgetting import tell_letters
from mailhub.campaigns.forgetting import tell_mailings
from mailhub.inviting.forgetting import tell_guest, tell_requests
from mailhub.keeping.erasing import CHUNK, erase_arrivals, erase_range, erase_rest, is_about, list_range
from mailhub.keeping.names import is_any_of, spellings
from mailhub.keeping.purging import note_gone
from mailhub.keeping.requests import KEPT
from mailhub.keeping.striking import names_them
from mailhub.keeping.tables import person_request
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound.suppression import find_reasons
from mailhub.outbound.tables import delivery

_PURPOSE = "erased person"
SHORTEST_PHONE = 9  # digits of a telephone as tables write it, with or without the country
REST_SECONDS = 0.02
PLACE_BITS = 56
_WAITS = ("waiting", "running")
# What an erasure found, and what became of it. Letters of others, ``struck`` or ``named``, stay as they came.
_COUNTED = (("letters", "gone"), ("struck", "struck"), ("named", "named"))
log = get_log(__name__)


class Persons:
    """One for a process; ``turn`` does all that waits."""

    def __init__(self, database: Database, files: BlobFiles, keys: Keys, folder: Path) -> None:
        self._database = database
        self._files = files
        self._keys = keys
        self._folder = folder

    async def turn(self) -> None:
        """What waits, one after the other; and away with the files whose time is over."""
        for row in await self._database.read(_list_waiting):
            try:
                await (self._export(row) if row.kind == "export" else self._erase(row))
            except Unavailable as problem:
                log.warning("what was asked about a person waits", request=row.id, reason=str(problem))
            except (HouseError, OSError) as problem:
                log.warning("what was asked about a person failed", request=row.id, reason=str(problem))
                await self._database.work(_fail, row.id, str(problem))
        for name in await self._database.work(_take_expired):
            (self._folder / name).unlink(missing_ok=True)

    async def _erase(self, row: Any) -> None:
        more = True
        while more:
            more = await self._database.work(_erase_next, row.id)
            await asyncio.sleep(REST_SECONDS)
        hashes = [digest.hex() for name in row.names for digest in self._keys.digests(_PURPOSE, name.encode())][:20]
        await self._database.work(_finish_erasure, row.id, hashes)

    async def _export(self, row: Any) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"person-{row.id}-{secrets.token_hex(8)}.zip"
        part = self._folder / f"{name}.part"
        viewer = await self._database.read(get_viewer, row.user_id)
        found = {"letters": 0, "elsewhere": 0}
        for old in self._folder.glob(f"person-{row.id}-*"):  # of a try that ended with its process
            old.unlink(missing_ok=True)
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                index, after, done = [], 0, 0
                while True:
                    letters, seen = await self._database.search(_read_range, viewer, after)
                    for one in (one for one in letters if is_about(one, row.names)):
                        if one.thread_id not in seen:
                            found["elsewhere"] += 1
                            continue
                        raw = await asyncio.to_thread(read_blob, self._database, self._files, one.blob_id)
                        await asyncio.to_thread(archive.writestr, f"letters/{one.id}.eml", raw)
                        index.append(_show(one))
                        found["letters"] += 1
                    if not letters:
                        break
                    after, done = int(letters[-1].id), done + len(letters)
                    await self._database.work(_get_on, row.id, done)
                about = await self._database.read(_read_person, viewer, row.contact_id, row.names, self._keys)
                about |= {"letters": index, "letters_in_personal_mailboxes_of_others": found["elsewhere"]}
                found |= {"sends": len(about["sends"]), "history": len(about["history"])}
                archive.writestr("person.json", json.dumps(about, ensure_ascii=False, indent=1))
            part.chmod(0o600)
            part.rename(self._folder / name)
        finally:
            part.unlink(missing_ok=True)
        if not await self._database.work(_finish_export, row.id, name, found):
            (self._folder / name).unlink(missing_ok=True)


def _list_waiting(tx: ReadTx) -> list[Any]:
    waits = person_request.c.state.in_(_WAITS)
    return list(tx.rows(select(person_request).where(waits).order_by(person_request.c.id)))


def _read_range(tx: ReadTx, viewer: Viewer, after: int) -> tuple[list[Any], set[int]]:
    """The next letters, and which of their threads whoever asked may read."""
    rows = list(list_range(tx, after))
    ids = {row.thread_id for row in rows}
    seen = select(thread.c.id).where(thread.c.id.in_(ids), thread.c.scope_id.in_(sorted(viewer.full)))
    return rows, {int(one) for one in tx.values(seen)}


def _read_person(tx: ReadTx, viewer: Viewer, contact_id: int | None, names: list[str], keys: Keys) -> dict[str, Any]:
    """Everything but the letters."""
    person = find_contact(tx, contact_id)
    scopes = sorted(viewer.full)
    sends = tx.rows(
        select(delivery).where(func.lower(delivery.c.recipient).in_(spellings(names)), delivery.c.scope_id.in_(scopes))
    )
    lines = tx.rows(
        select(interaction).where(interaction.c.contact_id == (contact_id or 0), interaction.c.scope_id.in_(scopes))
    )
    return {
        "asked_at": clock.iso(clock.now()),
        "addresses": names,
        "contact": None if person is None else {
            "name": person.name, "position": person.position, "language": person.language,
            "emails": list(person.emails), "clients": list(person.counterparty_ids),
            "phones": [one.number for one in person.phones], "birthday": person.birthday, "about": person.about,
            "time_zone": person.time_zone, "own_fields": dict(person.attributes),
            "consents": [
                {"given": one.given, "source": one.source, "at": clock.iso(one.at)}
                for one in list_consents(tx, person.id)
            ],
        },
        "not_written_to_because": {name: list(find_reasons(tx, keys, name)) for name in names},
        "sends": [
            {"recipient": one.recipient, "state": one.state, "at": clock.iso(one.changed_at)}
            for one in sends
        ],
        "mailings": tell_mailings(tx, contact_id, spellings(names), scopes),
        "automatic_letters": tell_letters(tx, contact_id, spellings(names), scopes),
        "invitations": tell_guest(tx, contact_id, spellings(names), scopes),
        "invited_us": tell_requests(tx, spellings(names), scopes),
        "documents": [
            {"kind": one.kind, "number": one.number, "date": one.date}
            for one in tx.rows(select(document).where(document.c.contact_id == (contact_id or 0)))
        ],
        "marketing": [
            {"event": one.name, "way": one.touch, "at": clock.iso(one.happened_at), "note": one.body}
            for one in tx.rows(
                select(interaction.c.touch, interaction.c.happened_at, interaction.c.body, marketing_event.c.name)
                .join(marketing_event, marketing_event.c.id == interaction.c.marketing_event_id)
                .where(interaction.c.contact_id == (contact_id or 0))
            )
        ],
        "history": [
            {"kind": one.kind, "at": clock.iso(one.happened_at), "direction": one.direction, "subject": one.subject}
            for one in lines
        ],
    }  # fmt: skip


def _show(row: Any) -> dict[str, Any]:
    return {
        "file": f"letters/{row.id}.eml",
        "direction": row.direction,
        **{name: row.parsed[name] for name in ("from", "to", "cc")},
    }


def _erase_next(tx: WriteTx, request_id: int) -> bool:
    """The next range; the cursor, phase and place, moves in the same unit. True while there is more."""
    row = _hold_running(tx, request_id)
    if row is None or row.cursor >> PLACE_BITS > 3:
        return False
    phase, after = row.cursor >> PLACE_BITS, row.cursor & ((1 << PLACE_BITS) - 1)
    if phase == 3:
        behind, done = forget_cells(tx, _in_a_cell(tx, row), after), Counter[str]()
    elif phase == 1:
        behind, done = erase_range(tx, after, row.names)
    else:
        behind, done = erase_arrivals(tx, after, row.names, letters=phase == 2)
    cursor = phase << PLACE_BITS | behind if behind else (phase + 1) << PLACE_BITS
    found = {name: row.found.get(name, 0) + done[kind] for name, kind in _COUNTED}
    total = int(tx.value(select(func.count()).select_from(message)) or 0) if not row.total else row.total
    seen = min(row.done + CHUNK, total) if phase == 1 else row.done
    tx.change(person_request, request_id, state="running", found=found, cursor=cursor, done=seen, total=total)
    return True


def _in_a_cell(tx: ReadTx, row: Any) -> Callable[[str], bool]:
    """Whether a cell of a table says the person: one of their addresses, their name, or a telephone of theirs."""
    person = find_contact(tx, row.contact_id)
    said = {fold(person.name)} if person is not None and person.name.strip() else set()
    numbers = {one.number.lstrip("+") for one in person.phones} if person is not None else set()

    def is_theirs(cell: str) -> bool:
        digits = "".join(one for one in cell if one.isdigit())
        same = fold(" ".join(cell.split())) in said or names_them(cell, row.names)
        return same or any(len(digits) >= SHORTEST_PHONE and one.endswith(digits.lstrip("0")) for one in numbers)

    return is_theirs


def _finish_erasure(tx: WriteTx, request_id: int, hashes: list[str]) -> None:
    row = _hold_running(tx, request_id)
    if row is None:
        return
    erase_rest(tx, row.contact_id, row.names)
    for other in tx.rows(select(person_request.c.id, person_request.c.names, person_request.c.state)):
        if is_any_of(other.names, row.names) and (other.id == request_id or other.state not in _WAITS):
            tx.change(person_request, other.id, about="", contact_id=None, names=hashes)
    tx.change(person_request, request_id, state="done", finished_at=clock.now(), done=row.total)
    note_gone(tx, "persons")


def _hold_running(tx: WriteTx, request_id: int) -> Any | None:
    """The request, held; None when somebody else has finished it."""
    tx.lock(person_request, request_id)
    row = tx.get(person_request, request_id)
    return row if row.state in _WAITS else None


def _get_on(tx: WriteTx, request_id: int, done: int) -> None:
    row = _hold_running(tx, request_id)
    if row is None:
        return
    total = row.total or int(tx.value(select(func.count()).select_from(message)) or 0)
    tx.change(person_request, request_id, state="running", done=done, total=total)


def _finish_export(tx: WriteTx, request_id: int, name: str, found: dict[str, int]) -> bool:
    """False when somebody else has written it."""
    if _hold_running(tx, request_id) is None:
        return False
    tx.change(person_request, request_id, state="done", file=name, found=found, finished_at=clock.now())
    return True


def _fail(tx: WriteTx, request_id: int, reason: str) -> None:
    if _hold_running(tx, request_id) is not None:
        tx.change(person_request, request_id, state="failed", error=reason[:500], finished_at=clock.now())


def _take_expired(tx: WriteTx) -> list[str]:
    """The files whose time is over; nobody can fetch them any more."""
    over = person_request.c.file.is_not(None) & (person_request.c.finished_at < clock.now() - KEPT)
    names = [str(one) for one in tx.values(select(person_request.c.file).where(over))]
    if names:
        tx.execute(update(person_request).where(over).values(file=None))
    return names
