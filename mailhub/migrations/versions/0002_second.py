"""What came after the first tables; each room adds its own at the end of ``upgrade``."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nothing is rebuilt: new tables, new columns with a default, new indexes."""
    op.add_column("thread", sa.Column("undelivered", ID, server_default="0", nullable=False))
    op.add_column("message", sa.Column("fate", sa.Text(), server_default="", nullable=False))
