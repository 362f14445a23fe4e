"""The shapes of ``/accounts``: what programs send and what they get."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from api.rest.shapes import Body, Number, moment
from mailhub.ingest.reconciling import Compared
from mailhub.ingest.trying import Finding
from mailhub.mailboxes.connecting import SeenAccount, Size
from mailhub.mailboxes.placements import Folder
from mailhub.mailboxes.trust import trust_of
from mailhub.outbound.ways import WayTrouble

Security = Literal["tls", "starttls"]
Host = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Servers = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=255)], ...], msgspec.Meta(max_length=20)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class RelayView(msgspec.Struct):
    """The server through which letters of the account go out."""

    host: str
    port: int
    security: str
    user: str | None


class AccountView(msgspec.Struct):
    """An account. Of another person's an administrator sees the first group of fields, of the rest nothing.

    ``trusted_servers`` null: whose word about senders counts follows from the place, and ``believes`` names it;
    ``proposed_server`` seems to be the account's own and waits to be named. ``sends``: letters of the mailbox leave by
    ``smtp``; ``sends_says`` tells why they cannot now.
    """

    id: int
    mailbox_id: int
    state: str
    paused: bool
    since: str | None
    letters: int
    bytes: int
    host: str | None = None
    port: int | None = None
    security: str | None = None
    user: str | None = None
    auth: str | None = None
    says: str | None = None
    tries: int | None = None
    next_at: str | None = None
    seen_at: str | None = None
    smtp: RelayView | None = None
    write_seen: bool | None = None
    write_answered: bool | None = None
    write_sent: bool | None = None
    sends: bool | None = None
    sends_says: str | None = None
    trusted_servers: list[str] | None = None
    believes: list[str] | None = None
    proposed_server: str | None = None


class FolderView(msgspec.Struct):
    """A folder at the server. ``server`` and ``here`` count letters as of ``looked_at``."""

    id: int
    name: str
    role: str
    followed: bool
    server: int
    here: int
    error: str
    looked_at: str | None


class ComparedView(msgspec.Struct):
    """A folder compared letter by letter, now."""

    folder_id: int
    name: str
    followed: bool
    server: int
    here: int
    missing: int
    owed: int
    gone: int
    renumbered: bool
    differs: bool
    error: str


class FindingView(msgspec.Struct):
    """How a try went: ``ok``, or what is ``wrong`` and what to do about it."""

    ok: bool
    wrong: str
    says: str
    advice: str
    page: str
    folders: list[str]
    seconds: float


class NewRelay(Body):
    """The way out. Without a password the one of the way in is used."""

    host: Host
    user: Name
    port: Port = 587
    security: Security = "starttls"
    password: Secret | None = None


class TriedAccount(Body):
    """Where and as whom to try, for a mailbox; without a user only whether the server answers."""

    mailbox_id: Number
    host: Host
    port: Port = 993
    security: Security = "tls"
    user: Annotated[str, msgspec.Meta(max_length=320)] = ""
    password: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class NewAccount(Body):
    """An account for a mailbox. ``folders`` are the only ones to follow; without them all are, drafts left out."""

    mailbox_id: Number
    host: Host
    user: Name
    password: Secret
    port: Port = 993
    security: Security = "tls"
    smtp: NewRelay | None = None
    trusted_servers: Servers | None = None
    folders: Annotated[tuple[Name, ...], msgspec.Meta(max_length=200)] = ()


class ChangedAccount(Body):
    """What to change. Another place or user needs the password again."""

    host: Host | None = None
    port: Port | None = None
    security: Security | None = None
    user: Name | None = None
    password: Secret | None = None
    paused: bool | None = None
    write_seen: bool | None = None
    write_answered: bool | None = None
    write_sent: bool | None = None
    sends: bool | None = None
    smtp: NewRelay | msgspec.UnsetType | None = msgspec.UNSET
    trusted_servers: Servers | msgspec.UnsetType | None = msgspec.UNSET


class ChangedFolder(Body):
    """Whether its letters are fetched."""

    followed: bool


def show_account(seen: SeenAccount, size: Size, proposed: str = "", trouble: WayTrouble | None = None) -> AccountView:
    """An account in the shape of the interface, as far as it is the reader's."""
    one = seen.account
    known = AccountView(one.id, one.mailbox_id, one.state, one.paused, moment(one.since), size.letters, size.bytes)
    if not seen.is_own:
        return known
    relay = None
    if one.smtp_host is not None:
        relay = RelayView(one.smtp_host, one.smtp_port, one.smtp_security, one.smtp_user)
    return AccountView(
        **msgspec.structs.asdict(known)
        | {name: getattr(one, name) for name in ("host", "port", "security", "user", "auth", "tries")}
        | {"write_seen": one.write_seen, "write_answered": one.write_answered, "write_sent": one.write_sent}
        | {"says": one.sentence % one.fields if one.sentence else "", "smtp": relay}
        | {"sends": one.sends, "sends_says": trouble.sentence % trouble.fields if trouble else ""}
        | {"trusted_servers": None if one.trusted_servers is None else one.trusted_servers.split()}
        | {"believes": list(trust_of(one).servers), "proposed_server": proposed}
        | {"next_at": moment(one.next_at) if one.next_at else None, "seen_at": moment(one.seen_at)}
    )


def show_finding(finding: Finding) -> FindingView:
    """A try in the shape of the interface."""
    return FindingView(
        ok=finding.is_well,
        wrong=finding.wrong,
        says=finding.sentence % finding.fields,
        advice=finding.advice,
        page=finding.page,
        folders=[one.name for one in finding.folders],
        seconds=round(finding.seconds, 3),
    )


def show_folder(one: Folder, here: int) -> FolderView:
    """A folder in the shape of the interface."""
    return FolderView(
        one.id, one.name, one.role, one.followed, one.server_count, here, one.error, moment(one.looked_at)
    )


def show_compared(one: Compared) -> ComparedView:
    """A compared folder in the shape of the interface."""
    return ComparedView(
        folder_id=one.folder_id, name=one.name, followed=one.followed, server=one.server, here=one.here,
        missing=one.missing, owed=one.owed, gone=one.gone, renumbered=one.renumbered, differs=one.differs,
        error=one.error,
    )  # fmt: skip
