"""An erasure of what a hold keeps is a finding of both verifiers, whoever recorded it; every other erasure is none."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from lockgate.audit.canonical import Json
from lockgate.audit.export import ExportRequest, export_trail

from tests.audit.test_export import stand_alone, verified
from tests.audit.trails import Trail, make_trail

# Entry 2 is of team-1, and so is 5; 3 is of team-2.
HELD = 2

Act = tuple[str, str, int | str]


def act(trail: Trail, acts: Sequence[Act]) -> None:
    """Appends what the acts say, whatever is in force: `place` or `lift` a hold by name, or `erase`."""
    for what, name, on in acts:
        held = trail.vault.find(on) if isinstance(on, str) and on else None
        stream = "" if held is None else held.stream
        if what == "erase":
            fields: dict[str, Json] = {"entries": 1, "reason": "asked for"}
            fields |= {"scope": "entry", "index": on} if isinstance(on, int) else {}
            fields |= {"scope": "namespace", "stream": stream} if isinstance(on, str) else {}
            draft = trail.recorder.erasure(fields, "")
        elif what == "place":
            index = on if isinstance(on, int) else None
            draft = trail.recorder.hold("placed", name, "a dispute", "", index=index, stream=stream)
        else:
            draft = trail.recorder.hold("lifted", name, "settled", "")
        trail.appender.append(draft)


ON_ENTRY: Act = ("place", "h", HELD)
ON_TEAM: Act = ("place", "h", "team-1")
LIFT: Act = ("lift", "h", "")
# With the entry of the hold that is broken; the last act is the erasure, and the first is entry 10.
BROKEN: list[tuple[int, tuple[Act, ...]]] = [
    (10, (ON_ENTRY, ("erase", "", HELD))),
    (10, (ON_ENTRY, ("erase", "", "team-1"))),
    (10, (ON_TEAM, ("erase", "", 5))),
    (10, (ON_TEAM, ("erase", "", "team-1"))),
    (10, (ON_TEAM, ("place", "other", HELD), ("lift", "other", ""), ("erase", "", HELD))),
    (12, (ON_ENTRY, LIFT, ON_ENTRY, ("erase", "", HELD))),
    (11, (("place", "h", "team-2"), ON_TEAM, ("erase", "", HELD))),
]
KEPT: list[tuple[Act, ...]] = [
    (ON_ENTRY, ("erase", "", 5)),
    (ON_ENTRY, ("erase", "", "team-2")),
    (ON_TEAM, ("erase", "", 3)),
    (ON_ENTRY, LIFT, ("erase", "", HELD)),
    (ON_TEAM, LIFT, ("erase", "", "team-1")),
    (("erase", "", HELD), ON_ENTRY),
    (("erase", "", "team-1"), ON_TEAM),
    (ON_ENTRY, ("place", "h", 3), ("erase", "", HELD)),
    (LIFT, ("erase", "", HELD)),
]


def checked(folder: Path, acts: Sequence[Act]) -> tuple[list[str], str]:
    """The findings of the verifier, and what the stand-alone one says."""
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.fill(9)
    act(trail, acts)
    trail.appender.close()
    # Whose bodies are there, though their erasure is recorded: what is looked at here is the record.
    export_trail(trail.store, folder / "export", trail.vkey, ExportRequest())
    trail.store.close()
    report = verified(folder / "export", trail.vkey)
    done = stand_alone(folder / "export", "--log-key", trail.vkey)
    assert (report.exit_code, done.returncode) in ((0, 0), (3, 3))
    return [str(one) for one in report.findings], done.stderr


@pytest.mark.parametrize(("hold", "acts"), BROKEN)
def test_broken(hold: int, acts: tuple[Act, ...], tmp_path: Path) -> None:
    last = 10 + len(acts) - 1
    assert checked(tmp_path, acts) == (
        [f"hold-broken: entry {last}: it records the erasure of what the hold 'h' of entry {hold} keeps"],
        f"TAMPERED: entry {last}: records the erasure of what a hold kept\n",
    )


@pytest.mark.parametrize("acts", KEPT)
def test_kept(acts: tuple[Act, ...], tmp_path: Path) -> None:
    assert checked(tmp_path, acts) == ([], "")
