"""what is owed to callers: promised callbacks and follow-ups"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nothing was owed before."""
    op.create_table(
        "callback",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callback"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_callback_state_due_at", "callback", ["state", "due_at"])
    op.create_index("ix_callback_number", "callback", ["number"])
    op.create_table(
        "callback_event",
        sa.Column("seq", _ID, autoincrement=True, nullable=False),
        sa.Column("callback_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_callback_event"),
        sa.UniqueConstraint("event_id", name="uq_callback_event_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_callback_event_callback_id", "callback_event", ["callback_id"])


def downgrade() -> None:
    """Promises that are open are lost."""
    for index, table in (
        ("ix_callback_event_callback_id", "callback_event"),
        ("ix_callback_number", "callback"),
        ("ix_callback_state_due_at", "callback"),
    ):
        op.drop_index(index, table)
    op.drop_table("callback_event")
    op.drop_table("callback")
