"""Proofs that a stream's entries are all of them: the head of the stream under the root that a heads entry logged.

The proof covers the first `size` entries of the log. Its root is only as good as somebody's recomputation of it
(docs/trail.md, section 3); who made this proof recomputed it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.merkle import HASH_SIZE, MAX_SIZE, leaf_hash
from lockgate.audit.note import VerifierKey, decode_base64, encode_base64
from lockgate.audit.reader import TrailReader
from lockgate.audit.standing import Standing
from lockgate.audit.streams import (
    HeadProof,
    StreamHead,
    check_stream_name,
    find_heads,
    heads_root,
    verify_absence,
    verify_head,
)
from lockgate.audit.tlog_proof import MAX_HASHES, parse_tlog_proof, render_tlog_proof, verify_tlog_proof

VERSION: Final = 1
MAX_PROOF: Final = 64 * 1024 * 1024
# Entries that are looked at from the end for the latest heads; they are logged after at most as many as there are
# streams, or a thousand.
_BLOCK: Final = 256


@dataclass(frozen=True, slots=True)
class StreamProof:
    """`heads_entry` logged the heads of the first `size` entries; `proof` (a tlog-proof) shows it in the log.

    heads: the stream's own, or where there is no such stream its neighbours'. entries: where the stream's are.
    """

    name: str
    size: int
    heads_entry: bytes
    proof: bytes
    heads: tuple[HeadProof, ...]
    entries: tuple[int, ...]


def _latest_heads(reader: TrailReader, standing: Standing) -> tuple[int, Entry]:
    stop = standing.checkpoint.size
    while stop > 0:
        start = max(0, stop - _BLOCK)
        found = [parse_entry(data) for data in reader.entries(start, stop)]
        for place in range(len(found) - 1, -1, -1):
            if found[place].kind == "stream-heads":
                return start + place, found[place]
        stop = start
    raise UnverifiableError(
        "the log has no stream heads yet, which show that a stream is not cut short",
        hint="they are logged after a thousand entries, or after an hour with entries",
    )


def prove_stream(reader: TrailReader, standing: Standing, name: str) -> StreamProof:
    """The proof of a stream, made from all entries. Raises VerificationError where the logged root is not theirs."""
    check_stream_name(name)
    index, logged = _latest_heads(reader, standing)
    size = int(str(logged.value["size"]))
    heads: dict[str, StreamHead] = {}
    entries: list[int] = []
    for place, data in enumerate(reader.entries(0, size)):
        leaf = leaf_hash(data)
        for link in parse_entry(data).links:
            heads[link.name] = StreamHead(link.name, link.n, leaf)
            if link.name == name:
                entries.append(place)
    rows = list(heads.values())
    if encode_base64(heads_root(rows)) != logged.value["root"] or len(rows) != logged.value["count"]:
        raise VerificationError("the stream heads are not those of the entries", where=f"entry {index}")
    proven = standing.prove(index)
    return StreamProof(
        name, size, proven.entry, render_tlog_proof(proven.proof), find_heads(rows, name), tuple(entries)
    )


def verify_stream_proof(proof: StreamProof, origin: str, keys: Sequence[VerifierKey]) -> int:
    """Checks a proof; returns the number of entries that the stream has. Raises FormatError or VerificationError.

    Whoever has the entries checks besides that they run from 1 to that number and that the last one's leaf hash is the
    head's.
    """
    verify_tlog_proof(parse_tlog_proof(proof.proof), proof.heads_entry, origin, keys)
    return check_heads(proof)


def check_heads(proof: StreamProof) -> int:
    """Checks a proof up to the entry of the heads, whose own proof is the caller's to verify; returns as above."""
    entry = parse_entry(proof.heads_entry)
    at = parse_tlog_proof(proof.proof).index
    if entry.kind != "stream-heads" or entry.value["size"] != proof.size or at != proof.size:
        raise VerificationError("the entry is not that of the stream heads at this size", where=proof.name)
    root = decode_base64(str(entry.value["root"]), "the root of the heads")
    count = int(str(entry.value["count"]))
    own = [one for one in proof.heads if one.head.name == proof.name]
    if not own:
        verify_absence(proof.name, proof.heads, count, root)
        if proof.entries:
            raise VerificationError("a stream that does not exist has entries", where=proof.name)
        return 0
    if len(proof.heads) != 1 or own[0].count != count:
        raise VerificationError("the head is of another heads tree", where=proof.name)
    verify_head(own[0], root)
    if len(proof.entries) != own[0].head.n:
        raise VerificationError(
            f"the stream has {own[0].head.n} entries, and {len(proof.entries)} are named", where=proof.name
        )
    return own[0].head.n


def head_value(one: HeadProof) -> dict[str, Json]:
    """A head with its proof, as JSON has it."""
    return {
        "name": one.head.name,
        "n": one.head.n,
        "leaf": encode_base64(one.head.leaf),
        "index": one.index,
        "count": one.count,
        "hashes": [encode_base64(part) for part in one.hashes],
    }


def render_stream_proof(proof: StreamProof) -> bytes:
    """As canonical JSON with a final newline."""
    heads: list[Json] = [head_value(one) for one in proof.heads]
    value: dict[str, Json] = {
        "v": VERSION,
        "stream": proof.name,
        "size": proof.size,
        "headsEntry": encode_base64(proof.heads_entry),
        "proof": proof.proof.decode(),
        "heads": heads,
        "entries": list(proof.entries),
    }
    return canonical_bytes(value) + b"\n"


def _hash(text: Any) -> bytes:
    data = decode_base64(text, "a hash of the proof")
    if len(data) != HASH_SIZE:
        raise FormatError("a hash of the proof is not of 32 bytes")
    return data


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < MAX_SIZE:
        raise FormatError("a number of the proof is none of a log")
    return value


def _head(value: Any) -> HeadProof:
    if len(value["hashes"]) > MAX_HASHES or value.keys() != {"name", "n", "leaf", "index", "count", "hashes"}:
        raise FormatError("a head of the proof is not as it should be")
    name = str(value["name"])
    check_stream_name(name)
    head = StreamHead(name, _count(value["n"]), _hash(value["leaf"]))
    hashes = tuple([_hash(one) for one in value["hashes"]])
    return HeadProof(head, _count(value["index"]), _count(value["count"]), hashes)


def parse_stream_proof(data: bytes) -> StreamProof:
    """A proof from its bytes. Raises FormatError."""
    if len(data) > MAX_PROOF:
        raise FormatError("a proof of a stream is not that long")
    try:
        value = json.loads(data)
        if value["v"] != VERSION or len(value) != 7 or len(value["heads"]) > 2:
            raise FormatError("the proof of a stream is of no version that is known here")
        name = value["stream"]
        check_stream_name(name)
        made = StreamProof(
            name,
            _count(value["size"]),
            decode_base64(value["headsEntry"], "the heads entry"),
            value["proof"].encode(),
            tuple([_head(one) for one in value["heads"]]),
            tuple([_count(one) for one in value["entries"]]),
        )
        if render_stream_proof(made) != data:
            raise FormatError("the proof of a stream is not in its one spelling")
    except TrailError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError("that is no proof of a stream") from None
    return made
