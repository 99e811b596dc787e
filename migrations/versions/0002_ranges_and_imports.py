"""ranges, entries that allow, imports; a removal names what it takes back"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Entries and events so far are about one number and stop calls."""
    for table in ("entry", "list_event"):
        op.add_column(table, sa.Column("last", sa.BigInteger(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("allow", sa.Integer(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("batch", sa.String(36), nullable=False, server_default=""))
    op.add_column("list_event", sa.Column("removes", sa.Text(), nullable=False, server_default="[]"))
    _name_what_was_removed()
    with op.batch_alter_table("entry", table_kwargs={"sqlite_autoincrement": True}) as alter:
        alter.drop_constraint("uq_entry_number_campaign", type_="unique")
        alter.create_unique_constraint("uq_entry_number_last_campaign_allow", ["number", "last", "campaign", "allow"])
    op.create_index("ix_entry_batch", "entry", ["batch"])
    op.create_index("ix_entry_ranges", "entry", ["number", "last"], sqlite_where=sa.text("last > 0"))
    op.create_index("ix_list_event_batch", "list_event", ["batch"])
    _create_batch()


def _create_batch() -> None:
    op.create_table(
        "batch",
        sa.Column("seq", _ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listings", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_batch"),
        sa.UniqueConstraint("id", name="uq_batch_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_batch_content", "batch", ["content"])


def _name_what_was_removed() -> None:
    """Until now a removal took back whatever had been recorded before it."""
    connection = op.get_bind()
    removals = connection.execute(sa.text("SELECT seq, number, campaign FROM list_event WHERE kind = 'remove'")).all()
    listings = sa.text(
        "SELECT event_id FROM list_event"
        " WHERE kind = 'add' AND number = :number AND campaign = :campaign AND seq < :seq ORDER BY event_id"
    )
    for row in removals:
        found = connection.execute(listings, row._mapping).scalars().all()
        connection.execute(
            sa.text("UPDATE list_event SET removes = :removes WHERE seq = :seq"),
            {"removes": json.dumps(list(found)), "seq": row.seq},
        )


def downgrade() -> None:
    """Ranges, entries that allow and imports are lost."""
    op.drop_table("batch")
    op.drop_index("ix_list_event_batch", "list_event")
    op.execute(sa.text("DELETE FROM list_event WHERE last > 0 OR allow <> 0"))
    op.drop_index("ix_entry_ranges", "entry")
    op.drop_index("ix_entry_batch", "entry")
    op.execute(sa.text("DELETE FROM entry WHERE last > 0 OR allow <> 0"))
    with op.batch_alter_table("list_event", table_kwargs={"sqlite_autoincrement": True}) as alter:
        for name in ("last", "allow", "batch", "removes"):
            alter.drop_column(name)
    with op.batch_alter_table("entry", table_kwargs={"sqlite_autoincrement": True}) as alter:
        alter.drop_constraint("uq_entry_number_last_campaign_allow", type_="unique")
        for name in ("last", "allow", "batch"):
            alter.drop_column(name)
        alter.create_unique_constraint("uq_entry_number_campaign", ["number", "campaign"])
