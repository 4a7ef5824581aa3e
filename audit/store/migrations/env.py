"""Run by Alembic: migrates over the connection that it is given."""

from alembic import context
from lockgate.audit.store.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
