"""Under which names a letter leaves: its Message-ID, fixed before the first attempt, and its return path.

They carry tokens signed by this house, so that what comes back can be believed without believing anything else in it:

* Message-ID ``<m.TOKEN@domain>`` names the *message*; it works wherever the returned headers are quoted;
* return path ``b+TOKEN@bounce.domain`` (way ``verp``) or ``account+b-TOKEN@domain`` (way ``plus``) names the
  *delivery*; way ``own`` is the bare address of the mailbox. Automatic letters leave with the null one (RFC 3834 §3.3).
* Message-ID ``<p.TOKEN@domain>`` and return path ``p+TOKEN@bounce.domain`` or ``account+p-TOKEN@domain`` name a
  *recipient* of a mailing: everybody's letter is their own;
* Reply-To ``account+r-TOKEN@domain``, where ``send.reply_token`` is on, names the message as well: an answer to it
  finds its thread although a program dropped what it refers to. It is good for ``REPLY_LASTS``.

A token carries the epoch of the ledger; rows remember theirs, so a restored ledger never takes it for another letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from core import clock
from core.secrets import Keys
from core.settings import Settings

ReturnPath = Literal["verp", "plus", "own"]
_MESSAGE, _DELIVERY, _REPLY = "message-id", "return-path", "reply-to"
_LETTER_TO, _PATH_OF = "recipient message-id", "recipient return-path"
REPLY_LASTS = 400 * clock.DAY
_LONGEST_LOCAL = 64  # RFC 5321 §4.5.3.1.1


class Named(NamedTuple):
    """What a genuine token names: a row of this number, made under this epoch."""

    id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """How this house signs what leaves it. ``way`` is ``send.return_path``, ``bounce_domain`` belongs to ``verp``."""

    keys: Keys
    epoch: int
    way: ReturnPath = "own"
    bounce_domain: str = ""
    tells_reply: bool = False

    def message_id(self, message_id: int, domain: str) -> str:
        """The Message-ID of a message, without angle brackets. ``domain`` is in ASCII."""
        return f"m.{self.keys.sign_token(_MESSAGE, [message_id], self.epoch)}@{domain}"

    def read_message_id(self, text: str) -> Named | None:
        """The message that a Message-ID of ours names; None for every other text."""
        local = text.strip().strip("<>").partition("@")[0]
        return self._read(_MESSAGE, local[2:]) if local[:2].lower() == "m." else None

    def return_path(self, delivery_id: int, account: str) -> str:
        """The MAIL FROM of a delivery that leaves under the address ``account``."""
        return self._path("b", self.keys.sign_token(_DELIVERY, [delivery_id], self.epoch), account)

    def read_return_path(self, address: str) -> Named | None:
        """The delivery that a return path of ours names; None for every other address. The domain is not asked: a
        signature says more, and a bounce domain may have been renamed."""
        return self._read(_DELIVERY, _tag_of(address, "b"))

    def recipient_id(self, recipient_id: int, domain: str, epoch: int | None = None) -> str:
        """The Message-ID of the letter of a mailing to one recipient, without angle brackets; of a row of another
        ``epoch`` as it was then."""
        return f"p.{self.keys.sign_token(_LETTER_TO, [recipient_id], self.epoch if epoch is None else epoch)}@{domain}"

    def read_recipient_id(self, text: str) -> Named | None:
        """The recipient that such a Message-ID names; None for every other text."""
        local = text.strip().strip("<>").partition("@")[0]
        return self._read(_LETTER_TO, local[2:]) if local[:2].lower() == "p." else None

    def recipient_path(self, recipient_id: int, account: str, epoch: int | None = None) -> str:
        """The MAIL FROM of the letter of a mailing to one recipient that leaves under the address ``account``."""
        token = self.keys.sign_token(_PATH_OF, [recipient_id], self.epoch if epoch is None else epoch)
        return self._path("p", token, account)

    def read_recipient_path(self, address: str) -> Named | None:
        """The recipient that such a return path names; None for every other address."""
        return self._read(_PATH_OF, _tag_of(address, "p"))

    def _path(self, letter: str, token: str, account: str) -> str:
        if self.way == "verp":
            return f"{letter}+{token}@{self.bounce_domain}"
        local, _, domain = account.rpartition("@")
        tagged = f"{local}+{letter}-{token}"
        fits = self.way == "plus" and len(tagged) <= _LONGEST_LOCAL and not local.endswith('"')
        return f"{tagged}@{domain}" if fits else account

    def reply_address(self, message_id: int, account: str) -> str | None:
        """The address that answers to a message of ``account`` go to; None for the account itself."""
        local, _, domain = account.rpartition("@")
        tagged = f"{local}+r-{self.keys.sign_token(_REPLY, [message_id], self.epoch)}"
        fits = len(tagged) <= _LONGEST_LOCAL and not local.endswith('"') and local.isascii()
        return f"{tagged}@{domain}" if self.tells_reply and fits else None

    def read_reply_address(self, address: str) -> Named | None:
        """The message that an address of ours for answers names; None for every other. Read whatever the setting says
        now: letters are answered long after."""
        tag = address.rpartition("@")[0].rpartition("+")[2]
        return self._read(_REPLY, tag[2:]) if tag[:2].lower() == "r-" else None

    def _read(self, purpose: str, token: str) -> Named | None:
        found = self.keys.read_token(purpose, token)
        if found is None or len(found.fields) != 1 or not isinstance(found.fields[0], int):
            return None
        return Named(found.fields[0], found.epoch)


def _tag_of(address: str, letter: str) -> str:
    """The token in an address of ours of this kind, '' in every other."""
    head, plus, tag = address.rpartition("@")[0].rpartition("+")
    if plus and tag[:2].lower() == f"{letter}-":
        return tag[2:]
    return tag if plus and head.lower() == letter else ""


def make_stamp(keys: Keys, settings: Settings, epoch: int) -> Stamp:
    """The stamp of this installation, for this epoch of its ledger."""
    send = settings.send
    return Stamp(keys, epoch, cast(ReturnPath, send.return_path), send.bounce_domain, send.reply_token)
