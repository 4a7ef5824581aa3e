"""How Alembic runs the migrations of any store."""
