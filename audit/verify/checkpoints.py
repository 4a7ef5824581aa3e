"""The checkpoints of a trail: read first, for the sizes whose roots are needed; judged once the entries are known."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.key_history import KeySpan, believed_keys, is_allowed, key_spans
from lockgate.audit.merkle import Hash
from lockgate.audit.note import Note, VerifierKey, parse_note, verify_note
from lockgate.audit.reader import TrailReader
from lockgate.audit.trust import Trust
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.history import History


@dataclass(frozen=True, slots=True)
class _Kept:
    """A checkpoint as it is kept; `where`: how findings name it."""

    checkpoint: Checkpoint
    note: Note
    data: bytes
    where: str

    def is_by(self, key: VerifierKey) -> bool:
        """Whether a line says to be this key's."""
        return any((one.name, one.key_id) == (key.name, key.key_id) for one in self.note.signatures)


class Checkpoints:
    """The kept checkpoints of one log. `keys`: those of the log that are believed, from outside or by its entries."""

    def __init__(self, reader: TrailReader, trust: Trust, findings: Findings) -> None:
        # A log's keys bear its name: who signs for another log has no say in this one.
        self._given = tuple([key for key in trust.log_keys if key.name == trust.origin])
        self.keys: tuple[VerifierKey, ...] = self._given
        self._trust = trust
        self._kept: list[_Kept] = []
        self._good: list[_Kept] = []
        self._spans: tuple[KeySpan, ...] = ()
        try:
            for data in reader.checkpoints():
                self._read(data, findings)
            latest = reader.checkpoint()
        except TrailError as error:
            findings.add(codes.CHECKPOINT_CHANGED, "checkpoints", error.message)
            return
        if latest is not None:
            self._read(latest, findings)

    def _read(self, data: bytes, findings: Findings) -> None:
        if any(one.data == data for one in self._kept[-1:]):
            return
        made = self._parse(data, "", findings)
        if made is not None:
            self._kept.append(made)

    def _parse(self, data: bytes, where: str, findings: Findings) -> _Kept | None:
        """A checkpoint of this log; `where` is its size when not given."""
        try:
            note = parse_note(data)
            checkpoint = parse_checkpoint(note.text)
        except TrailError as error:
            findings.add(codes.CHECKPOINT_CHANGED, where or "checkpoint", error.message)
            return None
        made = _Kept(checkpoint, note, data, where or f"checkpoint of size {checkpoint.size}")
        if checkpoint.origin != self._trust.origin:
            findings.add(codes.ORIGIN_WRONG, made.where, f"it is of the log {checkpoint.origin!r}")
            return None
        return made

    def judge(self, data: bytes, where: str, findings: Findings) -> Checkpoint | None:
        """A checkpoint that lies elsewhere, after `check`; None and a finding for one that is not to be believed.

        Its root is the caller's to compare.
        """
        made = self._parse(data, where, findings)
        if made is None or (self._trust.log_keys and not self._is_signed(made, self._spans, findings)):
            return None
        return made.checkpoint

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes whose roots are to be compared."""
        told = [one.size for one in self._trust.revoked]
        return frozenset([*told, *[one.checkpoint.size for one in self._kept]])

    def notes(self, size: int) -> list[bytes]:
        """The good ones up to a size, the largest first."""
        return [one.data for one in reversed(self._good) if one.checkpoint.size <= size]

    def check(
        self, size: int, roots: Mapping[int, Hash], history: History, findings: Findings
    ) -> Checkpoint | None:
        """Judges every checkpoint by the entries; returns the largest that a believed key signed over them.

        size, roots: of the tree that the entries make. history: names the log's further keys.
        """
        spans = self._spans = self._believe(size, roots, history, findings)
        best: Checkpoint | None = None
        last_good = 0
        for told in self._trust.revoked:
            if roots.get(told.size) == told.root:
                # Its successor vouches for so much, whatever the compromised key signed.
                best = Checkpoint(self._trust.origin, told.size, told.root)
            else:
                findings.add(
                    codes.FORKED,
                    f"entries 0 to {told.size - 1}",
                    "they are not the ones that were called good when the key was revoked",
                )
        for one in sorted(self._kept, key=lambda kept: kept.checkpoint.size):
            checkpoint = one.checkpoint
            if self._trust.log_keys and not self._is_signed(one, spans, findings):
                continue
            since = f"good up to entry {last_good - 1}" if last_good else ""
            if checkpoint.size > size:
                findings.add(
                    codes.ENTRY_MISSING,
                    f"entry {size}",
                    f"a checkpoint of size {checkpoint.size} is signed, and {size} entries are there",
                    since,
                )
            elif roots.get(checkpoint.size) != checkpoint.root:
                findings.add(
                    codes.ROOT_MISMATCH,
                    f"entries {last_good} to {checkpoint.size - 1}",
                    f"they are not the ones that the checkpoint of size {checkpoint.size} was signed over",
                    since,
                )
            else:
                last_good = checkpoint.size
                best = checkpoint if best is None or best.size < checkpoint.size else best
                self._good.append(one)
        return best

    def _believe(
        self, size: int, roots: Mapping[int, Hash], history: History, findings: Findings
    ) -> tuple[KeySpan, ...]:
        """The log's keys, each named by an entry that is under a checkpoint of a key that is believed already."""
        given = self._given
        try:
            spans = key_spans(self._trust.origin, history.first_key, history.keys)
        except TrailError as error:
            if history.keys or history.first_key:
                findings.add(codes.KEY_UNKNOWN, "entries that name keys", error.message)
            return ()
        largest_first = sorted(self._kept, key=lambda kept: -kept.checkpoint.size)

        def reach(key: VerifierKey) -> int:
            for one in largest_first:
                checkpoint = one.checkpoint
                if (
                    one.is_by(key)
                    and roots.get(checkpoint.size) == checkpoint.root
                    and checkpoint.size <= size
                    and self._may_sign(spans, key, checkpoint.size)
                    and _verifies(one, key)
                ):
                    return checkpoint.size
            return 0

        believed = believed_keys(spans, given, reach)
        self.keys = (*given, *[span.key for span in spans if span.key in believed and span.key not in given])
        return tuple([span for span in spans if span.key in believed])

    def _may_sign(self, spans: tuple[KeySpan, ...], key: VerifierKey, size: int) -> bool:
        return is_allowed(spans, key, size) and not self._trust.is_revoked(key, size)

    def _is_signed(self, one: _Kept, spans: tuple[KeySpan, ...], findings: Findings) -> bool:
        """Whether a believed key signed it that may have at its size; a finding when not."""
        if not any(one.is_by(key) for key in self.keys):
            findings.add(codes.KEY_UNKNOWN, one.where, "it is not signed by a key of the log")
            return False
        try:
            signers = verify_note(one.note, self.keys)
        except VerificationError as error:
            findings.add(codes.CHECKPOINT_CHANGED, one.where, error.message)
            return False
        size = one.checkpoint.size
        if not any(is_allowed(spans, key, size) for key in signers):
            findings.add(
                codes.KEY_UNKNOWN,
                one.where,
                "it is signed by a key that the log had given up, or did not have yet",
            )
            return False
        if not any(self._may_sign(spans, key, size) for key in signers):
            good = max([told.size for told in self._trust.revoked])
            findings.add(
                codes.KEY_REVOKED,
                one.where,
                "it is signed by a key that was revoked",
                f"good up to entry {good - 1}" if good else "",
            )
            return False
        try:
            verify_cosignatures(one.note, [witness.key for witness in self._trust.witnesses])
        except VerificationError as error:
            findings.add(codes.COSIGNATURE_CHANGED, one.where, error.message)
            return False
        return True


def _verifies(one: _Kept, key: VerifierKey) -> bool:
    if not one.is_by(key):
        return False
    try:
        verify_note(one.note, (key,))
    except VerificationError:
        return False
    return True
