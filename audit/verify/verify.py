"""Verifies a whole trail: every entry, tile, checkpoint, stream and body, against keys and anchors from outside."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.coverage import ON_DEMAND
from lockgate.audit.entry import Entry
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.merkle import Hash, leaf_hash
from lockgate.audit.note import parse_note, verify_note
from lockgate.audit.reader import Head, IndexedRecord, TrailIndex, TrailReader
from lockgate.audit.times import render_time
from lockgate.audit.trust import AnchoredNote, Assurance, Trust, assess
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.checkpoints import Checkpoints
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.folder import Known, check_folder
from lockgate.audit.verify.history import History
from lockgate.audit.verify.merge import merge
from lockgate.audit.verify.report import Gap, Report
from lockgate.audit.verify.scan import IrregularError, Range
from lockgate.audit.verify.walk import BodyCheck, EntryWalk, Multiset, OpenKey, TreeCheck

# Scans a log of so many entries, range by range, with the sizes whose roots are asked for.
Scan = Callable[[int, frozenset[int]], Iterable[Range]]


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk over all entries found, fast or exact."""

    size: int
    root: Hash
    roots: Mapping[int, Hash]
    history: History
    heads: Callable[[], dict[str, tuple[int, Hash]]]
    streams: int
    bodies: int
    opened: int
    erased: int
    missing: int
    last_ms: int


def verify_trail(
    reader: TrailReader,
    trust: Trust,
    *,
    now_ms: int,
    index: TrailIndex | None = None,
    anchored: Sequence[AnchoredNote] = (),
    open_key: OpenKey | None = None,
    scan: Scan | None = None,
) -> Report:
    """Re-checks everything that a trail shows.

    trust: the log's keys, its witnesses and who runs them, from outside. index: the store's index tables, which are
    compared with the entries. anchored: notes that the caller read from anchors. open_key: gives the key of an entry
    from its stored body, where bodies are to be opened and compared with what was committed to. scan: scans the
    ranges of a log fast (`parallel.py`), opening bodies where it was made to; whatever it calls irregular is walked
    exactly. Raises nothing for a trail
    that is wrong: that is in the report.
    """
    findings = Findings()
    checkpoints = Checkpoints(reader, trust, findings)
    head = _head(reader, findings)
    wanted = frozenset((*checkpoints.sizes, *_sizes(anchored)))
    walked = None
    if scan is not None and head is not None and not findings.found:
        walked = _scanned(scan, reader, index, trust.origin, head, wanted)
    if walked is None:
        walked = _walked(reader, index, trust.origin, wanted, findings, open_key)
    walked.history.holds.check(reader, findings)
    size = walked.size
    unverifiable: list[str] = []
    remarks: list[str] = []
    if not reader.has_bodies and walked.missing:
        remarks.append(f"without the bodies of {walked.missing} entries: they are not shown here")
    if head is not None:
        _check_head(head, walked, findings)
    best = checkpoints.check(walked.size, walked.roots, walked.history, findings)
    if not trust.log_keys:
        unverifiable.append(
            "no key of the log was given from outside: whoever wrote this could have signed it"
        )
    elif best is None and not findings.found:
        unverifiable.append("there is no checkpoint that the log's key signed")
    if best is not None and best.size < size:
        remarks.append(f"the last {size - best.size} entries are under no stored checkpoint yet")
    if isinstance(reader, ExportFolder) and not findings.found:
        check_folder(reader, Known(size, walked.heads(), walked.history), checkpoints, findings)
    assurance = _assess(checkpoints, trust, walked, best, anchored, now_ms, findings)
    _check_future(walked, now_ms, findings)
    return Report(
        trust.origin,
        0 if best is None else best.size,
        b"" if best is None else best.root,
        size - (0 if best is None else best.size),
        size,
        dict(sorted(walked.history.kinds.items())),
        walked.streams,
        walked.bodies,
        walked.opened,
        walked.erased,
        tuple(findings.found),
        findings.more,
        tuple(unverifiable),
        _gaps(walked.history),
        assurance,
        tuple(remarks),
    )


def _scanned(
    scan: Scan,
    reader: TrailReader,
    index: TrailIndex | None,
    origin: str,
    head: Head,
    wanted: frozenset[int],
) -> Walked | None:
    """The fast way; None when anything is out of order."""
    try:
        made = merge(scan(head.size, wanted), reader, index, origin, wanted)
        if (
            made.size != head.size
            or made.root != head.root
            or next(iter(reader.leaves(head.size, 1 << 39)), None)
        ):
            return None
        erased = made.history.count_erased(made.missing) if reader.has_bodies else 0
    except (IrregularError, TrailError):
        return None
    if made.findings.found:
        return None
    return Walked(
        made.size,
        made.root,
        made.roots,
        made.history,
        made.heads.as_walked,
        len(made.heads.places),
        made.bodies,
        made.opened,
        erased,
        len(made.missing) + made.unshown,
        made.last_ms,
    )


def _walked(
    reader: TrailReader,
    index: TrailIndex | None,
    origin: str,
    wanted: frozenset[int],
    findings: Findings,
    open_key: OpenKey | None,
) -> Walked:
    """The exact way, one entry after another."""
    tree = TreeCheck(wanted, reader.tile, findings)
    walk = EntryWalk(origin, findings)
    bodies = BodyCheck(reader, findings, open_key)
    records = _RecordCheck(index, findings)
    try:
        _walk(reader, tree, walk, bodies, records, findings)
    except TrailError as error:
        findings.add(codes.EXPORT_CHANGED, f"entry {walk.index}", error.message)
    size = tree.frontier.size
    tree.finish()
    bodies.finish(size)
    records.finish(walk)
    walk.history.finish(size)
    erased = walk.history.count_erased(bodies.missing) if reader.has_bodies else 0
    return Walked(
        size,
        tree.frontier.root(),
        tree.roots,
        walk.history,
        lambda: walk.streams,
        len(walk.streams),
        bodies.checked,
        bodies.opened,
        erased,
        len(bodies.missing),
        walk.last_ms,
    )


def _walk(
    reader: TrailReader,
    tree: TreeCheck,
    walk: EntryWalk,
    bodies: BodyCheck,
    records: "_RecordCheck",
    findings: Findings,
) -> None:
    expected = 0
    for found, stored, data in reader.leaves(0, 1 << 39):
        if found != expected:
            findings.add(codes.ENTRY_MISSING, f"entry {expected}", f"the next that is there is entry {found}")
        leaf = leaf_hash(data)
        if leaf != stored:
            findings.add(codes.ENTRY_CHANGED, f"entry {found}", "its bytes do not have its leaf hash")
        tree.append(leaf)
        entry = walk.step(data, leaf)
        bodies.check(found, entry)
        records.check(found, entry)
        expected = found + 1


def _sizes(anchored: Sequence[AnchoredNote]) -> Iterator[int]:
    for one in anchored:
        try:
            yield parse_checkpoint(parse_note(one.note).text).size
        except TrailError:
            continue  # Told when the note is looked at.


def _head(reader: TrailReader, findings: Findings) -> Head | None:
    try:
        return reader.head()
    except TrailError as error:
        findings.add(codes.HEAD_CHANGED, "head", error.message)
        return None


def _check_head(head: Head, walked: Walked, findings: Findings) -> None:
    size = walked.size
    if head.size != size:
        findings.add(
            codes.ENTRY_MISSING if head.size > size else codes.HEAD_CHANGED,
            f"entry {size}" if head.size > size else "head",
            f"the head says {head.size} entries, and {size} are there",
        )
    elif head.root != walked.root:
        findings.add(codes.HEAD_CHANGED, "head", "its root is not that of the entries")


def _assess(
    checkpoints: Checkpoints,
    trust: Trust,
    walked: Walked,
    best: Checkpoint | None,
    anchored: Sequence[AnchoredNote],
    now_ms: int,
    findings: Findings,
) -> Assurance | None:
    """What the trail rests on; an anchor that saw another or a longer log is a finding."""
    size = walked.size
    kept: list[AnchoredNote] = []
    for one in anchored:
        where = f"anchor {one.name}"
        try:
            note = parse_note(one.note)
            seen = parse_checkpoint(note.text)
            verify_note(note, checkpoints.keys)
        except TrailError as error:
            findings.add(codes.CHECKPOINT_CHANGED, where, error.message)
            continue
        if seen.origin != trust.origin:
            findings.add(codes.ORIGIN_WRONG, where, f"it holds a checkpoint of {seen.origin!r}")
        elif seen.size > size:
            findings.add(
                codes.ROLLED_BACK,
                where,
                f"it saw {seen.size} entries, and {size} are there",
                f"lost from entry {size}",
            )
        elif walked.roots.get(seen.size) != seen.root:
            findings.add(
                codes.FORKED,
                where,
                f"the first {seen.size} entries are not the ones that it saw",
                f"changed before entry {seen.size}",
            )
        else:
            kept.append(one)
    if best is None or findings.found or not trust.log_keys:
        return None

    def root_at(wanted: int) -> Hash:
        return walked.roots[wanted]

    try:
        # Refused where a witness has a key that the entries name as the log's.
        return assess(
            replace(trust, log_keys=checkpoints.keys),
            best.size,
            root_at,
            checkpoints.notes(best.size),
            _within(kept, best.size),
            now_ms // 1000,
        )
    except (FormatError, VerificationError) as error:
        findings.add(codes.COSIGNATURE_CHANGED, "assurance", error.message)
        return None


def _within(anchored: Sequence[AnchoredNote], size: int) -> list[AnchoredNote]:
    return [one for one in anchored if parse_checkpoint(parse_note(one.note).text).size <= size]


def _check_future(walked: Walked, now_ms: int, findings: Findings) -> None:
    # A day: the verifier's clock may be wrong too.
    if walked.last_ms > now_ms + 86_400_000:
        findings.add(
            codes.TIME_WRONG,
            f"entry {walked.size - 1}",
            f"its time {render_time(walked.last_ms)} is yet to come",
        )


def _gaps(history: History) -> tuple[Gap, ...]:
    """Minutes between an instance's first and last entry of coverage that none of them covers."""
    gaps: list[Gap] = []
    for instance, spans in sorted(history.coverage.items()):
        if instance.startswith(ON_DEMAND):
            continue
        reached = 0
        for start, stop in sorted(spans):
            if reached and start > reached:
                gaps.append(Gap(instance, reached, start))
            reached = max(reached, stop)
    return tuple(gaps)


class _RecordCheck:
    """Compares the index tables with the entries."""

    def __init__(self, index: TrailIndex | None, findings: Findings) -> None:
        self._index = index
        self._findings = findings
        self._records = iter(()) if index is None else index.records(0, 1 << 39)
        self._next: IndexedRecord | None = None
        self._advance()

    def _advance(self) -> IndexedRecord | None:
        """The record that was next; moves on to the one behind it."""
        found = self._next
        try:
            self._next = next(self._records, None)
        except TrailError as error:
            self._findings.add(codes.INDEX_CHANGED, "record", error.message)
            self._next = None
        return found

    def check(self, index: int, entry: Entry | None) -> None:
        """Looks at the record of one entry; entries come in order."""
        if self._index is None:
            return
        where = f"record {index}"
        while self._next is not None and self._next.number < index:
            self._findings.add(codes.INDEX_CHANGED, f"record {self._next.number}", "it is of no entry")
            self._advance()
        if self._next is None or self._next.number != index:
            self._findings.add(codes.INDEX_CHANGED, where, "the query index lacks the entry")
            return
        found = self._advance()
        if entry is None:
            return
        texts = [
            str(entry.value.get(name, ""))
            for name in ("outcome", "policies", "model", "environment", "resource")
        ]
        if found != IndexedRecord(index, entry.kind, entry.time_ms, *texts):
            self._findings.add(codes.INDEX_CHANGED, where, "it says other things than the entry")

    def finish(self, walk: EntryWalk) -> None:
        """Looks at the tables that are not in the order of entries."""
        if self._index is None:
            return
        while self._next is not None:
            self._findings.add(codes.INDEX_CHANGED, f"record {self._next.number}", "it is of no entry")
            self._advance()
        for name, check in (
            ("stream_head", self._check_heads),
            ("stream_entry", self._check_stream_entries),
            ("idempotency", self._check_requests),
        ):
            try:
                check(self._index, walk)
            except TrailError as error:
                self._findings.add(codes.INDEX_CHANGED, name, error.message)

    def _check_heads(self, index: TrailIndex, walk: EntryWalk) -> None:
        rows = index.stream_heads()
        heads = {head.name: (head.n, head.leaf) for head in rows}
        if len(heads) != len(rows):
            self._findings.add(codes.INDEX_CHANGED, "stream_head", "it lists a stream twice")
        for name in sorted(heads.keys() | walk.streams.keys()):
            if heads.get(name) != walk.streams.get(name):
                self._findings.add(
                    codes.INDEX_CHANGED, f"stream_head {name}", "it is not the stream's last entry"
                )

    def _check_stream_entries(self, index: TrailIndex, walk: EntryWalk) -> None:
        found = Multiset(walk.stream_set.key)
        for name, n, place in index.all_stream_entries():
            found.add(f"{name} {n} {place}")
        if (found.total, found.count) != (walk.stream_set.total, walk.stream_set.count):
            self._findings.add(codes.INDEX_CHANGED, "stream_entry", "it does not list the streams' entries")

    def _check_requests(self, index: TrailIndex, walk: EntryWalk) -> None:
        if dict(index.request_keys()) != walk.request_keys:
            self._findings.add(
                codes.INDEX_CHANGED, "idempotency", "it does not list the entries' request keys"
            )
