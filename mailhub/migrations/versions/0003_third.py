"""The shared inbox where a team works; each room adds its own at the end of ``upgrade``."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from crm.parties.words import words_of

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _door() -> None:
    """Sessions that wait for a second factor; factors, links, single sign-on; the audit log by person, act and time."""
    op.add_column("session", sa.Column("waits_for", sa.Text(), server_default="", nullable=False))
    op.add_column("session", sa.Column("shown", sa.Text(), server_default="password", nullable=False))
    op.add_column("session", sa.Column("proved_at", ID, server_default="0", nullable=False))
    for columns in (["user_id", "id"], ["action", "id"], ["at"]):
        op.create_index(op.f(f"ix_audit_{'_'.join(columns)}"), "audit", columns)
    op.create_table(
        "totp",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", ID, server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _of_user("totp"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp")),
    )
    _owned(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
    )
    _owned(
        "passkey",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", ID, nullable=False),
        sa.Column("synced", ID, server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("doubted_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    _owned(
        "linked_identity",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_linked_identity_issuer_subject")),
    )
    op.create_table(
        "entry_link",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        _of_user("entry_link"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_entry_link")),
    )
    op.create_index(op.f("ix_entry_link_user_id"), "entry_link", ["user_id"])
    op.create_table(
        "ceremony",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("details", JSON, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ceremony")),
    )
    op.create_index(op.f("ix_ceremony_expires_at"), "ceremony", ["expires_at"])


def _owned(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        *parts,
        _of_user(name),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{name}_user_id"), name, ["user_id"])


def _of_user(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{name}_user_id_user"), ondelete="CASCADE")


def upgrade() -> None:
    """Nothing is rebuilt: new tables, new columns with a default, other indexes."""
    op.add_column("thread", sa.Column("snoozed_until", sa.BigInteger(), nullable=True))
    op.add_column("thread", sa.Column("closed_at", sa.BigInteger(), nullable=True))
    op.add_column("thread", sa.Column("continues_id", ID, nullable=True))
    op.add_column("thread", sa.Column("no_answer_id", ID, server_default="0", nullable=False))
    op.add_column("thread", sa.Column("urgent", ID, server_default="0", nullable=False))
    op.add_column("thread", sa.Column("tag_count", ID, server_default="0", nullable=False))
    snoozed = sa.text("state = 'snoozed'")
    op.create_index(
        "ix_thread_snoozed", "thread", ["snoozed_until", "id"], sqlite_where=snoozed, postgresql_where=snoozed
    )
    continues = sa.text("continues_id IS NOT NULL")
    op.create_index(
        "ix_thread_continues_id", "thread", ["continues_id"], sqlite_where=continues, postgresql_where=continues
    )
    op.create_table(
        "tag",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("colour", ID, server_default="0", nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("key", name=op.f("uq_tag_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "thread_tag",
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("tag_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("last_message_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "tag_id", name=op.f("pk_thread_tag")),
    )
    op.create_index(
        "ix_thread_tag_newest",
        "thread_tag",
        ["tag_id", "scope_id", sa.literal_column("last_message_at DESC"), sa.literal_column("thread_id DESC")],
    )
    op.create_table(
        "thread_follower",
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "user_id", name=op.f("pk_thread_follower")),
    )
    op.create_table(
        "bulk",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_bulk_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bulk_user_id_at"), "bulk", ["user_id", "at"])
    op.create_table(
        "bulk_thread",
        sa.Column("bulk_id", ID, nullable=False),
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", "thread_id", name=op.f("pk_bulk_thread")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("team_id", ID, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("late", ID, server_default="0", nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("version", ID, server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_saved_view_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_saved_view_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_saved_view_user_id_id"), "saved_view", ["user_id", "id"])
    op.create_index(op.f("ix_saved_view_team_id_id"), "saved_view", ["team_id", "id"])
    _door()
    op.create_index(
        op.f("ix_draft_send_at"),
        "draft",
        ["send_at"],
        sqlite_where=sa.text("send_at IS NOT NULL"),
        postgresql_where=sa.text("send_at IS NOT NULL"),
    )
    op.create_table(
        "notice",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("occurrence_id", ID, nullable=True),
        sa.Column("promise_id", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("note_id", ID, nullable=True),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("mail_at", sa.BigInteger(), nullable=True),
        sa.Column("mailed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_notice_user_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_notice_thread_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_notice_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_notice_user_id_id"), "notice", ["user_id", "id"])
    op.create_index(op.f("ix_notice_thread_id_user_id"), "notice", ["thread_id", "user_id"])
    for name, columns, where in (
        ("ix_notice_new", ["user_id", "id"], "read_at IS NULL"),
        ("ix_notice_due", ["mail_at"], "mail_at IS NOT NULL"),
        ("ix_notice_mailed", ["user_id", "mailed_at"], "mailed_at IS NOT NULL"),
    ):
        op.create_index(name, "notice", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_table(
        "notice_wish",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_wish")),
    )
    op.create_table(
        "note",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("mentions", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_note_thread_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_note_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_note_thread_id_id"), "note", ["thread_id", "id"])
    op.create_table(
        "note_version",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("note_id", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_version_note_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_version")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_note_version_note_id_id"), "note_version", ["note_id", "id"])
    op.add_column("scope", sa.Column("parent_id", ID, nullable=True))
    op.add_column("scope", sa.Column("audience", sa.Text(), server_default="", nullable=False))
    op.add_column("scope", sa.Column("owner_id", ID, nullable=True))
    below = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "uq_scope_below", "scope", ["parent_id", "kind", "audience"],
        unique=True, sqlite_where=below, postgresql_where=below,
    )  # fmt: skip
    op.execute("UPDATE scope SET owner_id = (SELECT owner_id FROM mailbox WHERE mailbox.scope_id = scope.id)")
    op.add_column("access_grant", sa.Column("from_at", sa.BigInteger(), nullable=True))
    op.add_column("access_grant", sa.Column("until_at", sa.BigInteger(), nullable=True))
    op.add_column("interaction", sa.Column("letter_id", ID, nullable=True))
    op.execute(
        "UPDATE interaction SET letter_id = (SELECT letter_id FROM message WHERE message.id = interaction.message_id)"
    )
    op.create_index(op.f("ix_message_blob_id"), "message", ["blob_id"])
    op.create_index(op.f("ix_incoming_blob_id"), "incoming", ["blob_id"])
    op.create_index(op.f("ix_draft_file_blob_id"), "draft_file", ["blob_id"])
    op.create_table(
        "blob_doubt",
        sa.Column("blob_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_blob_doubt")),
    )
    op.create_index(op.f("ix_blob_doubt_at"), "blob_doubt", ["at"])
    op.create_table(
        "trash",
        sa.Column("thread_id", ID, autoincrement=False, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("how", sa.Text(), server_default="hand", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_trash_mailbox_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_trash_user_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_trash")),
    )
    op.create_index(op.f("ix_trash_at_thread_id"), "trash", ["at", "thread_id"])
    op.create_index(op.f("ix_trash_mailbox_id_at"), "trash", ["mailbox_id", "at"])
    op.create_table(
        "retention",
        sa.Column("mailbox_id", ID, autoincrement=False, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("months", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", ID, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_retention_mailbox_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_retention_user_id")),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_retention")),
    )
    op.create_table(
        "hold",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("counterparty_id", ID, nullable=True),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_hold_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hold_counterparty_id"), "hold", ["counterparty_id"])
    op.create_index(op.f("ix_hold_thread_id"), "hold", ["thread_id"])
    op.create_table(
        "let_go",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("count", ID, server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_let_go")),
    )
    op.create_table(
        "person_request",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("names", JSON, nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("cursor", ID, server_default="0", nullable=False),
        sa.Column("done", ID, server_default="0", nullable=False),
        sa.Column("total", ID, server_default="0", nullable=False),
        sa.Column("found", JSON, nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_person_request_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_request")),
        sqlite_autoincrement=True,
    )

    # Who is away, who stands in, and whom a hand stands in for.
    op.add_column("assignment", sa.Column("instead_of_id", ID, nullable=True))
    by_load = sa.text("reason IN ('least_busy', 'rule_least_busy')")
    op.create_index(
        "ix_assignment_by_load", "assignment", ["executor_id", "id"], sqlite_where=by_load, postgresql_where=by_load
    )
    instead = sa.text("instead_of_id IS NOT NULL")
    op.create_index(
        "ix_assignment_instead_of",
        "assignment",
        ["instead_of_id", "id"],
        sqlite_where=instead,
        postgresql_where=instead,
    )
    op.create_table(
        "absence",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_absence_user_id")),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_absence_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_absence_user_id_ends_at"), "absence", ["user_id", "ends_at"])
    op.create_index(op.f("ix_absence_ends_at"), "absence", ["ends_at"])
    op.create_table(
        "deputy",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("deputy_id", ID, nullable=False),
        sa.Column("place", ID, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "deputy_id", name=op.f("pk_deputy")),
    )
    op.create_index(op.f("ix_deputy_deputy_id"), "deputy", ["deputy_id"])

    # When the house works, how long answers may take, who is reminded, and how long they took.
    op.create_table(
        "working_calendar",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_working_calendar")),
    )
    op.create_table(
        "calendar_choice",
        sa.Column("scope_id", ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_calendar_choice")),
    )
    for name, default in (("next_hours", "0"), ("client_hours", "0"), ("remind_share", "75"), ("remind_minutes", "0")):
        op.add_column("mailbox", sa.Column(name, ID, server_default=default, nullable=False))
    op.add_column("mailbox", sa.Column("calendar_key", sa.Text(), server_default="", nullable=False))
    op.add_column("mailbox", sa.Column("escalates", ID, server_default="1", nullable=False))
    op.add_column("mailbox", sa.Column("escalate_to", JSON, nullable=True))
    op.add_column("counterparty", sa.Column("answer_hours", ID, server_default="0", nullable=False))
    op.add_column("counterparty", sa.Column("next_hours", ID, server_default="0", nullable=False))
    hours = sa.text("answer_hours > 0 OR next_hours > 0")
    op.create_index("ix_counterparty_hours", "counterparty", ["id"], sqlite_where=hours, postgresql_where=hours)
    op.add_column("thread", sa.Column("answered_at", sa.BigInteger(), nullable=True))
    op.add_column("thread", sa.Column("own_hours", ID, server_default="0", nullable=False))
    op.add_column("thread", sa.Column("watch_at", sa.BigInteger(), nullable=True))
    op.add_column("thread", sa.Column("watched", ID, server_default="0", nullable=False))
    watched = sa.text("watch_at IS NOT NULL")
    op.create_index("ix_thread_watch", "thread", ["watch_at", "id"], sqlite_where=watched, postgresql_where=watched)
    op.execute("UPDATE thread SET answered_at = waiting_since WHERE waiting_for = 'them'")
    op.create_table(
        "wait",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("executor_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("first", ID, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_wait_thread_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_wait_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_wait_scope_id_answered_at"), "wait", ["scope_id", "answered_at"])
    op.create_index(op.f("ix_wait_thread_id"), "wait", ["thread_id"])
    op.create_index(op.f("ix_wait_message_id"), "wait", ["message_id"])
    op.create_table(
        "dkim_key",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("in_use", ID, server_default="0", nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dkim_key")),
        sa.UniqueConstraint("domain", "selector", name=op.f("uq_dkim_key_domain_selector")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "letter_template",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("version", ID, server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_letter_template_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_template")),
        sa.UniqueConstraint("mailbox_id", "user_id", "name", name=op.f("uq_letter_template_mailbox_id_user_id_name")),
        sqlite_autoincrement=True,
    )
    waits = sa.text("version < 2")
    op.create_index("ix_letter_words_waits", "letter_words", ["letter_id"], sqlite_where=waits, postgresql_where=waits)
    op.add_column("message", sa.Column("landed_at", ID, server_default="0", nullable=False))
    _parties()
    _ways_out()
    _finding_again()
    _places_of_accounts()
    _letters_of_people()
    _states_of_threads()
    _planned()
    _promised()
    _merging()


def _parties() -> None:
    """Who the clients are, how they are found and belong together; what people write into a history by hand."""
    _more_about_parties()
    _made(
        "party_phone",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        _to("contact_id", "contact", "party_phone", optional=True),
        _to("counterparty_id", "counterparty", "party_phone", optional=True),
    )
    for name in ("number", "contact_id", "counterparty_id"):
        op.create_index(op.f(f"ix_party_phone_{name}"), "party_phone", [name])
    _made(
        "legal_entity",
        _to("counterparty_id", "counterparty", "legal_entity"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tax_number", sa.Text(), server_default="", nullable=False),
        sa.Column("requisites", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index(op.f("ix_legal_entity_counterparty_id"), "legal_entity", ["counterparty_id"])
    _partial("ix_legal_entity_tax_number", "legal_entity", ["tax_number"], "tax_number <> ''")
    _made(
        "client_group",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.UniqueConstraint("name_folded", name=op.f("uq_client_group_name_folded")),
    )
    op.create_table(
        "group_member",
        sa.Column("group_id", ID, autoincrement=False, nullable=False),
        sa.Column("counterparty_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "counterparty_id", name=op.f("pk_group_member")),
    )
    op.create_index(op.f("ix_group_member_counterparty_id"), "group_member", ["counterparty_id"])
    _made(
        "party_link",
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("from_id", ID, nullable=False),
        sa.Column("to_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("uq_party_link", "party_link", ["of", "from_id", "to_id", "kind"], unique=True)
    op.create_index(op.f("ix_party_link_of_to_id"), "party_link", ["of", "to_id"])
    _consents_and_managers()
    collated = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
    op.create_table(
        "party_word",
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("word", collated, nullable=False),
        sa.Column("party_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("of", "word", "party_id", name=op.f("pk_party_word")),
    )
    op.create_index(op.f("ix_party_word_of_party_id"), "party_word", ["of", "party_id"])
    _lay_words(op.get_bind())
    _written_by_hand()


def _lay_words(connection: sa.Connection) -> None:
    """Let those be found who stand there already, a thousand at a time."""
    address = sa.table("party_address", *map(sa.column, ("address", "contact_id", "counterparty_id")))
    word = sa.table("party_word", *map(sa.column, ("of", "word", "party_id")))
    for of in ("counterparty", "contact"):
        party, owner, after = sa.table(of, sa.column("id"), sa.column("name")), address.c[f"{of}_id"], 0
        page = sa.select(party.c.id, party.c.name).order_by(party.c.id).limit(1000)
        while rows := connection.execute(page.where(party.c.id > after)).fetchall():
            after = rows[-1].id
            addresses: dict[int, list[str]] = {}
            theirs = sa.select(owner, address.c.address).where(owner.in_([row.id for row in rows]))
            for owner_id, one in [*connection.execute(theirs), *_domains_of(connection, of, rows)]:
                addresses.setdefault(owner_id, []).append(one)
            found = [(row.id, words_of([row.name], addresses.get(row.id, ()))) for row in rows]
            laid = [{"of": of, "word": one, "party_id": party_id} for party_id, words in found for one in sorted(words)]
            if laid:
                connection.execute(sa.insert(word), laid)


def _domains_of(
    connection: sa.Connection, of: str, rows: Sequence[Any]
) -> list[sa.Row[tuple[int, str]]]:
    if of == "contact":
        return []
    domain = sa.table("counterparty_domain", sa.column("counterparty_id"), sa.column("domain"))
    theirs = domain.c.counterparty_id.in_([row.id for row in rows])
    return list(connection.execute(sa.select(domain.c.counterparty_id, domain.c.domain).where(theirs)))


def _more_about_parties() -> None:
    for name in ("parent_as", "time_zone", "birthday", "about"):
        op.add_column("counterparty", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("counterparty", sa.Column("channel_id", ID, nullable=True))
    _partial("ix_counterparty_parent", "counterparty", ["parent_id", "name_folded"], "parent_id IS NOT NULL")
    for name in ("time_zone", "birthday", "about"):
        op.add_column("contact", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("counterparty", "contact"):
        op.add_column(name, sa.Column("version", ID, server_default="1", nullable=False))
    op.add_column("affiliation", sa.Column("position", sa.Text(), server_default="", nullable=False))
    op.add_column("party_address", sa.Column("kind", sa.Text(), server_default="", nullable=False))


def _consents_and_managers() -> None:
    _made(
        "consent",
        _to("contact_id", "contact", "consent"),
        sa.Column("given", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_id", ID, nullable=True),
    )
    op.create_index(op.f("ix_consent_contact_id_at_id"), "consent", ["contact_id", "at", "id"])
    _made(
        "channel",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("name_folded", name=op.f("uq_channel_name_folded")),
    )
    _made(
        "manager_change",
        _to("counterparty_id", "counterparty", "manager_change"),
        sa.Column("manager_id", ID, nullable=True),
        sa.Column("before_id", ID, nullable=True),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index(op.f("ix_manager_change_counterparty_id_id"), "manager_change", ["counterparty_id", "id"])


def _written_by_hand() -> None:
    op.execute("INSERT INTO scope (id, kind) VALUES (0, 'house')")
    op.add_column("interaction", sa.Column("body", sa.Text(), server_default="", nullable=False))
    op.add_column("interaction", sa.Column("minutes", ID, server_default="0", nullable=False))
    for name in ("author_id", "channel_id", "based_on_id", "based_thread_id", "based_message_id"):
        op.add_column("interaction", sa.Column(name, ID, nullable=True))
    kinds = ["counterparty_id", "kind", "happened_at", "id"]
    op.create_index(op.f(f"ix_interaction_{'_'.join(kinds)}"), "interaction", kinds)
    op.create_index(op.f("ix_interaction_letter_id_counterparty_id"), "interaction", ["letter_id", "counterparty_id"])
    _partial("ix_interaction_based", "interaction", ["based_thread_id"], "based_thread_id IS NOT NULL")


def _made(name: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    """A table with an id of its own."""
    numbered = sa.Column("id", ID, autoincrement=True, nullable=False)
    key = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}"))
    op.create_table(name, numbered, *parts, key, sqlite_autoincrement=True)


def _to(column: str, target: str, name: str, *, optional: bool = False) -> sa.Column[object]:
    key = sa.ForeignKey(f"{target}.id", name=op.f(f"fk_{name}_{column}"))
    return sa.Column(column, ID, key, nullable=optional)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _ways_out() -> None:
    """How the letters of a mailbox leave, and what is known of the servers of other domains."""
    op.create_table(
        "mailbox_way",
        sa.Column("mailbox_id", ID, autoincrement=False, nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("relay", sa.LargeBinary(), nullable=True),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_mailbox_way_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_mailbox_way")),
    )
    op.create_table(
        "lane_trouble",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("tries", ID, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_lane_trouble")),
    )
    op.create_table(
        "sts_policy",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("servers", JSON, nullable=False),
        sa.Column("age", ID, nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_sts_policy")),
    )
    leaves = sa.text("state IN ('queued', 'deferred')")
    op.create_index(
        "ix_delivery_scope_ready",
        "delivery",
        ["scope_id", "next_at", "id"],
        sqlite_where=leaves,
        postgresql_where=leaves,
    )


def _finding_again() -> None:
    """The newest threads of a client, whom a mailbox has corresponded with, and what somebody searched for of late."""
    newest: list[Any] = [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")]
    op.create_index("ix_thread_client_newest", "thread", ["counterparty_id", "scope_id", *newest])
    written = sa.text("length(who_address) <= 320")
    op.create_index(
        "ix_thread_who", "thread", ["scope_id", "who_address"], sqlite_where=written, postgresql_where=written
    )
    op.create_table(
        "recent_search",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "words", name=op.f("pk_recent_search")),
    )
    op.create_index(op.f("ix_recent_search_user_id_at"), "recent_search", ["user_id", "at"])


def _places_of_accounts() -> None:
    """Who named the servers of an account. Those of before that anybody but administrators had a hand in are reached on
    the public internet alone: what their names mean may change (DNS rebinding)."""
    op.add_column("account", sa.Column("inside", ID, server_default="1", nullable=False))
    op.add_column("account", sa.Column("smtp_inside", ID, server_default="1", nullable=False))
    op.add_column("mailbox_way", sa.Column("inside", ID, server_default="1", nullable=False))
    op.execute(
        """UPDATE account SET inside = 0, smtp_inside = 0 WHERE CAST(id AS TEXT) IN (
            SELECT subject FROM audit WHERE action IN ('account-connected', 'account-changed')
            AND user_id IN (SELECT id FROM "user" WHERE is_admin = 0))"""
    )


def _letters_of_people() -> None:
    """What people wrote leaves before what machines write."""
    waits = sa.text("state IN ('queued', 'deferred') AND kind = 'personal'")
    columns = ["scope_id", "next_at", "id"]
    op.create_index("ix_delivery_people_ready", "delivery", columns, sqlite_where=waits, postgresql_where=waits)


def _states_of_threads() -> None:
    """SQLite takes the index that fixes most columns, so what lists and counters are read from names the state."""
    for name in ("open", "closed", "spam", "late", "late_mine"):
        op.drop_index(f"ix_thread_{name}", "thread")
    newest: list[Any] = [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")]
    op.create_index("ix_thread_state", "thread", ["scope_id", "state", *newest])
    waits = sa.text("state = 'open' AND waiting_for = 'us'")
    for name, first in (("ix_thread_late", "scope_id"), ("ix_thread_late_mine", "executor_id")):
        columns = [first, "state", "waiting_for", "due_at", "id"]
        op.create_index(name, "thread", columns, sqlite_where=waits, postgresql_where=waits)


def _planned() -> None:
    """What is planned: events, each time that they take place, who takes part, who reads it by a telephone."""
    _made(
        "event",
        sa.Column("kind", sa.Text(), nullable=False),
        _to("counterparty_id", "counterparty", "event", optional=True),
        _to("contact_id", "contact", "event", optional=True),
        _to("scope_id", "scope", "event"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("minutes", ID, server_default="0", nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("filled_until", sa.Text(), server_default="", nullable=False),
        sa.Column("remind_minutes", ID, server_default="-1", nullable=False),
        _to("executor_id", "user", "event"),
        _to("author_id", "user", "event"),
        *(sa.Column(name, ID, nullable=True) for name in ("based_on_id", "based_thread_id", "based_message_id")),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("version", ID, server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("uq_event_uid", "event", ["uid"], unique=True)
    _partial("ix_event_filled", "event", ["filled_until"], "rule <> '' AND ended_at IS NULL")
    _partial("ix_event_based", "event", ["based_thread_id"], "based_thread_id IS NOT NULL")
    _partial("ix_event_counterparty", "event", ["counterparty_id"], "counterparty_id IS NOT NULL")
    _partial("ix_event_contact", "event", ["contact_id"], "contact_id IS NOT NULL")
    _made(
        "event_participant",
        _to_event("event_participant"),
        _to("user_id", "user", "event_participant", optional=True),
        _to("contact_id", "contact", "event_participant", optional=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
    )
    op.create_index(op.f("ix_event_participant_event_id"), "event_participant", ["event_id"])
    _partial("ix_event_participant_contact", "event_participant", ["contact_id"], "contact_id IS NOT NULL")
    op.create_index(op.f("ix_event_participant_user_id_event_id"), "event_participant", ["user_id", "event_id"])
    _made(
        "occurrence",
        _to_event("occurrence"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        _to("executor_id", "user", "occurrence"),
        sa.Column("counterparty_id", ID, nullable=True),
        sa.Column("scope_id", ID, nullable=False),
        *(sa.Column(name, sa.BigInteger()) for name in ("remind_at", "reminded_at", "held_at", "done_at")),
        sa.Column("done_by_id", ID, nullable=True),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("result_id", ID, nullable=True),
        sa.UniqueConstraint("event_id", "key", name=op.f("uq_occurrence_event_id_key")),
    )
    _partial("ix_occurrence_open", "occurrence", ["executor_id", "due_at"], "state = 'open'")
    for columns in (["executor_id", "due_at"], ["counterparty_id", "state", "due_at"]):
        op.create_index(op.f(f"ix_occurrence_{'_'.join(columns)}"), "occurrence", columns)
    _partial("ix_occurrence_remind", "occurrence", ["remind_at"], "remind_at IS NOT NULL")
    _partial("ix_occurrence_held", "occurrence", ["executor_id"], "held_at IS NOT NULL")
    op.create_table(
        "zone_print",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("print", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("zone", name=op.f("pk_zone_print")),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("key", name=op.f("uq_calendar_feed_key")),
    )


def _to_event(name: str) -> sa.Column[object]:
    key = sa.ForeignKey("event.id", name=op.f(f"fk_{name}_event_id"), ondelete="CASCADE")
    return sa.Column("event_id", ID, key, nullable=False)


def _promised() -> None:
    """What was promised, and who handed whom over."""
    _made(
        "promise",
        _to("counterparty_id", "counterparty", "promise"),
        _to("contact_id", "contact", "promise", optional=True),
        _to("scope_id", "scope", "promise"),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        _to("executor_id", "user", "promise"),
        _to("author_id", "user", "promise"),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        *(sa.Column(name, ID, nullable=True) for name in ("based_on_id", "based_thread_id", "based_message_id")),
        *(sa.Column(name, ID, nullable=True) for name in ("proposed_id", "kept_by_id")),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        *(sa.Column(name, ID, nullable=True) for name in ("ended_by_id", "line_id")),
        sa.Column("watched", ID, server_default="0", nullable=False),
        sa.Column("watch_at", sa.BigInteger(), nullable=True),
        sa.Column("version", ID, server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    for columns in (["counterparty_id", "state", "due_at"], ["ended_at"]):
        op.create_index(op.f(f"ix_promise_{'_'.join(columns)}"), "promise", columns)
    _partial("ix_promise_due", "promise", ["due_at"], "state = 'open'")
    _partial("ix_promise_open", "promise", ["executor_id", "due_at"], "state = 'open'")
    _partial("ix_promise_watch", "promise", ["watch_at"], "watch_at IS NOT NULL")
    _partial("ix_promise_contact", "promise", ["contact_id"], "contact_id IS NOT NULL")
    _partial("ix_promise_based", "promise", ["based_thread_id"], "based_thread_id IS NOT NULL")
    _made(
        "hand_over",
        _to("counterparty_id", "counterparty", "hand_over", optional=True),
        _to("from_id", "user", "hand_over", optional=True),
        _to("to_id", "user", "hand_over"),
        _to("by_id", "user", "hand_over", optional=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        *(
            sa.Column(name, ID, server_default="0", nullable=False)
            for name in ("clients", "planned", "promises", "threads")
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index(op.f("ix_hand_over_counterparty_id_id"), "hand_over", ["counterparty_id", "id"])


def _merging() -> None:
    """Clients and people that turn out to be one, and what comes back when they are not."""
    for name in ("counterparty", "contact"):
        op.add_column(name, sa.Column("merged_into", ID, nullable=True))
        _where_known(f"ix_{name}_gone", name, "merged_into")
        op.drop_index(op.f(f"ix_{name}_name_folded_id"), name)
        _partial(f"ix_{name}_standing", name, ["name_folded", "id"], "merged_into IS NULL")
    _where_known("ix_interaction_contact", "interaction", "contact_id")
    _where_known("ix_thread_contact_id", "thread", "contact_id")
    op.create_table(
        "party_merge",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("kept_id", ID, nullable=False),
        sa.Column("gone_id", ID, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_merge")),
        sqlite_autoincrement=True,
    )
    for one in ("kept_id", "gone_id"):
        op.create_index(op.f(f"ix_party_merge_of_{one}"), "party_merge", ["of", one])
    op.create_table(
        "merge_move",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("merge_id", ID, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", ID, server_default="0", nullable=False),
        sa.Column("column_name", sa.Text(), server_default="", nullable=False),
        sa.Column("old", JSON, nullable=True),
        sa.Column("new", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["merge_id"], ["party_merge.id"], name=op.f("fk_merge_move_merge_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_move")),
        sqlite_autoincrement=True,
    )
    columns = ["merge_id", "table_name", "column_name", "row_id"]
    op.create_index(op.f("ix_merge_move_merge_id_table_name_column_name_row_id"), "merge_move", columns)


def _where_known(index: str, name: str, column: str) -> None:
    there = sa.text(f"{column} IS NOT NULL")
    op.create_index(index, name, [column], sqlite_where=there, postgresql_where=there)
