"""The monitor: recomputes the heads of all streams from all leaves, and remembers how far it came.

A light proof (a stream's head under a `stream-heads` entry) holds only if somebody recomputes those entries: that is
this. Its state is its own; it belongs on another machine than the log, and makes the monitor an anchor too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lockgate.audit.canonical import Json, canonical_bytes, parse_canonical
from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.coverage import ON_DEMAND
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.files import replace_file
from lockgate.audit.key_following import FollowedKeys, follow, notes_below, reach_of
from lockgate.audit.key_history import is_allowed, key_spans
from lockgate.audit.merkle import Frontier, Hash, leaf_hash
from lockgate.audit.note import (
    Note,
    VerifierKey,
    decode_base64,
    encode_base64,
    parse_note,
    render_verifier_key,
)
from lockgate.audit.reader import TrailReader
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Finding, Findings
from lockgate.audit.verify.report import Gap
from lockgate.audit.verify.walk import EntryWalk

VERSION: Final = 2
MAX_STATE: Final = 512 * 1024 * 1024
# A batch may be larger than what is left until the heads are due.
SLACK: Final = 256


@dataclass(frozen=True, slots=True)
class MonitorState:
    """How far the monitor came: the tree, where each stream stands, where coverage ends, the last stream heads.

    keys: the entries that name a key of the log, the opening too, by index. reach: how far each key's checkpoints went,
    by its vkey.
    """

    origin: str
    frontier: Frontier
    last_ms: int
    streams: dict[str, tuple[int, Hash]]
    covered: dict[str, int]
    last_heads: int
    keys: tuple[tuple[int, Mapping[str, Json]], ...] = ()
    reach: Mapping[str, int] = field(default_factory=dict)

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
        "keys": [{"index": index, "entry": dict(entry)} for index, entry in state.keys],
        "reach": dict(state.reach),
    }
    return canonical_bytes(value)


def parse_state(data: bytes) -> MonitorState:
    """A state from its file. Raises FormatError."""
    value = parse_canonical(data)
    try:
        if not isinstance(value, dict) or value["v"] != VERSION:
            raise FormatError(
                "the monitor's state is of no version that is known here",
                hint="move it away: the next run begins at the first entry",
            )
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
        keys: list[tuple[int, Mapping[str, Json]]] = []
        told, reach = value["keys"], value["reach"]
        assert isinstance(told, list) and isinstance(reach, dict)
        for one in told:
            assert isinstance(one, dict) and isinstance(one["index"], int) and isinstance(one["entry"], dict)
            keys.append((one["index"], one["entry"]))
        reached = {vkey: size for vkey, size in reach.items() if isinstance(size, int)}
        frontier = Frontier.from_hashes(size, [decode_base64(str(one), "a hash") for one in hashes])
    except (KeyError, AssertionError, json.JSONDecodeError):
        raise FormatError("the monitor's state is not one that it wrote") from None
    return MonitorState(origin, frontier, last_ms, found, ends, heads - 1, tuple(keys), reached)


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
    """Follows a log from where the state stands to its latest checkpoint, and its keys from the given ones.

    The new state is the old one when anything was found, so that the next run finds it again. Raises TrailError when
    there is no checkpoint that a believed key signed.
    """
    data = reader.checkpoint()
    if data is None:
        raise TrailError("the log has no checkpoint yet")
    note = parse_note(data)
    latest = parse_checkpoint(note.text)
    if latest.origin != state.origin:
        raise VerificationError(f"the checkpoint is of the log {latest.origin!r}, not {state.origin!r}")
    findings = Findings()
    start = state.frontier.size
    if latest.size < start:
        followed, _ = _follow(state, (), keys, (), {}, findings)
        followed.signers(note, latest.size)
        findings.add(
            codes.ROLLED_BACK,
            "checkpoint",
            f"it is of size {latest.size}, and the monitor saw {start} entries",
            f"lost from entry {latest.size}",
        )
        return Monitored(state, 0, tuple(findings.found), (), 0)
    kept = [(note, latest), *_kept(reader, state.origin, start, latest.size)]
    wanted = {checkpoint.size for _, checkpoint in kept}
    tree = Frontier.from_hashes(start, state.frontier.hashes)
    roots = {start: tree.root()}
    walk = EntryWalk.resume(state.origin, findings, start, state.last_ms, state.streams)
    opening: list[tuple[int, Mapping[str, Json]]] = []
    for index, stored, entry_data in reader.leaves(start, latest.size):
        leaf = leaf_hash(entry_data)
        if index != tree.size or leaf != stored:
            findings.add(codes.ENTRY_CHANGED, f"entry {index}", "it is not in its place, or was changed")
            break
        tree.append(leaf)
        entry = walk.step(entry_data, leaf)
        if index == 0 and entry is not None:
            opening.append((0, entry.value))
        if tree.size in wanted:
            roots[tree.size] = tree.root()
    events = (*opening, *walk.history.keys)
    followed, reach = _follow(state, events, keys, kept, roots, findings)
    followed.signers(note, latest.size)
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
    after = MonitorState(
        state.origin,
        tree,
        walk.last_ms,
        dict(walk.streams),
        covered,
        heads,
        (*state.keys, *events),
        reach,
    )
    return Monitored(after, tree.size - start, (), gaps, overdue)


def _kept(reader: TrailReader, origin: str, start: int, size: int) -> list[tuple[Note, Checkpoint]]:
    """The kept checkpoints beyond the entries that the monitor knows, the largest first."""
    made: list[tuple[Note, Checkpoint]] = []
    for note, checkpoint in notes_below(reader.recent_checkpoints(), origin, size):
        if checkpoint.size <= start:
            break
        made.append((note, checkpoint))
    return made


def _follow(
    state: MonitorState,
    events: Sequence[tuple[int, Mapping[str, Json]]],
    given: Sequence[VerifierKey],
    kept: Sequence[tuple[Note, Checkpoint]],
    roots: Mapping[int, Hash],
    findings: Findings,
) -> tuple[FollowedKeys, dict[str, int]]:
    """The keys that are believed, and how far each that the log names went; `kept` are over the tree with these roots."""
    opening, *rest = [*state.keys, *events] or [(0, {})]
    try:
        spans = key_spans(state.origin, str(opening[1].get("vkey", "")), rest)
    except TrailError as error:
        if rest:
            findings.add(codes.KEY_UNKNOWN, "entries that name keys", error.message)
        return FollowedKeys(tuple(given), ()), dict(state.reach)
    reach: dict[str, int] = {}
    for key in {*given, *[span.key for span in spans]}:
        vkey = render_verifier_key(key)
        before = state.reach.get(vkey, 0)
        # What it signed beyond the size that it is believed up to now is nothing.
        before = before if before and is_allowed(spans, key, before) else 0
        reach[vkey] = max(before, reach_of(key, kept, spans, roots.get))
    return follow(spans, given, lambda key: reach[render_verifier_key(key)]), reach


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
