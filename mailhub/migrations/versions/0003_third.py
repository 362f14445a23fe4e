"""The shared inbox where a team works; each room adds its own at the end of ``upgrade``."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Nothing is rebuilt: new tables, new columns with a default, new indexes."""
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
