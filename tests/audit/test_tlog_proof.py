"""Proofs in files: round trips, and what is refused."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.merkle import inclusion_proof, leaf_hash, root_from_hashes
from lockgate.audit.note import MAX_NOTE, render_note
from lockgate.audit.signing import Ed25519Signer, sign_note
from lockgate.audit.tlog_proof import (
    HEADER,
    MAX_HASHES,
    TlogProof,
    parse_tlog_proof,
    render_tlog_proof,
    verify_tlog_proof,
)

ORIGIN = "example.com/fancylog"
SIGNER = Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEYS = [SIGNER.verifier_key]
ENTRIES = [b"entry %d" % one for one in range(37)]
LEAVES = [leaf_hash(one) for one in ENTRIES]


def read(level: int, index: int) -> bytes:
    return root_from_hashes(LEAVES[index << level : (index + 1) << level])


def proven(index: int, extra: bytes = b"") -> TlogProof:
    text = render_checkpoint(Checkpoint(ORIGIN, len(LEAVES), root_from_hashes(LEAVES)))
    hashes = inclusion_proof(index, len(LEAVES), read)
    return TlogProof(index, hashes, render_note(sign_note(text, SIGNER)), extra)


@given(st.integers(0, len(LEAVES) - 1), st.binary(max_size=30))
def test_round_trip(index: int, extra: bytes) -> None:
    data = render_tlog_proof(proven(index, extra))
    assert data.startswith(b"c2sp.org/tlog-proof@v1\n")
    parsed = parse_tlog_proof(data)
    assert parsed == proven(index, extra)
    assert verify_tlog_proof(parsed, ENTRIES[index], ORIGIN, KEYS).checkpoint.size == len(LEAVES)


@given(st.integers(0, len(LEAVES) - 1), st.data())
def test_any_change_of_a_byte_is_found(index: int, data: st.DataObject) -> None:
    whole = bytearray(render_tlog_proof(proven(index)))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TrailError):
        verify_tlog_proof(parse_tlog_proof(bytes(whole)), ENTRIES[index], ORIGIN, KEYS)


def test_other_entries_origins_and_keys() -> None:
    proof = proven(5)
    for entry, origin, keys in (
        (ENTRIES[6], ORIGIN, KEYS),
        (ENTRIES[5] + b"\0", ORIGIN, KEYS),
        (b"", ORIGIN, KEYS),
        (ENTRIES[5], "example.com/other", KEYS),
        (ENTRIES[5], ORIGIN, []),
    ):
        with pytest.raises(TrailError):
            verify_tlog_proof(proof, entry, origin, keys)


GOOD = render_tlog_proof(proven(5)).decode()
HASH = base64.b64encode(bytes(32)).decode()
REFUSED: dict[str, str] = {
    "empty": "",
    "a header only": f"{HEADER}\n",
    "a header and a checkpoint": f"{HEADER}\n\ncheckpoint\n",
    "another version": GOOD.replace("@v1", "@v2"),
    "a space behind the header": GOOD.replace("@v1", "@v1 "),
    "a line before it": "\n" + GOOD,
    "a byte order mark": "\ufeff" + GOOD,
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "no index": GOOD.replace("index 5\n", ""),
    "two indices": GOOD.replace("index 5\n", "index 5\nindex 5\n"),
    "an index without a number": GOOD.replace("index 5", "index "),
    "an index with a zero before it": GOOD.replace("index 5", "index 05"),
    "a negative index": GOOD.replace("index 5", "index -5"),
    "an index with two spaces": GOOD.replace("index 5", "index  5"),
    "an index with a space behind it": GOOD.replace("index 5", "index 5 "),
    "an index in other digits": GOOD.replace("index 5", "index \u0665"),
    "an index beyond every log": GOOD.replace("index 5", f"index {2**62}"),
    "extra behind the index": GOOD.replace("index 5\n", "index 5\nextra eA==\n"),
    "extra twice": GOOD.replace("index 5", "extra eA==\nextra eA==\nindex 5"),
    "extra that is empty": GOOD.replace("index 5", "extra \nindex 5"),
    "extra with bits left over": GOOD.replace("index 5", "extra eB==\nindex 5"),
    "a short hash": GOOD.replace("index 5\n", f"index 5\n{base64.b64encode(bytes(31)).decode()}\n"),
    "a hash in hex": GOOD.replace("index 5\n", f"index 5\n{'0' * 64}\n"),
    "a hash with a space": GOOD.replace("index 5\n", f"index 5\n{HASH} \n"),
    "no empty line": GOOD.replace("\n\n", "\n", 1)[: GOOD.index(ORIGIN)],
    "too many hashes": GOOD.replace("index 5\n", "index 5\n" + f"{HASH}\n" * MAX_HASHES),
    "too long": GOOD + "a" * MAX_NOTE,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    assert REFUSED[name] != GOOD
    with pytest.raises(FormatError):
        parse_tlog_proof(REFUSED[name].encode())


@pytest.mark.parametrize(
    "lines", [f"index 5\n{HASH}\n", "index 4\n", "index 36\n", "index 37\n", "index 4611686018427387903\n"]
)
def test_proofs_that_do_not_verify(lines: str) -> None:
    with pytest.raises(TrailError):
        verify_tlog_proof(
            parse_tlog_proof(GOOD.replace("index 5\n", lines).encode()), ENTRIES[5], ORIGIN, KEYS
        )


def test_bytes_behind_the_checkpoint() -> None:
    with pytest.raises(TrailError):
        verify_tlog_proof(parse_tlog_proof(GOOD.encode() + b"x\n"), ENTRIES[5], ORIGIN, KEYS)
