"""how callers fared"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Counted from now on."""
    op.create_table(
        "incoming",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("uniqueid", sa.String(150), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("length_ms", sa.BigInteger(), nullable=False),
        sa.Column("menus", sa.Integer(), nullable=False),
        sa.Column("menu", sa.String(80), nullable=False),
        sa.Column("happening", sa.String(20), nullable=False),
        sa.Column("guard", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_incoming"),
        sa.UniqueConstraint("system", "uniqueid", name="uq_incoming_system_uniqueid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incoming_at", "incoming", ["at"])


def downgrade() -> None:
    """The figures of callers are lost."""
    op.drop_index("ix_incoming_at", "incoming")
    op.drop_table("incoming")
