"""Schema history (alembic). Knows models.tables only."""
