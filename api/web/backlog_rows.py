"""Accounts whose older letters are still being fetched: how far each is, beside the imports."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.shapes import Speaker
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.connecting import SeenAccount, list_seen_accounts
from mailhub.mailboxes.placements import Backlog, find_backlog


@dataclass(frozen=True, slots=True)
class BacklogRow:
    """``progress`` in thousandths."""

    url: str
    name: str
    address: str
    about: str
    progress: int


def see_backlogs(tx: ReadTx, viewer: Viewer) -> list[tuple[SeenAccount, Backlog]]:
    """Of the viewer's own accounts those that are not through with what lay there at first."""
    found = [(one, find_backlog(tx, one.account.id)) for one in list_seen_accounts(tx, viewer) if one.is_own]
    return [(one, backlog) for one, backlog in found if backlog is not None]


def shape_backlogs(speaker: Speaker, found: list[tuple[SeenAccount, Backlog]]) -> list[BacklogRow]:
    """As the page shows them."""
    return [
        BacklogRow(
            f"/settings/accounts/{one.account.id}",
            one.box.name,
            one.box.address,
            speaker.say(
                "Older letters are being fetched: about %(count)s of %(total)s.", count=log.fetched, total=log.letters
            ),
            log.fetched * 1000 // max(1, log.letters),
        )
        for one, log in found
    ]
