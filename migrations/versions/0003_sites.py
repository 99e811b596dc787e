"""where an event was recorded, and the feed that sites share"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whatever is there was recorded on this host."""
    op.add_column("list_event", sa.Column("site", sa.String(64), nullable=False, server_default=""))
    op.add_column("batch", sa.Column("site", sa.String(64), nullable=False, server_default=""))
    op.add_column("batch", sa.Column("feed_state", sa.String(10), nullable=False, server_default=""))
    op.create_table(
        "sync_state",
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sync_state"),
    )
    counter = op.create_table(
        "feed_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed_counter"),
    )
    op.bulk_insert(counter, [{"id": 1, "last": 0, "chain": ""}])
    op.create_table(
        "feed_event",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb"), nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_feed_event"),
        sa.UniqueConstraint("event_id", name="uq_feed_event_event_id"),
    )
    op.create_index("ix_feed_event_number", "feed_event", ["number"])


def downgrade() -> None:
    """The feed is lost; what other sites have listed stays."""
    op.drop_index("ix_feed_event_number", "feed_event")
    for name in ("feed_event", "feed_counter", "sync_state"):
        op.drop_table(name)
    with op.batch_alter_table("batch", table_kwargs={"sqlite_autoincrement": True}) as alter:
        for name in ("site", "feed_state"):
            alter.drop_column(name)
    with op.batch_alter_table("list_event", table_kwargs={"sqlite_autoincrement": True}) as alter:
        alter.drop_column("site")
