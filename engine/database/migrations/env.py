"""Run by Alembic: migrates over the connection that it is given."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    # Migrations are written by hand: nothing is made out of the tables.
    target_metadata=None,
    transaction_per_migration=False,
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
