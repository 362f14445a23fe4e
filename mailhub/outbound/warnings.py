"""What somebody may want to know before a letter leaves. Nothing is forbidden by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, select

from core.database import ReadTx
from crm.parties import list_addresses_of
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import pictures_of
from mailhub.letters.html.spoken import spoken
from mailhub.mailboxes.boxes import list_addresses
from mailhub.mailboxes.tables import thread, thread_participant
from mailhub.outbound.drafts import Draft, get_draft
from mailhub.outbound.recipients import parse_recipients
from mailhub.outbound.templates import text_fields

Code = Literal["attachment", "field", "outside", "first"]
# "Attached" in five languages, by what its forms have in common. Words that are also said of other things ("file",
# "файл") are left out: a warning that is wrong half the time is not read.
_ATTACHED = re.compile(
    r"\b(?:attach(?:ed|ing|ment|ments)|enclosed|enclosure"
    r"|вкладен\w*|вкладаю|додаю|доданий|додано|у додатку|в додатку|прикріпл\w*|прикріплюю"
    r"|прилага(?:ю|ем)|прилож(?:ен\w*|ил\w*)|во вложении|вложен\w*|прикрепл\w*|прикреп(?:ил|лён)\w*"
    r"|прилагам\w*|приложен\w*|прикачен\w*|прикачвам\w*|в прикачения"
    r"|đính kèm|gửi kèm|kèm theo)",
    re.IGNORECASE,
)
_BY_ADDRESS = select(thread_participant.c.address).where(thread_participant.c.address == bindparam("address")).limit(1)
_THERE = select(thread_participant.c.address).where(
    thread_participant.c.thread_id == bindparam("thread_id"), thread_participant.c.how.in_(("wrote", "written"))
)


@dataclass(frozen=True, slots=True)
class Caution:
    """Why somebody may hesitate; ``names`` are the domains or addresses it is about."""

    code: Code
    names: tuple[str, ...] = ()


def list_warnings(tx: ReadTx, viewer: Viewer, draft_id: int) -> list[Caution]:
    """What is strange about a draft: it speaks of a file and has none, it goes to a domain that has no part in its
    thread, it is the first letter to somebody, a field of a saved text was left empty. Raises NotFound, Invalid for an
    address that is none."""
    draft = get_draft(tx, viewer, draft_id)
    lines = ((draft.to, "to"), (draft.cc, "cc"), (draft.bcc, "bcc"))
    people = [one.address.lower() for line, field in lines for one in parse_recipients(line, field)]
    own = list_addresses(tx)
    ours = {one.rpartition("@")[2] for one in own}
    foreign = [one for one in dict.fromkeys(people) if one.rpartition("@")[2] not in ours]
    found = [Caution("attachment")] if _misses_a_file(draft) else []
    empty = _empty_fields(tx, draft)
    if empty:
        found.append(Caution("field", empty))
    strange = _strange_domains(tx, draft, foreign, ours)
    if strange:
        found.append(Caution("outside", strange))
    new = tuple(one for one in foreign if tx.value(_BY_ADDRESS, {"address": one}) is None)
    return [*found, Caution("first", new)] if new else found


def speaks_of_a_file(text: str) -> bool:
    """Whether the writer says that something is attached."""
    return _ATTACHED.search(text) is not None


def _misses_a_file(draft: Draft) -> bool:
    shown = pictures_of(draft.html)
    files = [one for one in draft.files if one.content_id in shown or not one.content_id.endswith("inside")]
    return not files and speaks_of_a_file(f"{draft.subject}\n{_own_words(spoken(draft.html))}")


def _empty_fields(tx: ReadTx, draft: Draft) -> tuple[str, ...]:
    """Fields of saved texts that nobody knew and nobody has filled since, as people call them."""
    text = f"{draft.subject}\n{_own_words(spoken(draft.html))}"
    return tuple(label for name, label in text_fields(tx).items() if f"[{name}]" in text or f"{{{{ {name} }}}}" in text)


def _own_words(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(">"))


def _strange_domains(tx: ReadTx, draft: Draft, people: list[str], ours: set[str]) -> tuple[str, ...]:
    if draft.thread_id is None or draft.kind == "forward":
        return ()
    row = tx.get(thread, draft.thread_id)
    known = {one.rpartition("@")[2] for one in tx.values(_THERE, {"thread_id": draft.thread_id})} | ours
    if row.counterparty_id is not None:
        known |= {one.rpartition("@")[2] for one in list_addresses_of(tx, row.counterparty_id)}
    domains = dict.fromkeys(one.rpartition("@")[2] for one in people)
    return tuple(one for one in domains if one not in known)
