"""Indexes for questions: what was not simply allowed, by model and environment; and what is of an environment at all."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Partial, so that an allowed decision of no environment costs an append nothing.
_INDEXES = {
    "record_refused": "(model, environment, outcome, place) WHERE outcome NOT IN ('', 'allow')",
    "record_environment": "(environment, outcome, place) WHERE environment <> ''",
}


def upgrade() -> None:
    """Makes the indexes."""
    for name, columns in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON record {columns}")


def downgrade() -> None:
    """A trail is not taken back."""
    raise NotImplementedError("the trail's tables are not taken back")
