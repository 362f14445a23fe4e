"""Which Message-IDs are known already: most letters of a batch name nobody and are named by nobody, and then there is
nothing to look for."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from core.database import ReadTx
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.tables import letter, letter_reference

MOST_NAMED = 50
_HERE = select(letter.c.message_id).where(letter.c.message_id.in_(bindparam("ids", expanding=True)))
_NAMED = select(letter_reference.c.message_id).where(
    letter_reference.c.message_id.in_(bindparam("ids", expanding=True))
)


def named_by(parsed: ParsedLetter) -> list[str]:
    """The ids that a letter answers or names, the nearest first."""
    return list(dict.fromkeys([*parsed.in_reply_to, *reversed(parsed.references)]))[:MOST_NAMED]


class Names:
    """The ids of some letters and of those they name, as far as they are known in any mailbox."""

    def __init__(self, tx: ReadTx, letters: Iterable[ParsedLetter]) -> None:
        """Look at the beginning of a unit in which these letters, and no others, are recorded."""
        ids = {name for parsed in letters for name in (parsed.message_id, *named_by(parsed)) if name}
        asked = {"ids": sorted(ids)}
        self._here: set[str] = set(tx.values(_HERE, asked)) if ids else set()
        self._named: set[str] = set(tx.values(_NAMED, asked)) if ids else set()

    def here(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids whose letter is here."""
        return [name for name in ids if name in self._here]

    def named(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids that letters name."""
        return [name for name in ids if name in self._named]

    def add(self, parsed: ParsedLetter) -> None:
        """This letter was recorded."""
        if parsed.message_id:
            self._here.add(parsed.message_id)
        self._named.update(named_by(parsed))
