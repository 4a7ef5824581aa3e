"""What each released format wrote is read, verified and continued by every later version."""

import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.note import VerifierKey, decode_base64, parse_verifier_key
from lockgate.audit.standalone import verify_trail as standalone
from lockgate.audit.store.backups import check_backup, load_backup
from lockgate.audit.store.schema import migrate_database
from lockgate.audit.store.store import Store, open_store
from lockgate.audit.tlog_proof import parse_tlog_proof, verify_tlog_proof
from lockgate.audit.trust import Trust
from lockgate.audit.vault import MasterKey, Vault
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, START_MS, reopen_trail, tampered

GOLDEN = Path(__file__).parent
VERSIONS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir() and path.name.startswith("v"))
LATER_MS = START_MS + 86_400_000
KINDS = {
    "access": 1,
    "coverage": 1,
    "decision": 19,
    "erasure": 2,
    "exemption": 1,
    "hold": 1,
    "key": 1,
    "log": 1,
    "policy": 1,
    "stream-heads": 1,
}


class Golden:
    """One version's files, unpacked."""

    def __init__(self, version: str, folder: Path) -> None:
        self.place = GOLDEN / version
        self.vkey = (self.place / "log.vkey").read_text().strip()
        text = (self.place / "master.key").read_text().strip()
        self.master = MasterKey(decode_base64(text, "the key"))
        self.export = folder / "export"
        with tarfile.open(self.place / "export.tar") as archive:
            archive.extractall(folder, filter="data")
        self.database = folder / "trail.db"
        connection = sqlite3.connect(self.database)
        connection.executescript((self.place / "trail.sql").read_text())
        connection.close()
        migrate_database(str(self.database))

    @property
    def key(self) -> VerifierKey:
        return parse_verifier_key(self.vkey)

    @property
    def trust(self) -> Trust:
        return Trust(ORIGIN, (self.key,), "us", (), parse_witness_policy("quorum none\n"), 3600)


@pytest.fixture(params=VERSIONS)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Golden:
    return Golden(request.param, tmp_path)


def verified_store(golden: Golden, store: Store) -> Report:
    vault = Vault(golden.master, store)
    return verify_trail(store, golden.trust, now_ms=LATER_MS, index=store, open_key=vault.entry_key)


def check_report(report: Report) -> None:
    assert [str(one) for one in report.findings] == []
    assert report.exit_code == 0
    assert dict(report.kinds) == KINDS
    assert report.opened == report.bodies
    assert report.erased > 1


def test_there_is_a_golden_log() -> None:
    assert "v1" in VERSIONS


def test_the_database(golden: Golden) -> None:
    store = open_store(str(golden.database), ORIGIN)
    try:
        check_report(verified_store(golden, store))
    finally:
        store.close()


def test_the_log_goes_on(golden: Golden) -> None:
    trail = reopen_trail(str(golden.database))
    try:
        assert trail.appender.append(trail.decide(0, request="request-0")).repeated
        trail.fill(3)
        report = verified_store(golden, trail.store)
    finally:
        trail.close()
    assert [str(one) for one in report.findings] == []
    assert report.kinds["decision"] == KINDS["decision"] + 3


def test_the_export(golden: Golden) -> None:
    reader = ExportFolder(golden.export)
    report = verify_trail(reader, golden.trust, now_ms=LATER_MS, open_key=lambda body: body.entry_key or None)
    check_report(report)
    for index in (0, 3):
        proof = parse_tlog_proof((golden.export / "proofs" / f"{index}.tlog-proof").read_bytes())
        entry = next(iter(reader.entries(index, index + 1)))
        verify_tlog_proof(proof, entry, ORIGIN, [golden.key])


@pytest.mark.parametrize("which", ["of then", "of now"])
def test_the_stand_alone_verifiers(golden: Golden, which: str) -> None:
    program = golden.export / "verify_trail.py" if which == "of then" else Path(standalone.__file__)
    command = [sys.executable, "-I", "-B", str(program), str(golden.export), "--log-key", golden.vkey]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_backup(golden: Golden, tmp_path: Path) -> None:
    keys = {ORIGIN: (golden.key,)}
    (log,) = check_backup(golden.place / "backup", golden.master.seal_key, keys)
    assert log.size == sum(KINDS.values())
    url = f"sqlite:///{tmp_path / 'restored.db'}"
    load_backup(url, golden.place / "backup", golden.master.seal_key, keys)
    store = open_store(url, ORIGIN)
    try:
        check_report(verified_store(golden, store))
    finally:
        store.close()


def test_a_changed_golden_log(golden: Golden) -> None:
    tampered(golden.database, "UPDATE leaf SET leaf_hash = zeroblob(32) WHERE place % 1099511627776 = 7")
    store = open_store(str(golden.database), ORIGIN)
    try:
        report = verified_store(golden, store)
    finally:
        store.close()
    assert ("entry-changed", "entry 7") in [(one.code, one.where) for one in report.findings]
