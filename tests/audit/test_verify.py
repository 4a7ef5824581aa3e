"""Every way of tampering with a trail that the log itself shows is found, by its name and at its place."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import pytest
from lockgate.audit.note import VerifierKey
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.store import open_store
from lockgate.audit.trust import AnchoredNote, Trust
from lockgate.audit.verify import parallel
from lockgate.audit.verify.parallel import Opened, scan_here, scan_in_processes
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, START_MS, make_trail, private_key, reopen_trail, tampered

LATER_MS = START_MS + 86_400_000
AT = "place % 1099511627776"


def trust_of(*keys: VerifierKey) -> Trust:
    return Trust(ORIGIN, keys, "us", (), parse_witness_policy("quorum none\n"), 3600)


def verified(path: Path, *keys: VerifierKey, anchored: tuple[AnchoredNote, ...] = ()) -> Report:
    store = open_store(str(path), ORIGIN)
    try:
        exact = verify_trail(store, trust_of(*keys), now_ms=LATER_MS, index=store, anchored=anchored)
        fast = verify_trail(
            store,
            trust_of(*keys),
            now_ms=LATER_MS,
            index=store,
            anchored=anchored,
            scan=scan_here(store, store),
        )
        assert fast == exact
        return exact
    finally:
        store.close()


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail of 600 entries with requests of keys, an erased entry, two kept checkpoints."""
    folder = tmp_path_factory.mktemp("honest")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.appender.append(trail.decide(0, request="request-0"))
    trail.fill(300)
    trail.clock.now_ms += 120_000
    trail.fill(290)
    Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(5, "asked for", "auditor@example.com")
    trail.fill(6)
    trail.close()
    return folder / "trail.db"


@pytest.fixture
def copy(honest: Path, tmp_path: Path) -> Path:
    shutil.copy(honest, tmp_path / "trail.db")
    return tmp_path / "trail.db"


KEY = private_key(1)


def key_of(path: Path) -> VerifierKey:
    from lockgate.audit.signing import Ed25519Signer

    return Ed25519Signer(ORIGIN, KEY).verifier_key


def test_honest(copy: Path) -> None:
    report = verified(copy, key_of(copy))
    assert report.findings == ()
    assert report.exit_code == 0
    assert (report.size, report.unsigned, report.entries) == (599, 0, 599)
    assert (report.bodies, report.erased) == (597, 1)
    assert report.assurance is not None
    assert str(report.assurance.state) == "self-attested"


def opened(path: str) -> AbstractContextManager[Opened]:
    store = open_store(path, ORIGIN)
    return nullcontext((store, store, None))


def test_in_processes(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "RANGE", 256)
    store = open_store(str(copy), ORIGIN)
    report = verify_trail(
        store,
        trust_of(key_of(copy)),
        now_ms=LATER_MS,
        index=store,
        scan=scan_in_processes(partial(opened, str(copy)), 2),
    )
    store.close()
    assert report == verified(copy, key_of(copy))
    assert report.exit_code == 0


def test_scan_is_really_used(copy: Path) -> None:
    """An honest log is not walked a second time."""
    store = open_store(str(copy), ORIGIN)
    parts = list(scan_here(store, store)(599, frozenset((599, 300))))
    assert [(part.start, part.stop) for part in parts] == [(0, 599)]
    assert parts[0].decisions == 597
    store.close()


def test_without_a_key_from_outside_nothing_is_proven(copy: Path) -> None:
    report = verified(copy)
    assert report.findings == ()
    assert report.exit_code == 4


# case of the design's table → statements, code, place
TAMPERED: dict[str, tuple[list[str], str, str]] = {
    "1 entry edited": (
        [
            f"UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'allow', 'error') AS BLOB) WHERE {AT} = 40"
        ],
        "entry-changed",
        "entry 40",
    ),
    "1 leaf hash edited": (
        [f"UPDATE leaf SET leaf_hash = zeroblob(32) WHERE {AT} = 40"],
        "entry-changed",
        "entry 40",
    ),
    "2 index row edited": (
        [f"UPDATE record SET outcome = 'deny' WHERE {AT} = 40"],
        "index-changed",
        "record 40",
    ),
    "2 index row gone": ([f"DELETE FROM record WHERE {AT} = 40"], "index-changed", "record 40"),
    "2 stream index": (
        ["DELETE FROM stream_entry WHERE stream = (SELECT min(id) FROM stream_head)"],
        "index-changed",
        "stream_entry",
    ),
    "2 stream head": (
        ["UPDATE stream_head SET n = n - 1 WHERE name = 'log'"],
        "index-changed",
        "stream_head log",
    ),
    "2 request key": (["UPDATE idempotency SET place = place + 1"], "index-changed", "idempotency"),
    "3 body edited": ([f"UPDATE body SET sealed = zeroblob(50) WHERE {AT} = 40"], "body-changed", "body 40"),
    "3 bodies swapped": (
        [
            f"UPDATE body SET sealed = (SELECT sealed FROM body WHERE {AT} = 41) WHERE {AT} = 40",
        ],
        "body-changed",
        "body 40",
    ),
    "4 row gone": ([f"DELETE FROM leaf WHERE {AT} = 40"], "entry-missing", "entry 40"),
    "5 row gone, rest renumbered": (
        [
            f"DELETE FROM leaf WHERE {AT} = 40",
            f"UPDATE leaf SET place = -place WHERE {AT} > 40",
            "UPDATE leaf SET place = -place - 1 WHERE place < 0",
        ],
        "root-mismatch",
        "entries ",
    ),
    "6 rows swapped": (
        [
            f"UPDATE leaf SET place = -1 WHERE {AT} = 40",
            f"UPDATE leaf SET place = place - 1 WHERE {AT} = 41",
            "UPDATE leaf SET place = (SELECT id * 1099511627776 FROM log) + 41 WHERE place = -1",
        ],
        "stream-broken",
        "entry 40",
    ),
    "8 tail cut off with its checkpoints": (
        [f"DELETE FROM leaf WHERE {AT} >= 500", "DELETE FROM checkpoint WHERE size > 500"],
        "entry-missing",
        "entry 500",
    ),
    "14 checkpoint edited": (
        [
            "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), '599', '598') AS BLOB) WHERE size = 599"
        ],
        "checkpoint-changed",
        "checkpoint of size 598",
    ),
    "14 checkpoint of nothing": (
        ["UPDATE checkpoint SET note = x'00' WHERE size = 599"],
        "checkpoint-changed",
        "checkpoint",
    ),
    "18 tile": (
        ["UPDATE tile SET data = zeroblob(8192) WHERE level = 0 AND tile = 1"],
        "tile-changed",
        "tile 1 of level 0",
    ),
    "18 tile gone": (["DELETE FROM tile WHERE level = 1"], "tile-changed", "tile 0 of level 1"),
    "20 entries of another log": (
        ["UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), '/test', '/rest') AS BLOB)"],
        "origin-wrong",
        "entry 0",
    ),
    "21 erased without a record": (
        [f"UPDATE body SET sealed = NULL, wrapped_key = NULL WHERE {AT} = 40"],
        "body-missing",
        "body 40",
    ),
    "21 body row gone": ([f"DELETE FROM body WHERE {AT} = 40"], "body-missing", "body 40"),
    "22 one bit": (
        [
            f"UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), '\"v\":1', '\"v\":0') AS BLOB) WHERE {AT} = 3",
        ],
        "entry-malformed",
        "entry 3",
    ),
    "head": (["UPDATE log_head SET root = zeroblob(32)"], "head-changed", "head"),
    "head, smaller": (["UPDATE log_head SET size = size - 1"], "head-changed", "head"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered(name: str, copy: Path) -> None:
    statements, code, where = TAMPERED[name]
    tampered(copy, *statements)
    report = verified(copy, key_of(copy))
    assert report.exit_code == 3
    assert any(found.code == code and found.where.startswith(where) for found in report.findings), [
        str(found) for found in report.findings
    ]


def test_12_key_swapped(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}", key=2)
    trail.fill(10)
    trail.close()
    report = verified(tmp_path / "trail.db", key_of(tmp_path))
    assert report.exit_code == 3
    assert report.findings[0].code == "key-unknown"


def grow(path: Path, count: int) -> bytes:
    """Appends, and returns the last checkpoint."""
    trail = reopen_trail(str(path))
    trail.clock.now_ms += 600_000
    trail.fill(count)
    trail.close()
    store = open_store(str(path))
    note = store.checkpoint()
    store.close()
    assert note is not None
    return note


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("8 rolled back", lambda old, _new: old, "rolled-back"),
        ("9 old copy, gone on with", lambda old, _new: old, "forked"),
    ],
)
def test_against_an_anchor(
    name: str, change: Callable[[Path, Path], Path], code: str, copy: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    shutil.copy(copy, old)
    anchored = AnchoredNote("the file of CI", "us", grow(copy, 20))
    assert verified(copy, key_of(copy), anchored=(anchored,)).exit_code == 0
    restored = change(old, copy)
    if code == "forked":
        grow(restored, 40)
    report = verified(restored, key_of(copy), anchored=(anchored,))
    assert report.exit_code == 3
    assert [found.code for found in report.findings] == [code]


def test_anchor_state(copy: Path) -> None:
    note = grow(copy, 3)
    report = verified(copy, key_of(copy), anchored=(AnchoredNote("file", "us", note),))
    assert report.assurance is not None
    assert str(report.assurance.state) == "anchored by the same administrator"


def test_unsigned_tail_is_told(copy: Path) -> None:
    tampered(copy, "DELETE FROM checkpoint WHERE size > 400")
    report = verified(copy, key_of(copy))
    assert report.unsigned > 0
    assert "under no stored checkpoint" in report.remarks[0]
