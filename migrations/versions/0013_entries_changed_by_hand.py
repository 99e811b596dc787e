"""an index in memory is told when somebody gives an entry another number"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TRIGGER = """
CREATE TRIGGER entry_renumbered AFTER UPDATE OF id, number, last ON entry
WHEN OLD.id IS NOT NEW.id OR OLD.number IS NOT NEW.number OR OLD.last IS NOT NEW.last
BEGIN
    INSERT INTO sync_state (key, value) VALUES ('by-hand', '1')
    ON CONFLICT (key) DO UPDATE SET value = value + 1;
END
"""


def upgrade() -> None:
    """Concierge itself never does that, so it costs nothing. Only hosts have an index."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_TRIGGER)


def downgrade() -> None:
    """As it was."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER entry_renumbered")
