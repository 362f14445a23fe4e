"""What came after the first tables; each room adds its own at the end of ``upgrade``."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Nothing is rebuilt: new tables, new columns with a default, new indexes."""
    op.add_column("thread", sa.Column("undelivered", ID, server_default="0", nullable=False))
    op.add_column("message", sa.Column("fate", sa.Text(), server_default="", nullable=False))
    op.add_column("account", sa.Column("sends", ID, server_default="1", nullable=False))
    op.add_column("account", sa.Column("trusted_servers", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("server", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "way_trouble",
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("tries", ID, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_way_trouble_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_way_trouble")),
    )
    op.add_column("mailbox", sa.Column("rules", ID, server_default="0", nullable=False))
    op.create_table(
        "rule",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("place", ID, nullable=False),
        sa.Column("active", ID, server_default="0", nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_rule_mailbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rule_mailbox_id_place"), "rule", ["mailbox_id", "place"])
    op.create_table(
        "rule_version",
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("actions", JSON, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_rule_version_user_id")),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_rule_version")),
    )
    op.add_column("job", sa.Column("deaths", ID, server_default="0", nullable=False))
    op.add_column("job", sa.Column("lone_deaths", ID, server_default="0", nullable=False))
    blamed = sa.text("dead_at IS NOT NULL OR lone_deaths > 0")
    op.create_index("ix_job_blamed", "job", ["kind", "id"], sqlite_where=blamed, postgresql_where=blamed)
    op.create_table(
        "draft",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("changed_by_id", ID, nullable=False),
        sa.Column("version", ID, server_default="1", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("to_line", sa.Text(), server_default="", nullable=False),
        sa.Column("cc_line", sa.Text(), server_default="", nullable=False),
        sa.Column("bcc_line", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), server_default="", nullable=False),
        sa.Column("quoted_id", ID, server_default="0", nullable=False),
        sa.Column("seen_id", ID, server_default="0", nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=True),
        sa.Column("unless_reply", ID, server_default="0", nullable=False),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_draft_mailbox_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_draft_scope_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_draft_thread_id")),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_draft_author_id")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user.id"], name=op.f("fk_draft_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sqlite_autoincrement=True,
    )
    written = sa.text("message_id IS NULL")
    op.create_index(
        "ix_draft_scope", "draft", ["scope_id", "changed_at"], sqlite_where=written, postgresql_where=written
    )
    op.create_index("ix_draft_thread_id", "draft", ["thread_id"])
    op.create_index("ix_draft_message_id", "draft", ["message_id"])
    op.create_table(
        "draft_file",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("draft_id", ID, nullable=False),
        sa.Column("blob_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_file_draft_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_draft_file_blob_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_file")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_draft_file_draft_id"), "draft_file", ["draft_id"])
    op.create_table(
        "signature",
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_signature_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "user_id", name=op.f("pk_signature")),
    )
    op.create_table(
        "mail_import",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("size", ID, server_default="0", nullable=False),
        sa.Column("received", ID, server_default="0", nullable=False),
        sa.Column("total", ID, server_default="0", nullable=False),
        sa.Column("position", ID, server_default="0", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("letters", ID, server_default="0", nullable=False),
        sa.Column("taken", ID, server_default="0", nullable=False),
        sa.Column("already", ID, server_default="0", nullable=False),
        sa.Column("quarantined", ID, server_default="0", nullable=False),
        sa.Column("skipped", ID, server_default="0", nullable=False),
        sa.Column("faults", JSON, nullable=False),
        sa.Column("left_out", JSON, nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("error_fields", JSON, nullable=False),
        sa.Column("worked", ID, server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_mail_import_mailbox_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_mail_import_scope_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_mail_import_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_import")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mail_import_scope_id_id"), "mail_import", ["scope_id", "id"])
    op.create_index(op.f("ix_mail_import_state"), "mail_import", ["state"])
