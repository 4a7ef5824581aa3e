"""The tables of the ledger. One schema for SQLite and PostgreSQL.

At every commit, and for every key, a counter's `used` and `reserved` are the sums of those of its charges.
"""

from lockgate.engine.database.columns import number, string
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    """Base of the ledger's tables, with a metadata of its own."""

    metadata = MetaData()


class LedgerRow(Table, table=True):
    """A cluster whose objects are counted. epoch: how often that was rebuilt from the live objects."""

    __tablename__ = "quota_ledger"  # pyright: ignore[reportAssignmentType]
    cluster: str = Field(sa_column=string(primary=True))
    epoch: int = Field(sa_column=number())
    rebuilt_ns: int = Field(sa_column=number())


class CounterRow(Table, table=True):
    """What a key has. The one row that reservations under it contend for. start_s: the window's start, or 0."""

    __tablename__ = "quota_counter"  # pyright: ignore[reportAssignmentType]
    cluster: str = Field(sa_column=string(primary=True))
    scope: str = Field(sa_column=string(primary=True))
    dimension: str = Field(sa_column=string(primary=True))
    start_s: int = Field(sa_column=number(primary=True))
    used: int = Field(sa_column=number())
    reserved: int = Field(sa_column=number())
    spent: int = Field(sa_column=number())
    hard: int | None = Field(sa_column=number(nullable=True))
    soft: int | None = Field(sa_column=number(nullable=True))


class HoldingRow(Table, table=True):
    """An object. Its row is locked before anything of it changes. timed: JSON."""

    __tablename__ = "quota_holding"  # pyright: ignore[reportAssignmentType]
    cluster: str = Field(sa_column=string(primary=True))
    uid: str = Field(sa_column=string(primary=True))
    state: str = Field(sa_column=string())
    version: int = Field(sa_column=number())
    resource: str = Field(sa_column=string())
    namespace: str = Field(sa_column=string())
    name: str = Field(sa_column=string())
    timed: str = Field(sa_column=string())
    started_s: int = Field(sa_column=number())
    since_s: int = Field(sa_column=number())
    changed_ns: int = Field(sa_column=number())


class ReservationRow(Table, table=True):
    """An admission request about an object. asked: what it asked for, as JSON."""

    __tablename__ = "quota_reservation"  # pyright: ignore[reportAssignmentType]
    cluster: str = Field(sa_column=string(primary=True))
    uid: str = Field(sa_column=string(primary=True))
    request: str = Field(sa_column=string(primary=True))
    state: str = Field(sa_column=string())
    requester: str = Field(sa_column=string())
    base_version: int = Field(sa_column=number())
    created_ns: int = Field(sa_column=number())
    asked: str = Field(sa_column=string())


class ChargeRow(Table, table=True):
    """What an object adds to a counter."""

    __tablename__ = "quota_charge"  # pyright: ignore[reportAssignmentType]
    cluster: str = Field(sa_column=string(primary=True))
    uid: str = Field(sa_column=string(primary=True))
    scope: str = Field(sa_column=string(primary=True))
    dimension: str = Field(sa_column=string(primary=True))
    start_s: int = Field(sa_column=number(primary=True))
    used: int = Field(sa_column=number())
    reserved: int = Field(sa_column=number())
    spent: int = Field(sa_column=number())


class RequesterRow(Table, table=True):
    """How many open reservations a requester has."""

    __tablename__ = "quota_requester"  # pyright: ignore[reportAssignmentType]
    cluster: str = Field(sa_column=string(primary=True))
    name: str = Field(sa_column=string(primary=True))
    open: int = Field(sa_column=number())
