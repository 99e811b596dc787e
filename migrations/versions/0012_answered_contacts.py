"""answered contacts by time: the share of those with nobody there is asked for again and again"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """With all that the question needs."""
    answered = sa.text("state IN ('conversation', 'abandoned')")
    columns = ["at", "campaign", "state", "number"]
    op.create_index("ix_contact_answered", "contact", columns, sqlite_where=answered, postgresql_where=answered)


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index("ix_contact_answered", "contact")
