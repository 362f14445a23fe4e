"""Passes: short-lived signed words in the addresses of a letter's files.

A letter is shown in a frame without an origin, which sends no cookie. The pass in its addresses says for whom and for
which letter it was made; what that person may see is asked again each time, so a pass opens nothing that its owner
could not open.
"""

from __future__ import annotations

from core import clock
from mailhub.runtime import House

LIFETIME = 15 * clock.MINUTE
_PURPOSE = "letter-file"


def sign_pass(house: House, user_id: int, message_id: int) -> str:
    """A pass to the files of one letter for one person."""
    expires = (clock.now() + LIFETIME) // clock.SECOND
    return house.keys.sign_token(_PURPOSE, [user_id, message_id, expires], house.identity.epoch)


def read_pass(house: House, text: str, message_id: int) -> int | None:
    """The person a pass was made for; None when it is not ours, for another letter, too old or of a lost day."""
    read = house.keys.read_token(_PURPOSE, text)
    if read is None or read.epoch != house.identity.epoch:
        return None
    user_id, letter, expires = read.fields
    good = letter == message_id and isinstance(expires, int) and expires * clock.SECOND > clock.now()
    return user_id if good and isinstance(user_id, int) else None
