"""A list of threads that has an address, and the addresses of what is opened from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from core.errors import NotFound
from mailhub.mailboxes.lists import VIEWS, View

MINE: tuple[View, ...] = ("waiting", "mine", "open", "snoozed", "closed", "spam")
IN_A_MAILBOX: tuple[View, ...] = ("open", "closed", "spam")


@dataclass(frozen=True, slots=True)
class Place:
    """A view of all that one sees, or of one mailbox; with ``words`` what a search found there; ``saved`` is the number
    of a view that somebody has saved, ``tag`` of the tag that all its threads have."""

    view: View = "waiting"
    mailbox_id: int | None = None
    words: str = ""
    saved: int | None = None
    tag: int | None = None

    @property
    def key(self) -> str:
        """How the place is named inside addresses: ``waiting``, ``mailboxes/3``, ``mailboxes/3/closed``,
        ``views/7``."""
        if self.saved is not None:
            return f"views/{self.saved}"
        if self.tag is not None:
            return f"tags/{self.tag}"
        if self.mailbox_id is None:
            return "search" if self.view == "all" else self.view
        return f"mailboxes/{self.mailbox_id}" + (f"/{self.view}" if self.view != "open" else "")

    @property
    def url(self) -> str:
        """The address of the list."""
        return self._with(f"/{self.key}")

    def thread(self, thread_id: int, *, pictures: int | None = None, before: int | None = None) -> str:
        """The address of a thread opened from here; ``pictures`` is the letter whose remote pictures it shows,
        ``before`` the one behind the letters that are shown."""
        asked = {"pictures": pictures, "before": before}
        return self._with(f"/{self.key}/threads/{thread_id}", **{name: str(one) for name, one in asked.items() if one})

    def act(self, thread_id: int, what: str) -> str:
        """The address of a button on a thread; the answer is made for this place."""
        return self._with(f"/threads/{thread_id}/{what}", place=self.key)

    def note(self, note_id: int) -> str:
        """The address that changes a note; the answer is made for this place."""
        return self._with(f"/notes/{note_id}", place=self.key)

    def all(self, what: str) -> str:
        """The address of a button on several threads of this list at once."""
        return self._with(f"/threads/{what}", place=self.key)

    def fragment(self, what: str) -> str:
        """The address of a part of this list that fetches itself."""
        return self._with(f"/fragments/{what}", place=self.key)

    def page(self, after: str, section: str) -> str:
        """The address of the rows that follow, and the section in which they begin."""
        return self._with(f"/{self.key}", after=after, **({"section": section} if section else {}))

    def list_of(self, what: str, after: str) -> str:
        """The address of what follows in another list, with the same words."""
        return self._with(f"/{what}", after=after)

    def _with(self, path: str, **asked: str) -> str:
        asked |= {"q": self.words} if self.words else {}
        return f"{path}?{_query(tuple(asked.items()))}" if asked else path


@lru_cache(1024)
def _query(asked: tuple[tuple[str, str], ...]) -> str:
    """The buttons of fifty rows ask the same of their list."""
    return urlencode(asked)


def read_place(key: str, words: str = "") -> Place:
    """The place behind ``Place.key``. Raises NotFound for anything else."""
    parts = key.strip("/").split("/")
    if parts == ["search"]:
        return Place("all", None, words)
    if parts[0] == "mailboxes" and len(parts) in (2, 3) and parts[1].isascii() and parts[1].isdigit():
        view = parts[2] if len(parts) == 3 else "open"
        if view in IN_A_MAILBOX and len(parts[1]) < 19:
            return Place(view, int(parts[1]), words)
    if parts[0] == "views" and len(parts) == 2 and parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19:
        return Place("open", None, words, int(parts[1]))
    if parts[0] == "tags" and len(parts) == 2 and parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19:
        return Place("all", None, words, tag=int(parts[1]))
    if len(parts) == 1 and parts[0] in MINE and parts[0] in VIEWS:
        return Place(parts[0], None, words)
    raise NotFound("There is no such list.")
