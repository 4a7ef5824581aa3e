"""Drafts: what is to be recorded, before the log gives it its time, its place and its links."""

from collections.abc import Mapping

from lockgate.audit.canonical import Json
from lockgate.engine.record import light_record


@light_record
class SealedBody:
    """A body as it is stored beside the log: sealed bytes, its entry's key wrapped, and whose key wrapped it."""

    sealed: bytes
    wrapped_key: bytes
    vault_ref: bytes


@light_record
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
