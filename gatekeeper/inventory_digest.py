"""The digest of an inventory, kept as objects come and go.

Objects are spread over buckets by the hash of their place; a change hashes its bucket's lines and the list of buckets
anew, and not all objects. The outcome depends on what is there, and not on the order in which it came.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, final

from lockgate.engine.gvk import GroupVersionKind

_BUCKETS: Final = 256

Place = tuple[str, ...]


@final
class InventoryDigest:
    """The places of objects, with the digest of each."""

    __slots__ = ("_buckets", "_hashes")

    def __init__(self) -> None:
        self._buckets: Final[list[dict[str, str]]] = [{} for _ in range(_BUCKETS)]
        self._hashes: Final[list[bytes]] = [b""] * _BUCKETS

    def put(self, place: Place, digest: str) -> None:
        """There is an object of this digest at the place."""
        name, bucket = _find(place)
        self._buckets[bucket][name] = digest
        self._hashes[bucket] = b""

    def remove(self, place: Place) -> None:
        """There is none any more."""
        name, bucket = _find(place)
        self._buckets[bucket].pop(name, None)
        self._hashes[bucket] = b""

    def hexdigest(self, covered: Iterable[GroupVersionKind] | None) -> str:
        """The SHA-256 over all objects and the kinds that are covered; None: everything is.

        Of each bucket, in order, the SHA-256 over its lines, sorted: place and digest of an object as JSON; and after
        those a line for each covered kind.
        """
        whole = sha256()
        for index, bucket in enumerate(self._buckets):
            if not self._hashes[index]:
                lines = sorted([f"{name} {digest}" for name, digest in bucket.items()])
                self._hashes[index] = sha256("\n".join(lines).encode()).digest()
            whole.update(self._hashes[index])
        kinds = (
            ['"everything is covered"']
            if covered is None
            else sorted([json.dumps(str(kind)) for kind in covered])
        )
        whole.update("\n".join(kinds).encode())
        return whole.hexdigest()


def _find(place: Place) -> tuple[str, int]:
    # ASCII, and no two places have the same text.
    name = json.dumps(place)
    return name, sha256(name.encode()).digest()[0]
