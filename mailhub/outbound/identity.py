"""Under which names a letter leaves: its Message-ID, fixed before the first attempt, and its return path.

They carry tokens signed by this house, so that what comes back can be believed without believing anything else in it:

* Message-ID ``<m.TOKEN@domain>`` names the *message*; it works wherever the returned headers are quoted;
* return path ``b+TOKEN@bounce.domain`` (way ``verp``) or ``account+b-TOKEN@domain`` (way ``plus``) names the
  *delivery*; way ``own`` is the bare address of the mailbox. Automatic letters leave with the null one (RFC 3834 §3.3).
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
        token = self.keys.sign_token(_DELIVERY, [delivery_id], self.epoch)
        if self.way == "verp":
            return f"b+{token}@{self.bounce_domain}"
        local, _, domain = account.rpartition("@")
        tagged = f"{local}+b-{token}"
        fits = self.way == "plus" and len(tagged) <= _LONGEST_LOCAL and not local.endswith('"')
        return f"{tagged}@{domain}" if fits else account

    def read_return_path(self, address: str) -> Named | None:
        """The delivery that a return path of ours names; None for every other address. The domain is not asked: a
        signature says more, and a bounce domain may have been renamed."""
        local = address.rpartition("@")[0]
        head, plus, tag = local.rpartition("+")
        if not plus:
            return None
        if tag[:2].lower() == "b-":
            return self._read(_DELIVERY, tag[2:])
        return self._read(_DELIVERY, tag) if head.lower() == "b" else None

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


def make_stamp(keys: Keys, settings: Settings, epoch: int) -> Stamp:
    """The stamp of this installation, for this epoch of its ledger."""
    send = settings.send
    return Stamp(keys, epoch, cast(ReturnPath, send.return_path), send.bounce_domain, send.reply_token)
