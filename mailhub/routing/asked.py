"""What the letters of one unit ask alike, asked once for all of them: nothing on a journey changes the answers."""

from __future__ import annotations

from collections.abc import Sequence

from core.database import WriteTx
from crm.parties import Match, match_address
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_addresses_of
from mailhub.mailboxes.junk import find_said
from mailhub.mailboxes.letters import Known
from mailhub.mailboxes.names import Names


class Asked:
    """The mailboxes of a unit, whose the addresses are, and which letters are known."""

    def __init__(self, tx: WriteTx, letters: Sequence[ParsedLetter]) -> None:
        """``letters`` are all that the unit takes on their journeys."""
        self._tx = tx
        self.names = Names(tx, letters)
        self.known = Known(tx, letters)
        self._boxes: dict[int, Mailbox] = {}
        self._own: dict[int, frozenset[str]] = {}
        self._matches: dict[str, Match] = {}
        self._said: dict[tuple[int, str], bool | None] = {}

    def box(self, mailbox_id: int) -> Mailbox:
        """The mailbox. Raises NotFound."""
        if mailbox_id not in self._boxes:
            self._boxes[mailbox_id] = get_mailbox(self._tx, mailbox_id)
        return self._boxes[mailbox_id]

    def match(self, address: str) -> Match:
        """Whose address is it?"""
        if address not in self._matches:
            self._matches[address] = match_address(self._tx, address)
        return self._matches[address]

    def said(self, mailbox_id: int, address: str | None) -> bool | None:
        """What people of the mailbox said of a sender: junk, no junk, or nothing."""
        if address is None:
            return None
        key = (mailbox_id, address.lower())
        if key not in self._said:
            self._said[key] = find_said(self._tx, *key)
        return self._said[key]

    def wrote(self, mailbox_id: int, parsed: ParsedLetter) -> bool:
        """Whether a letter of an archive, where all folders may lie in one file, is one of ours: from an address of the
        mailbox itself, and not to that mailbox alone."""
        if mailbox_id not in self._own:
            self._own[mailbox_id] = list_addresses_of(self._tx, mailbox_id)
        own = self._own[mailbox_id]
        people = (*parsed.to, *parsed.cc, *parsed.bcc)
        return (parsed.from_trusted or "").lower() in own and any(one.address.lower() not in own for one in people)
