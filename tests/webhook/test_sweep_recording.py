"""Changes of verdicts on the trail: what is recorded, and what is told when it is not."""

from pathlib import Path

import pytest
from lockgate.webhook.cli import run
from lockgate.webhook.serving.sweep import VerdictChange
from lockgate.webhook.sweep_recording import SweepRecording
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.test_sweep import World, pod


def changes() -> list[VerdictChange]:
    world = World()
    world.tell(manifest("Namespace", "a"), template(), constraint())
    for name in ("p", "q"):
        world.put(pod(name))
    return [change for change in world.passes() if change.key.kind.kind == "Pod"]


def test_what_is_recorded_and_what_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(tmp_path / "trail")
    assert run(["audit", "init", home, "--origin", "example.com/lockgate/test"]) == 0
    one, other = changes()
    with open_trail(home) as trail:
        with trail.appending() as appending:
            recording = SweepRecording(trail.recorder(), appending.appender.submit)
            assert set(recording.record([one, other])) == {one.key, other.key}
            assert (recording.recorded, recording.failure) == (2, "")
        # The appender is closed.
        assert recording.record([one, other]) == ()
        assert "closed" in recording.failure
    capsys.readouterr()
    assert run(["audit", "show", "--trail", home, "--kind", "decision", "--format", "json"]) == 0
    assert capsys.readouterr().out.count('"operation": "sweep"') == 2
