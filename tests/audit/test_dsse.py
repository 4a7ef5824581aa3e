"""Envelopes: the specification's example, round trips, and every way to be no envelope."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lockgate.audit.dsse import (
    IN_TOTO,
    Envelope,
    EnvelopeSignature,
    PublicKey,
    pae,
    parse_envelope,
    render_envelope,
    verify_envelope,
)
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.keys.statement_signer import open_statement_signer

ED = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
EC = generate_private_key(SECP256R1())


def test_example_of_the_specification() -> None:
    """secure-systems-lab/dsse, protocol.md."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_of_bytes() -> None:
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def envelope(payload: bytes = b"{}") -> Envelope:
    message = pae(IN_TOTO, payload)
    signatures = (
        EnvelopeSignature("ed", ED.sign(message)),
        EnvelopeSignature("ec", EC.sign(message, ECDSA(SHA256()))),
    )
    return Envelope(IN_TOTO, payload, signatures)


def test_round_trip() -> None:
    made = envelope()
    assert parse_envelope(render_envelope(made)) == made


def test_signatures() -> None:
    keys: dict[str, PublicKey] = {"ed": ED.public_key(), "ec": EC.public_key()}
    assert list(verify_envelope(envelope(), keys, IN_TOTO, 2)) == ["ed", "ec"]
    other = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32).public_key()
    with pytest.raises(VerificationError, match="0 of the given keys"):
        verify_envelope(envelope(), {"other": other}, IN_TOTO)
    with pytest.raises(VerificationError, match="1 of the given keys"):
        verify_envelope(envelope(), {"ed": ED.public_key(), "other": other}, IN_TOTO, 2)
    with pytest.raises(VerificationError, match="holds"):
        verify_envelope(envelope(), keys, "text/plain")
    changed = Envelope(IN_TOTO, b"[]", envelope().signatures)
    with pytest.raises(VerificationError):
        verify_envelope(changed, keys, IN_TOTO)


def test_url_safe_alphabet() -> None:
    made = json.loads(render_envelope(envelope(b"\xfb\xff")))
    made["payload"] = base64.urlsafe_b64encode(b"\xfb\xff").decode()
    assert parse_envelope(json.dumps(made).encode()).payload == b"\xfb\xff"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payloadType":"x","payload":"","signatures":[]}',
        b'{"payloadType":1,"payload":"","signatures":[{"sig":""}]}',
        b'{"payloadType":"x","payload":"=","signatures":[{"sig":""}]}',
        b'{"payloadType":"x","payload":1,"signatures":[{"sig":""}]}',
        b'{"payloadType":"x","payload":"","signatures":[{}]}',
        b'{"payloadType":"x","payload":"","signatures":[{"sig":"","keyid":1}]}',
        b'{"payloadType":"x","payload":"","signatures":[1]}',
        b"[" * 100_000,
    ],
)
def test_no_envelope(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_envelope(data)


@pytest.mark.parametrize("key", [ED, EC])
def test_statements_are_signed_through_securesystemslib(key: "Ed25519PrivateKey", tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signer = open_statement_signer(f"file2:{path}", public)
    made = signer.sign(IN_TOTO, b'{"_type":"https://in-toto.io/Statement/v1"}')
    assert parse_envelope(render_envelope(made)) == made
    assert list(verify_envelope(made, {"it": signer.key}, IN_TOTO)) == ["it"]


def test_signer_that_is_none(tmp_path: Path) -> None:
    public = ED.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(TrailError, match="named by a URI"):
        open_statement_signer("nothing:at-all", public)
    with pytest.raises(TrailError, match="cannot be opened"):
        open_statement_signer(f"file2:{tmp_path / 'absent'}", public)
