"""The judge accepts an export of ours, proofs and envelopes, and each of its libraries refuses what was changed."""

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.merkle import inclusion_proof
from lockgate.audit.note import Note, parse_note, render_note, render_verifier_key
from lockgate.audit.tiles import TileHashes

from tests.audit.growing_log import GrowingLog, private_key, witness_signer
from tests.audit.trails import make_trail
from tests.e2e.judge import judged, refusals

pytestmark = pytest.mark.e2e

ENTRIES = 700


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.fill(400)
    trail.clock.now_ms += 120_000
    trail.fill(ENTRIES - 400)
    trail.appender.close()
    export_trail(trail.store, folder / "export", trail.vkey, ExportRequest())
    trail.store.close()
    return folder / "export"


def earlier(export: Path) -> list[str | Path]:
    options: list[str | Path] = []
    for path in sorted((export / "checkpoints").iterdir()):
        options += ["-old", path]
    return options


def test_accepts(export: Path) -> None:
    old = earlier(export)
    assert old
    said = judged("export", export, *old, "-records", "1000000")
    assert refusals(said) == []
    assert {"note", "checkpoint", "fsck", "tlog entries", "tlog records"} < set(said)
    assert len(said) == 5 + len(old) // 2


@dataclass(frozen=True)
class Change:
    path: str
    refusing: frozenset[str]
    at: int = 40


CHANGES = [
    Change("tile/entries/001", frozenset({"fsck", "tlog entries"})),
    Change("tile/0/001", frozenset({"fsck", "tlog entries"})),
    Change("tile/1/000.p/2", frozenset({"fsck", "tlog entries"})),
    # The last character before the padding has bits that say nothing.
    Change("checkpoint", frozenset({"note", "checkpoint", "fsck", "tlog checkpoint"}), -8),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.path)
def test_refuses_a_change(tmp_path: Path, export: Path, change: Change) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(export, copy)
    data = bytearray((copy / change.path).read_bytes())
    data[change.at] ^= 1
    (copy / change.path).write_bytes(data)
    assert change.refusing <= set(refusals(judged("export", copy)))


def test_refuses_a_missing_bundle_in_time(tmp_path: Path, export: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(export, copy)
    (copy / "tile/entries/001").unlink()
    assert set(refusals(judged("fsck", copy, "-timeout", "30s"))) == {"fsck"}
    assert "tlog entries" in refusals(judged("tlog", copy))


def test_refuses_another_past(tmp_path: Path, export: Path) -> None:
    other = GrowingLog("example.com/other", seed=1).grow(9)
    (tmp_path / "old").write_bytes(other.note())
    assert refusals(judged("tlog", export, "-old", tmp_path / "old")) == ["tlog tree old"]


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def inclusion(log: GrowingLog, index: int, size: int) -> dict[str, object]:
    path = inclusion_proof(index, size, TileHashes(size, log.tile))
    return {
        "index": index,
        "size": size,
        "leaf": text(log.leaves[index]),
        "proof": [text(one) for one in path],
        "root": text(log.root(size)),
    }


def consistency(log: GrowingLog, old: int, size: int) -> dict[str, object]:
    return {
        "old_size": old,
        "old_root": text(log.root(old)),
        "size": size,
        "proof": [text(one) for one in log.proof(old, size)],
        "root": text(log.root(size)),
    }


def statements(log: GrowingLog) -> Iterator[dict[str, dict[str, object]]]:
    for size in (1, 2, 7, 8, 9):
        for index in range(size):
            yield {"inclusion": inclusion(log, index, size)}
        for old in range(size + 1):
            yield {"consistency": consistency(log, old, size)}


def test_proofs() -> None:
    log = GrowingLog().grow(9)
    sound = list(statements(log))
    said = judged("proofs", "-", given=json.dumps(sound))
    assert refusals(said) == [] and len(said) > len(sound)
    # Every tree extends the empty one.
    fallible = [one for one in sound if one.get("consistency", {}).get("old_size") != 0]
    changed = [{kind: {**of, "root": text(bytes(32))}} for one in fallible for kind, of in one.items()]
    said = judged("proofs", "-", given=json.dumps(changed))
    assert refusals(said) == list(said)


def test_envelopes(tmp_path: Path) -> None:
    key = private_key(5)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    payload, kind = b'{"a":1}', b"application/vnd.in-toto+json"
    encoded = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    signature = {"keyid": "ours", "sig": text(key.sign(encoded))}
    envelope = {"payload": text(payload), "payloadType": kind.decode(), "signatures": [signature]}
    question = {"envelope": envelope, "keys": [{"keyid": "ours", "pem": pem}]}
    assert judged("dsse", "-", given=json.dumps(question)) == {"dsse": ""}
    envelope["payload"] = text(b'{"a":2}')
    (tmp_path / "question").write_text(json.dumps(question))
    assert refusals(judged("dsse", tmp_path / "question")) == ["dsse"]


def test_cosignatures(tmp_path: Path) -> None:
    log, witness = GrowingLog().grow(5), witness_signer("witness.example/one")
    note = parse_note(log.note())
    cosigned = render_note(Note(note.text, (*note.signatures, witness.sign(note.text, 1_790_000_000))))
    (tmp_path / "one").write_bytes(log.note())
    (tmp_path / "two").write_bytes(cosigned)
    options = (
        "-vkey",
        render_verifier_key(log.keys[0]),
        "-witness",
        render_verifier_key(witness.verifier_key),
    )
    assert refusals(judged("checkpoint", tmp_path / "two", *options)) == []
    assert refusals(judged("checkpoint", tmp_path / "one", *options)) == ["cosignature witness.example/one"]
    (tmp_path / "two").write_bytes(cosigned[:-6] + b"AAAA=\n")
    assert "checkpoint" in refusals(judged("checkpoint", tmp_path / "two", *options))
