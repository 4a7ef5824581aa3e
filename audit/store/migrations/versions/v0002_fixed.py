"""What is never changed is not replaced and not truncated either; a table that nothing used is dropped."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# With when a row that comes finds one in its place.
_TAKEN = {
    "leaf": "old.place = new.place",
    "checkpoint": "old.log = new.log AND old.size = new.size",
}


def upgrade() -> None:
    """Makes the triggers."""
    op.drop_table("anchor")
    for table, taken in _TAKEN.items():
        if op.get_bind().dialect.name == "sqlite":
            # INSERT OR REPLACE deletes what is there, and triggers on DELETE do not see that.
            statement = (
                f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} "  # noqa: S608 - names made here
                f"WHEN EXISTS (SELECT 1 FROM {table} old WHERE {taken}) "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            op.execute(statement)
        else:
            op.execute(
                f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_{table}()"
            )


def downgrade() -> None:
    """A trail is not taken back."""
    raise NotImplementedError("the trail's tables are not taken back")
