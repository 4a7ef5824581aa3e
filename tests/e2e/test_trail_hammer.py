"""Tessera's hammer adds to a trail and reads it back while it grows; what has grown is accepted by the judges."""

import re
from pathlib import Path

import pytest
from lockgate.audit.export import ExportRequest, export_trail

from tests.audit.trails import Clock, make_trail
from tests.bench.trail_add_server import TrailLog, serving
from tests.bench.trail_load import HAMMER_LOG, hammered
from tests.e2e.judge import judged, refusals

pytestmark = pytest.mark.e2e

WRITERS = 16
SECONDS = 3.0


def test_hammer(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}", clock=Clock(step_ms=0))
    try:
        with serving(TrailLog(trail)) as url:
            times = hammered(url, trail.vkey, WRITERS, SECONDS, tmp_path)
        trail.appender.close()
        # It checks that each checkpoint continues the one before, and that what it reads is there.
        said = (tmp_path / HAMMER_LOG).read_text()
        assert re.findall("^[WEF].*", said, re.MULTILINE) == []
        assert len(times.provable) == len(times.acknowledged) > 0
        export_trail(trail.store, tmp_path / "export", trail.vkey, ExportRequest(bodies="none"))
    finally:
        trail.close()
    assert refusals(judged("export", tmp_path / "export")) == []
