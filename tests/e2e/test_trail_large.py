"""An export of more than 50,000 entries: every judge accepts it, and each that reads a part refuses it once changed."""

import shutil
from pathlib import Path

import pytest
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.tiles import Tile, entries_path, tile_path
from lockgate.audit.verify.parallel import scan_here
from lockgate.audit.verify.verify import verify_trail

from tests.audit.trails import START_MS, make_large
from tests.e2e.judge import judged, refusals
from tests.faults.checking import trust_of

pytestmark = pytest.mark.e2e

ENTRIES = 50_000


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def test_large(tmp_path: Path) -> None:
    trail = make_large(tmp_path / "trail.db", ENTRIES)
    export = tmp_path / "export"
    size = export_trail(trail.store, export, trail.vkey, ExportRequest(bodies="none"))
    assert size >= ENTRIES
    reader = ExportFolder(export)
    key = trail.signer.verifier_key
    report = verify_trail(reader, trust_of(key), now_ms=START_MS + 10**9, scan=scan_here(reader, None))
    assert (report.exit_code, report.size) == (0, size)
    trail.store.close()

    said = judged("export", export, "-records", "2000")
    assert refusals(said) == []
    for path, place, refusing in (
        (entries_path(100), 500, {"fsck", "tlog entries"}),
        (tile_path(Tile(0, 100)), 77, {"fsck", "tlog entries", "tlog records"}),
        (tile_path(Tile(1, 0, size // 256 % 256)), 64, {"fsck"}),
        ("checkpoint", 60, {"fsck", "note", "checkpoint"}),
    ):
        copy = tmp_path / "copy"
        shutil.copytree(export, copy)
        flip(copy / path, place)
        refused = set(refusals(judged("export", copy, "-records", "100000")))
        assert refusing <= refused, (path, refused)
        shutil.rmtree(copy)
