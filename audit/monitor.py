"""The monitor: recomputes the heads of all streams from all leaves, and remembers how far it came.

A light proof (a stream's head under a `stream-heads` entry) holds only if somebody recomputes those entries: that is
this. Its state is its own; it belongs on another machine than the log, and makes the monitor an anchor too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.audit.canonical import Json, canonical_bytes, parse_canonical
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.coverage import ON_DEMAND
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.files import replace_file
from lockgate.audit.merkle import Frontier, Hash, leaf_hash
from lockgate.audit.note import VerifierKey, decode_base64, encode_base64
from lockgate.audit.reader import TrailReader
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Finding, Findings
from lockgate.audit.verify.report import Gap
from lockgate.audit.verify.walk import EntryWalk

VERSION: Final = 1
MAX_STATE: Final = 512 * 1024 * 1024
# A batch may be larger than what is left until the heads are due.
SLACK: Final = 256


@dataclass(frozen=True, slots=True)
class MonitorState:
    """How far the monitor came: the tree, where each stream stands, where coverage ends, the last stream heads."""

    origin: str
    frontier: Frontier
    last_ms: int
    streams: dict[str, tuple[int, Hash]]
    covered: dict[str, int]
    last_heads: int

    @classmethod
    def start(cls, origin: str) -> "MonitorState":
        """Before the first entry."""
        return cls(origin, Frontier(), 0, {}, {}, -1)


@dataclass(frozen=True, slots=True)
class Monitored:
    """What one run found: new entries looked at, tampering, minutes without coverage, heads that are overdue."""

    state: MonitorState
    entries: int
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    overdue: int


def render_state(state: MonitorState) -> bytes:
    """The state as its file keeps it."""
    value: dict[str, Json] = {
        "v": VERSION,
        "origin": state.origin,
        "size": state.frontier.size,
        "hashes": [encode_base64(one) for one in state.frontier.hashes],
        "lastMs": state.last_ms,
        "lastHeads": state.last_heads + 1,
        "streams": {name: {"n": n, "leaf": encode_base64(leaf)} for name, (n, leaf) in state.streams.items()},
        "covered": dict(state.covered.items()),
    }
    return canonical_bytes(value)


def parse_state(data: bytes) -> MonitorState:
    """A state from its file. Raises FormatError."""
    value = parse_canonical(data)
    try:
        if not isinstance(value, dict) or value["v"] != VERSION:
            raise FormatError("the monitor's state is of no version that is known here")
        hashes, streams, covered = value["hashes"], value["streams"], value["covered"]
        size, origin, last_ms, heads = value["size"], value["origin"], value["lastMs"], value["lastHeads"]
        assert isinstance(hashes, list) and isinstance(streams, dict) and isinstance(covered, dict)
        assert isinstance(size, int) and isinstance(origin, str)
        assert isinstance(last_ms, int) and isinstance(heads, int)
        found: dict[str, tuple[int, Hash]] = {}
        for name, place in streams.items():
            assert isinstance(place, dict) and isinstance(place["n"], int)
            found[name] = (place["n"], decode_base64(str(place["leaf"]), "a leaf hash"))
        ends = {name: end for name, end in covered.items() if isinstance(end, int)}
        frontier = Frontier.from_hashes(size, [decode_base64(str(one), "a hash") for one in hashes])
    except (KeyError, AssertionError, json.JSONDecodeError):
        raise FormatError("the monitor's state is not one that it wrote") from None
    return MonitorState(origin, frontier, last_ms, found, ends, heads - 1)


def read_state(path: Path, origin: str) -> MonitorState:
    """The state in a file, or the beginning where there is none. Raises FormatError for another log's."""
    if not path.exists():
        return MonitorState.start(origin)
    with open(path, "rb") as file:
        data = file.read(MAX_STATE + 1)
    if len(data) > MAX_STATE:
        raise FormatError(f"{path} is larger than a monitor's state")
    state = parse_state(data)
    if state.origin != origin:
        raise FormatError(f"{path} is the state of a monitor of {state.origin}, not {origin}")
    return state


def write_state(path: Path, state: MonitorState) -> None:
    """Replaces the state in a file, durably."""
    replace_file(path, render_state(state))


def monitor(reader: TrailReader, state: MonitorState, keys: Sequence[VerifierKey]) -> Monitored:
    """Follows a log from where the state stands to its latest checkpoint.

    The new state is the old one when anything was found, so that the next run finds it again. Raises TrailError when
    there is no checkpoint that one of the keys signed.
    """
    note = reader.checkpoint()
    if note is None:
        raise TrailError("the log has no checkpoint yet")
    latest = open_checkpoint(note, state.origin, keys).checkpoint
    findings = Findings()
    start = state.frontier.size
    if latest.size < start:
        findings.add(
            codes.ROLLED_BACK,
            "checkpoint",
            f"it is of size {latest.size}, and the monitor saw {start} entries",
            f"lost from entry {latest.size}",
        )
        return Monitored(state, 0, tuple(findings.found), (), 0)
    tree = Frontier.from_hashes(start, state.frontier.hashes)
    walk = EntryWalk.resume(state.origin, findings, start, state.last_ms, state.streams)
    for index, stored, data in reader.leaves(start, latest.size):
        leaf = leaf_hash(data)
        if index != tree.size or leaf != stored:
            findings.add(codes.ENTRY_CHANGED, f"entry {index}", "it is not in its place, or was changed")
            break
        tree.append(leaf)
        walk.step(data, leaf)
    if tree.size != latest.size:
        findings.add(codes.ENTRY_MISSING, f"entry {tree.size}", f"the checkpoint is of size {latest.size}")
    elif tree.root() != latest.root:
        findings.add(
            codes.FORKED,
            f"checkpoint of size {latest.size}",
            f"it does not continue the {start} entries that the monitor saw"
            if start
            else "it is not over the entries",
            f"changed before entry {latest.size}",
        )
    gaps = _gaps(state, walk)
    if findings.found:
        return Monitored(state, tree.size - start, tuple(findings.found), gaps, 0)
    covered = dict(state.covered)
    for instance, spans in walk.history.coverage.items():
        covered[instance] = max([covered.get(instance, 0), *[stop for _, stop in spans]])
    heads = max(state.last_heads, walk.history.last_heads)
    overdue = max(0, tree.size - (heads + 1) - max(1000, len(walk.streams)) - SLACK)
    after = MonitorState(state.origin, tree, walk.last_ms, dict(walk.streams), covered, heads)
    return Monitored(after, tree.size - start, (), gaps, overdue)


def _gaps(state: MonitorState, walk: EntryWalk) -> tuple[Gap, ...]:
    """Minutes without coverage since the last run, by instance."""
    gaps: list[Gap] = []
    for instance, spans in sorted(walk.history.coverage.items()):
        if instance.startswith(ON_DEMAND):
            continue
        reached = state.covered.get(instance, 0)
        for begin, end in sorted(spans):
            if reached and begin > reached:
                gaps.append(Gap(instance, reached, begin))
            reached = max(reached, end)
    return tuple(gaps)
