"""A letter on its way: what each step of its journey found, for the steps after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crm.parties import Match
from mailhub.inviting.hearing import Heard
from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.continuing import NEW_AFTER
from mailhub.mailboxes.homes import Home
from mailhub.mailboxes.letters import Understood
from mailhub.mailboxes.participants import Sender
from mailhub.outbound.identity import Stamp
from mailhub.outbound.returns import Returned
from mailhub.routing.asked import Asked
from mailhub.routing.placing import Placed
from mailhub.routing.rules.acting import Outcome


@dataclass(slots=True)
class Passage:
    """A letter on its way through the steps, and what they found."""

    incoming_id: int
    blob_id: int
    box: Mailbox
    understood: Understood
    asked: Asked
    trace: dict[str, Any]
    received_at: int
    quiet: bool
    stamp: Stamp | None = None
    new_after: int = NEW_AFTER
    by_hand: int | None = None
    """The thread into which a person lays it, whatever it says itself."""
    returned: Returned | None = None
    step: str = ""
    spam: bool = False
    answerable: bool = True
    dated_at: int = 0
    match: Match = field(default_factory=lambda: Match("nothing", ()))
    sender: Sender = field(default_factory=lambda: Sender(None, None, None))
    home: Home | None = None
    opened: bool = False
    goes_on: bool = False
    """Its thread was opened for it, and goes on with one that was closed long ago."""
    lies_in: int = 0
    """The mailbox it came to; ``box`` is that of its thread, which people may have moved."""
    thread_id: int = 0
    root: Any = None
    """The row of that thread when the letter came to it, held."""
    letter_id: int = 0
    message_id: int = 0
    executor_id: int | None = None
    grew: bool = False
    begins: bool = False
    known: bool = False
    ruled: Outcome = field(default_factory=Outcome)
    news: bool = False
    """It is known from an archive only, and has come to the door now."""
    heard: Heard | None = None
    """It is what a guest of ours answers to an invitation."""

    @property
    def parsed(self) -> ParsedLetter:
        """What the letter says."""
        return self.understood.parsed

    @property
    def of_mailing(self) -> bool:
        """Whether it reports about a letter of a mailing."""
        return self.returned is not None and self.returned.back is not None

    @property
    def verdicts(self) -> Verdicts | None:
        """Who really wrote it; None where nobody was asked."""
        return self.understood.verdicts

    def take_place(self, placed: Placed) -> None:
        """From here on it is the business of the mailbox of its thread."""
        self.lies_in = self.box.id
        self.home, self.root, self.box = placed.home, placed.row, placed.box
        self.opened, self.goes_on, self.thread_id = placed.opened, placed.goes_on, placed.row.id
