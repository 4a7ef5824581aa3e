"""Drafts: what is to be recorded, before the log gives it its time, its place and its links."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.audit.canonical import Json


@dataclass(frozen=True, slots=True)
class SealedBody:
    """A body as it is stored beside the log: sealed bytes, its entry's key wrapped, and whose key wrapped it."""

    sealed: bytes
    wrapped_key: bytes
    vault_ref: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be.

    fields: the entry's own, with `commitments`; not `v`, `kind`, `time`, `clockAnomaly`, `streams`, `body` and
    `idempotency`, which are added. idempotency: 16 bytes, or none; a second draft with the same ones is the first.
    """

    kind: str
    fields: Mapping[str, Json]
    streams: tuple[str, ...] = ()
    body: SealedBody | None = None
    idempotency: bytes = b""
