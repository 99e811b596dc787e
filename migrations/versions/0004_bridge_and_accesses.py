"""what the bridge to FreePBX remembers, and who has read the list"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both begin empty."""
    op.create_table(
        "astdb_key",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("campaign", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_astdb_key"),
    )
    op.create_table(
        "list_access",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("via", sa.String(10), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("answered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_list_access"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_list_access_number", "list_access", ["number"])


def downgrade() -> None:
    """The bridge reads what it wrote by its mark; who has read the list is lost."""
    op.drop_index("ix_list_access_number", "list_access")
    op.drop_table("list_access")
    op.drop_table("astdb_key")
