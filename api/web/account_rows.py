"""Accounts as rows: in the settings beside the mailboxes that have none yet, and on the health page."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.account_words import Words, describe
from api.web.shapes import Speaker
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.connecting import SeenAccount, list_own_mailboxes, list_seen_accounts
from mailhub.mailboxes.tokens import TokenState, list_token_states


@dataclass(frozen=True, slots=True)
class Accounts:
    """What a snapshot says."""

    seen: list[SeenAccount]
    boxes: list[Mailbox]
    tokens: dict[int, TokenState]


@dataclass(frozen=True, slots=True)
class Row:
    """A mailbox and how its account is; without ``words`` it has none and can be connected."""

    name: str
    address: str
    about: str
    url: str
    words: Words | None


def see_accounts(tx: ReadTx, viewer: Viewer) -> Accounts:
    """The accounts of which the viewer may know, and the mailboxes that they may connect."""
    tokens = {one.account_id: one for one in list_token_states(tx)}
    return Accounts(list_seen_accounts(tx, viewer), list_own_mailboxes(tx, viewer), tokens)


def shape_rows(speaker: Speaker, found: Accounts) -> list[Row]:
    """Accounts first, those that do not work before the others; then mailboxes without one."""
    rows = [_row(speaker, seen, found.tokens.get(seen.account.id)) for seen in found.seen]
    rows.sort(key=lambda row: ("broken", "look", "ok").index(row.words.state if row.words else "ok"))
    connected = {seen.box.id for seen in found.seen}
    return rows + [
        Row(box.name, box.address, "", f"/settings/mailboxes/{box.id}/connect", None)
        for box in found.boxes
        if box.id not in connected
    ]


def _row(speaker: Speaker, seen: SeenAccount, token: TokenState | None) -> Row:
    one = seen.account
    about = f"{one.user} · {one.host}" if seen.is_own else ""
    url = f"/settings/accounts/{one.id}"
    return Row(seen.box.name, seen.box.address, about, url, describe(speaker, seen, token))
