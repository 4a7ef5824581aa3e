"""The ledger's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _number(name: str, null: str = "no") -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=null == "null", autoincrement=False)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _not_negative(*names: str) -> "sa.CheckConstraint":
    return sa.CheckConstraint(" AND ".join([f"{name} >= 0" for name in names]))


def upgrade() -> None:
    """Makes the tables and their indexes."""
    key = sa.PrimaryKeyConstraint
    amounts = ("used", "reserved", "spent")
    op.create_table("quota_ledger", _text("cluster"), _number("epoch"), _number("rebuilt_ns"), key("cluster"))
    op.create_table(
        "quota_counter",
        *map(_text, ("cluster", "scope", "dimension")),
        *map(_number, ("start_s", *amounts)),
        _number("hard", "null"),
        _number("soft", "null"),
        key("cluster", "scope", "dimension", "start_s"),
        _not_negative(*amounts),
    )
    op.create_table(
        "quota_holding",
        *map(_text, ("cluster", "uid", "state")),
        _number("version"),
        *map(_text, ("resource", "namespace", "name", "timed")),
        *map(_number, ("started_s", "since_s", "changed_ns")),
        key("cluster", "uid"),
    )
    op.create_table(
        "quota_reservation",
        *map(_text, ("cluster", "uid", "request", "state", "requester")),
        *map(_number, ("base_version", "created_ns")),
        _text("asked"),
        key("cluster", "uid", "request"),
    )
    op.create_table(
        "quota_charge",
        *map(_text, ("cluster", "uid", "scope", "dimension")),
        *map(_number, ("start_s", *amounts)),
        key("cluster", "uid", "scope", "dimension", "start_s"),
        _not_negative(*amounts),
    )
    op.create_table(
        "quota_requester",
        *map(_text, ("cluster", "name")),
        _number("open"),
        key("cluster", "name"),
        _not_negative("open"),
    )
    op.create_index("quota_charge_key", "quota_charge", ["cluster", "scope", "dimension", "start_s"])
    op.create_index("quota_holding_state", "quota_holding", ["cluster", "state", "resource"])
    op.create_index("quota_reservation_state", "quota_reservation", ["cluster", "state", "created_ns"])


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger's tables are not taken back")
