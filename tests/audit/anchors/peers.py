"""Anchors and stores in memory, for tests of what keeps anchors up to date."""

from collections.abc import Callable, Sequence
from threading import Condition, Lock

from lockgate.audit.anchors.note_anchor import Kept, NoteAnchor
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.cosignature import CosignatureSigner
from lockgate.audit.errors import TrailError
from lockgate.audit.note import Signature, VerifierKey, parse_note
from lockgate.audit.witness.step import check_step

from tests.audit.growing_log import GrowingLog


class DictMemory:
    """A place with marks that change with each write, as a ConfigMap has."""

    def __init__(self) -> None:
        self.note: bytes | None = None
        self.mark = 0
        self.before_replace: Callable[[], None] = lambda: None

    def load(self) -> Kept:
        return Kept(self.note, str(self.mark))

    def replace(self, before: Kept, note: bytes) -> bool:
        self.before_replace()
        if before.mark != str(self.mark):
            return False
        self.put(note)
        return True

    def close(self) -> None:
        pass

    def put(self, note: bytes | None) -> None:
        self.note = note
        self.mark += 1


def note_anchor(log: GrowingLog, memory: DictMemory | None = None, name: str = "map") -> NoteAnchor:
    return NoteAnchor(name, "platform", log.origin, log.keys, memory or DictMemory())


class PeerAnchor:
    """A witness without HTTP; `failures` are raised, one a call, before it does anything."""

    def __init__(self, log: GrowingLog, signer: CosignatureSigner, administrator: str = "security") -> None:
        self.name = signer.verifier_key.name
        self.administrator = administrator
        self.failures: list[TrailError] = []
        self.calls = 0
        self._log = log
        self._signer = signer
        self._held: bytes | None = None
        self._lock = Lock()

    @property
    def key(self) -> VerifierKey:
        return self._signer.verifier_key

    def last(self) -> bytes | None:
        return None

    def close(self) -> None:
        pass

    @property
    def held_size(self) -> int:
        return _size(self._held) if self._held else 0

    def advance(self, old_size: int, proof: Sequence[bytes], note: bytes) -> tuple[Signature, ...]:
        with self._lock:
            self.calls += 1
            if self.failures:
                raise self.failures.pop(0)
            keys = self._log.keys
            new = open_checkpoint(note, self._log.origin, keys).checkpoint
            held = open_checkpoint(self._held, self._log.origin, keys).checkpoint if self._held else None
            check_step(held, old_size, proof, new)
            self._held = note
            return (self._signer.sign(parse_note(note).text, 1_800_000_000 + self.calls),)


def _size(note: bytes) -> int:
    return int(parse_note(note).text.split("\n")[1])


class DictStore:
    """Cosignatures by size and witness; can be waited for."""

    def __init__(self) -> None:
        self.lines: dict[tuple[int, str], str] = {}
        self.failures: list[Exception] = []
        self._changed = Condition()

    def add_cosignature(self, size: int, note: bytes, witness: str, line: str, time_ms: int) -> None:
        with self._changed:
            if self.failures:
                raise self.failures.pop(0)
            assert _size(note) == size
            self.lines[size, witness.partition("+")[0]] = line
            self._changed.notify_all()

    def wait_for(self, size: int, witness: str) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: (size, witness) in self.lines, 60)
            return self.lines[size, witness]
