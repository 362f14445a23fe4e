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
