"""The tables of mailings: what is to be sent, the letters of it, to whom, and what was done with it.

Their recipients are rows of the ledger: ``outbound.tables.recipient``, let out by ``outbound.tables.gate``.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql

from core.columns import Id, Json, id_column, instant, number, optional_instant, reference, table, text

# What mailings are about, for readers who want one subject and not another.
topic = table(
    "topic",
    id_column(),
    text("name"),
    text("name_folded"),
    text("about", ""),
    optional_instant("ended_at"),
    instant("created_at"),
    UniqueConstraint("name_folded"),
)

# ``state`` as in ``mailings.MOVES``. ``list_state`` and ``check_state`` are ``none``, ``working`` or ``done``: the list
# of recipients is frozen and every letter of it is tried by jobs that go on in pieces; ``list_run`` and ``check_run``
# say which job's word counts. ``letter_version`` names the letter as it stands now, ``checked_version`` the one that
# was tried, ``list_hash`` is the sha256 over the list, ``counts`` how many recipients are in each state. ``made_by``
# changed last who gets it, ``sender_by`` from whom it comes; ``difference`` is what the check found beside the last
# mailing alike.
# ``tracking`` says what is kept of openings and clicks, as in ``mailings.TRACKING``; ``slices`` how many letters
# left in each stretch of ``conducting.SLICE``, by its number.
mailing = table(
    "mailing",
    id_column(),
    text("name"),
    reference("mailbox_id", "mailbox.id"),
    reference("scope_id", "scope.id"),
    text("sender", ""),
    text("sender_name", ""),
    text("state", "draft"),
    number("letter_version", 0),
    text("people", "main"),
    number("cap_days", 0),
    text("list_state", "none"),
    number("list_run", 0),
    number("list_done", 0),
    number("list_total", 0),
    Column("list_hash", LargeBinary),
    number("recipients_count", 0),
    number("excluded_count", 0),
    Column("reasons", Json, nullable=False),
    optional_instant("frozen_at"),
    text("check_state", "none"),
    number("check_run", 0),
    number("check_done", 0),
    number("checked_version", 0),
    Column("faults", Json, nullable=False),
    optional_instant("checked_at"),
    optional_instant("start_at"),
    number("canary", 0),
    Column("made_by", Id),
    Column("sender_by", Id),
    Column("difference", Json),
    text("tracking", "off"),
    text("pictures", "hosted"),
    Column("topic_id", Id),
    Column("approved_by", Id),
    optional_instant("approved_at"),
    Column("counts", Json, nullable=False),
    Column("domains", Json, nullable=False),
    Column("slices", Json),
    optional_instant("counted_at"),
    number("a_minute", 0),
    number("days", 127),
    number("since_hour", 0),
    number("until_hour", 24),
    text("zone", ""),
    number("warm_up", 0),
    number("rate", 0),
    Column("started_by", Id),
    optional_instant("started_at"),
    optional_instant("ended_at"),
    Column("created_by", Id),
    instant("created_at"),
    instant("changed_at"),
    number("version", 1),
)
Index(None, mailing.c.scope_id, mailing.c.id)
_at_work = sql("state IN ('scheduled', 'sending', 'paused')")
Index("ix_mailing_at_work", mailing.c.id, sqlite_where=_at_work, postgresql_where=_at_work)

# What a mailing says, as it stood in one version, for readers of one language ('' for all others). Never changed:
# whoever got it can be shown what they got. ``source`` is what was written, ``html`` and ``plain`` what it became, with
# the fields still in it; ``links`` are the addresses that stand in it, by their place.
mailing_letter = table(
    "mailing_letter",
    id_column(),
    reference("mailing_id", "mailing.id", cascade=True),
    number("version"),
    text("language", ""),
    text("format"),
    text("subject"),
    text("source"),
    text("html", ""),
    text("plain"),
    Column("links", Json, nullable=False),
    Column("by_id", Id),
    instant("created_at"),
)
Index(
    "uq_mailing_letter", mailing_letter.c.mailing_id, mailing_letter.c.version, mailing_letter.c.language, unique=True
)

# Pictures that were brought to a mailing: they lie under ``name`` and ``ending`` for whoever opens a letter, as long as
# the letter of some mailing names them (``picture_use``). ``title`` is what the file was called.
picture = table(
    "picture",
    id_column(),
    reference("mailing_id", "mailing.id", cascade=True),
    reference("blob_id", "blob.id"),
    text("name"),
    text("ending"),
    text("title"),
    number("size"),
    instant("created_at"),
    UniqueConstraint("name"),
)
Index(None, picture.c.mailing_id)
Index(None, picture.c.blob_id)
Index(None, picture.c.created_at)
picture_use = table(
    "picture_use",
    Column("mailing_id", Id, ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("picture_id", Id, ForeignKey("picture.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
)
Index(None, picture_use.c.picture_id)

# To whom: ``takes`` 1 for those who shall get it, 0 for those who shall not whatever else is chosen. ``kind`` is
# ``everybody``, ``group``, ``segment``, ``client`` or ``contact``, ``number`` says which.
mailing_choice = table(
    "mailing_choice",
    Column("mailing_id", Id, primary_key=True, nullable=False),
    Column("takes", Id, primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False),
    Column("number", Id, primary_key=True, nullable=False),
)

# What happened with a mailing, for its page. ``sentence`` is a message id for the reader's language.
mailing_event = table(
    "mailing_event",
    id_column(),
    reference("mailing_id", "mailing.id", cascade=True),
    Column("user_id", Id),
    text("sentence"),
    Column("fields", Json, nullable=False),
    instant("at"),
)
Index(None, mailing_event.c.mailing_id, mailing_event.c.id)

# One opening of a letter, or one click on the link in its place ``link`` (0: the one that no person sees); ``machine``
# is 1 with the ``evidence`` that speaks against a person. ``recipient_id`` is None where a mailing only counts.
# ``network`` is as much of the address as says whose network it was.
mailing_visit = table(
    "mailing_visit",
    id_column(),
    reference("mailing_id", "mailing.id", cascade=True),
    Column("recipient_id", Id),
    text("kind"),
    number("link", 0),
    instant("at"),
    number("machine", 0),
    Column("evidence", Json, nullable=False),
    text("agent", ""),
    text("network", ""),
)
Index(None, mailing_visit.c.mailing_id, mailing_visit.c.at)
Index(None, mailing_visit.c.at)
_known = sql("recipient_id IS NOT NULL")
Index(
    "ix_mailing_visit_recipient", mailing_visit.c.recipient_id, mailing_visit.c.at,
    sqlite_where=_known, postgresql_where=_known,
)  # fmt: skip

# How many of them there were, for ever: single visits are swept away after a time.
mailing_visit_sum = table(
    "mailing_visit_sum",
    Column("mailing_id", Id, ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False),
    Column("link", Id, primary_key=True, nullable=False),
    Column("machine", Id, primary_key=True, nullable=False),
    number("number", 0),
)

# A form on which people sign up, as it is worded now, and every wording that somebody may have agreed to.
sign_up_form = table(
    "sign_up_form",
    id_column(),
    text("title"),
    text("text"),
    number("version", 1),
    optional_instant("ended_at"),
    instant("created_at"),
)
sign_up_text = table(
    "sign_up_text",
    Column("form_id", Id, ForeignKey("sign_up_form.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("version", Id, primary_key=True, nullable=False),
    text("title"),
    text("text"),
    Column("by_id", Id),
    instant("at"),
)

# Somebody who signed up and did not confirm it yet. Gone when they do, and after a week.
sign_up = table(
    "sign_up",
    id_column(),
    reference("form_id", "sign_up_form.id", cascade=True),
    number("version"),
    text("address"),
    text("name", ""),
    text("language", ""),
    Column("topics", Json),
    instant("asked_at"),
)
Index(None, sign_up.c.address)
Index(None, sign_up.c.asked_at)
