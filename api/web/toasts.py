"""What was just done, with what takes it back."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.place import Place
from api.web.shapes import Speaker
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.outbound.ledger import list_of_messages


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes it back."""

    url: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Composed:
    """What has become of what somebody wrote in a thread: ``sent``, or taken ``back`` with its text and draft."""

    state: str
    thread_id: int
    text: str = ""
    draft_id: int = 0


@dataclass(frozen=True, slots=True)
class Toast:
    """What was just done."""

    text: str
    undo: Undo | None = None
    stays: bool = False
    composer: Composed | None = None
    seconds: int = 0
    """How long it can be taken back, where that is known."""


def find_leaving(tx: ReadTx, _viewer: Viewer, thread_id: int, message_id: int) -> bool:
    """Whether this is a letter of this thread, which the viewer has opened, and can still be taken back."""
    rows = list_of_messages(tx, [message_id]).get(message_id, [])
    return bool(rows) and all(row.thread_id == thread_id and row.state == "queued" for row in rows)


def make_leaving(speaker: Speaker, place: Place, thread_id: int, message_id: int, subject: str, seconds: int) -> Toast:
    """A new letter that waits for second thoughts."""
    text = speaker.say("It leaves in a moment: %(subject)s", subject=subject or speaker.say("no subject"))
    return Toast(text, Undo(place.act(thread_id, "take-back"), {"message_id": str(message_id)}), seconds=seconds)
