"""The tables of accounts at other mail servers, of their folders, and of where letters lie in them.

A *placement* is a letter in a folder there: (folder, UIDVALIDITY, UID) points to it, its content says what it is. It is
history: one that the server no longer has keeps its row with ``gone_at``, and never takes the letter with it.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text

from core.columns import (
    Id,
    Json,
    id_column,
    instant,
    number,
    optional_instant,
    optional_reference,
    optional_text,
    reference,
    table,
    text,
)

account = table(
    "account",
    id_column(),
    reference("mailbox_id", "mailbox.id"),
    text("host"),
    number("port"),
    text("security"),
    text("user"),
    text("auth"),
    Column("secret", LargeBinary),
    optional_text("smtp_host"),
    number("smtp_port", 0),
    text("smtp_security", "starttls"),
    optional_text("smtp_user"),
    Column("smtp_secret", LargeBinary),
    number("write_seen", 1),
    number("write_answered", 1),
    number("write_sent", 1),
    number("sends", 1),
    number("inside", 1),
    number("smtp_inside", 1),
    optional_text("trusted_servers"),
    number("follow_new", 1),
    number("paused", 0),
    text("state", "new"),
    instant("since"),
    text("sentence", ""),
    Column("fields", Json, nullable=False),
    number("tries", 0),
    number("next_at", 0),
    optional_instant("seen_at"),
    optional_text("boot"),
    instant("created_at"),
)
Index(None, account.c.mailbox_id)

# ``wire`` is the name as the server spells it, a character a byte; ``name`` is for people. Letters with a UID below
# ``quiet_below``, or that the server took before ``quiet_before``, were there before the account was connected.
folder = table(
    "folder",
    id_column(),
    reference("account_id", "account.id", cascade=True),
    Column("wire", Text, nullable=False),
    text("name"),
    text("role"),
    number("followed", 1),
    number("uidvalidity", 0),
    number("last_uid", 0),
    number("quiet_below", 0),
    optional_instant("quiet_before"),
    number("highest_modseq", 0),
    number("server_count", 0),
    number("resets", 0),
    optional_instant("resets_since"),
    optional_instant("looked_at"),
    optional_instant("compared_at"),
    number("look_now", 0),
    text("error", ""),
    optional_instant("gone_at"),
)
Index(None, folder.c.account_id, folder.c.wire, unique=True)

# Without ``incoming_id`` it is owed: the server says that the letter is there and does not hand it out.
placement = table(
    "placement",
    id_column(),
    reference("folder_id", "folder.id", cascade=True),
    number("uidvalidity"),
    number("uid"),
    text("flags", ""),
    optional_reference("blob_id", "blob.id"),
    Column("incoming_id", Id),
    Column("message_id", Id),
    text("error", ""),
    number("tries", 0),
    instant("placed_at"),
    optional_instant("missing_at"),
    optional_instant("gone_at"),
)
Index(None, placement.c.folder_id, placement.c.uidvalidity, placement.c.uid, unique=True)
Index(None, placement.c.blob_id)
Index(None, placement.c.incoming_id)
Index(None, placement.c.message_id)
