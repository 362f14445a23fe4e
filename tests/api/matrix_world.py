"""More people and letters for the access matrix: every way in which somebody may, may no more, or may only just."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from core import clock
from crm.staff.people import add_user, join_team, leave_team
from crm.staff.rights import Right, add_grant, remove_grant
from crm.staff.sessions import add_token
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.notes import add_note
from mailhub.mailboxes.reading import list_messages
from mailhub.mailboxes.sharing import Share, share_thread
from mailhub.mailboxes.trash import put_into_trash
from mailhub.mailboxes.views import add_view, parse_view
from tests.api.world import SEES, World, letter, make_world

SALES = ("quailsalesone", "quailsalestwo", "quailsalesthree", "quailsalesfour")
OTHER = ("quailother", "quailsecondother")
PERSONAL = ("quailpersonal", "quailshared", "quailtraced", "quailprivate", "quailunshared")
BOSS = ("quailboss", "quailsecondboss")
TRASHED = ("quailtrashsales", "quailtrashpersonal")
LETTERS = (*SALES, *OTHER, *PERSONAL, *BOSS, *TRASHED)
"""Each is one thread with one letter that says this word in all its parts."""
_BOXES = {
    **dict.fromkeys(SALES, "sales"), **dict.fromkeys(OTHER, "other"), **dict.fromkeys(PERSONAL, "personal"),
    **dict.fromkeys(BOSS, "boss"), "quailtrashsales": "sales", "quailtrashpersonal": "personal",
}  # fmt: skip
_ALL_SALES = {*SALES, "quailtrashsales"}
_MINE = {*PERSONAL, "quailtrashpersonal"}
_HELD = {"sales": "quailheldsales", "other": "quailheldother"}
# Who may read what: written down here once more, and not asked of the code that is tried.
READS: dict[str, set[str]] = {
    "stranger": set(),
    "nobody": set(),
    "outsider": set(),
    "reader": _ALL_SALES,
    "executor": {"quailsalesone"},
    "manager": {*_ALL_SALES, *BOSS},
    "owner": _MINE,
    "administrator": {*_ALL_SALES, *OTHER},
    "observer": set(OTHER),
    "commenter": _ALL_SALES,
    "answerer": _ALL_SALES,
    "revoked": set(),
    "expelled": set(),
    "deputy": _MINE,
    "former": set(),
    "coming": set(),
    "shown": {"quailshared"},
    "traced": set(),
    "unshown": set(),
    "idle": set(),
}
# Each engine walks as half of the people, and as those in whom the most can go wrong; together they are all.
ALWAYS = ("administrator", "executor", "revoked", "shown")
# Beside letters: what the sample world hides elsewhere, in accounts, drafts, imports and held letters.
BESIDE: dict[str, set[str]] = {
    **{who: words - {*LETTERS} for who, words in SEES.items()},
    "observer": {"quailheldother"},
    "commenter": {"quailheldsales"},
    "answerer": {"quailheldsales", "quaildraftsales"},
    "deputy": {"quailheldpersonal"},
}


@dataclass
class Matrix:
    """The world with everybody of ``READS`` in it."""

    world: World
    people: tuple[str, ...] = tuple(READS)
    objects: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    """What the parameters of a path can name (``matrix.objects_of``), by their names: it stays the same."""

    @property
    def views(self) -> dict[str, int]:
        """A saved view of everything, each person's own."""
        return self.world.views

    def sees(self, who: str) -> set[str]:
        """The words that this person may read anywhere."""
        return READS[who] | BESIDE.get(who, set())


async def make_crowded_world(url: str, folder: Path) -> World:
    """The world with all the people of the matrix and its letters."""
    world = await make_world(url, folder)
    for who in READS:
        if who not in world.users and who != "nobody":
            added = await world.database.write(add_user, f"{who}@firm.example", who.title())
            world.users[who] = added
            world.tokens[who] = (await world.database.write(add_token, added, "walk", ["all"]))[1]
            world.spare_tokens[who] = (await world.database.write(add_token, added, "spare", ["all"]))[0]
    boss = partial(add_mailbox, owner_id=world.users["manager"], way="nobody")
    world.boxes["boss"] = await world.database.write(boss, "boss@firm.example", "Boss", "personal")
    await _give(world)
    for word in LETTERS:
        if word not in world.threads:
            await world.deliver(_BOXES[word], letter(word))
    await _remember(world)
    await _note(world)
    await _share(world)
    await _look_at_everything(world)
    return world


async def _look_at_everything(world: World) -> None:
    """A view that asks for nothing in particular: its list and its count are what its owner may see."""
    for who in (one for one in READS if one in world.users):
        viewer = await world.viewer(who)
        every = parse_view(viewer, "Everything", {"all": []}, late=False, team_id=None, zone="UTC")
        world.views[who] = (await world.database.write(add_view, viewer, every)).id


async def _give(world: World) -> None:
    """Rights of every kind, some of them taken again."""

    async def give(who: str, box: str, *rights: Right, **more: Any) -> None:
        for right in rights:
            await world.database.write(
                partial(add_grant, user_id=world.users[who], **more), world.boxes[box].scope_id, right
            )

    now = clock.now()
    await give("observer", "other", "see")
    await give("commenter", "sales", "see", "comment")
    await give("answerer", "sales", "see", "comment", "answer")
    await give("deputy", "personal", "see", from_at=now - clock.DAY, until_at=now + clock.DAY)
    await give("former", "personal", "see", "answer", "manage", until_at=now - clock.SECOND)
    await give("coming", "personal", "see", "answer", from_at=now + clock.DAY)
    await give("idle", "sales", "see", "comment", "answer", only_assigned=True)
    for box in ("sales", "other", "personal", "boss"):
        await give("revoked", box, "see", "comment", "answer", "assign", "manage")
        for right in ("see", "comment", "answer", "assign", "manage"):
            take = partial(remove_grant, user_id=world.users["revoked"])
            await world.database.write(take, world.boxes[box].scope_id, right)
    await world.database.write(join_team, world.team_id, world.users["expelled"])
    await world.database.write(leave_team, world.team_id, world.users["expelled"])


async def _remember(world: World) -> None:
    for who in ("administrator", "owner", "manager"):
        viewer = await world.viewer(who)
        for row in (await world.database.read(partial(list_threads, limit=100), viewer, "all")).items:
            world.threads[row.who] = row.id
        for message in (await world.database.read(partial(list_messages, limit=100), viewer)).items:
            world.messages[message.from_name] = message.id


async def _note(world: World) -> None:
    """A note in every thread that says its word, by who may write one there."""
    for word in LETTERS:
        box = _BOXES[word]
        who = {"personal": "owner", "boss": "manager"}.get(box, "administrator")
        said = partial(add_note, thread_id=world.threads[word], body=f"A note says {word}.")
        world.notes[word] = (await world.database.write(said, viewer=await world.viewer(who))).id


async def _share(world: World) -> None:
    """Personal threads of each kind, one unshared again, and two in the trash."""
    owner, chief = await world.viewer("owner"), await world.viewer("administrator")
    for word, who, what in (
        ("quailshared", "shown", "letters"), ("quailtraced", "traced", "trace"),
        ("quailunshared", "unshown", "letters"),
    ):  # fmt: skip
        share = Share(world.users[who], None, what)  # type: ignore[arg-type]
        await world.database.write(share_thread, owner, world.threads[word], [share])
    await world.database.write(share_thread, await world.viewer("owner"), world.threads["quailunshared"], [])
    for word in TRASHED:
        await world.database.write(put_into_trash, world.threads[word])
    await world.database.write(assign_thread, chief, world.threads["quailsalesone"], world.users["executor"])
