"""What came after the first tables; each room adds its own at the end of ``upgrade``."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing is rebuilt: new tables, new columns with a default, new indexes."""
