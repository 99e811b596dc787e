"""who has reported a key press, and when nobody was listening"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Presses that were recorded before keep the evidence of their first witness."""
    op.create_table(
        "event_witness",
        sa.Column("seq", _ID, autoincrement=True, nullable=False),
        sa.Column("report_id", sa.String(36), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("witness", sa.String(20), nullable=False),
        sa.Column("press", sa.String(250), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("fraction", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_event_witness"),
        sa.UniqueConstraint("report_id", name="uq_event_witness_report_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_witness_press", "event_witness", ["press"])
    op.create_index("ix_event_witness_event_id", "event_witness", ["event_id"])
    op.create_table(
        "listening_gap",
        sa.Column("seq", _ID, autoincrement=True, nullable=False),
        sa.Column("gap_id", sa.String(36), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("missed", sa.BigInteger()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(200), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("seq", name="pk_listening_gap"),
        sa.UniqueConstraint("gap_id", name="uq_listening_gap_gap_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listening_gap_state", "listening_gap", ["state"])


def downgrade() -> None:
    """The events of the list stay; the second witnesses and the gaps are lost."""
    op.drop_table("listening_gap")
    op.drop_table("event_witness")
