"""what each host of the feed says of itself"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each host writes its row with its next contact."""
    op.create_table(
        "feed_host",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("outbox", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_feed_host"),
    )


def downgrade() -> None:
    """It is made anew."""
    op.drop_table("feed_host")
