"""The tables of the trail. One schema for SQLite and PostgreSQL.

A *place* names an entry across the logs of a database: `log · 2**40 + index`. Everything but leaves, bodies, vault
keys, checkpoints and cosignatures can be made anew from the leaves.
"""

from typing import Final

from lockgate.engine.database.columns import number, string
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Text
from sqlmodel import Field, SQLModel

LOG_SPAN: Final = 1 << 40


def place_of(log: int, index: int) -> int:
    """The place of an entry."""
    return log * LOG_SPAN + index


class Table(SQLModel):
    """Base of the trail's tables, with a metadata of its own."""

    metadata = MetaData()


def _row_number() -> Column[int]:
    """A key of one number: under this name of the type SQLite keeps the table by it."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(kind, primary_key=True, nullable=False, autoincrement=False)


def _bytes(*, primary: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(LargeBinary, primary_key=primary, nullable=nullable)


class LogRow(Table, table=True):
    """A log: state `active`, `frozen` (no more appends: its key is not believed) or `closed` (it has a successor)."""

    __tablename__ = "log"  # pyright: ignore[reportAssignmentType]
    id: int = Field(sa_column=number(primary=True))
    origin: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    created_ms: int = Field(sa_column=number())
    state: str = Field(sa_column=string())
    successor: str = Field(sa_column=string())


class HeadRow(Table, table=True):
    """The one row that every append locks and moves on. `seal` is an HMAC over it, under a key of the installation."""

    __tablename__ = "log_head"  # pyright: ignore[reportAssignmentType]
    log: int = Field(sa_column=number(primary=True))
    size: int = Field(sa_column=number())
    root: bytes = Field(sa_column=_bytes())
    frontier: bytes = Field(sa_column=_bytes())
    time_ms: int = Field(sa_column=number())
    streams: int = Field(sa_column=number())
    heads_size: int = Field(sa_column=number())
    heads_ms: int = Field(sa_column=number())
    seal: bytes = Field(sa_column=_bytes())


class LeafRow(Table, table=True):
    """An entry's bytes and its leaf hash; never changed."""

    __tablename__ = "leaf"  # pyright: ignore[reportAssignmentType]
    place: int = Field(sa_column=_row_number())
    leaf_hash: bytes = Field(sa_column=_bytes())
    entry: bytes = Field(sa_column=_bytes())


class TileRow(Table, table=True):
    """A full tile, or the partial last one of a level above 0."""

    __tablename__ = "tile"  # pyright: ignore[reportAssignmentType]
    log: int = Field(sa_column=number(primary=True))
    level: int = Field(sa_column=number(primary=True))
    tile: int = Field(sa_column=number(primary=True))
    data: bytes = Field(sa_column=_bytes())


class CheckpointRow(Table, table=True):
    """A signed checkpoint, as the note without cosignatures."""

    __tablename__ = "checkpoint"  # pyright: ignore[reportAssignmentType]
    log: int = Field(sa_column=number(primary=True))
    size: int = Field(sa_column=number(primary=True))
    note: bytes = Field(sa_column=_bytes())
    time_ms: int = Field(sa_column=number())


class CosignatureRow(Table, table=True):
    """A witness's line on a checkpoint; the latest of each witness on each."""

    __tablename__ = "cosignature"  # pyright: ignore[reportAssignmentType]
    log: int = Field(sa_column=number(primary=True))
    size: int = Field(sa_column=number(primary=True))
    witness: str = Field(sa_column=string(primary=True))
    line: str = Field(sa_column=string())


class BodyRow(Table, table=True):
    """A sealed body and its entry's wrapped key; both gone once erased."""

    __tablename__ = "body"  # pyright: ignore[reportAssignmentType]
    place: int = Field(sa_column=_row_number())
    vault_ref: bytes = Field(sa_column=_bytes())
    wrapped_key: bytes | None = Field(sa_column=_bytes(nullable=True))
    sealed: bytes | None = Field(sa_column=_bytes(nullable=True))


class VaultRowTable(Table, table=True):
    """A namespace's key under the master key."""

    __tablename__ = "vault_key"  # pyright: ignore[reportAssignmentType]
    ref: bytes = Field(sa_column=_bytes(primary=True))
    tag: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    wrapped_key: bytes = Field(sa_column=_bytes())
    sealed_name: bytes = Field(sa_column=_bytes())


class StreamRow(Table, table=True):
    """The head of a stream. `id` counts the streams of a log from `place_of(log, 0)`."""

    __tablename__ = "stream_head"  # pyright: ignore[reportAssignmentType]
    id: int = Field(sa_column=_row_number())
    name: str = Field(sa_column=string())
    n: int = Field(sa_column=number())
    leaf_hash: bytes = Field(sa_column=_bytes())


class StreamEntryRow(Table, table=True):
    """Where entry `n` of a stream is."""

    __tablename__ = "stream_entry"  # pyright: ignore[reportAssignmentType]
    stream: int = Field(sa_column=number(primary=True))
    n: int = Field(sa_column=number(primary=True))
    place: int = Field(sa_column=number())


class RecordRow(Table, table=True):
    """The query index: what entries say in clear."""

    __tablename__ = "record"  # pyright: ignore[reportAssignmentType]
    place: int = Field(sa_column=_row_number())
    kind: str = Field(sa_column=string())
    time_ms: int = Field(sa_column=number())
    outcome: str = Field(sa_column=string())
    policies: str = Field(sa_column=string())
    model: str = Field(sa_column=string())
    environment: str = Field(sa_column=string())
    resource: str = Field(sa_column=string())


class IdempotencyRow(Table, table=True):
    """Which entry a caller's request key made."""

    __tablename__ = "idempotency"  # pyright: ignore[reportAssignmentType]
    log: int = Field(sa_column=number(primary=True))
    key: bytes = Field(sa_column=_bytes(primary=True))
    place: int = Field(sa_column=number())
