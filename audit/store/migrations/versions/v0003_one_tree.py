"""On SQLite each table is one tree, that of its key: a table with a tree of its own beside that is written to twice."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite keeps a table by a key of one number only where the column is declared so, and by any other only without rowids.
_BY_NUMBER = {
    "leaf": "place INTEGER NOT NULL PRIMARY KEY, leaf_hash BLOB NOT NULL, entry BLOB NOT NULL",
    "body": "place INTEGER NOT NULL PRIMARY KEY, vault_ref BLOB NOT NULL, wrapped_key BLOB, sealed BLOB",
    "stream_head": "id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, n BIGINT NOT NULL, leaf_hash BLOB NOT NULL",
    "record": (
        "place INTEGER NOT NULL PRIMARY KEY, kind TEXT NOT NULL, time_ms BIGINT NOT NULL, outcome TEXT NOT NULL, "
        "policies TEXT NOT NULL, model TEXT NOT NULL, environment TEXT NOT NULL, resource TEXT NOT NULL"
    ),
}
_BY_KEY = {
    "stream_entry": (
        "stream BIGINT NOT NULL, n BIGINT NOT NULL, place BIGINT NOT NULL, PRIMARY KEY (stream, n)"
    ),
    "idempotency": "log BIGINT NOT NULL, key BLOB NOT NULL, place BIGINT NOT NULL, PRIMARY KEY (log, key)",
    "checkpoint": (
        "log BIGINT NOT NULL, size BIGINT NOT NULL, note BLOB NOT NULL, time_ms BIGINT NOT NULL, "
        "PRIMARY KEY (log, size)"
    ),
}
_INDEXES = {
    "stream_head_name": ("stream_head", "name"),
    "record_model": ("record", "model, environment, place"),
    "record_kind": ("record", "kind, outcome, place"),
}


def upgrade() -> None:
    """Makes the tables anew, with their rows, indexes and triggers."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    # They end with their tables.
    triggers = [
        row[0] for row in connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
    ]
    for table, columns in {**_BY_NUMBER, **_BY_KEY}.items():
        without = " WITHOUT ROWID" if table in _BY_KEY else ""
        op.execute(f"CREATE TABLE new_{table} ({columns}){without}")
        op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 - names made here
        op.execute(f"DROP TABLE {table}")
        op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for index, (table, columns) in _INDEXES.items():
        op.execute(f"CREATE INDEX {index} ON {table} ({columns})")
    for trigger in triggers:
        op.execute(trigger)


def downgrade() -> None:
    """A trail is not taken back."""
    raise NotImplementedError("the trail's tables are not taken back")
