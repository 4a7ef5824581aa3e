"""SoftHSM's tokens: what Debian's version makes and signs with, and that each test has its own."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.e2e.softhsm import Token, softhsm_token

pytestmark = pytest.mark.e2e


def signed(token: Token, data: bytes) -> tuple[bytes, bytes]:
    """The public key of the token's Ed25519 pair and its signature."""
    import pkcs11

    found = pkcs11.lib(str(token.library)).get_token(token_label=token.label)
    with found.open(user_pin=token.pin) as session:
        public = session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, id=token.ed25519_id)
        private = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, id=token.ed25519_id)
        assert isinstance(private, pkcs11.SignMixin)
        # CKA_EC_POINT is a DER octet string of the key's 32 bytes.
        point = bytes(public[pkcs11.Attribute.EC_POINT])
        assert point[:2] == b"\x04\x20" and len(point) == 34
        return point[2:], private.sign(data, mechanism=pkcs11.Mechanism.EDDSA)


def test_signs_with_ed25519() -> None:
    keys = set()
    for _ in range(2):
        with softhsm_token() as token:
            public, signature = signed(token, b"text\n")
            assert signed(token, b"text\n") == (public, signature)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"text\n")
        keys.add(public)
    assert len(keys) == 2
