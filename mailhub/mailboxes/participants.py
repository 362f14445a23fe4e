"""Who has a say in a thread, and who is answered there.

Two questions that must not be mixed up. A *say* lets a letter join by reference: whoever wrote there, whom we wrote to,
whom the client's own proved letter named, a neighbour of theirs with a proved address, the mailing list it runs on.
To *receive* what we write next takes more: the To and Cc of a letter from outside never become recipients of ours by
themselves (they are offered), so nobody can write themselves into a conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Text, bindparam, delete, literal_column, select

from core.database import ReadTx, WriteTx
from crm.parties.matching import FREE_MAIL
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.tables import thread_participant

How = Literal["wrote", "written", "named", "list"]
MOST_NAMED = 100
_STRENGTH: dict[str, int] = {"written": 3, "wrote": 2, "named": 1, "list": 1}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as far as it is certain: the strict single address (or None) and whose it is.

    ``proved``: a domain that fits the address was proved to stand behind the letter. A letter whose sender is denied by
    its domain has no address here: it joins nothing and gives nobody a say.
    """

    address: str | None
    counterparty_id: int | None
    contact_id: int | None
    proved: bool = False


def is_proved(verdicts: Verdicts | None) -> bool:
    """Whether a domain that fits From stands behind a letter."""
    return verdicts is not None and not verdicts.denied and (verdicts.dmarc == "pass" or bool(verdicts.domain))


def pattern(name: str) -> ColumnElement[str]:
    """A pattern for LIKE that comes with the question. SQLite works a statement out anew for every value of a bare
    parameter there, which costs ten times what the question does."""
    return literal_column("''", Text).concat(bindparam(name))


_OF_THREAD = thread_participant.c.thread_id == bindparam("thread_id")
_ALL = select(thread_participant).where(_OF_THREAD)
_ONE = select(thread_participant.c.how, thread_participant.c.sure).where(
    _OF_THREAD, thread_participant.c.address == bindparam("address")
)
_NEIGHBOURS = select(thread_participant.c.address).where(
    _OF_THREAD,
    thread_participant.c.how.in_(("wrote", "written")),
    thread_participant.c.address.like(pattern("neighbours"), escape="\\"),
).limit(1)  # fmt: skip


def has_say(
    tx: ReadTx, thread_id: int, counterparty_id: int | None, sender: Sender, list_id: str | None = None
) -> bool:
    """Whether a letter of this sender, or of this mailing list, may join a thread of that client by reference."""
    if sender.address is None:
        return False
    if counterparty_id is not None and counterparty_id == sender.counterparty_id:
        return True
    address = sender.address.lower()
    if tx.row(_ONE, {"thread_id": thread_id, "address": address}) is not None:
        return True
    if list_id and tx.row(_ONE, {"thread_id": thread_id, "address": list_name(list_id)}) is not None:
        return True
    asked = {"thread_id": thread_id, "neighbours": neighbours(address)}
    return sender.proved and tx.value(_NEIGHBOURS, asked) is not None


def add_participants(
    tx: WriteTx, thread_id: int, addresses: Iterable[str], how: How, *, sure: bool, fresh: bool = False
) -> bool:
    """Give these addresses a say in the thread. True when somebody is new there. ``fresh``: nobody is there yet."""
    grew = False
    for address in dict.fromkeys(address.lower() for address in addresses):
        found = None if fresh else tx.row(_ONE, {"thread_id": thread_id, "address": address})
        if found is None:
            tx.insert(thread_participant, thread_id=thread_id, address=address, how=how, sure=int(sure))
            grew = True
        elif _STRENGTH[how] > _STRENGTH[found.how] or (sure and not found.sure):
            stronger = how if _STRENGTH[how] > _STRENGTH[found.how] else found.how
            here = (thread_participant.c.thread_id == thread_id) & (thread_participant.c.address == address)
            tx.execute(thread_participant.update().where(here).values(how=stronger, sure=int(sure or bool(found.sure))))
    return grew


def note_incoming(
    tx: WriteTx, thread_id: int, sender: Sender, named: Iterable[str], list_id: str | None, *, fresh: bool = False
) -> bool:
    """Let an incoming letter say who belongs to its thread: the writer, its mailing list, and when it is proved those
    whom it names. True when somebody is new there. ``fresh``: nobody is there yet."""
    if sender.address is None:
        return False
    grew = add_participants(tx, thread_id, [sender.address], "wrote", sure=sender.proved, fresh=fresh)
    if list_id:
        grew |= add_participants(tx, thread_id, [list_name(list_id)], "list", sure=False)
    if sender.proved:
        grew |= add_participants(tx, thread_id, list(named)[:MOST_NAMED], "named", sure=False)
    return grew


def note_outgoing(tx: WriteTx, thread_id: int, addresses: Iterable[str]) -> bool:
    """Those to whom we write have a say, and are answered. True when somebody is new there."""
    return add_participants(tx, thread_id, addresses, "written", sure=True)


def named_in(parsed: Mapping[str, Any]) -> list[str]:
    """The addresses in To and Cc of a letter, from its plain data (``mailboxes.letters.as_data``)."""
    return [person["address"] for field in ("to", "cc") for person in parsed.get(field, ()) if person["address"]]


def copy_participants(tx: WriteTx, source_id: int, target_id: int) -> None:
    """Whoever has a say in one thread has it in the other too."""
    for row in tx.rows(_ALL, {"thread_id": source_id}):
        add_participants(tx, target_id, [row.address], row.how, sure=bool(row.sure))


def keep_participants(tx: WriteTx, source_id: int, target_id: int, letters: Sequence[Row[Any]]) -> None:
    """Of those who have a say in one thread, let those have it in the other (or the same) who stand in its ``letters``
    (rows with ``direction``, ``from_trusted`` and ``parsed``), and nobody else."""
    standing = set()
    for one in letters:
        standing |= {address.lower() for address in named_in(one.parsed)}
        standing |= {(one.from_trusted or "").lower(), list_name(one.parsed.get("list_id"))}
    rows = [row for row in tx.rows(_ALL, {"thread_id": source_id}) if row.address in standing]
    tx.execute(delete(thread_participant).where(thread_participant.c.thread_id == target_id))
    kept = [{"thread_id": target_id, "address": row.address, "how": row.how, "sure": row.sure} for row in rows]
    tx.insert_many(thread_participant, kept)


def list_name(list_id: str | None) -> str:
    """How a mailing list stands among the participants; for no list what stands nowhere."""
    return f"<{list_id.strip().strip('<>').lower()}>" if list_id else "<>"


def neighbours(address: str) -> str:
    """The pattern of LIKE for the addresses of the same domain; of free mail, where nobody is a neighbour, for none."""
    domain = address.lower().rpartition("@")[2]
    if not domain or domain in FREE_MAIL:
        return "<>"
    return "%@" + domain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
