"""The ledger: one recipient of one letter, one row, those of mailings in a table of their own; addresses that must not
be written to; letters being written."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql

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

# ``epoch`` is the ledger's when the row was made: a token of another one never finds it, whatever number it names.
# ``handed_at`` is the one mark: committed before the last byte of the letter leaves, gone when the answer is known.
# ``repeats`` counts how often the letter was sent again because a cut had left its fate unknown. ``server`` is the last
# one that it was offered to.
delivery = table(
    "delivery",
    id_column(),
    number("epoch"),
    reference("message_id", "message.id"),
    reference("scope_id", "scope.id"),
    text("kind"),
    text("recipient"),
    text("canonical"),
    text("domain"),
    text("return_path"),
    text("state", "queued"),
    number("attempts", 0),
    number("repeats", 0),
    optional_text("boot"),
    number("fence", 0),
    optional_instant("handed_at"),
    instant("next_at"),
    number("reply_code", 0),
    text("reply_status", ""),
    text("reply_text", ""),
    text("server", ""),
    instant("created_at"),
    instant("changed_at"),
    UniqueConstraint("message_id", "canonical"),
)
_waits = sql("state IN ('queued', 'deferred')")
Index("ix_delivery_ready", delivery.c.next_at, delivery.c.id, sqlite_where=_waits, postgresql_where=_waits)
Index(
    "ix_delivery_scope_ready", delivery.c.scope_id, delivery.c.next_at, delivery.c.id,
    sqlite_where=_waits, postgresql_where=_waits,
)  # fmt: skip
# What people wrote leaves before what machines write.
_of_people = sql("state IN ('queued', 'deferred') AND kind = 'personal'")
Index(
    "ix_delivery_people_ready", delivery.c.scope_id, delivery.c.next_at, delivery.c.id,
    sqlite_where=_of_people, postgresql_where=_of_people,
)  # fmt: skip
_leased = sql("state = 'sending'")
Index("ix_delivery_leased", delivery.c.boot, sqlite_where=_leased, postgresql_where=_leased)
Index("ix_delivery_scope", delivery.c.scope_id, delivery.c.id)

# Why letters of an account cannot leave by its own server now, since when, and when it is tried again.
way_trouble = table(
    "way_trouble",
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    text("sentence"),
    Column("fields", Json, nullable=False),
    instant("since"),
    number("tries"),
    instant("next_at"),
)

# How the letters of a mailbox leave, where somebody chose: ``way`` as in ``ways``, ``relay`` sealed with its password,
# ``server`` what it is called.
mailbox_way = table(
    "mailbox_way",
    Column("mailbox_id", Id, ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    text("way"),
    Column("relay", LargeBinary),
    text("server", ""),
    number("inside", 1),
)

# Why letters wait that leave straight to a domain (``domain client.example``) or by the relay of a mailbox (``mailbox
# 7``), since when, and when it is tried again.
lane_trouble = table(
    "lane_trouble",
    Column("lane", Text, primary_key=True),
    text("sentence"),
    Column("fields", Json, nullable=False),
    instant("since"),
    number("tries"),
    instant("next_at"),
)

# What a domain promised about the servers that take its letters (MTA-STS), as it was fetched last; ``name`` is the id
# that its record gave it, ``age`` is in seconds.
sts_policy = table(
    "sts_policy",
    Column("domain", Text, primary_key=True),
    text("name"),
    text("mode"),
    Column("servers", Json, nullable=False),
    number("age"),
    instant("fetched_at"),
    instant("ends_at"),
)

# An address stands here as a keyed hash: it stays refused when the person asked to be erased, and tells nobody who.
suppression = table(
    "suppression",
    id_column(),
    Column("address_hash", LargeBinary, nullable=False),
    text("reason"),
    text("detail", ""),
    instant("created_at"),
    UniqueConstraint("address_hash", "reason"),
)

# A service that letters leave by and that tells over HTTP what came back. ``secret`` is sealed; ``heard_at`` is when it
# last proved who it is, ``taken`` counts what it told of letters of ours, ``refused_at`` and ``fault`` say which call
# was not believed.
sending_service = table(
    "sending_service",
    id_column(),
    text("kind"),
    text("name"),
    Column("secret", LargeBinary, nullable=False),
    number("taken", 0),
    optional_instant("heard_at"),
    optional_instant("refused_at"),
    text("fault", ""),
    instant("created_at"),
)

# A letter that somebody is writing, for everybody who may answer in its place. ``thread_id`` is None for a new letter.
# ``message_id`` is the letter that it became: until that has left it can be taken back, and is this draft again.
draft = table(
    "draft",
    id_column(),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    optional_reference("thread_id", "thread.id"),
    text("kind"),
    reference("author_id", "user.id"),
    reference("changed_by_id", "user.id"),
    number("version", 1),
    text("sender", ""),
    text("to_line", ""),
    text("cc_line", ""),
    text("bcc_line", ""),
    text("subject", ""),
    text("html", ""),
    number("quoted_id", 0),
    number("seen_id", 0),
    optional_instant("send_at"),
    number("unless_reply", 0),
    text("fault", ""),
    Column("message_id", Id),
    instant("created_at"),
    instant("changed_at"),
)
_written = sql("message_id IS NULL")
Index("ix_draft_scope", draft.c.scope_id, draft.c.changed_at, sqlite_where=_written, postgresql_where=_written)
Index("ix_draft_thread_id", draft.c.thread_id)
_planned = sql("send_at IS NOT NULL")
Index("ix_draft_send_at", draft.c.send_at, sqlite_where=_planned, postgresql_where=_planned)
Index("ix_draft_message_id", draft.c.message_id)

# ``content_id`` names the file in the draft's HTML when it is a picture there.
draft_file = table(
    "draft_file",
    id_column(),
    reference("draft_id", "draft.id", cascade=True),
    reference("blob_id", "blob.id"),
    text("name"),
    text("content_type"),
    number("size"),
    text("content_id"),
    instant("created_at"),
)
Index(None, draft_file.c.draft_id)
Index(None, draft_file.c.blob_id)

# What stands under the letters of a mailbox; of one person there, or of everybody where ``user_id`` is 0.
signature = table(
    "signature",
    Column("mailbox_id", Id, ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("user_id", Id, primary_key=True, nullable=False),
    text("html"),
)

# What the sender has to know of a mailing. Its rows leave while ``open`` is 1, up to the row ``until_id`` (None: all),
# ``a_minute`` at most (0: as fast as they are taken), in the hours of ``hours.Hours``, and in the first days behind
# ``warm_from`` as ``letting.plan_warm_up`` has it, with ``warm_up`` letters for each domain on the first one. To stop a
# mailing is to shut its gate, in every mark's own unit. Only readers get it who want to hear of ``topic_id``.
gate = table(
    "gate",
    Column("mailing_id", Id, primary_key=True, autoincrement=False),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    number("open", 0),
    Column("until_id", Id),
    number("a_minute", 0),
    Column("topic_id", Id),
    number("days", 127),
    number("since_hour", 0),
    number("until_hour", 24),
    text("zone", ""),
    number("warm_up", 0),
    number("warm_from", 0),
)
_open = sql("open = 1")
Index("ix_gate_open", gate.c.mailing_id, sqlite_where=_open, postgresql_where=_open)

# Buckets of ``pacing``: so many letters ``a_minute`` somebody said, so many were ``learned``. ``arrival`` is how far
# ahead of the clock what was taken is, ``slot`` the last moment that was given to a letter which found no room.
pace = table(
    "pace",
    Column("name", Text, primary_key=True),
    number("a_minute", 0),
    number("learned", 0),
    number("arrival", 0),
    number("slot", 0),
    instant("changed_at"),
)

# How many recipients of a domain the plan of a mailing's first days has given a day.
warm_up = table(
    "warm_up",
    Column("mailing_id", Id, primary_key=True, nullable=False),
    Column("domain", Text, primary_key=True, nullable=False),
    number("given", 0),
)

# Domains to which no mailing leaves now: because somebody pressed the button, until it is lifted (``until`` None), or
# because their servers want less, until then.
stopped_domain = table(
    "stopped_domain",
    Column("domain", Text, primary_key=True),
    Column("by_id", Id),
    instant("at"),
    optional_instant("until"),
)

# A recipient of a mailing: the row of the list that was frozen, and the row of the ledger. ``state`` as in ``states``,
# or ``excluded`` with its ``reason``; what is ``queued`` leaves when the gate of its mailing is open. Nothing of the
# letter stands here: it is the mailing's frozen text with ``fields``, and ``letter_hash`` proves that it still is.
# ``epoch``, ``handed_at``, ``boot`` and ``fence`` are as in ``delivery``. ``left_at``: its reader wants no more;
# ``told`` 1: its client's timeline has a line of it; ``warm`` 1: the plan of the first days has given it its day.
recipient = table(
    "recipient",
    id_column(),
    number("mailing_id"),
    number("epoch"),
    text("address"),
    text("canonical"),
    text("domain"),
    Column("contact_id", Id),
    Column("counterparty_id", Id),
    text("name", ""),
    text("language", ""),
    text("time_zone", ""),
    text("state", "queued"),
    text("reason", ""),
    Column("fields", Json, nullable=False),
    Column("letter_hash", LargeBinary),
    number("attempts", 0),
    optional_text("boot"),
    number("fence", 0),
    optional_instant("handed_at"),
    number("next_at", 0),
    number("reply_code", 0),
    text("reply_status", ""),
    text("reply_text", ""),
    optional_instant("sent_at"),
    optional_instant("opened_at"),
    optional_instant("clicked_at"),
    optional_instant("answered_at"),
    Column("answer_id", Id),
    optional_instant("left_at"),
    number("told", 0),
    number("warm", 0),
    instant("changed_at"),
)
_chosen = sql("state <> 'excluded'")
Index(
    "uq_recipient_canonical", recipient.c.mailing_id, recipient.c.canonical,
    unique=True, sqlite_where=_chosen, postgresql_where=_chosen,
)  # fmt: skip
_comes = sql("state IN ('queued', 'deferred')")
Index(
    "ix_recipient_ready", recipient.c.mailing_id, recipient.c.next_at, recipient.c.id,
    sqlite_where=_comes, postgresql_where=_comes,
)  # fmt: skip
Index("ix_recipient_state", recipient.c.mailing_id, recipient.c.state, recipient.c.id)
Index("ix_recipient_leased", recipient.c.boot, sqlite_where=_leased, postgresql_where=_leased)
_untold = sql("state = 'sent' AND told = 0 AND counterparty_id IS NOT NULL")
Index(
    "ix_recipient_untold", recipient.c.mailing_id, recipient.c.id, sqlite_where=_untold, postgresql_where=_untold
)  # fmt: skip
_was_sent = sql("sent_at IS NOT NULL")
Index(
    "ix_recipient_sent", recipient.c.canonical, recipient.c.sent_at,
    sqlite_where=_was_sent, postgresql_where=_was_sent,
)  # fmt: skip
_left_out = sql("state = 'excluded'")
Index("ix_recipient_left_out", recipient.c.canonical, sqlite_where=_left_out, postgresql_where=_left_out)
for _party in ("contact_id", "counterparty_id"):
    _named = sql(f"{_party} IS NOT NULL")
    Index(f"ix_recipient_{_party}", recipient.c[_party], sqlite_where=_named, postgresql_where=_named)
