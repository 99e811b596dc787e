"""contacts whose outcome is known, by number: the history of a call has them however old they are"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Few of the contacts."""
    with_outcome = sa.text("outcome != ''")
    op.create_index(
        "ix_contact_outcome", "contact", ["number"], sqlite_where=with_outcome, postgresql_where=with_outcome
    )


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index("ix_contact_outcome", "contact")
