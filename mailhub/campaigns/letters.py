"""The letters of mailings: each version is kept as it was written and as it was made, and never changed. What somebody
got is the version of their mailing with the values of their row, rendered again whenever somebody asks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, NotFound
from crm.parties.personal import check_personal
from crm.staff.readable import Viewer
from mailhub.campaigns.compiled import Source, Texts
from mailhub.campaigns.mailings import change, hold_draft, stale_check
from mailhub.campaigns.making import LEAVE, Format, Made
from mailhub.campaigns.pictures import note_uses
from mailhub.campaigns.tables import mailing_letter

HOLE = "{unsubscribe}"
"""Stands for the address at which a reader leaves where a letter is hashed: that address is signed, and keys change."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One language of one version; ``language`` '' is for everybody who has no other."""

    mailing_id: int
    version: int
    language: str
    format: Format
    subject: str
    source: str
    html: str
    plain: str
    links: tuple[str, ...]
    id: int = 0
    by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter as one recipient gets it. ``missing`` are fields that nobody knows."""

    subject: str
    html: str
    plain: str
    missing: tuple[str, ...]

    @property
    def size(self) -> int:
        """How large what is seen of it is, in bytes."""
        return len((self.html or self.plain).encode())


class Ready:
    """A letter that is filled again and again, through the same pieces and holes by which it is sent."""

    def __init__(self, letter: Letter, html: str | None = None) -> None:
        """``html`` stands for that of the letter where it is given."""
        self.letter = letter
        self._texts = Texts(Source(letter.subject, letter.plain, letter.html if html is None else html))

    def render(self, fields: Mapping[str, Any], leave: str) -> Rendered:
        """With the values of a recipient and the address at which they leave. Raises Invalid."""
        said = self._texts.fill({**fields, LEAVE: leave})
        return Rendered(" ".join(said.subject.split()), said.html, said.text, said.missing)

    def hash(self, fields: Mapping[str, Any]) -> bytes:
        """What proves later that this is the letter that somebody got."""
        return hash_of(self.render(fields, HOLE))


def hash_of(rendered: Rendered) -> bytes:
    """The sha256 of subject, plain text and HTML of a letter rendered with ``HOLE``."""
    return hashlib.sha256(f"{rendered.subject}\0{rendered.plain}\0{rendered.html}".encode()).digest()


def save_letter(
    tx: WriteTx,
    viewer: Viewer,
    mailing_id: int,
    form: Format,
    source: str,
    made: Made,
    *,
    seen: int,
    language: str = "",
) -> int:
    """Keep a letter as the next version of its mailing; other languages go along. ``seen`` is the version that its
    writer had before them. Returns the new one; the same letter again is no new version.

    Raises NotFound, Forbidden, Invalid, Conflict once the mailing was started and when somebody else wrote meanwhile.
    """
    check_personal({"language": language})
    row = hold_draft(tx, viewer, mailing_id)
    if row.letter_version != seen:
        now_is = row.letter_version
        raise Conflict("Somebody else has changed this letter. Look at it, then write again.", version=now_is)
    there = {one.language: one for one in list_letters(tx, mailing_id, row.letter_version)}
    now = there.get(language)
    if now is not None and (now.format, now.subject, now.source, now.html) == (form, made.subject, source, made.html):
        return int(row.letter_version)
    version, at = row.letter_version + 1, clock.now()
    for one in there.values():
        if one.language != language:
            values = {name: getattr(one, name) for name in Letter.__slots__ if name != "id"}
            values |= {"version": version, "links": list(one.links), "created_at": at}
            tx.insert(mailing_letter, **values)
    tx.insert(
        mailing_letter, mailing_id=mailing_id, version=version, language=language, format=form, subject=made.subject,
        source=source, html=made.html, plain=made.plain, links=list(made.links), by_id=viewer.user_id, created_at=at,
    )  # fmt: skip
    note_uses(tx, mailing_id, [made.html, *(one.html for one in there.values() if one.language != language)])
    change(tx, row, letter_version=version, **stale_check(row))
    return int(version)


_LETTERS = (
    select(mailing_letter)
    .where(mailing_letter.c.mailing_id == bindparam("id"), mailing_letter.c.version == bindparam("version"))
    .order_by(mailing_letter.c.language)
)


def list_letters(tx: ReadTx, mailing_id: int, version: int) -> list[Letter]:
    """The languages of a version, that for everybody else first."""
    rows = tx.rows(_LETTERS, {"id": mailing_id, "version": version})
    return [
        Letter(row.mailing_id, row.version, row.language, row.format, row.subject, row.source, row.html, row.plain,
               tuple(row.links), row.id, row.by_id)
        for row in rows
    ]  # fmt: skip


def ready_letters(tx: ReadTx, mailing_id: int, version: int) -> dict[str, Ready]:
    """The same, to be filled, by language. Raises NotFound where nothing was written yet."""
    found = {one.language: Ready(one) for one in list_letters(tx, mailing_id, version)}
    if not found:
        raise NotFound("This mailing has no letter yet. Write one.")
    return found


def choose_ready(ready: Mapping[str, Ready], language: str) -> Ready:
    """The letter for a reader of this language."""
    return ready.get(language) or ready.get("") or next(iter(ready.values()))
