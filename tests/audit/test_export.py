"""An export is verified by us, by its own stand-alone verifier, and by neither once a byte of it is changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.note import parse_verifier_key
from lockgate.audit.reader import StoredBody
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.trust import Trust
from lockgate.audit.verify.parallel import scan_here
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, START_MS, make_trail, tampered

LATER_MS = START_MS + 86_400_000


class Made:
    def __init__(self, place: Path, vkey: str) -> None:
        self.place = place
        self.vkey = vkey


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.fill(300)
    trail.clock.now_ms += 120_000
    trail.fill(290)
    Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(5, "asked for", "auditor@example.com")
    Eraser(trail.appender, trail.recorder, trail.vault).erase_namespace("team-2", "gone", "a")
    trail.appender.close()
    request = ExportRequest((0, 7, 592), open_key=trail.vault.entry_key)
    assert export_trail(trail.store, folder / "export", trail.vkey, request) == 593
    vkey = trail.vkey
    trail.store.close()
    return Made(folder / "export", vkey)


def shown_key(body: StoredBody) -> bytes | None:
    return body.entry_key or None


def verified(place: Path, vkey: str) -> Report:
    trust = Trust(ORIGIN, (parse_verifier_key(vkey),), "us", (), parse_witness_policy("quorum none\n"), 3600)
    reader = ExportFolder(place)
    exact = verify_trail(reader, trust, now_ms=LATER_MS, open_key=shown_key)
    scan = scan_here(reader, None, shown_key)
    assert verify_trail(reader, trust, now_ms=LATER_MS, open_key=shown_key, scan=scan) == exact
    return exact


def stand_alone(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier out of the export, without anything of ours to import."""
    command = [sys.executable, "-I", "-B", str(place / "verify_trail.py"), str(place), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")


def test_both_accept(made: Made) -> None:
    report = verified(made.place, made.vkey)
    assert (report.findings, report.exit_code, report.size) == ((), 0, 593)
    assert report.bodies == report.opened > 300
    assert report.erased == 197
    done = stand_alone(made.place, "--log-key", made.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{report.bodies} bodies" in done.stdout
    assert "self-attested" in done.stdout


def test_stand_alone_without_a_key(made: Made) -> None:
    done = stand_alone(made.place)
    assert done.returncode == 4
    assert "NOT PROVEN" in done.stderr


def test_stand_alone_with_another_key(made: Made) -> None:
    other = "example.com/lockgate/test+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    assert stand_alone(made.place, "--log-key", other).returncode == 2
    from lockgate.audit.note import make_verifier_key, render_verifier_key

    other = render_verifier_key(make_verifier_key(ORIGIN, b"\x09" * 32))
    done = stand_alone(made.place, "--log-key", other)
    assert done.returncode == 3
    assert "not signed by the log's key" in done.stderr


def test_file_of_the_folder_that_is_a_link(made: Made, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made.place, copy)
    target = tmp_path / "checkpoint"
    (copy / "checkpoint").rename(target)
    (copy / "checkpoint").symlink_to(target)
    with pytest.raises(TrailError, match="cannot be opened"):
        ExportFolder(copy)
    assert stand_alone(copy, "--log-key", made.vkey).returncode == 3


def test_wrong_log_is_not_exported(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(20)
    trail.close()
    tampered(tmp_path / "trail.db", "DELETE FROM leaf WHERE place % 1099511627776 = 4")
    with pytest.raises(VerificationError):
        export_trail(trail.store, tmp_path / "export", trail.vkey, ExportRequest())
    trail.store.close()
    assert not (tmp_path / "export").exists()
