"""Proofs of streams: what is complete is shown to be, and no changed proof says anything else."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lockgate.audit.completeness import (
    StreamProof,
    parse_stream_proof,
    prove_stream,
    render_stream_proof,
    verify_stream_proof,
)
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.note import VerifierKey, parse_verifier_key
from lockgate.audit.standing import Standing
from lockgate.audit.streams import StreamHead
from lockgate.audit.trust import Trust
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, START_MS, Trail, make_trail

STREAM = "model/model-1/prod"


def standing(trail: Trail) -> Standing:
    keys = (parse_verifier_key(trail.vkey),)
    trust = Trust(ORIGIN, keys, "us", (), parse_witness_policy("quorum none\n"), 3600)
    return Standing(trail.store, trust, (), START_MS)


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    made = make_trail(f"sqlite:///{tmp_path_factory.mktemp('trail') / 'trail.db'}")
    made.fill(60)
    made.clock.now_ms += 3_700_000
    made.fill(5)
    made.appender.close()
    yield made
    made.store.close()


def proof_of(trail: Trail, name: str) -> StreamProof:
    return prove_stream(trail.store, standing(trail), name)


def keys(trail: Trail) -> list[VerifierKey]:
    return [parse_verifier_key(trail.vkey)]


@pytest.mark.parametrize("name", [STREAM, "log", "model/model-0/prod", "a", "zz", "model/model-1/pro"])
def test_round_trip(trail: Trail, name: str) -> None:
    data = render_stream_proof(proof_of(trail, name))
    proof = parse_stream_proof(data)
    assert render_stream_proof(proof) == data
    assert verify_stream_proof(proof, ORIGIN, keys(trail)) == len(proof.entries)
    assert bool(proof.entries) == (name in (STREAM, "log", "model/model-0/prod"))


def test_a_log_without_heads_proves_nothing(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(3)
    trail.appender.close()
    with pytest.raises(UnverifiableError):
        proof_of(trail, STREAM)
    trail.store.close()


def test_lies(trail: Trail) -> None:
    """What a keeper would like to show: a shorter stream, none at all, another's head, another log's."""
    honest = proof_of(trail, STREAM)
    other = proof_of(trail, "log")
    absent = proof_of(trail, "model/model-1/pro")
    (own,) = honest.heads
    cut = replace(own, head=StreamHead(STREAM, own.head.n - 1, own.head.leaf))
    lies = [
        replace(honest, entries=honest.entries[:-1]),
        replace(honest, heads=(cut,), entries=honest.entries[:-1]),
        replace(honest, heads=absent.heads, entries=()),
        replace(honest, heads=(), entries=()),
        replace(honest, heads=other.heads, entries=()),
        replace(honest, heads=(own, own)),
        replace(honest, size=honest.size - 1),
        replace(honest, heads_entry=next(iter(trail.store.entries(1, 2)))),
        replace(absent, heads=absent.heads[:1]),
        replace(absent, heads=absent.heads[1:]),
        replace(absent, name=STREAM),
    ]
    for number, lie in enumerate(lies):
        with pytest.raises(TrailError):
            verify_stream_proof(lie, ORIGIN, keys(trail))
            pytest.fail(f"lie {number} was believed")
    with pytest.raises(VerificationError):
        verify_stream_proof(honest, "example.com/other", keys(trail))


def test_no_changed_byte_says_anything_else(trail: Trail) -> None:
    data = render_stream_proof(proof_of(trail, STREAM))
    chosen = random.Random(3)
    for number in range(400):
        place = chosen.randrange(len(data))
        changed = bytearray(data)
        if number % 4 == 0:
            del changed[place]
        elif number % 4 == 1:
            changed.insert(place, chosen.choice(b'0123456789,"[]{}'))
        else:
            changed[place] = chosen.choice(b'09Aa/+",[]{}')
        if changed == data:
            continue
        try:
            made = parse_stream_proof(bytes(changed))
            verify_stream_proof(made, ORIGIN, keys(trail))
        except TrailError:
            continue
        # Where the stream's entries are is a help for finding them, and their number is proven; nothing else may differ.
        assert replace(made, entries=()) == replace(proof_of(trail, STREAM), entries=())


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"{}", b'{"v":1}', b"[" * 100_000, b"\xff", json.dumps({"v": 2}).encode()],
)
def test_what_is_no_proof(data: bytes) -> None:
    with pytest.raises(TrailError):
        parse_stream_proof(data)
