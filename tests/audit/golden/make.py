"""`python -m tests.audit.golden.make FOLDER`: a golden log of the format as it is now, in a new folder.

Made once for each released format, and then read by the tests for ever. A folder that is there is not written over: what
an older version wrote is what has to be read.
"""

import sqlite3
import sys
import tarfile
import tempfile
from pathlib import Path

from lockgate.audit.coverage import Coverage, InForce
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.note import encode_base64, parse_verifier_key
from lockgate.audit.store.backups import write_backup
from lockgate.audit.store.erasure import Eraser

from tests.audit.trails import MASTER, ORIGIN, POLICIES, START_MS, Trail, make_trail

ACTOR = "auditor@example.com"
# The bytes of the master key of `tests.audit.trails`, which is for tests only.
MASTER_TEXT = encode_base64(b"m" * 32)


def fill(trail: Trail) -> None:
    """Entries of every kind, an erased entry, an erased namespace, a hold, and stream heads."""
    recorder, append = trail.recorder, trail.appender.append
    append(trail.decide(0, request="request-0"))
    trail.fill(12)
    append(recorder.policy_change("changed", POLICIES, before="4" * 64, policy="K8s/x", actor=ACTOR))
    append(recorder.exemption("used", "EX-1", POLICIES, namespace="team-0", subject="s", actor=ACTOR))
    append(recorder.hold("placed", "case-7", "a dispute", ACTOR, index=2))
    append(recorder.key_event("added", "witness", "some-key", actor=ACTOR))
    coverage = Coverage("server-0", InForce(POLICIES, "6" * 64, "lockgate/test"), trail.clock.now_ms)
    coverage.count_judged()
    coverage.count_unmatched()
    for _ in range(2):
        trail.clock.now_ms += 60_000
        for draft in coverage.tick(trail.clock.now_ms):
            append(draft)
    eraser = Eraser(trail.appender, recorder, trail.vault)
    eraser.erase_entry(5, "asked for", ACTOR)
    eraser.erase_namespace("team-1", "the team is gone", ACTOR)
    append(recorder.access("reveal", 1, ACTOR, {"entries": [3]}, 3))
    trail.clock.now_ms += 3_700_000
    trail.fill(4)
    # A clock that went back.
    trail.clock.now_ms -= 10_000
    trail.fill(2)


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A file without its maker and its time."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = START_MS // 1000
    return member


def main(arguments: list[str]) -> int:
    """Writes the folder."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    place = Path(arguments[0])
    place.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "trail.db")
        trail = make_trail(f"sqlite:///{database}")
        fill(trail)
        trail.appender.close()
        keys = {ORIGIN: (parse_verifier_key(trail.vkey),)}
        write_backup(trail.store, place / "backup", MASTER.seal_key, keys, START_MS)
        request = ExportRequest((0, 3), open_key=trail.vault.entry_key)
        export_trail(trail.store, Path(folder, "export"), trail.vkey, request)
        trail.store.close()
        connection = sqlite3.connect(database)
        (place / "trail.sql").write_text("".join([f"{line}\n" for line in connection.iterdump()]))
        connection.close()
        with tarfile.open(place / "export.tar", "w") as archive:
            archive.add(Path(folder, "export"), "export", filter=_nameless)
    (place / "log.vkey").write_text(f"{trail.vkey}\n")
    (place / "master.key").write_text(f"{MASTER_TEXT}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
