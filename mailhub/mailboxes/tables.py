"""The tables of the post office.

``letter`` is what was understood once; ``message`` is that letter in one mailbox; ``thread`` holds everything that a
row of a list shows, so that a list reads one table.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text, desc
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

# ``answer_hours`` are for the first answer, ``next_hours`` for the next ones (0: alike), ``client_hours`` counts the
# clients that have hours of their own, ``escalate_to`` names people (None: who manages the mailbox).
mailbox = table(
    "mailbox",
    id_column(),
    reference("scope_id", "scope.id"),
    Column("address", Text, nullable=False, unique=True),
    text("name"),
    text("kind"),
    optional_reference("owner_id", "user.id"),
    number("colour", 0),
    text("way", "manager"),
    optional_reference("default_executor_id", "user.id"),
    number("answer_hours", 8),
    number("rules", 0),
    instant("created_at"),
    number("next_hours", 0),
    number("client_hours", 0),
    number("remind_share", 75),
    number("remind_minutes", 0),
    text("calendar_key", ""),
    number("escalates", 1),
    Column("escalate_to", Json),
)
Index(None, mailbox.c.scope_id, unique=True)

# Every address that delivers: the mailbox's own, aliases, and "@domain" for a catch-all.
mailbox_address = table(
    "mailbox_address",
    Column("address", Text, primary_key=True),
    reference("mailbox_id", "mailbox.id", cascade=True),
    text("kind"),
)
Index(None, mailbox_address.c.mailbox_id)

letter = table(
    "letter",
    id_column(),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    text("message_id", ""),
    text("subject", ""),
    text("from_name", ""),
    text("from_address", ""),
    optional_text("from_trusted"),
    text("kind"),
    optional_text("language"),
    optional_instant("sent_at"),
    text("excerpt", ""),
    Column("parsed", Json, nullable=False),
)
Index(None, letter.c.message_id)

# The Message-IDs that a letter answers or names, so that the outcome does not depend on the order of arrival.
letter_reference = table(
    "letter_reference",
    Column("letter_id", Id, primary_key=True, nullable=False),
    number("place"),
    Column("message_id", Text, primary_key=True, nullable=False),
)
Index(None, letter_reference.c.message_id)

# The harmless HTML of a letter, made on first read, bound to the version of the policy that made it.
letter_html = table(
    "letter_html",
    Column("letter_id", Id, primary_key=True, nullable=False),
    Column("variant", Text, primary_key=True, nullable=False),
    text("policy"),
    text("html"),
    Column("facts", Json, nullable=False),
)

# A thread that was merged has the state "merged" and points to the one that shows its letters (``merged_into``);
# ``merged`` keeps what the undoing gives back. ``claims_id`` is the thread that its first letter named without a say,
# ``begun_at`` the earliest date that its letters bear, ``undelivered`` 1 while our last word in it did not arrive.
# The state "snoozed" is an open thread put aside until ``snoozed_until``, which no other state has: what is open leaves
# it out by its own predicate. ``no_answer_id`` is the newest letter that somebody said needs no answer,
# ``continues_id`` the thread closed long ago that this one goes on with.
thread = table(
    "thread",
    id_column(),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    text("subject", ""),
    text("subject_base", ""),
    text("who", ""),
    text("who_address", ""),
    text("snippet", ""),
    text("language", ""),
    optional_reference("counterparty_id", "counterparty.id"),
    optional_reference("contact_id", "contact.id"),
    text("state", "open"),
    optional_text("waiting_for"),
    optional_instant("waiting_since"),
    optional_instant("due_at"),
    optional_reference("executor_id", "user.id"),
    number("message_count", 0),
    number("attachment_count", 0),
    instant("last_message_at"),
    number("last_message_id", 0),
    number("last_in_id", 0),
    number("version", 0),
    Column("match", Json, nullable=False),
    optional_instant("begun_at"),
    Column("claims_id", Id),
    Column("merged_into", Id),
    Column("merged", Json),
    number("undelivered", 0),
    optional_instant("snoozed_until"),
    optional_instant("closed_at"),
    Column("continues_id", Id),
    number("no_answer_id", 0),
    number("urgent", 0),
    number("tag_count", 0),
    optional_instant("answered_at"),
    number("own_hours", 0),
    optional_instant("watch_at"),
    number("watched", 0),
    instant("created_at"),
)
_newest = (thread.c.last_message_at.desc(), thread.c.id.desc())
Index("ix_thread_scope_newest", thread.c.scope_id, *_newest)
Index("ix_thread_scope_executor", thread.c.scope_id, thread.c.executor_id, *_newest)
Index("ix_thread_state", thread.c.scope_id, thread.c.state, *_newest)
# SQLite knows no sizes and takes the index that fixes most columns: so these name the columns of their own condition.
_waits = sql("state = 'open' AND waiting_for = 'us'")
Index(
    "ix_thread_late",
    thread.c.scope_id,
    thread.c.state,
    thread.c.waiting_for,
    thread.c.due_at,
    thread.c.id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)
Index(
    "ix_thread_late_mine",
    thread.c.executor_id,
    thread.c.state,
    thread.c.waiting_for,
    thread.c.due_at,
    thread.c.id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)
Index(
    "ix_thread_late_client",
    thread.c.counterparty_id,
    thread.c.scope_id,
    thread.c.waiting_since,
    sqlite_where=_waits,
    postgresql_where=_waits,
)
_snoozed = sql("state = 'snoozed'")
Index("ix_thread_snoozed", thread.c.snoozed_until, thread.c.id, sqlite_where=_snoozed, postgresql_where=_snoozed)
_watched = sql("watch_at IS NOT NULL")
Index("ix_thread_watch", thread.c.watch_at, thread.c.id, sqlite_where=_watched, postgresql_where=_watched)
Index("ix_thread_counterparty", thread.c.counterparty_id, thread.c.subject_base, desc(thread.c.last_message_at))
Index("ix_thread_client_newest", thread.c.counterparty_id, thread.c.scope_id, *_newest)
_written = sql("length(who_address) <= 320")  # longer ones are no addresses, and no index of PostgreSQL holds them
Index("ix_thread_who", thread.c.scope_id, thread.c.who_address, sqlite_where=_written, postgresql_where=_written)
for _pointer in ("claims_id", "merged_into", "continues_id", "contact_id"):
    _where = sql(f"{_pointer} IS NOT NULL")
    Index(f"ix_thread_{_pointer}", thread.c[_pointer], sqlite_where=_where, postgresql_where=_where)

# The id is minted from the letter's date (seconds << 20 | counter), so that its order is the order of time, for
# imported archives too: lists, search and partitions agree.
# ``home_id`` is the thread it was laid into when it came and never changes, ``split_id`` the one a person split it off
# to; ``thread_id`` is where that leads by the pointers of merged threads, and what everybody reads. A ``quiet`` message
# is known from an archive only: nobody waits because of it. ``fate`` is what became of one of ours that answers nobody:
# ``undelivered``, ``taken_back`` or ``forwarded``, else empty. ``landed_at`` is when it came into the thread that shows
# it, whatever its date: what landed after somebody looked is news to them.
message = table(
    "message",
    Column("id", Id, primary_key=True, autoincrement=False),
    reference("letter_id", "letter.id"),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    reference("thread_id", "thread.id"),
    Column("home_id", Id, nullable=False),
    Column("split_id", Id),
    reference("blob_id", "blob.id"),
    text("direction"),
    number("spam", 0),
    number("quiet", 0),
    instant("dated_at"),
    instant("received_at"),
    Column("trace", Json, nullable=False),
    Column("authentication", Json),
    text("fate", ""),
    number("landed_at", 0),
)
Index(None, message.c.thread_id, message.c.id)
Index(None, message.c.letter_id, message.c.mailbox_id)
Index(None, message.c.mailbox_id, message.c.id)
Index(None, message.c.blob_id)

# What people taught a mailbox about a sender: junk, or no junk whatever a filter says.
known_sender = table(
    "known_sender",
    Column("mailbox_id", Id, primary_key=True, nullable=False),
    Column("address", Text, primary_key=True, nullable=False),
    number("junk"),
    reference("user_id", "user.id"),
    instant("at"),
)

# Who has a say in a thread: who wrote in it, whom we wrote to, whom the client's own proved letter named, and the
# mailing list it runs on ("<list-id>" in brackets). A reference alone lets nobody in. ``sure``: a proved letter or one
# of ours brought them in, so that they are answered there without asking.
thread_participant = table(
    "thread_participant",
    Column("thread_id", Id, primary_key=True, nullable=False),
    Column("address", Text, primary_key=True, nullable=False),
    text("how"),
    number("sure", 0),
)
Index(None, thread_participant.c.address, thread_participant.c.thread_id)

# The folded words of a letter as indexed: what the index needs to let go of a row again.
letter_words = table(
    "letter_words",
    Column("letter_id", Id, primary_key=True, nullable=False),
    number("version"),
    text("subject"),
    text("people"),
    text("body"),
)
_to_index = sql("version < 2")  # core.fulltext.FOLDING_VERSION; another number is another index
Index("ix_letter_words_waits", letter_words.c.letter_id, sqlite_where=_to_index, postgresql_where=_to_index)

# What happened with a thread, told in it: small grey lines. ``sentence`` is a message id for the reader's language.
thread_event = table(
    "thread_event",
    id_column(),
    reference("thread_id", "thread.id"),
    optional_reference("user_id", "user.id"),
    text("sentence"),
    Column("fields", Json, nullable=False),
    instant("at"),
)
Index(None, thread_event.c.thread_id, thread_event.c.id)

# A word that people put on threads, the same in all mailboxes. ``key`` is the name as it is compared. What was deleted
# keeps its threads until its name is used again, so that it can be brought back.
tag = table(
    "tag",
    id_column(),
    text("name"),
    Column("key", Text, nullable=False, unique=True),
    number("colour", 0),
    optional_instant("deleted_at"),
    instant("created_at"),
)

# ``scope_id`` and ``last_message_at`` are those of the thread, so that the list of a tag is the top of an index.
thread_tag = table(
    "thread_tag",
    Column("thread_id", Id, primary_key=True, nullable=False),
    Column("tag_id", Id, primary_key=True, nullable=False),
    number("scope_id"),
    instant("last_message_at"),
)
Index(
    "ix_thread_tag_newest",
    thread_tag.c.tag_id,
    thread_tag.c.scope_id,
    thread_tag.c.last_message_at.desc(),
    thread_tag.c.thread_id.desc(),
)

# Who wants to hear what happens in a thread.
thread_follower = table(
    "thread_follower",
    Column("thread_id", Id, primary_key=True, nullable=False),
    Column("user_id", Id, primary_key=True, nullable=False),
    instant("at"),
)

# One row for each person to whom the thread has something new.
unread = table(
    "unread",
    Column("user_id", Id, primary_key=True, nullable=False),
    Column("thread_id", Id, primary_key=True, nullable=False),
    number("scope_id"),
)
Index(None, unread.c.thread_id)

# A letter on its way in: durable, waiting to be understood, done, or in quarantine.
incoming = table(
    "incoming",
    id_column(),
    reference("blob_id", "blob.id"),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    text("source"),
    text("direction", "in"),
    Column("trace", Json, nullable=False),
    instant("received_at"),
    Column("resend_key", LargeBinary),
    text("state", "waiting"),
    number("quiet", 0),
    text("step", ""),
    text("error", ""),
    number("tries", 0),
    Column("message_id", Id),
)
Index(None, incoming.c.resend_key)
Index(None, incoming.c.blob_id)
_stuck = sql("state <> 'done'")
Index("ix_incoming_state", incoming.c.state, incoming.c.id, sqlite_where=_stuck, postgresql_where=_stuck)
