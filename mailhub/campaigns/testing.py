"""A letter of a mailing to colleagues, before anybody else gets it: as one of its readers would, marked, never counted,
and who clicks on *unsubscribe* in it leaves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from core.database import WriteTx
from core.errors import Invalid, NotFound
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.people import list_users
from crm.staff.readable import Viewer
from mailhub.campaigns.composing import Text, read_text
from mailhub.campaigns.letters import Ready, choose_ready
from mailhub.campaigns.mailings import get_mailing, note_event
from mailhub.campaigns.pictures import LARGEST_INSIDE, find_named, turn_inside
from mailhub.letters.values import Address
from mailhub.outbound.house_letters import post_house_letter
from mailhub.outbound.tables import recipient

MOST_TESTS = 20
NOT_LEAVING = "test"
"""What stands in place of the token by which a reader leaves."""
_ROW = select(recipient).where(recipient.c.id == bindparam("id"), recipient.c.mailing_id == bindparam("mailing_id"))


@dataclass(frozen=True, slots=True)
class Trial:
    """To whom a test goes (nobody: to whoever asks), as whose letter (None: their own name, and whatever nobody knows
    stands there in brackets), in which language then; ``mark`` stands before its subject."""

    user_ids: Sequence[int] = ()
    recipient_id: int | None = None
    language: str = ""
    mark: str = "[Test]"


@dataclass(frozen=True, slots=True)
class _Nobody:
    fields: dict[str, Any]
    language: str


def send_test(tx: WriteTx, viewer: Viewer, keys: Keys, base_url: str, mailing_id: int, test: Trial) -> int:
    """Let it leave, as a letter of the house from the sender of the mailing. Returns to how many. Raises NotFound,
    Invalid for somebody who is not of the staff, for too many, for pictures inside the letter that are too large."""
    one = get_mailing(tx, viewer, mailing_id)
    wanted = dict.fromkeys(test.user_ids or [viewer.user_id])
    staff = {user.id: user for user in list_users(tx) if not user.disabled}
    if len(wanted) > MOST_TESTS:
        raise Invalid("A test goes to %(most)s colleagues at most.", most=MOST_TESTS, field="user_ids")
    if wanted.keys() - staff.keys():
        raise Invalid("A test goes to colleagues alone.", field="user_ids")
    text = read_text(tx, mailing_id)
    pictures: list[str] = []
    if test.recipient_id is None:
        to: Any = _Nobody({"contact": {"name": viewer.name, "email": viewer.email}}, test.language)
    else:
        to = tx.row(_ROW, {"id": test.recipient_id, "mailing_id": mailing_id})
        if to is None:
            raise NotFound("There is no recipient with the number %(id)s.", id=test.recipient_id)
    if text.row.pictures == "inside":
        text, pictures = _turned(tx, text, to.language)
    said = text.render(to, f"{base_url.rstrip('/')}/u/{NOT_LEAVING}")
    subject, sender = f"{test.mark} {said.subject}", Address(one.sender_name, one.sender)
    for user_id in wanted:
        reader = staff[user_id]
        post_house_letter(
            tx, keys, reader.email, subject, said.plain, name=reader.name, html=said.html, sender=sender,
            pictures=pictures,
        )  # fmt: skip
    record_audit(tx, viewer.user_id, "mailing-tested", str(mailing_id), colleagues=len(wanted))
    note_event(tx, mailing_id, "A test went to %(count)s colleagues.", viewer.user_id, count=len(wanted))
    return len(wanted)


def _turned(tx: WriteTx, text: Text, language: str) -> tuple[Text, list[str]]:
    """What a mailing says in a language with its pictures named as parts of the letter, and their names."""
    ready = choose_ready(text.ready, language)
    if sum(one.size for one in find_named(tx, ready.letter.html)) > LARGEST_INSIDE:
        raise Invalid(
            "The pictures that go along inside the letter have more than 256 kB in all. Make them smaller, or let them "
            "lie on the server.",
            field="pictures",
        )
    html, names = turn_inside(ready.letter.html)
    return Text(text.row, {"": Ready(ready.letter, html)}), names
