"""campaigns, consents, complaints, and the contacts that caps count"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """New tables only."""
    _fact()
    _contact()
    lock = op.create_table(
        "cap_lock",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_cap_lock"),
    )
    op.bulk_insert(lock, [{"slot": number} for number in range(256)])


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("seq", _Id, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_fact"),
        sa.UniqueConstraint("event_id", name="uq_fact_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fact_number_kind", "fact", ["number", "kind"])
    op.create_index("ix_fact_kind_seq", "fact", ["kind", "seq"])


def _contact() -> None:
    texts = {"campaign": 64, "product": 200, "value": 200, "person": 100, "matter": 100, "state": 12}
    op.create_table(
        "contact",
        sa.Column("seq", _Id, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(size), nullable=False) for name, size in texts.items()),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("consent", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("uniqueid", sa.String(150), nullable=False),
        sa.Column("told", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_contact"),
        sa.UniqueConstraint("id", name="uq_contact_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contact_number_at", "contact", ["number", "at"])
    op.create_index("ix_contact_campaign_at", "contact", ["campaign", "at"])
    op.create_index("ix_contact_person", "contact", ["person", "at"])
    op.create_index("ix_contact_matter", "contact", ["matter", "at"])
    op.create_index("ix_contact_uniqueid", "contact", ["uniqueid"])


def downgrade() -> None:
    """Campaigns, consents and contacts are lost."""
    for name in ("cap_lock", "contact", "fact"):
        op.drop_table(name)
