"""A proof from its file alone: both verifiers take every honest one, and none that was changed."""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lockgate.audit.completeness import prove_stream, render_stream_proof
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.note import parse_verifier_key
from lockgate.audit.shown_proof import (
    NoEntryError,
    NoProofError,
    ShownEntry,
    ShownStream,
    parse_proof,
    verify_proof,
)
from lockgate.audit.standing import Standing
from lockgate.audit.tlog_proof import render_tlog_proof
from lockgate.audit.trust import Trust

from tests.adversaries.flipping import told_by
from tests.adversaries.running import stand_alone
from tests.audit.test_hostile_exports import VERIFIER
from tests.audit.test_key_history import VKEYS
from tests.audit.trails import ORIGIN, START_MS, make_trail
from tests.faults.checking import trust_of

STREAM = "model/model-1/prod"


@dataclass(frozen=True, slots=True)
class Proofs:
    """Files of proofs, and the bytes of entry 3."""

    entry: bytes
    of_entry: bytes
    without_entry: bytes
    of_stream: bytes
    of_no_stream: bytes
    size: int


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proofs]:
    trail = make_trail(f"sqlite:///{tmp_path_factory.mktemp('trail') / 'trail.db'}")
    trail.fill(60)
    trail.clock.now_ms += 3_700_000
    # Alone in its batch, which ends with the hour's heads of streams.
    trail.appender.append(trail.decide(1))
    trail.fill(4)
    trail.appender.close()
    standing = Standing(trail.store, trust(), (), START_MS)
    proven = standing.prove(3)
    yield Proofs(
        proven.entry,
        render_tlog_proof(replace(proven.proof, extra=proven.entry)),
        render_tlog_proof(proven.proof),
        render_stream_proof(prove_stream(trail.store, standing, STREAM)),
        render_stream_proof(prove_stream(trail.store, standing, "model/none/prod")),
        standing.checkpoint.size,
    )
    trail.store.close()


def trust() -> Trust:
    return trust_of(parse_verifier_key(VKEYS[0]))


def standalone(folder: Path, data: bytes, *arguments: str) -> tuple[int, str]:
    (folder / "proof").write_bytes(data)
    return told_by(stand_alone().main, "--proof", str(folder / "proof"), *arguments)


def test_what_is_shown(proofs: Proofs, tmp_path: Path) -> None:
    entry = verify_proof(parse_proof(proofs.of_entry), b"", trust(), START_MS)
    assert isinstance(entry.what, ShownEntry)
    assert (entry.what.index, entry.what.entry.kind, entry.checkpoint.size) == (3, "decision", proofs.size)
    assert [key.name for key in entry.signers] == [ORIGIN]
    stream = verify_proof(parse_proof(proofs.of_stream), b"", trust(), START_MS)
    none = verify_proof(parse_proof(proofs.of_no_stream), b"", trust(), START_MS)
    assert isinstance(stream.what, ShownStream) and isinstance(none.what, ShownStream)
    assert (stream.what.count, none.what.count, none.what.leaf) == (31, 0, None)
    key = ("--log-key", VKEYS[0])
    told = [
        standalone(tmp_path, data, *key) for data in (proofs.of_entry, proofs.of_stream, proofs.of_no_stream)
    ]
    assert [code for code, _ in told] == [0, 0, 0]
    assert "entry 3 is in the log: decision of 2026-" in told[0][1]
    assert f"under the checkpoint of {proofs.size} entries" in told[0][1]
    assert f"the stream {STREAM} has 31 entries among the first 62;" in told[1][1]
    assert "there is no stream model/none/prod among the first 62 entries" in told[2][1]
    assert all(f"signed by {VKEYS[0].rpartition('+')[0]}\n" in one for _, one in told)
    assert all("self-attested" in one for _, one in told)


def test_an_entry_that_lies_apart(proofs: Proofs, tmp_path: Path) -> None:
    (tmp_path / "entry").write_bytes(proofs.entry)
    given = ("--log-key", VKEYS[0], "--entry", str(tmp_path / "entry"))
    for data in (proofs.of_entry, proofs.without_entry):
        assert verify_proof(parse_proof(data), proofs.entry, trust(), START_MS).signers
        assert standalone(tmp_path, data, *given)[0] == 0
    with pytest.raises(NoEntryError):
        verify_proof(parse_proof(proofs.without_entry), b"", trust(), START_MS)
    assert standalone(tmp_path, proofs.without_entry, "--log-key", VKEYS[0])[0] == 2
    other = proofs.entry.replace(b'"v":1', b'"v":2')
    (tmp_path / "entry").write_bytes(other)
    for data in (proofs.of_entry, proofs.without_entry):
        with pytest.raises(VerificationError):
            verify_proof(parse_proof(data), other, trust(), START_MS)
        assert standalone(tmp_path, data, *given)[0] == 3


def test_nobodys_word(proofs: Proofs, tmp_path: Path) -> None:
    for data in (proofs.of_entry, proofs.of_stream):
        shown = verify_proof(parse_proof(data), b"", None, START_MS)
        assert (shown.signers, shown.assurance) == ((), None)
        code, told = standalone(tmp_path, data)
        assert (code, "NOT PROVEN" in told) == (4, True)


def test_another_key(proofs: Proofs, tmp_path: Path) -> None:
    other = trust_of(parse_verifier_key(VKEYS[3]))
    for data in (proofs.of_entry, proofs.of_stream):
        with pytest.raises(VerificationError, match="not signed by a key that was given") as found:
            verify_proof(parse_proof(data), b"", other, START_MS)
        assert "rotations" in found.value.hint
        assert standalone(tmp_path, data, "--log-key", VKEYS[3])[0] == 3
    renamed = replace(trust(), origin="example.com/other")
    with pytest.raises(VerificationError, match="is of the log"):
        verify_proof(parse_proof(proofs.of_entry), b"", renamed, START_MS)


@pytest.mark.parametrize("data", [b"", b"# Read me\n", b"\x00" * 9, b"[]"])
def test_what_is_no_proof(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(NoProofError):
        parse_proof(data)
    assert standalone(tmp_path, data, "--log-key", VKEYS[0])[0] == 2


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"v":1}\n', b"{" * 100_000, b"c2sp.org/tlog-proof@v1\n\n"])
def test_what_is_a_broken_one(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(VerificationError):
        verify_proof(parse_proof(data), b"", trust(), START_MS)
    assert standalone(tmp_path, data, "--log-key", VKEYS[0])[0] == 3


@pytest.mark.parametrize("which", ["of_entry", "of_stream", "of_no_stream"])
def test_no_flipped_bit_goes_unnoticed(which: str, proofs: Proofs, tmp_path: Path) -> None:
    """Of a stream's proof all but where its entries are, which helps to find them and is not proven; of one that there
    is no such stream all but its name: with another name it shows that there is none of that name either."""
    data: bytes = getattr(proofs, which)
    free = {
        at
        for found in re.finditer(rb'"entries":\[[^]]*\]|"stream":"model/none/prod"', data)
        for at in range(found.start() + 10, found.end() - 1)
    }
    chance = random.Random(20261126)
    verifier = stand_alone()
    path = tmp_path / "proof"
    for _ in range(300):
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        if at in free:
            continue
        changed = data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]
        with pytest.raises(TrailError):
            verify_proof(parse_proof(changed), b"", trust(), START_MS)
            pytest.fail(f"bit {bit} of byte {at}")
        path.write_bytes(changed)
        code, told = told_by(verifier.main, "--proof", str(path), "--log-key", VKEYS[0])
        # Without its first line it does not even look like a proof.
        assert code == 3 or (at < 20 and code == 2), (at, bit, told)


def test_the_stand_alone_verifier_from_a_shell(proofs: Proofs, tmp_path: Path) -> None:
    (tmp_path / "proof").write_bytes(proofs.of_entry)
    command = [sys.executable, "-I", "-B", str(VERIFIER)]

    def run(*arguments: str) -> int:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode

    assert run("--proof", str(tmp_path / "proof"), "--log-key", VKEYS[0]) == 0
    assert run("--proof", str(tmp_path / "none"), "--log-key", VKEYS[0]) == 2
    assert run("--proof", str(tmp_path / "proof"), str(tmp_path), "--log-key", VKEYS[0]) == 2
    assert run("--entry", str(tmp_path / "proof"), str(tmp_path)) == 2
    assert run(str(tmp_path / "none")) == 2
    assert run() == 2
