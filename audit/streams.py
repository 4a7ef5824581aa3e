"""Streams: numbered chains of entries inside the log, and the tree of their heads, which shows that none is cut short.

An entry links to the one before it in each of its streams. The heads tree is a Merkle tree over the streams' last
entries, sorted by name; its root is logged from time to time (`stream-heads`).
"""

import base64
import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hmac import digest
from typing import Final
from urllib.parse import quote

from lockgate.audit.canonical import canonical_bytes
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.merkle import (
    EMPTY_ROOT,
    Hash,
    inclusion_proof,
    leaf_hash,
    root_from_hashes,
    verify_inclusion,
)
from lockgate.audit.note import encode_base64
from lockgate.engine.record import light_record

# A name stands in an entry of at most 4 KiB, several times over.
MAX_NAME: Final = 300
# Policies that one decision breached and that it is listed under by name; the rest are in OTHER_POLICIES.
MAX_POLICIES: Final = 12
OTHER_POLICIES: Final = "policy/*"
# The heads of all streams are logged after a sixteenth as many entries at the soonest: who recomputes their root has
# work for sixteen streams an entry then, however the log's keeper makes the log.
HEADS_SHARE: Final = 16
# Names of policies' streams that are kept: more than a cluster has policies.
_POLICIES: Final = 1_024
# Names of streams whose look is remembered: namespaces and policies recur, entry after entry.
_NAMES: Final = 4_096


@light_record
class StreamLink:
    """An entry's place in a stream: the counter from 1, and the leaf hash of entry `n - 1` (None for the first)."""

    name: str
    n: int
    prev: Hash | None


@dataclass(frozen=True, slots=True)
class StreamHead:
    """The last entry of a stream: its counter and leaf hash."""

    name: str
    n: int
    leaf: Hash


def is_early_for_heads(entries: int, streams: int) -> bool:
    """Whether stream heads come too soon, so many entries behind the last ones (or the log's begin), with `streams` in all."""
    return entries * HEADS_SHARE < streams


def _segment(text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise FormatError("a part of a stream's name has half of a surrogate pair") from None


@lru_cache(maxsize=_NAMES)
def check_stream_name(name: str) -> None:
    """A stream's name is printable ASCII without spaces, of at most 300 characters. Raises FormatError."""
    if not (name.isascii() and name.isprintable() and name and " " not in name and len(name) <= MAX_NAME):
        raise FormatError(f"{name[:80]!r} is no name of a stream (ASCII, at most {MAX_NAME} characters)")


def model_stream(model: str, environment: str) -> str:
    """`model/<model>/<environment>`."""
    return f"model/{_segment(model)}/{_segment(environment)}"


def namespace_stream(namespace_key: bytes) -> str:
    """`namespace/<pseudonym>`, which nobody can confirm once the namespace's key is destroyed."""
    pseudonym = digest(namespace_key, b"stream", "sha256")[:16]
    return "namespace/" + base64.urlsafe_b64encode(pseudonym).rstrip(b"=").decode()


def policies_stream(policies: str) -> str:
    """`policies/<hex>`: every decision under this set of policies (`sha256:<hex>`)."""
    return f"policies/{policies.removeprefix('sha256:')}"


@lru_cache(maxsize=_POLICIES)
def policy_stream(kind: str, name: str) -> str:
    """`policy/<Kind>/<name>`: the decisions that this policy denied, warned of or failed on."""
    return f"policy/{_segment(kind)}/{_segment(name)}"


def head_entry(head: StreamHead) -> bytes:
    """What the heads tree holds of a stream."""
    return canonical_bytes({"k": head.name, "leaf": encode_base64(head.leaf), "n": head.n})


def sorted_heads(heads: Sequence[StreamHead]) -> list[StreamHead]:
    """The heads as the tree has them: by name, in bytes."""
    return sorted(heads, key=lambda head: head.name.encode())


def heads_root(heads: Sequence[StreamHead]) -> Hash:
    """The root of the heads tree; the heads may be in any order."""
    return root_from_hashes([leaf_hash(head_entry(head)) for head in sorted_heads(heads)])


@dataclass(frozen=True, slots=True)
class HeadProof:
    """Shows one head in a heads tree of `count` streams."""

    head: StreamHead
    index: int
    count: int
    hashes: tuple[Hash, ...]


def prove_head(heads: Sequence[StreamHead], index: int) -> HeadProof:
    """The proof of the head number `index` in sorted order."""
    ordered = sorted_heads(heads)
    row = [leaf_hash(head_entry(head)) for head in ordered]

    def read(level: int, place: int) -> Hash:
        return root_from_hashes(row[place << level : (place + 1) << level])

    return HeadProof(ordered[index], index, len(ordered), inclusion_proof(index, len(ordered), read))


def find_heads(heads: Sequence[StreamHead], name: str) -> tuple[HeadProof, ...]:
    """The proof of a stream's head; where there is none, those of its neighbours, which show that."""
    ordered = sorted_heads(heads)
    place = bisect.bisect_left([head.name.encode() for head in ordered], name.encode())
    if place < len(ordered) and ordered[place].name == name:
        return (prove_head(ordered, place),)
    return tuple([prove_head(ordered, one) for one in (place - 1, place) if 0 <= one < len(ordered)])


def verify_head(proof: HeadProof, root: Hash) -> None:
    """Checks a head against the root of a heads tree. Raises VerificationError."""
    leaf = leaf_hash(head_entry(proof.head))
    verify_inclusion(leaf, proof.index, proof.count, proof.hashes, root)


def verify_absence(name: str, proofs: Sequence[HeadProof], count: int, root: Hash) -> None:
    """Checks that no stream has this name in a heads tree of `count` streams. Raises VerificationError."""
    for proof in proofs:
        if proof.count != count:
            raise VerificationError("a neighbour is of another heads tree", where=proof.head.name)
        verify_head(proof, root)
    if count == 0 and root != EMPTY_ROOT:
        raise VerificationError("a heads tree of no streams has the root of the empty tree", where=name)
    below = [proof for proof in proofs if proof.head.name.encode() < name.encode()]
    above = [proof for proof in proofs if proof.head.name.encode() > name.encode()]
    left = below[0].index if len(below) == 1 else -1
    right = above[0].index if len(above) == 1 else count
    if len(below) + len(above) != len(proofs) or len(below) > 1 or len(above) > 1 or right != left + 1:
        raise VerificationError("the neighbours do not show that the stream does not exist", where=name)
