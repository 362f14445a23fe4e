"""When it matters who wrote a letter: it bears the name of somebody we know, and nothing proves that it is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from api.web.shapes import Speaker
from core.database import ReadTx
from core.fulltext.folding import words
from crm.parties import find_contact, get_counterparty, match_address
from crm.staff.people import User
from mailhub.mailboxes.directory import read_directory
from mailhub.mailboxes.reading import Message

FEWEST_WORDS = 2  # "Anna" may be anybody


@dataclass(frozen=True, slots=True)
class Doubts:
    """Of the letters of a thread, by message: the name of the client whose address is borne without proof, the ones
    that bear an address of our own, and the colleague after whom somebody else calls themselves."""

    clients: Mapping[int, str] = field(default_factory=dict)
    ours: frozenset[int] = frozenset()
    colleagues: Mapping[int, str] = field(default_factory=dict)

    def about(self, message_id: int) -> bool:
        """Is there one about this letter?"""
        return message_id in self.ours or message_id in self.clients or message_id in self.colleagues

    def tell(self, speaker: Speaker, message: Message) -> str | None:
        """The sentence for a letter, None where there is no doubt that matters."""
        if message.id in self.ours:
            return speaker.say(
                "This letter says it is from ourselves, from %(address)s, but nothing proves that one of us wrote it.",
                address=message.from_address,
            )
        if message.id in self.clients:
            return speaker.say(
                "This letter says it is from %(name)s, but %(domain)s could not confirm it. Ask them in another way "
                "before you do what it says.",
                name=self.clients[message.id],
                domain=message.from_address.rpartition("@")[2],
            )
        if message.id in self.colleagues:
            return speaker.say(
                "The writer has the same name as your colleague %(name)s, but this is not the address of a colleague.",
                name=self.colleagues[message.id],
            )
        return None


def see_doubts(tx: ReadTx, messages: Sequence[Message], staff: Iterable[User]) -> Doubts:
    """Look for them, on the snapshot that the letters were read on."""
    people = list(staff)
    addresses = {person.email.lower() for person in people}
    by_name = {key: person.name for person in people if len(key := _key(person.name)) >= FEWEST_WORDS}
    incoming = [message for message in messages if message.direction == "in" and message.from_trusted]
    unproved = [message for message in incoming if message.verdicts is not None and message.verdicts.doubtful]
    directory = read_directory(tx) if unproved else None
    clients: dict[int, str] = {}
    ours: set[int] = set()
    for message in unproved:
        assert directory is not None
        if message.from_address.lower() in addresses or directory.find(message.from_address) is not None:
            ours.add(message.id)
        elif name := _whose(tx, message.from_address):
            clients[message.id] = name
    colleagues = {
        message.id: by_name[key]
        for message in incoming
        if (key := _key(message.from_name)) in by_name and not _is_known(tx, message.from_address, addresses)
    }
    return Doubts(clients, frozenset(ours), colleagues)


@lru_cache(maxsize=4096)
def _key(name: str) -> tuple[str, ...]:
    """The words of a name in any order, folded as search folds them."""
    return tuple(sorted(words(name)))


def _is_known(tx: ReadTx, address: str, staff: set[str]) -> bool:
    """Colleagues, and people who are known to write from this very address and have the name by chance."""
    folded = address.lower()
    return folded in staff or match_address(tx, folded).by == "address" or read_directory(tx).find(folded) is not None


def _whose(tx: ReadTx, address: str) -> str | None:
    """The contact or client whose address this is; None for an unknown one."""
    match = match_address(tx, address)
    for contact_id, counterparty_id in match.pairs:
        person = find_contact(tx, contact_id) if contact_id is not None else None
        if person is not None:
            return person.name
        if counterparty_id is not None:
            return get_counterparty(tx, counterparty_id).name
    return None
