"""the chain over the evidence, and calls that went round the gate"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The first link, over the rows that are there, is written by the program: it has the key."""
    op.create_table(
        "evidence_link",
        sa.Column("position", _ID, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_evidence_link"),
    )
    op.create_index("ix_evidence_link_source_last", "evidence_link", ["source", "last"])
    op.create_table(
        "bypass",
        sa.Column("seq", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("dialled", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(200), nullable=False),
        sa.Column("uniqueid", sa.String(150), nullable=False),
        sa.Column("linkedid", sa.String(150), nullable=False),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("campaign", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_bypass"),
        sa.UniqueConstraint("system", "uniqueid", name="uq_bypass_system_uniqueid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bypass_number_at", "bypass", ["number", "at"])


def downgrade() -> None:
    """The chain and what is known of calls round the gate are lost."""
    op.drop_index("ix_bypass_number_at", "bypass")
    op.drop_table("bypass")
    op.drop_index("ix_evidence_link_source_last", "evidence_link")
    op.drop_table("evidence_link")
