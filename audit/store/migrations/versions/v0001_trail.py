"""The trail's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _bytes(name: str, null: str = "no") -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=null == "null")


# What is never changed or deleted in honest use. The proof is the tree; this stops accidents.
_FIXED = ("leaf", "checkpoint")


def upgrade() -> None:
    """Makes the tables, their indexes and the triggers."""
    key = sa.PrimaryKeyConstraint
    op.create_table(
        "log",
        _number("id"),
        _text("origin"),
        _number("created_ms"),
        _text("state"),
        _text("successor"),
        key("id"),
        sa.UniqueConstraint("origin"),
    )
    op.create_table(
        "log_head",
        _number("log"),
        _number("size"),
        _bytes("root"),
        _bytes("frontier"),
        _number("time_ms"),
        _number("streams"),
        _number("heads_size"),
        _number("heads_ms"),
        _bytes("seal"),
        key("log"),
    )
    op.create_table("leaf", _number("place"), _bytes("leaf_hash"), _bytes("entry"), key("place"))
    op.create_table(
        "tile",
        _number("log"),
        _number("level"),
        _number("tile"),
        _bytes("data"),
        key("log", "level", "tile"),
    )
    op.create_table(
        "checkpoint",
        _number("log"),
        _number("size"),
        _bytes("note"),
        _number("time_ms"),
        key("log", "size"),
    )
    op.create_table(
        "cosignature",
        _number("log"),
        _number("size"),
        _text("witness"),
        _text("line"),
        key("log", "size", "witness"),
    )
    op.create_table(
        "body",
        _number("place"),
        _bytes("vault_ref"),
        _bytes("wrapped_key", "null"),
        _bytes("sealed", "null"),
        key("place"),
    )
    op.create_table(
        "vault_key",
        _bytes("ref"),
        _bytes("tag"),
        _bytes("wrapped_key"),
        _bytes("sealed_name"),
        key("ref"),
        sa.UniqueConstraint("tag"),
    )
    op.create_table("stream_head", _number("id"), _text("name"), _number("n"), _bytes("leaf_hash"), key("id"))
    op.create_table("stream_entry", _number("stream"), _number("n"), _number("place"), key("stream", "n"))
    op.create_table(
        "record",
        _number("place"),
        _text("kind"),
        _number("time_ms"),
        _text("outcome"),
        _text("policies"),
        _text("model"),
        _text("environment"),
        _text("resource"),
        key("place"),
    )
    op.create_table("idempotency", _number("log"), _bytes("key"), _number("place"), key("log", "key"))
    op.create_table(
        "anchor",
        _number("log"),
        _text("name"),
        _number("size"),
        _bytes("note"),
        _number("time_ms"),
        key("log", "name"),
    )
    op.create_index("stream_head_name", "stream_head", ["name"])
    op.create_index("record_model", "record", ["model", "environment", "place"])
    op.create_index("record_kind", "record", ["kind", "outcome", "place"])
    dialect = op.get_bind().dialect.name
    for table in _FIXED:
        if dialect == "sqlite":
            for verb in ("UPDATE", "DELETE") if table == "leaf" else ("UPDATE",):
                op.execute(
                    f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            verbs = "UPDATE OR DELETE" if table == "leaf" else "UPDATE"
            op.execute(
                f"CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {table}_fixed BEFORE {verbs} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION refuse_{table}()"
            )


def downgrade() -> None:
    """A trail is not taken back."""
    raise NotImplementedError("the trail's tables are not taken back")
