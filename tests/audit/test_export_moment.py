"""An export is of one moment: what was erased behind its checkpoint does not make it look tampered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.audit.canonical import Json
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_bodies import UncoveredError

from tests.adversaries.memory import MemoryTrail, read_into_memory
from tests.audit.test_export import stand_alone, verified
from tests.audit.trails import Trail, make_trail


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    made = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    made.fill(9)
    yield made
    made.close()


class Late(MemoryTrail):
    """A log whose next checkpoint is there when it was asked for its latest some times; it has the bodies of now."""

    asked = 0
    early = 3

    def checkpoint(self) -> bytes | None:
        self.asked += 1
        return self.notes[-1] if self.asked > self.early else self.notes[-2]


def erased(trail: Trail) -> Late:
    """The log behind the erasure of entry 4, with the checkpoints of before and of after it."""
    before = trail.appender.append(trail.decide(1)).checkpoint
    fields: dict[str, Json] = {"scope": "entry", "entries": 1, "index": 4, "reason": "asked for"}
    after = trail.appender.append(trail.recorder.erasure(fields, "")).checkpoint
    known = read_into_memory(trail.store)
    made = Late(known.origin, known.data, known.sealed, [before, after])
    del made.sealed[4]
    return made


def test_the_next_checkpoint_is_waited_for(trail: Trail, tmp_path: Path) -> None:
    made = erased(trail)
    assert export_trail(made, tmp_path / "export", trail.vkey, ExportRequest()) == 12
    assert verified(tmp_path / "export", trail.vkey).exit_code == 0
    done = stand_alone(tmp_path / "export", "--log-key", trail.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".export")]


def test_it_is_not_waited_for_for_ever(trail: Trail, tmp_path: Path) -> None:
    made = erased(trail)
    made.early = 1 << 60
    with pytest.raises(UncoveredError) as found:
        export_trail(made, tmp_path / "export", trail.vkey, ExportRequest(), patience_s=0.05)
    assert found.value.message == (
        "the body of entry 4 was erased, and no checkpoint covers the entry that says so yet"
    )
    assert sorted(path.name for path in tmp_path.iterdir() if "export" in path.name) == []


def test_a_body_that_no_entry_erased(trail: Trail, tmp_path: Path) -> None:
    trail.appender.close()
    made = read_into_memory(trail.store)
    del made.sealed[4]
    with pytest.raises(
        VerificationError, match=r"^body 4: it is not there, and no entry records its erasure"
    ):
        export_trail(made, tmp_path / "export", trail.vkey, ExportRequest())
    with pytest.raises(TrailError, match="exists already"):
        export_trail(made, tmp_path, trail.vkey, ExportRequest())
    assert export_trail(made, tmp_path / "bare", trail.vkey, ExportRequest(bodies="none")) == 10
