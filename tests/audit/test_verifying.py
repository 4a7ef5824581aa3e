"""Ed25519 at its edges: small orders, other spellings, the cofactor."""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.verifying import is_ed25519_signature, is_small_order

from tests.vectors import vector_path

ORDER = 2**252 + 27742317777372353535851937790883648493


def test_the_edge_cases() -> None:
    """As Go has it (no cofactor, R compared in its canonical spelling), but for points of small order, refused here."""
    cases = json.loads(vector_path("ed25519", "ed25519vectors.json").read_bytes())
    assert len(cases) == 768
    accepted = 0
    for case in cases:
        flags = set(case["Flags"] or ())
        public, signature = bytes.fromhex(case["A"]), bytes.fromhex(case["R"] + case["S"])
        as_go = not flags & {"LowOrderResidue", "NonCanonicalR"}
        expected = as_go and not flags & {"LowOrderA", "LowOrderR"}
        assert is_ed25519_signature(public, signature, case["M"].encode()) == expected, case
        assert is_small_order(public) == ("LowOrderA" in flags), case
        assert is_small_order(signature[:32]) == ("LowOrderR" in flags), case
        accepted += expected
    # A point of large order with a small part is accepted where the part cancels out, as everywhere without cofactor.
    assert accepted == 43


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_one_signature_has_one_spelling(seed: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert is_ed25519_signature(public, signature, message)
    scalar = int.from_bytes(signature[32:], "little")
    for other in (scalar + ORDER, scalar + 2 * ORDER, ORDER - scalar):
        assert not is_ed25519_signature(public, signature[:32] + other.to_bytes(32, "little"), message)
    assert not is_ed25519_signature(public, signature, message + b"\0")


def test_sizes() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"")
    for key, made in (
        (b"", signature),
        (public[:-1], signature),
        (public + b"\0", signature),
        (public, b""),
        (public, signature[:-1]),
        (public, signature + b"\0"),
        (b"\xff" * 32, signature),
        (b"\x02" + bytes(31), signature),
    ):
        assert not is_ed25519_signature(key, made, b"")
